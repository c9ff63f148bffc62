#include <optional>

#include "scenarios/faults/beat.h"
#include "scenarios/faults/kinds.h"
#include "scenarios/faults/stopping.h"

namespace squall::scenarios {
namespace {

struct Pace {
    bool gently = true;
    Duration down;
    Duration settle;
};

class RollingRestart final : public Fault {
  public:
    explicit RollingRestart(Pace pace) : pace_(pace) {}

    void strike(FaultContext& context) override {
        beat_.begin(context.cluster.simulation(), [this, &context] { return step(context); });
    }
    // Whoever is down comes back, and nobody else goes. Who is still winding up would stop when
    // there is nobody left to start it again.
    void heal(FaultContext& context) override {
        beat_.end();
        if (is_down_) start_again(*context.machines[turn_], context.id, asked_);
        for (Machine* machine : context.machines) machine->let_up(context.id);
    }

  private:
    std::optional<Duration> step(FaultContext& context) {
        if (turn_ == context.machines.size()) return std::nullopt;
        Machine& machine = *context.machines[turn_];
        is_down_ = !is_down_;
        if (!is_down_) {
            start_again(machine, context.id, asked_);
            ++turn_;
            return pace_.settle;
        }
        asked_ = machine.node->incarnation();
        if (pace_.gently) {
            stop_gently(context.cluster, machine, context.id, pace_.down);
        } else {
            machine.take_down(context.id, sim::StopReason::crash);
        }
        return pace_.down;
    }

    Pace pace_;
    std::size_t turn_ = 0;  // whose it is
    bool is_down_ = false;
    sim::Incarnation asked_;  // of that machine, before
    Beat beat_;
};

Result<std::unique_ptr<Fault>> make_rolling_restart(const FaultOptions& options) {
    const auto by = choice_option(options, "by", {"shutdown", "crash"});
    if (!by) return by.error();
    const auto down = duration_option(options, "down", "3s");
    if (!down) return down.error();
    const auto settle = duration_option(options, "settle", "8s");
    if (!settle) return settle.error();
    return std::unique_ptr<Fault>(std::make_unique<RollingRestart>(
        Pace{.gently = *by == "shutdown", .down = *down, .settle = *settle}));
}

}  // namespace

FaultEntry rolling_restart_fault() {
    return {.kind = "rolling-restart",
            .about = "each machine of the target in turn is stopped and started again",
            .source = "an upgrade of a cluster, broker by broker",
            .needs_broker = false,
            .options = {{"by", "\"shutdown\": asked to stop; \"crash\": killed", "shutdown"},
                        {"down", "how long each is away; who takes longer to stop is killed", "3s"},
                        {"settle", "between one that is back and the next", "8s"}},
            .make = make_rolling_restart};
}

}  // namespace squall::scenarios
