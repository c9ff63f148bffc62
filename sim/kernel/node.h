// Node: one simulated machine. It has a name, two clocks, tasks, and a process that is built anew
// by its factory at every start. Disks and connections hang on it by hooks; the kernel knows
// neither.
//
// The incarnation counts boots: 1 from the first start on, and one more from each stop on, so that
// whatever still holds the old number is a stranger from that moment.
//
// Stopping a node, in this order: bump the incarnation; `cut` hooks (connections); cancel its
// timers; wake each task with NodeCrashed and let it unwind; destroy the process; assert that no
// task survives; `stopped` hooks (the disk decides what unsynced data survives); emit NodeStopped.
// All of that happens on the main context, never inside a task.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/rng.h"
#include "sim/base/time.h"
#include "sim/kernel/clock.h"
#include "sim/kernel/task.h"
#include "sim/trace/sim_events.h"
#include "sim/trace/trace.h"

namespace squall::sim {

class Scheduler;
class Simulation;
class Node;
struct TaskState;

namespace detail {

class Waiter;

// A task name of one node. Two tasks of one name differ by how many were spawned before them.
struct TaskName {
    std::string full;  // "b1/raft_host"
    std::uint64_t hash = 0;
    std::uint64_t spawned = 0;
};

}  // namespace detail

// What a node runs. The constructor may spawn tasks and must not park. The destructor runs when all
// of the node's tasks are gone, and must not block, send or decide.
class Process {
  public:
    virtual ~Process() = default;
    // SIGTERM, on the main context: the process winds up by itself and ends with
    // die_at_next_park(StopReason::shutdown). False: it has no way to, and is to be stopped at
    // once.
    virtual bool begin_shutdown() { return false; }
};

using ProcessFactory = std::function<std::unique_ptr<Process>(Node&)>;

struct NodeOptions {
    std::string name;  // unique in the simulation: "b1"
    ClockOptions clock{};
    ProcessFactory factory{};  // may be empty: a node of bare tasks
};

class Node {
  public:
    Node(Simulation& simulation, NodeId id, NodeOptions options);
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;
    ~Node();

    NodeId id() const { return id_; }
    const std::string& name() const { return name_; }
    Incarnation incarnation() const { return incarnation_; }
    bool is_running() const { return running_; }
    bool is_paused() const { return paused_; }
    Simulation& simulation() const { return simulation_; }
    Trace& trace() const;
    Process* process() const { return process_.get(); }

    // ---- for the code that runs on the node ----

    LocalTime now() const;
    WallTime wall_now() const;
    // Runs `body` as a task named "<node>/<name>"; it becomes ready, and starts when picked.
    // The name must be stable from run to run: it keys the scheduler's draws. It continues with the
    // current cause. Without effect on a node that dies. Requires: running.
    void spawn(std::string_view name, std::function<void()> body);
    // Lets every other ready task go first, also when the deadline has passed. May park.
    void sleep_until(LocalTime deadline);
    void sleep_for(Duration duration) { sleep_until(now() + duration); }
    // Draws of this node for one purpose. Ordinals go on across restarts of the node.
    Draws& draws(std::string_view what);
    template <class T>
    EventSequence emit(const T& payload) {
        return trace().emit(payload);
    }
    // From now on this node is dead to the world (disk, network, trace); its tasks get NodeCrashed
    // at their next park, and it stops with `reason` before any other task runs. For faults that
    // hit at an exact operation.
    void die_at_next_park(StopReason reason);
    bool is_dying() const { return dying_; }

    // ---- for what comes in from outside: frames ----

    // Runs `action` now, or when the node resumes if it is paused: in order of the calls, and in
    // order with the tasks that became ready meanwhile. Dropped when the node stops first. `action`
    // must not park, and sets its own TraceScope. Requires: running.
    void run_when_awake(std::function<void()> action);

    // ---- for the harness, on the main context only ----

    // Boots the process. Requires: not running.
    void start();
    // Requires: running. Emits NodeStopped.
    void stop(StopReason reason);
    // Tasks and timers of a paused node do not run; frames queue up. Its clocks go on (a GC pause);
    // freeze them as well for a VM freeze.
    void pause();
    void resume();

    DriftingClock& monotonic_clock() { return monotonic_; }
    DriftingClock& wall_clock() { return wall_; }
    // To be called after changing a clock: re-aims the node's timers, and tells the trace.
    void clock_changed(std::string_view change);

    // Called when the node stops, before its tasks are woken.
    void on_cut(std::function<void(StopReason)> hook) { cut_hooks_.push_back(std::move(hook)); }
    // Called when process and tasks are gone; returns how many unsynced bytes were lost.
    void on_stopped(std::function<std::uint64_t(StopReason)> hook) {
        stopped_hooks_.push_back(std::move(hook));
    }

  private:
    friend class Scheduler;
    friend class Simulation;
    friend class detail::Waiter;
    friend struct TaskState;

    // What a paused node will do when it resumes: continue a task, or run an action.
    struct Held {
        TaskState* task = nullptr;
        std::function<void()> action;
    };

    void stop_and_record(StopReason reason);
    void end_process();
    Scheduler& scheduler() const { return scheduler_; }

    Simulation& simulation_;
    Scheduler& scheduler_;
    NodeId id_;
    std::string name_;
    ProcessFactory factory_;
    DriftingClock monotonic_;
    DriftingClock wall_;
    Incarnation incarnation_{0};
    bool running_ = false;
    bool paused_ = false;
    bool dying_ = false;
    StopReason death_{};  // while dying
    Time paused_at_{};
    std::deque<Held> held_;
    TaskState* first_task_ = nullptr;  // in order of spawning
    TaskState* last_task_ = nullptr;
    std::map<std::string, detail::TaskName, std::less<>> task_names_;
    std::unique_ptr<Process> process_;
    std::vector<std::function<void(StopReason)>> cut_hooks_;
    std::vector<std::function<std::uint64_t(StopReason)>> stopped_hooks_;
    std::map<std::string, std::unique_ptr<Draws>, std::less<>> draws_;
};

// While it lives, the trace speaks in the name of `node`, because of `cause`: for callbacks of
// timers that act for a node (a frame arrives). Silent while the node is dying. Must not be held
// over a park.
class TraceScope {
  public:
    TraceScope(Node& node, EventSequence cause);
    TraceScope(Node& node, Incarnation incarnation, EventSequence cause);
    TraceScope(const TraceScope&) = delete;
    TraceScope& operator=(const TraceScope&) = delete;
    ~TraceScope();

  private:
    Trace& trace_;
    Trace::Context saved_;
    bool was_muted_;
};

}  // namespace squall::sim
