#include "scenarios/faults/kinds.h"

namespace squall::scenarios {
namespace {

class Crash final : public Fault {
  public:
    explicit Crash(sim::StopReason reason) : reason_(reason) {}

    void strike(FaultContext& context) override {
        for (Machine* machine : context.machines) {
            machine->take_down(context.id, reason_);
        }
    }
    void heal(FaultContext& context) override {
        for (Machine* machine : context.machines) {
            machine->let_up(context.id);
        }
    }

  private:
    sim::StopReason reason_;
};

template <sim::StopReason reason>
Result<std::unique_ptr<Fault>> make_crash(const FaultOptions&) {
    return std::unique_ptr<Fault>(std::make_unique<Crash>(reason));
}

}  // namespace

FaultEntry crash_fault() {
    return {
        .kind = "crash",
        .about = "the process dies; the operating system keeps what it wrote; healed: restarted",
        .source = "kill -9, an OOM kill, a failed assertion",
        .needs_broker = false,
        .options = {},
        .make = make_crash<sim::StopReason::crash>};
}

FaultEntry power_loss_fault() {
    return {.kind = "power-loss",
            .about = "the machine loses power: unsynced bytes are lost or torn; healed: booted",
            .source = "a tripped breaker, a yanked cord, a kernel panic",
            .needs_broker = false,
            .options = {},
            .make = make_crash<sim::StopReason::power_loss>};
}

}  // namespace squall::scenarios
