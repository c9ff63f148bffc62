#include <memory>

#include "scenarios/faults/beat.h"
#include "scenarios/faults/kinds.h"
#include "scenarios/faults/rules_in_force.h"

namespace squall::scenarios {
namespace {

struct FlapPace {
    Duration down;
    Duration up;
};

class Flap final : public Fault {
  public:
    explicit Flap(FlapPace pace) : pace_(pace) {}

    void strike(FaultContext& context) override {
        beat_.begin(context.cluster.simulation(), [this, &context] {
            is_down_ = !is_down_;
            if (is_down_) {
                for (const Machine* machine : context.machines) {
                    cut_.isolate(context, *machine);
                }
            } else {
                cut_.release(context);
            }
            return is_down_ ? pace_.down : pace_.up;
        });
    }
    void heal(FaultContext& context) override {
        beat_.end();
        cut_.release(context);
    }

  private:
    FlapPace pace_;
    bool is_down_ = false;
    RulesInForce cut_;
    Beat beat_;
};

Result<std::unique_ptr<Fault>> make_flap(const FaultOptions& options) {
    const auto down = duration_option(options, "down", "1s");
    if (!down) return down.error();
    const auto up = duration_option(options, "up", "1s");
    if (!up) return up.error();
    if (*down <= Duration::zero() || *up <= Duration::zero()) {
        return Error{Failure::invalid_input, "down, up: expected more than 0s"};
    }
    return std::unique_ptr<Fault>(std::make_unique<Flap>(FlapPace{.down = *down, .up = *up}));
}

}  // namespace

FaultEntry flap_fault() {
    return {.kind = "flap",
            .about = "cut off, both ways, and back, again and again",
            .source = "a flapping link, a loose cable, a spanning tree that cannot decide",
            .needs_broker = false,
            .options = {{"down", "how long each time it is cut off", "1s"},
                        {"up", "how long each time it is not", "1s"}},
            .make = make_flap};
}

}  // namespace squall::scenarios
