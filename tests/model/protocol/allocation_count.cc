#include "tests/model/protocol/allocation_count.h"

#include <cstdlib>
#include <new>

namespace {
std::size_t allocated = 0;
}

namespace squall {

std::size_t bytes_allocated() {
    return allocated;
}

}  // namespace squall

void* operator new(std::size_t size) {
    allocated += size;
    void* memory = std::malloc(size);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

void operator delete(void* memory) noexcept {
    std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
