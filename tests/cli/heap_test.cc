// The free store of the program (cli/heap.cc), which this test program is linked with, too.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <set>
#include <thread>
#include <vector>

namespace squall::cli {
namespace {

constexpr std::size_t alignment = 16;

TEST(Heap, BlocksOfAllSizesAreAlignedAndApart) {
    struct Taken {
        std::size_t bytes;
        unsigned char* block;
    };
    std::vector<Taken> taken;
    for (std::size_t bytes = 0; bytes < 1500; bytes += 3) {
        auto* const block = static_cast<unsigned char*>(::operator new(bytes));
        ASSERT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignment, 0u) << bytes << " bytes";
        std::memset(block, static_cast<int>(taken.size() % 251), bytes);
        taken.push_back({bytes, block});
    }
    for (std::size_t i = 0; i < taken.size(); ++i) {
        for (std::size_t at = 0; at < taken[i].bytes; ++at) {
            ASSERT_EQ(taken[i].block[at], i % 251) << "byte " << at << " of " << taken[i].bytes;
        }
        ::operator delete(taken[i].block);
    }
}

// Not so where sanitizers, or malloc's own filling, want to see each block.
#ifndef SQUALL_ASAN

bool is_malloc_wanted() {
    return std::getenv("MALLOC_PERTURB_") != nullptr || std::getenv("GLIBC_TUNABLES") != nullptr;
}

TEST(Heap, TakesAgainWhatWasGivenBack) {
    if (is_malloc_wanted()) GTEST_SKIP() << "malloc's turn";
    void* const first = ::operator new(40);
    ::operator delete(first);
    void* const second = ::operator new(48);
    EXPECT_EQ(first, second);
    ::operator delete (second, std::size_t{48});
}

TEST(Heap, TakesAgainWhatAnotherThreadGaveBack) {
    if (is_malloc_wanted()) GTEST_SKIP() << "malloc's turn";
    constexpr std::size_t bytes = 496;
    constexpr std::size_t many = 2000;
    std::vector<void*> blocks;
    for (std::size_t i = 0; i < many; ++i) blocks.push_back(::operator new(bytes));
    const std::set<void*> freed(blocks.begin(), blocks.end());
    std::thread([&] {
        for (void* const block : blocks) ::operator delete(block);
    }).join();
    // They wait until the list is empty.
    std::size_t again = 0;
    blocks.clear();
    while (again < many && blocks.size() < 2 * many) {
        blocks.push_back(::operator new(bytes));
        again += freed.count(blocks.back());
    }
    EXPECT_EQ(again, many);
    for (void* const block : blocks) ::operator delete(block);
}

#endif

}  // namespace
}  // namespace squall::cli
