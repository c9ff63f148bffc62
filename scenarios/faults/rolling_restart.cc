#include <utility>

#include "scenarios/faults/kinds.h"
#include "scenarios/faults/stopping.h"

namespace squall::scenarios {
namespace {

struct Pace {
    bool gently = true;
    Duration down;
    Duration settle;
};

// One machine after the other. Shared with the actions it scheduled, which find it over once the
// fault is healed.
class Round : public std::enable_shared_from_this<Round> {
  public:
    Round(FaultContext& context, Pace pace)
        : cluster_(context.cluster), fault_(context.id), machines_(context.machines), pace_(pace) {}

    void begin() { take_down(0); }
    // Whoever is down comes back, and nobody else goes.
    void end() {
        is_over_ = true;
        for (Machine* machine : machines_) machine->let_up(fault_);
    }

  private:
    void take_down(std::size_t n) {
        if (is_over_ || n == machines_.size()) return;
        Machine& machine = *machines_[n];
        asked_ = machine.node->incarnation();
        if (pace_.gently) {
            stop_gently(cluster_, machine, fault_, pace_.down);
        } else {
            machine.take_down(fault_, sim::StopReason::crash);
        }
        later(pace_.down, [self = shared_from_this(), n] { self->bring_up(n); });
    }
    void bring_up(std::size_t n) {
        if (is_over_) return;
        start_again(*machines_[n], fault_, asked_);
        later(pace_.settle, [self = shared_from_this(), n] { self->take_down(n + 1); });
    }
    void later(Duration wait, std::function<void()> action) {
        sim::Simulation& simulation = cluster_.simulation();
        simulation.control_at(simulation.now() + wait, std::move(action));
    }

    Cluster& cluster_;
    std::string fault_;
    std::vector<Machine*> machines_;
    Pace pace_;
    sim::Incarnation asked_;  // of the machine that is being restarted, before
    bool is_over_ = false;
};

class RollingRestart final : public Fault {
  public:
    explicit RollingRestart(Pace pace) : pace_(pace) {}

    void strike(FaultContext& context) override {
        round_ = std::make_shared<Round>(context, pace_);
        round_->begin();
    }
    void heal(FaultContext&) override { round_->end(); }

  private:
    Pace pace_;
    std::shared_ptr<Round> round_;
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
