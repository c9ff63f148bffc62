#include "sim/kernel/timers.h"

#include <algorithm>

#include "sim/base/assert.h"

namespace squall::sim {

namespace {

constexpr std::size_t arity = 4;

}  // namespace

Timer::~Timer() {
    cancel();
}

void Timer::cancel() {
    if (timers_ != nullptr) timers_->cancel(*this);
}

Timers::~Timers() {
    for (const Entry& entry : heap_) entry.timer->timers_ = nullptr;
}

void Timers::arm(Timer& timer, Time due, std::uint64_t tie) {
    if (timer.timers_ != nullptr) cancel(timer);
    timer.timers_ = this;
    timer.due_ = due;
    timer.order_ = next_order_++;
    heap_.push_back({due, tie, &timer});
    sift_up(heap_.size() - 1);
}

void Timers::cancel(Timer& timer) {
    ASSERT(timer.timers_ == this, "a timer is cancelled where it was not armed");
    timer.timers_ = nullptr;
    remove(timer.index_);
}

void Timers::fire_next() {
    ASSERT(!heap_.empty(), "no timer is armed");
    Timer* const timer = heap_.front().timer;
    timer->timers_ = nullptr;
    remove(0);
    timer->fire();
}

bool Timers::before(const Entry& a, const Entry& b) {
    if (a.due != b.due) return a.due < b.due;
    if (a.tie != b.tie) return a.tie < b.tie;
    return a.timer->order_ < b.timer->order_;
}

void Timers::place(std::size_t index, const Entry& entry) {
    heap_[index] = entry;
    entry.timer->index_ = index;
}

void Timers::sift_up(std::size_t index) {
    const Entry entry = heap_[index];
    while (index > 0) {
        const std::size_t parent = (index - 1) / arity;
        if (!before(entry, heap_[parent])) break;
        place(index, heap_[parent]);
        index = parent;
    }
    place(index, entry);
}

void Timers::sift_down(std::size_t index) {
    const Entry entry = heap_[index];
    const std::size_t size = heap_.size();
    for (;;) {
        const std::size_t first = index * arity + 1;
        if (first >= size) break;
        const std::size_t end = std::min(first + arity, size);
        std::size_t least = first;
        for (std::size_t child = first + 1; child < end; ++child) {
            if (before(heap_[child], heap_[least])) least = child;
        }
        if (!before(heap_[least], entry)) break;
        place(index, heap_[least]);
        index = least;
    }
    place(index, entry);
}

// The last entry takes the free place, and moves up or down from there.
void Timers::remove(std::size_t index) {
    const Entry last = heap_.back();
    heap_.pop_back();
    if (index == heap_.size()) return;
    place(index, last);
    if (index > 0 && before(last, heap_[(index - 1) / arity])) {
        sift_up(index);
    } else {
        sift_down(index);
    }
}

}  // namespace squall::sim
