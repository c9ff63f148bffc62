// How tasks wait: Completion (one value, once), Mailbox (a queue with one reader), Gate (open or
// shut).
//
// All are built on one primitive, park(). Waking never runs the woken task at once: it becomes
// ready, and the scheduler picks among ready tasks by seed. The *cause* in the trace travels along:
// who is woken by a value continues because of the event in which that value was given.
//
// All of these belong to one node; between nodes there is only the network. Objects may be
// destroyed in any order. Deadlines are in the node's monotonic time.
#pragma once

#include <deque>
#include <optional>
#include <utility>

#include "sim/base/assert.h"
#include "sim/base/time.h"
#include "sim/trace/event.h"

namespace squall::sim {

class Node;
class Scheduler;
struct TaskState;

namespace detail {

// The task that waits somewhere, if any. Leaving a wait by value, deadline or crash always unlinks.
class Waiter {
  public:
    explicit Waiter(Node& node) : node_(&node) {}
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter();

    // Parks the running task until wake() or the deadline. False: the deadline passed first, or an
    // exception unwinds the task, whose destructors must not wait. Throws NodeCrashed when the node
    // stops. Requires: called on a task of this node, outside any catch handler; nobody else waits
    // here.
    bool park_until(LocalTime deadline);
    bool park() { return park_until(LocalTime::max()); }
    // Makes the waiting task ready, with the current cause; no effect where nobody waits.
    void wake();
    // Makes it ready with `cause`.
    void wake(EventSequence cause);
    bool has_waiter() const { return task_ != nullptr; }
    Node& node() const { return *node_; }

  private:
    friend class squall::sim::Scheduler;

    Node* node_;
    TaskState* task_ = nullptr;
};

// The event that is being processed now, and its replacement: see Trace::Context.
EventSequence current_cause(Node& node);
void set_current_cause(Node& node, EventSequence cause);

}  // namespace detail

template <class T>
class Completer;

// The waiting end of a one-shot value; usually lives on the stack of the task that waits.
template <class T>
class Completion {
  public:
    explicit Completion(Node& node) : waiter_(node) {}
    Completion(const Completion&) = delete;
    Completion& operator=(const Completion&) = delete;
    ~Completion() {
        if (completer_ != nullptr) completer_->completion_ = nullptr;
    }

    // The other end. Requires: called once.
    Completer<T> completer();

    bool done() const { return value_.has_value(); }
    // True when the completer was destroyed without a value.
    bool abandoned() const { return abandoned_; }

    // The value; nullopt if the completer was destroyed without giving one. May park.
    std::optional<T> await() { return await_until(LocalTime::max()); }
    // nullopt also when the deadline passed; see abandoned(). May park.
    std::optional<T> await_until(LocalTime deadline) {
        while (!value_ && !abandoned_) {
            if (!waiter_.park_until(deadline)) break;
        }
        if (!value_) return std::nullopt;
        return std::exchange(value_, std::nullopt);
    }

  private:
    friend class Completer<T>;

    detail::Waiter waiter_;
    Completer<T>* completer_ = nullptr;
    std::optional<T> value_;
    bool abandoned_ = false;
};

// The giving end. Movable; may outlive its Completion, and then giving has no effect.
template <class T>
class Completer {
  public:
    Completer() = default;
    Completer(Completer&& other) noexcept : completion_(std::exchange(other.completion_, nullptr)) {
        if (completion_ != nullptr) completion_->completer_ = this;
    }
    Completer& operator=(Completer&& other) noexcept {
        if (this == &other) return *this;
        abandon();
        completion_ = std::exchange(other.completion_, nullptr);
        if (completion_ != nullptr) completion_->completer_ = this;
        return *this;
    }
    ~Completer() { abandon(); }

    // Gives the value. Later calls, and calls when nobody waits any more, have no effect.
    template <class Value = T>
    void complete(Value&& value) {
        if (completion_ == nullptr) return;
        Completion<T>* const completion = std::exchange(completion_, nullptr);
        completion->completer_ = nullptr;
        completion->value_.emplace(std::forward<Value>(value));
        completion->waiter_.wake();
    }
    // Nobody wants the value any more (the waiter timed out and left).
    bool is_orphan() const { return completion_ == nullptr; }

  private:
    friend class Completion<T>;
    explicit Completer(Completion<T>& completion) : completion_(&completion) {
        completion.completer_ = this;
    }
    void abandon() {
        if (completion_ == nullptr) return;
        Completion<T>* const completion = std::exchange(completion_, nullptr);
        completion->completer_ = nullptr;
        completion->abandoned_ = true;
        completion->waiter_.wake();
    }

    Completion<T>* completion_ = nullptr;
};

template <class T>
Completer<T> Completion<T>::completer() {
    ASSERT(completer_ == nullptr && !value_, "a completion has one completer");
    return Completer<T>(*this);
}

// A queue with one reader. push() never parks and may be called by anyone on the node: tasks,
// timers, frame handlers, the main context.
template <class T>
class Mailbox {
  public:
    explicit Mailbox(Node& node) : waiter_(node) {}

    void push(T item) {
        items_.push_back({std::move(item), detail::current_cause(waiter_.node())});
        waiter_.wake();
    }
    // The oldest item; the reader continues with the cause under which it was pushed. May park.
    // Requires: not called from a destructor, which may have to go on without an item.
    T pop() {
        std::optional<T> item = pop_until(LocalTime::max());
        ASSERT(item.has_value(), "a destructor waits for an item, in a task that unwinds");
        return std::move(*item);
    }
    // nullopt: nothing came by the deadline. May park.
    std::optional<T> pop_until(LocalTime deadline) {
        while (items_.empty()) {
            if (!waiter_.park_until(deadline)) return std::nullopt;
        }
        return take();
    }
    std::optional<T> try_pop() {
        if (items_.empty()) return std::nullopt;
        return take();
    }
    bool empty() const { return items_.empty(); }
    std::size_t size() const { return items_.size(); }

  private:
    struct Item {
        T value;
        EventSequence cause;
    };

    std::optional<T> take() {
        Item item = std::move(items_.front());
        items_.pop_front();
        detail::set_current_cause(waiter_.node(), item.cause);
        return std::optional<T>(std::move(item.value));
    }

    detail::Waiter waiter_;
    std::deque<Item> items_;
};

// Open or shut, for one waiter: "there is work", "the limit is not reached". A signal that is never
// lost: opening before the wait lets the wait pass.
class Gate {
  public:
    explicit Gate(Node& node, bool open = false) : waiter_(node), open_(open) {}

    void open() {
        open_ = true;
        waiter_.wake();
    }
    void close() { open_ = false; }
    bool is_open() const { return open_; }
    // May park.
    void wait() {
        while (!open_) {
            if (!waiter_.park()) return;
        }
    }
    // False: still shut at the deadline. May park.
    bool wait_until(LocalTime deadline) {
        while (!open_) {
            if (!waiter_.park_until(deadline)) return false;
        }
        return true;
    }

  private:
    detail::Waiter waiter_;
    bool open_;
};

}  // namespace squall::sim
