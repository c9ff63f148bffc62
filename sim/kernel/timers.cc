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
    close_hole();
    for (const Entry& entry : heap_) timer_of_slot_[entry.slot]->timers_ = nullptr;
}

void Timers::arm(Timer& timer, Time due, std::uint64_t tie) {
    ASSERT(due >= Time{}, "a timer is due at {}, before the start", due);
    if (timer.timers_ != nullptr) timer.timers_->cancel(timer);
    if (free_slots_.empty()) {
        free_slots_.push_back(static_cast<std::uint32_t>(timer_of_slot_.size()));
        timer_of_slot_.push_back(nullptr);
        index_of_slot_.push_back(0);
    }
    timer.timers_ = this;
    timer.slot_ = free_slots_.back();
    timer.due_ = due;
    timer.order_ = next_order_++;
    free_slots_.pop_back();
    timer_of_slot_[timer.slot_] = &timer;
    const Entry entry{due, tie, timer.slot_};
    if (has_hole_) {
        has_hole_ = false;
        heap_.front() = entry;
        sift_down(0);
        // Most likely the next to fire, and its owner not seen for long.
        const char* const next = reinterpret_cast<char*>(timer_of_slot_[heap_.front().slot]);
        __builtin_prefetch(next);
        __builtin_prefetch(next + 64);
    } else {
        heap_.push_back(entry);
        sift_up(heap_.size() - 1);
    }
}

void Timers::cancel(Timer& timer) {
    ASSERT(timer.timers_ == this, "a timer is cancelled where it was not armed");
    close_hole();
    timer.timers_ = nullptr;
    free_slots_.push_back(timer.slot_);
    remove(index_of_slot_[timer.slot_]);
}

void Timers::fire_next() {
    ASSERT(!empty(), "no timer is armed");
    close_hole();
    Timer* const timer = timer_of_slot_[heap_.front().slot];
    timer->timers_ = nullptr;
    free_slots_.push_back(timer->slot_);
    has_hole_ = true;
    timer->fire();
}

void Timers::close_hole() {
    if (!has_hole_) return;
    has_hole_ = false;
    remove(0);
}

// With branches: the processor guesses the way down and loads ahead, which beats comparing without.
inline bool Timers::before(const Entry& a, const Entry& b) const {
    if (a.due != b.due) [[likely]]
        return a.due < b.due;
    return a.tie != b.tie ? a.tie < b.tie : armed_before(a, b);
}

bool Timers::armed_before(const Entry& a, const Entry& b) const {
    return timer_of_slot_[a.slot]->order_ < timer_of_slot_[b.slot]->order_;
}

void Timers::place(std::size_t index, const Entry& entry) {
    heap_[index] = entry;
    index_of_slot_[entry.slot] = static_cast<std::uint32_t>(index);
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
    Entry* const heap = heap_.data();
    std::uint32_t* const index_of_slot = index_of_slot_.data();
    const std::size_t size = heap_.size();
    const Entry entry = heap[index];
    for (;;) {
        const std::size_t first = index * arity + 1;
        if (first >= size) break;
        const Entry* least = heap + first;
        const Entry* const end = heap + std::min(first + arity, size);
        for (const Entry* child = least + 1; child != end; ++child) {
            if (before(*child, *least)) least = child;
        }
        if (!before(*least, entry)) break;
        heap[index] = *least;
        index_of_slot[least->slot] = static_cast<std::uint32_t>(index);
        index = static_cast<std::size_t>(least - heap);
    }
    heap[index] = entry;
    index_of_slot[entry.slot] = static_cast<std::uint32_t>(index);
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
