#include <utility>

#include "scenarios/faults/beat.h"
#include "scenarios/faults/kinds.h"
#include "scenarios/faults/rules_in_force.h"

namespace squall::scenarios {
namespace {

// Who is cut off last need not come back last: orders that no single cut brings about
// (FoundationDB's swizzle-clogging).
class Swizzle final : public Fault {
  public:
    Swizzle(Duration gap, Duration hold) : gap_(gap), hold_(hold) {}

    void strike(FaultContext& context) override {
        for (Machine* machine : shuffled(context)) steps_.push_back({.machine = machine});
        for (Machine* machine : shuffled(context)) {
            steps_.push_back({.machine = machine, .comes_back = true});
        }
        beat_.begin(context.cluster.simulation(), [this, &context] { return step(context); });
    }
    void heal(FaultContext& context) override {
        beat_.end();
        for (auto& [machine, cut] : cuts_) cut.release(context);
    }

  private:
    struct Step {
        Machine* machine = nullptr;
        bool comes_back = false;
    };

    static std::vector<Machine*> shuffled(FaultContext& context) {
        std::vector<Machine*> machines = context.machines;
        for (std::size_t i = machines.size(); i > 1; --i) {
            std::swap(machines[i - 1], machines[context.draws.below(i)]);
        }
        return machines;
    }

    std::optional<Duration> step(FaultContext& context) {
        const Step& step = steps_[next_++];
        RulesInForce& cut = cuts_[step.machine->name];
        if (step.comes_back) {
            cut.release(context);
        } else {
            cut.isolate(context, *step.machine);
        }
        if (next_ == steps_.size()) return std::nullopt;
        if (next_ * 2 == steps_.size()) return hold_;
        return Duration(context.draws.between(0, 2 * gap_.count()));
    }

    Duration gap_;
    Duration hold_;
    std::vector<Step> steps_;
    std::size_t next_ = 0;
    std::map<std::string, RulesInForce> cuts_;
    Beat beat_;
};

Result<std::unique_ptr<Fault>> make_swizzle(const FaultOptions& options) {
    const auto gap = duration_option(options, "gap", "500ms");
    if (!gap) return gap.error();
    const auto hold = duration_option(options, "hold", "1s");
    if (!hold) return hold.error();
    return std::unique_ptr<Fault>(std::make_unique<Swizzle>(*gap, *hold));
}

}  // namespace

FaultEntry swizzle_fault() {
    return {.kind = "swizzle",
            .about =
                "one machine of the target after the other is cut off; they come back one by "
                "one, in another order",
            .source = "a network that is reconfigured rack by rack",
            .needs_broker = false,
            .options = {{"gap", "between one and the next, on average", "500ms"},
                        {"hold", "how long all of them are cut off", "1s"}},
            .make = make_swizzle};
}

}  // namespace squall::scenarios
