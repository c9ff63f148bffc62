#include <memory>

#include "scenarios/faults/kinds.h"

namespace squall::scenarios {
namespace {

struct LoopPace {
    sim::StopReason by;
    Duration down;
    Duration up;
};

// Down and up and down again. Shared with the actions it scheduled, which find it over once the
// fault is healed.
class Loop : public std::enable_shared_from_this<Loop> {
  public:
    Loop(FaultContext& context, LoopPace pace)
        : cluster_(context.cluster), fault_(context.id), machines_(context.machines), pace_(pace) {}

    void go_down() {
        if (is_over_) return;
        for (Machine* machine : machines_) machine->take_down(fault_, pace_.by);
        later(pace_.down, [self = shared_from_this()] { self->come_up(); });
    }
    void end() {
        is_over_ = true;
        for (Machine* machine : machines_) machine->let_up(fault_);
    }

  private:
    void come_up() {
        if (is_over_) return;
        for (Machine* machine : machines_) machine->let_up(fault_);
        later(pace_.up, [self = shared_from_this()] { self->go_down(); });
    }
    void later(Duration wait, std::function<void()> action) {
        sim::Simulation& simulation = cluster_.simulation();
        simulation.control_at(simulation.now() + wait, std::move(action));
    }

    Cluster& cluster_;
    std::string fault_;
    std::vector<Machine*> machines_;
    LoopPace pace_;
    bool is_over_ = false;
};

class CrashLoop final : public Fault {
  public:
    explicit CrashLoop(LoopPace pace) : pace_(pace) {}

    void strike(FaultContext& context) override {
        loop_ = std::make_shared<Loop>(context, pace_);
        loop_->go_down();
    }
    void heal(FaultContext&) override { loop_->end(); }

  private:
    LoopPace pace_;
    std::shared_ptr<Loop> loop_;
};

Result<std::unique_ptr<Fault>> make_crash_loop(const FaultOptions& options) {
    const auto by = choice_option(options, "by", {"crash", "power-loss"});
    if (!by) return by.error();
    const auto down = duration_option(options, "down", "1s");
    if (!down) return down.error();
    const auto up = duration_option(options, "up", "2s");
    if (!up) return up.error();
    if (*down <= Duration::zero() || *up <= Duration::zero()) {
        return Error{Failure::invalid_input, "down, up: expected more than 0s"};
    }
    return std::unique_ptr<Fault>(std::make_unique<CrashLoop>(
        LoopPace{.by = *by == "crash" ? sim::StopReason::crash : sim::StopReason::power_loss,
                 .down = *down,
                 .up = *up}));
}

}  // namespace

FaultEntry crash_loop_fault() {
    return {.kind = "crash-loop",
            .about = "the process dies, is started, and dies again, until it is healed",
            .source = "CrashLoopBackOff, a supervisor that restarts what cannot run",
            .needs_broker = false,
            .options = {{"by", "\"crash\" or \"power-loss\"", "crash"},
                        {"down", "how long it is away each time", "1s"},
                        {"up", "how long it lives each time", "2s"}},
            .make = make_crash_loop};
}

}  // namespace squall::scenarios
