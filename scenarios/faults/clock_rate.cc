#include "scenarios/faults/kinds.h"
#include "sim/kernel/simulation.h"

namespace squall::scenarios {
namespace {

// A wall clock that somebody sets right again: to what it was off before the fault.
class WrongClock : public Fault {
  public:
    void strike(FaultContext& context) final {
        for (Machine* machine : context.machines) {
            before_.push_back(offset(context, *machine));
            begin(context, *machine);
        }
    }
    void heal(FaultContext& context) final {
        for (std::size_t i = 0; i < context.machines.size(); ++i) {
            Machine& machine = *context.machines[i];
            end(context, machine, i);
            const Duration off = offset(context, machine) - before_[i];
            machine.node->wall_clock().step(context.cluster.simulation().now(), -off);
            machine.node->clock_changed("set right");
        }
    }

  protected:
    virtual void begin(FaultContext& context, Machine& machine) = 0;
    virtual void end(FaultContext& context, Machine& machine, std::size_t place) = 0;

  private:
    static Duration offset(const FaultContext& context, const Machine& machine) {
        return machine.node->wall_now() - context.cluster.simulation().wall_now();
    }

    std::vector<Duration> before_;
};

class ClockDrift final : public WrongClock {
  public:
    explicit ClockDrift(std::int32_t ppm) : ppm_(ppm) {}

  private:
    void begin(FaultContext& context, Machine& machine) override {
        sim::Node& node = *machine.node;
        rates_.emplace_back(node.wall_clock().drift_ppm(), node.monotonic_clock().drift_ppm());
        set(context, node, ppm_, ppm_);
        node.clock_changed("drift");
    }
    void end(FaultContext& context, Machine& machine, std::size_t place) override {
        set(context, *machine.node, rates_[place].first, rates_[place].second);
    }
    static void set(const FaultContext& context, sim::Node& node, std::int32_t wall,
                    std::int32_t monotonic) {
        const Time now = context.cluster.simulation().now();
        node.wall_clock().set_drift(now, wall);
        node.monotonic_clock().set_drift(now, monotonic);
    }

    std::int32_t ppm_;
    std::vector<std::pair<std::int32_t, std::int32_t>> rates_;  // wall, monotonic: before
};

class ClockFreeze final : public WrongClock {
    void begin(FaultContext& context, Machine& machine) override {
        const Time now = context.cluster.simulation().now();
        machine.node->wall_clock().freeze(now);
        machine.node->monotonic_clock().freeze(now);
        machine.node->clock_changed("freeze");
    }
    void end(FaultContext& context, Machine& machine, std::size_t) override {
        const Time now = context.cluster.simulation().now();
        machine.node->wall_clock().unfreeze(now);
        machine.node->monotonic_clock().unfreeze(now);
    }
};

// It comes once and stays: the date is what it is afterwards.
class LeapSecond final : public Fault {
  public:
    explicit LeapSecond(Duration by) : by_(by) {}

    void strike(FaultContext& context) override {
        for (Machine* machine : context.machines) {
            machine->node->wall_clock().step(context.cluster.simulation().now(), by_);
            machine->node->clock_changed("leap second");
        }
    }
    void heal(FaultContext&) override {}

  private:
    Duration by_;
};

Result<std::unique_ptr<Fault>> make_clock_drift(const FaultOptions& options) {
    const auto ppm = bounded_option(options, "ppm", "100000", -900'000, 1'000'000);
    if (!ppm) return ppm.error();
    return std::unique_ptr<Fault>(std::make_unique<ClockDrift>(static_cast<std::int32_t>(*ppm)));
}

Result<std::unique_ptr<Fault>> make_leap_second(const FaultOptions& options) {
    const auto second = choice_option(options, "second", {"inserted", "removed"});
    if (!second) return second.error();
    return std::unique_ptr<Fault>(
        std::make_unique<LeapSecond>(*second == "inserted" ? Duration(-1s) : Duration(1s)));
}

}  // namespace

FaultEntry clock_drift_fault() {
    return {
        .kind = "clock-drift",
        .about =
            "both clocks run at another rate; healed: the rate of before, the date set "
            "right",
        .source = "a bad oscillator, a virtual machine that gets less time than it counts",
        .needs_broker = false,
        .options = {{"ppm", "parts per million more than true time, -900000 to 1000000", "100000"}},
        .make = make_clock_drift};
}

FaultEntry clock_freeze_fault() {
    return {.kind = "clock-freeze",
            .about =
                "both clocks stand still, and no timer of the machine comes, while it goes on "
                "answering; healed: they run, the date set right",
            .source = "a hypervisor's clock source that stopped",
            .needs_broker = false,
            .options = {},
            .make = [](const FaultOptions&) -> Result<std::unique_ptr<Fault>> {
                return std::unique_ptr<Fault>(std::make_unique<ClockFreeze>());
            }};
}

FaultEntry leap_second_fault() {
    return {.kind = "leap-second",
            .about = "a second of the wall clock comes twice, or not at all",
            .source = "June 2012, when a leap second took sites down",
            .needs_broker = false,
            .options = {{"second", "\"inserted\": it comes twice; \"removed\"", "inserted"}},
            .make = make_leap_second};
}

}  // namespace squall::scenarios
