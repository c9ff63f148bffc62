#include "scenarios/faults/kinds.h"

namespace squall::scenarios {
namespace {

class WipedDisk final : public Fault {
  public:
    // Power first: nobody writes to a device that is being pulled out.
    void strike(FaultContext& context) override {
        for (Machine* machine : context.machines) {
            machine->take_down(context.id, sim::StopReason::power_loss);
            machine->disk->wipe(context.id);
        }
    }
    void heal(FaultContext& context) override {
        for (Machine* machine : context.machines) {
            machine->let_up(context.id);
        }
    }
};

}  // namespace

FaultEntry wiped_disk_fault() {
    return {.kind = "wiped-disk",
            .about = "the machine stops and all its files are gone; healed: booted with none",
            .source = "a replaced device, a rescheduled pod without its volume",
            .needs_broker = true,
            .options = {},
            .make = [](const FaultOptions&) -> Result<std::unique_ptr<Fault>> {
                return std::unique_ptr<Fault>(std::make_unique<WipedDisk>());
            }};
}

}  // namespace squall::scenarios
