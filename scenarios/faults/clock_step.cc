#include "scenarios/faults/kinds.h"
#include "sim/kernel/simulation.h"

namespace squall::scenarios {
namespace {

class ClockStep final : public Fault {
  public:
    explicit ClockStep(Duration by) : by_(by) {}

    void strike(FaultContext& context) override { step(context, by_, "wall step"); }
    void heal(FaultContext& context) override { step(context, -by_, "wall step back"); }

  private:
    void step(FaultContext& context, Duration by, std::string_view what) {
        for (Machine* machine : context.machines) {
            machine->node->wall_clock().step(context.cluster.simulation().now(), by);
            machine->node->clock_changed(what);
        }
    }

    Duration by_;
};

Result<std::unique_ptr<Fault>> make_clock_step(const FaultOptions& options) {
    const auto sign = options.find("by");
    const bool backwards = sign != options.end() && sign->second.starts_with('-');
    FaultOptions magnitude = options;
    if (backwards) magnitude["by"] = sign->second.substr(1);
    const Result<Duration> by = duration_option(magnitude, "by", "1h");
    if (!by) return by.error();
    if (*by < Duration::zero() || *by > std::chrono::hours(87'600)) {
        return Error{Failure::invalid_input, "by: expected at most 87600h either way"};
    }
    return std::unique_ptr<Fault>(std::make_unique<ClockStep>(backwards ? -*by : *by));
}

}  // namespace

FaultEntry clock_step_fault() {
    return {.kind = "clock-step",
            .about = "the wall clock jumps, and jumps back when healed; timers do not notice",
            .source = "a corrected NTP server, a hand on the date command",
            .needs_broker = false,
            .options = {{"by", "how far, \"-\" in front for backwards", "1h"}},
            .make = make_clock_step};
}

}  // namespace squall::scenarios
