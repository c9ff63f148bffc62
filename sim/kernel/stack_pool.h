// StackPool: stacks for fibers, mapped once and used again.
//
// Below each stack lies a guard page, so that an overflow is a fault at once instead of silent
// damage to a neighbour. Memory is touched, and so paid for, only as deep as a fiber went. What is
// given back stays mapped until the pool goes: the last one returned is the next one handed out.
// The tops of different stacks lie at different offsets within their pages, as otherwise the
// busiest bytes of all fibers would compete for the same few lines of the processor's cache.
// Not thread-safe: one per thread.
#pragma once

#include <cstddef>
#include <vector>

namespace squall::sim {

class StackPool {
  public:
    struct Stack {
        void* bottom = nullptr;  // the lowest usable address, just above the guard page
        std::size_t size = 0;

        void* top() const { return static_cast<char*>(bottom) + size; }
    };

    StackPool() = default;
    StackPool(const StackPool&) = delete;
    StackPool& operator=(const StackPool&) = delete;
    ~StackPool();

    // AssertionFailure when the system gives no more (about 32,000 stacks in one process).
    Stack take();
    void give_back(Stack stack);

    std::size_t mapped() const { return mapped_; }
    std::size_t in_use() const { return mapped_ - free_.size(); }

  private:
    std::vector<Stack> free_;
    std::size_t mapped_ = 0;
};

}  // namespace squall::sim
