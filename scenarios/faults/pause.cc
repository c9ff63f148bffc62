#include "scenarios/faults/kinds.h"

namespace squall::scenarios {
namespace {

class Pause final : public Fault {
  public:
    void strike(FaultContext& context) override {
        for (Machine* machine : context.machines) {
            machine->pause(context.id);
        }
    }
    void heal(FaultContext& context) override {
        for (Machine* machine : context.machines) {
            machine->resume(context.id);
        }
    }
};

}  // namespace

FaultEntry pause_fault() {
    return {.kind = "pause",
            .about = "nothing of the process runs, while its clocks go on; healed: it continues",
            .source = "a garbage collection, SIGSTOP, a starved virtual machine",
            .needs_broker = false,
            .options = {},
            .make = [](const FaultOptions&) -> Result<std::unique_ptr<Fault>> {
                return std::unique_ptr<Fault>(std::make_unique<Pause>());
            }};
}

}  // namespace squall::scenarios
