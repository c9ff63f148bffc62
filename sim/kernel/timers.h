// Timers in true virtual time: an indexed 4-ary heap with true cancellation.
//
// Every request arms a timeout and cancels it, so a cancelled timer leaves at once, without a
// tombstone. Timers fire in order of time; equal times are ordered by a draw keyed by the timer's
// meaning and ordinal, so that no order of insertion is ever relied on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/base/time.h"

namespace squall::sim {

class Timers;

// Something that happens at a time. Owned by whoever arms it; destruction cancels.
// fire() runs on the kernel's own turn: short, never parks, may wake tasks and arm timers. An
// AssertionFailure thrown by it ends the run; nothing else may leave it.
class Timer {
  public:
    Timer() = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    virtual ~Timer();

    bool is_armed() const { return timers_ != nullptr; }
    Time due() const { return due_; }
    void cancel();

  protected:
    virtual void fire() = 0;

  private:
    friend class Timers;

    Timers* timers_ = nullptr;
    std::uint32_t slot_ = 0;   // while armed: who it is in the heap
    std::uint64_t order_ = 0;  // the n-th arming of its Timers
    Time due_{};
};

class Timers {
  public:
    Timers() = default;
    Timers(const Timers&) = delete;
    Timers& operator=(const Timers&) = delete;
    ~Timers();

    // Arms (or re-arms) the timer. `tie` orders timers of equal due time, then arming order.
    // Requires: not armed elsewhere.
    void arm(Timer& timer, Time due, std::uint64_t tie);
    // Requires: armed here.
    void cancel(Timer& timer);
    bool empty() const { return size() == 0; }
    std::size_t size() const { return heap_.size() - (has_hole_ ? 1 : 0); }
    // Requires: !empty().
    Time next_due() {
        close_hole();
        return heap_.front().due;
    }
    // Removes the next timer and fires it. Requires: !empty().
    void fire_next();

  private:
    // Entries know their timer by a slot number, so that moving them through the heap touches one
    // small table instead of the timers all over memory.
    struct Entry {
        Time due;
        std::uint64_t tie;
        std::uint32_t slot;
    };

    bool before(const Entry& a, const Entry& b) const;
    bool armed_before(const Entry& a, const Entry& b) const;
    void sift_up(std::size_t index);
    void sift_down(std::size_t index);
    void place(std::size_t index, const Entry& entry);
    void remove(std::size_t index);
    void close_hole();

    std::vector<Entry> heap_;
    std::vector<std::uint32_t> index_of_slot_;
    std::vector<Timer*> timer_of_slot_;
    std::vector<std::uint32_t> free_slots_;
    // The root was fired and its place not filled yet. A task that sleeps again fills it, which
    // takes one pass through the heap instead of two.
    bool has_hole_ = false;
    std::uint64_t next_order_ = 0;
};

}  // namespace squall::sim
