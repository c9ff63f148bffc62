#include "sim/kernel/node.h"

#include <utility>

#include "sim/base/assert.h"
#include "sim/kernel/scheduler.h"
#include "sim/kernel/simulation.h"

namespace squall::sim {

Node::Node(Simulation& simulation, NodeId id, NodeOptions options)
    : simulation_(simulation),
      scheduler_(*simulation.scheduler_),
      id_(id),
      name_(std::move(options.name)),
      factory_(std::move(options.factory)),
      monotonic_(Duration::zero(), options.clock.monotonic_drift_ppm, simulation.now()),
      wall_(simulation.wall_now().since_origin() + options.clock.wall_offset,
            options.clock.wall_drift_ppm, simulation.now()) {}

Node::~Node() {
    ASSERT(first_task_ == nullptr, "task {} outlives its node", first_task_->describe_task());
}

Trace& Node::trace() const {
    return simulation_.trace();
}

LocalTime Node::now() const {
    return LocalTime(monotonic_.at(simulation_.now()));
}

WallTime Node::wall_now() const {
    return WallTime(wall_.at(simulation_.now()));
}

void Node::spawn(std::string_view name, std::function<void()> body) {
    scheduler_.spawn(*this, name, std::move(body));
}

void Node::sleep_until(LocalTime deadline) {
    scheduler_.park(*this, nullptr, deadline);
}

Draws& Node::draws(std::string_view what) {
    const auto found = draws_.find(what);
    if (found != draws_.end()) return *found->second;
    const Meaning meaning = Meaning("node").with(name_).with(what);
    return *draws_.emplace(std::string(what), std::make_unique<Draws>(simulation_.noise(), meaning))
                .first->second;
}

void Node::die_at_next_park(StopReason reason) {
    ASSERT(running_ || dying_, "node {} cannot die: it is not running", name_);
    if (dying_) return;
    dying_ = true;
    death_ = reason;
    if (trace().context().node == id_) trace().mute(true);
    scheduler_.node_dies(*this);
}

void Node::run_when_awake(std::function<void()> action) {
    ASSERT(running_ || dying_, "something arrives at node {}, which is not running", name_);
    if (dying_) return;
    if (paused_) {
        held_.push_back({.task = nullptr, .action = std::move(action)});
    } else {
        action();
    }
}

// ---- for the harness ----

void Node::start() {
    ASSERT(scheduler_.is_main_turn(), "node {} is started by a task or a timer", name_);
    ASSERT(!running_, "node {} is running already", name_);
    if (incarnation_ == Incarnation{0}) incarnation_ = Incarnation{1};
    running_ = true;
    const EventSequence booted = [this] {
        const TraceScope scope(*this, trace().context().cause);
        return trace().emit(NodeStarted{.name = name_});
    }();
    const TraceScope scope(*this, booted);
    if (factory_) process_ = factory_(*this);
}

void Node::stop(StopReason reason) {
    stop_and_record(reason);
    scheduler_.rethrow_failure();
}

// Whatever fails on the way, the node is stopped in the end: a failure must not keep the others
// from being stopped.
void Node::stop_and_record(StopReason reason) {
    ASSERT(scheduler_.is_main_turn(), "node {} is stopped by a task or a timer", name_);
    ASSERT(running_, "node {} is not running", name_);
    const Trace::Context caller = trace().context();
    const Incarnation ended = std::exchange(incarnation_, incarnation_.next());
    running_ = false;
    paused_ = false;
    dying_ = true;

    for (const auto& hook : cut_hooks_) scheduler_.run_guarded([&] { hook(reason); });
    {
        const TraceScope silence(*this, ended, EventSequence{0});
        end_process();
    }
    trace().context() = caller;

    // The process is gone, and cannot speak any more: what is told from here on in the name of the
    // node is what befalls the machine, as the bytes that its disk loses.
    dying_ = false;
    std::uint64_t lost_bytes = 0;
    for (const auto& hook : stopped_hooks_) {
        scheduler_.run_guarded([&] { lost_bytes += hook(reason); });
    }
    const TraceScope scope(*this, ended, caller.cause);
    trace().emit(NodeStopped{.reason = reason, .lost_bytes = lost_bytes});
}

void Node::end_process() {
    scheduler_.hold_ready_tasks(*this);
    std::exchange(held_, {}).clear();
    while (first_task_ != nullptr) scheduler_.kill(*first_task_);
    // Tasks leave the trace to the main context, which may speak.
    trace().mute(true);
    scheduler_.run_guarded([this] { process_.reset(); });
    ASSERT(first_task_ == nullptr && held_.empty(), "the process of node {} left work behind",
           name_);
}

void Node::pause() {
    ASSERT(scheduler_.is_main_turn(), "node {} is paused by a task or a timer", name_);
    ASSERT(running_ && !paused_, "node {} cannot be paused: it is {}", name_,
           paused_ ? "paused" : "not running");
    paused_ = true;
    paused_at_ = simulation_.now();
    scheduler_.hold_ready_tasks(*this);
    const TraceScope scope(*this, trace().context().cause);
    trace().emit(NodePaused{});
}

void Node::resume() {
    ASSERT(scheduler_.is_main_turn(), "node {} is resumed by a task or a timer", name_);
    ASSERT(running_ && paused_, "node {} is not paused", name_);
    paused_ = false;
    {
        const TraceScope scope(*this, trace().context().cause);
        trace().emit(NodeResumed{.paused_for = simulation_.now() - paused_at_});
    }
    for (Held& held : std::exchange(held_, {})) {
        if (dying_) return;
        if (held.task != nullptr) {
            scheduler_.release(*held.task);
        } else {
            held.action();
        }
    }
}

void Node::clock_changed(std::string_view change) {
    scheduler_.re_aim(*this);
    const TraceScope scope(*this, trace().context().cause);
    trace().emit(ClockChanged{.change = std::string(change),
                              .wall_offset = wall_now() - simulation_.wall_now()});
}

// ---- TraceScope ----

TraceScope::TraceScope(Node& node, EventSequence cause)
    : TraceScope(node, node.incarnation(), cause) {}

TraceScope::TraceScope(Node& node, Incarnation incarnation, EventSequence cause)
    : trace_(node.trace()), saved_(trace_.context()), was_muted_(trace_.is_muted()) {
    trace_.context().node = node.id();
    trace_.context().incarnation = incarnation;
    trace_.context().cause = cause;
    trace_.mute(node.is_dying());
}

TraceScope::~TraceScope() {
    trace_.context() = saved_;
    trace_.mute(was_muted_);
}

}  // namespace squall::sim
