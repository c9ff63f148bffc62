// The free store of the program: small blocks of one size come from one list, so that to take one
// and to give it back costs a dozen instructions instead of two hundred. A tenth of a simulation's
// time was malloc's.
//
// Blocks lie in one region of address space, in slabs of one size each: an address tells the size,
// and no block has a header. Memory is not given back to the system; the next simulation takes it.
// Only the first thread, in which simulations run, takes blocks; what another thread frees of them
// waits for it.
//
// Whoever wants malloc to fill what it hands out (`squall doctor`, MALLOC_PERTURB_) gets malloc,
// and so does a build with sanitizers.
#ifndef SQUALL_ASAN

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

constexpr std::size_t step = 16;
constexpr std::size_t largest = 512;  // bytes; what is larger is malloc's
constexpr std::size_t slab_bytes = std::size_t{1} << 16;
constexpr std::size_t region_bytes = std::size_t{1} << 35;  // of addresses, not of memory
constexpr std::size_t chunk_bytes = std::size_t{1}
                                    << 21;  // what the system is asked to back at once

struct Block {
    Block* next;
};

// By size class: 0 for up to 16 bytes, 1 for up to 32, ...
std::size_t class_of_size(std::size_t bytes) {
    return (bytes - (bytes != 0 ? 1 : 0)) / step;
}

// Set up before any constructor runs, as others allocate in theirs.
constinit std::array<Block*, largest / step> lists{};
constinit std::array<std::uint8_t, region_bytes / slab_bytes> class_of_slab{};
constinit std::uintptr_t region = 0 - region_bytes;  // none yet: no address lies there
constinit std::size_t slabs_used = 0;
constinit std::atomic<bool> is_claimed{false};
constinit std::atomic<Block*> freed_by_others{nullptr};
constinit thread_local bool is_owner = false;

bool is_malloc_wanted() {
    const char* const tunables = std::getenv("GLIBC_TUNABLES");
    return std::getenv("MALLOC_PERTURB_") != nullptr ||
           (tunables != nullptr && std::strstr(tunables, "perturb") != nullptr);
}

// The first who comes; false where there is nothing to be had.
bool claim() {
    if (is_claimed.load() || is_claimed.exchange(true) || is_malloc_wanted()) return false;
    // Aligned, so that the kernel may back whole chunks with large pages.
    void* const found = mmap(nullptr, region_bytes + chunk_bytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (found == MAP_FAILED) return false;
    const auto address = reinterpret_cast<std::uintptr_t>(found);
    region = (address + chunk_bytes - 1) / chunk_bytes * chunk_bytes;
    madvise(reinterpret_cast<void*>(region), region_bytes, MADV_HUGEPAGE);
    is_owner = true;
    return true;
}

std::uintptr_t place_of(const void* block) {
    return reinterpret_cast<std::uintptr_t>(block) - region;
}

bool is_in_region(const void* block) {
    return place_of(block) < region_bytes;
}

void put(void* block) {
    Block*& list = lists[class_of_slab[place_of(block) / slab_bytes]];
    list = new (block) Block{list};
}

void* from_malloc(std::size_t bytes) {
    while (true) {
        if (void* const block = std::malloc(bytes != 0 ? bytes : 1)) return block;
        const std::new_handler handler = std::get_new_handler();
        if (handler == nullptr) throw std::bad_alloc();
        handler();
    }
}

// Requires: this thread is the owner, and the list of that class is empty.
void* from_new_slab(std::size_t size_class) {
    if (slabs_used == class_of_slab.size()) return nullptr;
    class_of_slab[slabs_used] = static_cast<std::uint8_t>(size_class);
    auto* const slab = reinterpret_cast<std::byte*>(region + slabs_used++ * slab_bytes);
    const std::size_t bytes = (size_class + 1) * step;
    // From the last to the first: neighbours are taken one after the other.
    Block* list = nullptr;
    for (std::size_t n = slab_bytes / bytes; n-- > 1;) list = new (slab + n * bytes) Block{list};
    lists[size_class] = list;
    return slab;
}

[[gnu::noinline]] void* take_slowly(std::size_t bytes) {
    if (bytes > largest) return from_malloc(bytes);
    if (!is_owner && !claim()) return from_malloc(bytes);
    const std::size_t size_class = class_of_size(bytes);
    for (Block* freed = freed_by_others.exchange(nullptr); freed != nullptr;) {
        Block* const next = freed->next;
        put(freed);
        freed = next;
    }
    if (Block* const block = lists[size_class]) {
        lists[size_class] = block->next;
        return block;
    }
    void* const block = from_new_slab(size_class);
    return block != nullptr ? block : from_malloc(bytes);
}

[[gnu::noinline]] void give_back_slowly(void* block) {
    if (!is_in_region(block)) return std::free(block);
    Block* const freed = new (block) Block{freed_by_others.load()};
    while (!freed_by_others.compare_exchange_weak(freed->next, freed)) {
    }
}

}  // namespace

void* operator new(std::size_t bytes) {
    // A thread that owns nothing finds the lists of another: it must not look.
    if (bytes <= largest && is_owner) [[likely]] {
        Block*& list = lists[class_of_size(bytes)];
        if (list != nullptr) [[likely]] {
            Block* const block = list;
            list = block->next;
            return block;
        }
    }
    return take_slowly(bytes);
}

void operator delete(void* block) noexcept {
    if (is_in_region(block) && is_owner) [[likely]] {
        put(block);
    } else {
        give_back_slowly(block);
    }
}

void* operator new[](std::size_t bytes) {
    return operator new(bytes);
}
void operator delete(void* block, std::size_t) noexcept {
    operator delete(block);
}
void operator delete[](void* block) noexcept {
    operator delete(block);
}
void operator delete[](void* block, std::size_t) noexcept {
    operator delete(block);
}

#endif
