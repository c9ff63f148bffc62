// Scheduler: the fibers of one simulation, and the turn-taking between tasks, timers and the main
// context. Private to the kernel: everyone else uses Node, Simulation and wait.h.
//
// Exactly one of three has the turn. The main context has it outside run(); it alone starts, stops
// and destroys. A task has it until it parks. Timers have it when nothing is ready: whoever parks
// pumps them itself, on its own stack, until a task is ready (the inline pump), so that a wake-up
// costs one switch, and none where a task wakes itself. The pump returns to the main context when
// nothing is due before the limit of run(), or when the main context is wanted: a control action, a
// node that dies, an interrupt, a failure.
//
// Among ready tasks the lowest draw H(task, n-th wake-up) goes first; so a task that comes or goes
// never changes the mutual order of the others.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/assert.h"
#include "sim/base/hash.h"
#include "sim/base/time.h"
#include "sim/kernel/node.h"
#include "sim/kernel/scheduling.h"
#include "sim/kernel/timers.h"
#include "sim/trace/trace.h"

namespace squall::sim {

class FiberThread;
struct Worker;

// A task. Its Timer is for the deadline of its present wait, and may go off before it: whoever is
// woken in time leaves the timer as it is, and waits most likely again before that goes off, for
// something that is due later. A request is answered long before its timeout; so a timeout costs
// hardly more than the thought of it.
struct TaskState : Timer {
    Node* node = nullptr;      // null: idle, to be used for the next task
    std::uint64_t stream = 0;  // H(seed, task): the task's draws, keyed by its n-th wake-up
    std::uint64_t wakeups = 0;
    std::uint64_t rank = 0;                 // where ranks are kept
    EventSequence cause;                    // while it does not run
    detail::Waiter* waiter = nullptr;       // where it waits, if anywhere
    LocalTime deadline = LocalTime::max();  // max: none
    bool is_timed_out = false;
    bool is_killed = false;
    bool is_started = false;
    std::uint32_t crashes_ignored = 0;

    TaskState* previous = nullptr;  // among the tasks of its node
    TaskState* next = nullptr;
    const detail::TaskName* name = nullptr;
    std::uint64_t number = 0;  // of the tasks of this name on this node, from 0
    std::function<void()> body;

    // For the order among ready tasks, and among deadlines of equal time.
    std::uint64_t wake_draw() const { return combine(stream, 2 * wakeups); }
    std::uint64_t deadline_draw() const { return combine(stream, 2 * wakeups + 1); }
    std::string describe_task() const;

  protected:
    void fire() override;
};

// The tasks that could run now. The usual case of one task costs no draw.
class ReadyQueue {
  public:
    // `by_rank`: the least rank goes first, not the least draw.
    explicit ReadyQueue(bool by_rank) : by_rank_(by_rank) {}

    bool empty() const { return only_ == nullptr && heap_.empty(); }
    void push(TaskState& task);
    // Requires: !empty().
    TaskState& pop();
    // Removes the tasks of `node`; returns them in the order in which they became ready.
    std::vector<TaskState*> take_all_of(const Node& node);

  private:
    struct Ready {
        std::uint64_t draw;
        std::uint64_t order;  // of becoming ready
        TaskState* task;

        bool operator>(const Ready& other) const {
            return draw != other.draw ? draw > other.draw : order > other.order;
        }
    };

    void add(TaskState& task, std::uint64_t order);

    bool by_rank_;
    TaskState* only_ = nullptr;  // if set, the heap is empty
    std::uint64_t only_order_ = 0;
    std::uint64_t next_order_ = 0;
    std::vector<Ready> heap_;  // least on top
};

class Scheduler {
  public:
    // Requires: no other simulation is live in this thread.
    explicit Scheduler(Simulation& simulation);
    Scheduler(const Scheduler&) = delete;
    Scheduler& operator=(const Scheduler&) = delete;
    // Requires: no task is left.
    ~Scheduler();

    bool is_main_turn() const { return turn_ == Turn::main; }

    // ---- tasks ----

    void spawn(Node& node, std::string_view name, std::function<void()> body);
    // Parks the running task, at `waiter` if not null. True: woken; false: the deadline passed, or
    // the task unwinds and must not wait. Throws NodeCrashed.
    bool park(Node& node, detail::Waiter* waiter, LocalTime deadline);
    // Requires: the task is parked.
    void wake(TaskState& task, EventSequence cause);
    // The timer of the task has gone off.
    void look_at_deadline(TaskState& task);
    // Deadlines are in local time: after a change of the node's clock they are due at other times.
    void re_aim(Node& node);

    // ---- for the main context ----

    // Runs tasks and timers until none is due before `limit`, or until the main context is wanted.
    void run(Time limit);
    // Ends run() before the next task or timer. The flag alone may be set by another thread.
    void want_main() { main_wanted_.store(true, std::memory_order_relaxed); }
    bool is_main_wanted() const { return main_wanted_.load(std::memory_order_relaxed); }
    bool take_main_wanted() { return main_wanted_.exchange(false, std::memory_order_relaxed); }
    // A control action came up for `time`.
    void limit_to(Time time);
    // Throws NodeCrashed into the task, which is gone on return.
    void kill(TaskState& task);
    // Of a node that is paused, and of one that goes on.
    void hold_ready_tasks(Node& node);
    void release(TaskState& task);

    // A node that asked to die; null: none.
    void node_dies(Node& node);
    Node* take_dying_node();

    // ---- failures ----

    // Runs `body`; what it asserts ends the run. `body` throws nothing but bugs.
    template <class Body>
    void run_guarded(const Body& body) {
        try {
            body();
        } catch (const AssertionFailure& failure) {
            fail(failure);
        } catch (const std::exception& exception) {
            fail({.file = __FILE__,
                  .line = __LINE__,
                  .condition = "no exception but AssertionFailure leaves a task, timer or action",
                  .message = exception.what()});
        }
    }
    void rethrow_failure();
    bool has_failed() const { return has_failed_; }

    // The stacks of this thread, for tests and benchmarks.
    struct Stacks {
        std::size_t mapped = 0;
        std::size_t in_use = 0;
    };
    static Stacks stacks_of_this_thread();

  private:
    friend struct Worker;

    enum class Turn : std::uint8_t { main, task, timer };

    TaskState* pick();
    bool spend_step();
    bool look_around();
    void watch(std::string_view who);
    std::string busiest() const;
    void fire_next_timer();
    void enter(TaskState& task);
    void enter_main();
    void switch_to(TaskState& task);
    void aim(TaskState& task);
    void make_ready(TaskState& task);
    void leave_wait(TaskState& task);
    bool may_park(TaskState& task);
    Worker& idle_worker();
    void work(Worker& worker);
    void run_body(TaskState& task);
    void finish_task(TaskState& task);
    void fail(const AssertionFailure& failure);

    Simulation& simulation_;
    Trace& trace_;
    Timers& timers_;
    FiberThread& thread_;
    Ranks ranks_;
    ReadyQueue ready_;
    Time limit_{};
    std::uint64_t step_limit_;
    std::uint64_t next_look_ = 0;  // at this many steps
    // Before the limit: who has its turn how often, for the message.
    bool is_watching_ = false;
    std::map<std::string, std::uint64_t, std::less<>> turns_;
    TaskState* current_ = nullptr;
    Turn turn_ = Turn::main;
    bool retiring_ = false;
    bool has_failed_ = false;
    std::atomic<bool> main_wanted_ = false;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::vector<Worker*> idle_;
    std::vector<Node*> dying_nodes_;
    std::optional<AssertionFailure> failure_;
};

}  // namespace squall::sim
