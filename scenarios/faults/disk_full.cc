#include "scenarios/faults/kinds.h"

namespace squall::scenarios {
namespace {

class DiskFull final : public Fault {
  public:
    void strike(FaultContext& context) override {
        for (Machine* machine : context.machines) {
            machine->disk->set_faults({.fault_id = context.id, .full = true});
        }
    }
    // A broker whose log directory failed has halted: whoever made room starts it.
    void heal(FaultContext& context) override {
        context.cluster.clear_disk_faults(context.id);
        for (Machine* machine : context.machines) machine->let_up(context.id);
    }
};

}  // namespace

FaultEntry disk_full_fault() {
    return {.kind = "disk-full",
            .about =
                "writes fail: no space is left; healed: space is there again, and "
                "who halted is started",
            .source = "ENOSPC",
            .needs_broker = true,
            .options = {},
            .make = [](const FaultOptions&) -> Result<std::unique_ptr<Fault>> {
                return std::unique_ptr<Fault>(std::make_unique<DiskFull>());
            }};
}

}  // namespace squall::scenarios
