#include <memory>

#include "scenarios/faults/beat.h"
#include "scenarios/faults/kinds.h"

namespace squall::scenarios {
namespace {

struct LoopPace {
    sim::StopReason by;
    Duration down;
    Duration up;
};

class CrashLoop final : public Fault {
  public:
    explicit CrashLoop(LoopPace pace) : pace_(pace) {}

    void strike(FaultContext& context) override {
        beat_.begin(context.cluster.simulation(), [this, &context] {
            is_down_ = !is_down_;
            for (Machine* machine : context.machines) {
                if (is_down_) {
                    machine->take_down(context.id, pace_.by);
                } else {
                    machine->let_up(context.id);
                }
            }
            return is_down_ ? pace_.down : pace_.up;
        });
    }
    void heal(FaultContext& context) override {
        beat_.end();
        for (Machine* machine : context.machines) machine->let_up(context.id);
    }

  private:
    LoopPace pace_;
    bool is_down_ = false;
    Beat beat_;
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
