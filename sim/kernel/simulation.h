// Simulation: virtual time, nodes, and the loop that runs them. One seed repeats a run bit for bit.
//
// A value: no globals. At most one is live per thread (asserted); any number one after another; one
// per thread on several threads at once. Everything that creates or destroys (start, stop, end of
// run) happens on the main context: the thread that calls run_until, or a control action.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/rng.h"
#include "sim/base/time.h"
#include "sim/kernel/node.h"
#include "sim/kernel/scheduling.h"
#include "sim/kernel/timers.h"
#include "sim/trace/trace.h"

namespace squall::sim {

class Scheduler;

struct SimulationOptions {
    std::uint64_t seed = 0;
    WallTime start{std::chrono::seconds(1735689600)};  // 2025-01-01T00:00:00Z
    TraceOptions trace{};
    Scheduling scheduling{};
    // The run ends with an AssertionFailure after so many wake-ups and timers: a livelock. It names
    // who turned in circles. 0: no budget.
    std::uint64_t step_budget = 0;
    // Set by another thread or a signal handler: as interrupt(), also where nothing is told and
    // time stands still. Looked at every few steps, and null for nobody.
    const std::atomic<bool>* stop = nullptr;
};

class Simulation {
  public:
    explicit Simulation(SimulationOptions options);
    Simulation(const Simulation&) = delete;
    Simulation& operator=(const Simulation&) = delete;
    // finish(), so that leaks and zombies show up in every test. Whoever hangs hooks on nodes and
    // goes away before the simulation must call finish() itself first.
    ~Simulation();

    Time now() const { return now_; }
    // The true date: what a perfect wall clock shows.
    WallTime wall_now() const { return options_.start + now_.since_origin(); }
    Noise noise() const { return Noise(options_.seed); }
    Trace& trace() { return *trace_; }
    // The same, for whoever reads it when the simulation is gone.
    std::shared_ptr<Trace> shared_trace() const { return trace_; }
    const SimulationOptions& options() const { return options_; }

    // The node is there, and not started yet. Nodes live as long as the simulation.
    Node& add_node(NodeOptions options);
    Node& node(NodeId id);
    Node* find_node(std::string_view name);
    const std::vector<std::unique_ptr<Node>>& nodes() const { return nodes_; }

    // Runs `action` on the main context when virtual time reaches `time` (at once when it has
    // passed), before any task or timer of that time. Actions of equal times run in order of their
    // calls.
    void control_at(Time time, std::function<void()> action);
    // As soon as the running task parks, before any other task runs.
    void control_soon(std::function<void()> action) { control_at(now_, std::move(action)); }

    // Runs everything that is due up to and including `end`; then now() == end. Rethrows the
    // AssertionFailure of a task or timer: the simulation is then good for nothing but its trace.
    // Returns early when interrupted.
    void run_until(Time end);
    // Makes run_until return before the next task or timer, now and from then on. Callable from a
    // control action, an observer, or (the flag alone) another thread.
    void interrupt();
    bool is_interrupted() const;

    // Stops every node with end_of_run, in order of their ids. Idempotent; run_until must not be
    // called after it. Rethrows what tasks assert as they unwind, once all nodes are stopped.
    void finish();

    Timers& timers() { return timers_; }
    // The tie-break of a timer: pure in what it is for.
    std::uint64_t tie(Meaning meaning, std::uint64_t ordinal) const {
        return noise().at(meaning, ordinal);
    }
    std::uint64_t steps() const { return steps_; }

  private:
    friend class Scheduler;
    friend class Node;

    void advance_to(Time time);
    void run_control_action();

    SimulationOptions options_;
    Time now_{};
    std::shared_ptr<Trace> trace_;
    Timers timers_;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::map<std::string, NodeId, std::less<>> node_by_name_;
    std::multimap<Time, std::function<void()>> controls_;
    std::uint64_t steps_ = 0;
    bool in_run_ = false;
    bool finished_ = false;
    std::atomic<bool> interrupted_ = false;
    std::unique_ptr<Scheduler> scheduler_;
};

}  // namespace squall::sim
