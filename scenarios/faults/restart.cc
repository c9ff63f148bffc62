#include "scenarios/faults/kinds.h"
#include "scenarios/faults/stopping.h"

namespace squall::scenarios {
namespace {

class Restart final : public Fault {
  public:
    explicit Restart(Duration grace) : grace_(grace) {}

    void strike(FaultContext& context) override {
        for (Machine* machine : context.machines) {
            asked_.emplace_back(machine,
                                stop_gently(context.cluster, *machine, context.id, grace_));
        }
    }
    void heal(FaultContext& context) override {
        for (const auto& [machine, incarnation] : asked_) {
            start_again(*machine, context.id, incarnation);
        }
    }

  private:
    Duration grace_;
    std::vector<std::pair<Machine*, sim::Incarnation>> asked_;
};

Result<std::unique_ptr<Fault>> make_restart(const FaultOptions& options) {
    const auto grace = duration_option(options, "grace", "30s");
    if (!grace) return grace.error();
    return std::unique_ptr<Fault>(std::make_unique<Restart>(*grace));
}

}  // namespace

FaultEntry restart_fault() {
    return {.kind = "restart",
            .about = "the process is asked to stop, and winds up; healed: started again",
            .source = "a deployment, SIGTERM, a drained host",
            .needs_broker = false,
            .options = {{"grace", "how long it may take before it is killed", "30s"}},
            .make = make_restart};
}

}  // namespace squall::scenarios
