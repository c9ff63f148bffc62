#include "sim/kernel/stack_pool.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "sim/base/assert.h"

#ifdef SQUALL_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace squall::sim {

namespace {

#ifdef SQUALL_ASAN
constexpr std::size_t stack_bytes = 1024 * 1024;  // frames are several times larger
#else
constexpr std::size_t stack_bytes = 256 * 1024;
#endif

// Boost rounds the top of a stack down to a multiple of 256 bytes.
constexpr std::size_t color_bytes = 256;
constexpr std::size_t colors = 16;

std::size_t guard_bytes() {
    static const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return page;
}

}  // namespace

StackPool::~StackPool() {
    for (const Stack& stack : free_) {
        ::munmap(static_cast<char*>(stack.bottom) - guard_bytes(), stack_bytes + guard_bytes());
    }
}

StackPool::Stack StackPool::take() {
    if (!free_.empty()) {
        const Stack stack = free_.back();
        free_.pop_back();
        return stack;
    }
    void* const mapping = ::mmap(nullptr, stack_bytes + guard_bytes(), PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    ASSERT(mapping != MAP_FAILED, "no memory for stack {}: {}", mapped_ + 1, std::strerror(errno));
    const int guarded = ::mprotect(mapping, guard_bytes(), PROT_NONE);
    if (guarded != 0) ::munmap(mapping, stack_bytes + guard_bytes());
    ASSERT(guarded == 0, "no guard page for stack {}: {}", mapped_ + 1, std::strerror(errno));
    const std::size_t color = mapped_++ % colors;
    return {static_cast<char*>(mapping) + guard_bytes(), stack_bytes - color * color_bytes};
}

void StackPool::give_back(Stack stack) {
#ifdef SQUALL_ASAN
    // The outermost frame of a fiber is left by a jump, and stays poisoned.
    __asan_unpoison_memory_region(stack.bottom, stack.size);
#endif
    free_.push_back(stack);
}

}  // namespace squall::sim
