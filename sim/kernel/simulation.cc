#include "sim/kernel/simulation.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>

#include "sim/base/assert.h"
#include "sim/kernel/scheduler.h"

namespace squall::sim {

Simulation::Simulation(SimulationOptions options)
    : options_(std::move(options)),
      trace_(std::make_shared<Trace>(options_.trace)),
      scheduler_(std::make_unique<Scheduler>(*this)) {}

Simulation::~Simulation() {
    const bool is_expected = scheduler_->has_failed() || std::uncaught_exceptions() > 0;
    try {
        finish();
    } catch (const AssertionFailure& failure) {
        // After a failure the rest of a simulation may be in any state. But the first failure must
        // not go unheard, and a destructor cannot throw it.
        if (!is_expected) {
            fmt::print(stderr, "at the end of a simulation: {}\n", failure.describe_failure());
            std::abort();
        }
    }
}

Node& Simulation::add_node(NodeOptions options) {
    ASSERT(!options.name.empty(), "a node without a name");
    ASSERT(!node_by_name_.contains(options.name), "two nodes are called {}", options.name);
    const NodeId id{static_cast<std::uint32_t>(nodes_.size() + 1)};
    node_by_name_.emplace(options.name, id);
    trace_->name_node(id, options.name);
    return *nodes_.emplace_back(std::make_unique<Node>(*this, id, std::move(options)));
}

Node& Simulation::node(NodeId id) {
    ASSERT(id != harness_node && id.value() <= nodes_.size(), "there is no node {}", id);
    return *nodes_[id.value() - 1];
}

Node* Simulation::find_node(std::string_view name) {
    const auto found = node_by_name_.find(name);
    return found == node_by_name_.end() ? nullptr : &node(found->second);
}

void Simulation::control_at(Time time, std::function<void()> action) {
    const Time due = std::max(time, now_);
    controls_.emplace(due, std::move(action));
    scheduler_->limit_to(due);
}

void Simulation::interrupt() {
    interrupted_.store(true, std::memory_order_relaxed);
    scheduler_->want_main();
}

bool Simulation::is_interrupted() const {
    return interrupted_.load(std::memory_order_relaxed);
}

// The main context's part of the work: deaths, then failures, then control actions; between them
// the scheduler runs whatever is due before the next of these.
void Simulation::run_until(Time end) {
    ASSERT(!in_run_ && scheduler_->is_main_turn(), "run_until is called within a run");
    ASSERT(!finished_ && !scheduler_->has_failed(), "run_until is called after the end");
    ASSERT(end >= now_, "run_until({}) at {}", end, now_);
    struct InRun {
        bool& flag;
        explicit InRun(bool& in_run) : flag(in_run) { flag = true; }
        ~InRun() { flag = false; }
    } const in_run(in_run_);

    for (;;) {
        scheduler_->take_main_wanted();
        while (Node* const dying = scheduler_->take_dying_node())
            dying->stop_and_record(dying->death_);
        scheduler_->rethrow_failure();
        if (options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed)) interrupt();
        if (is_interrupted()) return;
        const Time next_control = controls_.empty() ? Time::max() : controls_.begin()->first;
        if (!controls_.empty() && next_control <= now_) {
            run_control_action();
            continue;
        }
        scheduler_->run(std::min(next_control, end + Duration(1)));
        if (scheduler_->is_main_wanted()) continue;
        // Nothing is left to do before the next control action: it may have come up just now.
        const Time next = controls_.empty() ? Time::max() : controls_.begin()->first;
        advance_to(std::min(next, end));
        if (controls_.empty() || next > end) return;
    }
}

void Simulation::run_control_action() {
    const auto action = controls_.extract(controls_.begin());
    scheduler_->run_guarded(action.mapped());
}

void Simulation::advance_to(Time time) {
    ASSERT(time >= now_, "time would run back from {} to {}", now_, time);
    now_ = time;
    trace_->context().time = time;
}

void Simulation::finish() {
    if (finished_) return;
    ASSERT(!in_run_ && scheduler_->is_main_turn(), "finish is called within a run");
    finished_ = true;
    controls_.clear();
    for (const auto& node : nodes_) {
        if (node->is_running()) node->stop_and_record(StopReason::end_of_run);
    }
    scheduler_->rethrow_failure();
}

}  // namespace squall::sim
