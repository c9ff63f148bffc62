#include <memory>

#include "scenarios/faults/kinds.h"

namespace squall::scenarios {
namespace {

struct FlapPace {
    Duration down;
    Duration up;
};

// Cut off and back and cut off again. Shared with the actions it scheduled, which find it over once
// the fault is healed.
class Flapping : public std::enable_shared_from_this<Flapping> {
  public:
    Flapping(FaultContext& context, FlapPace pace)
        : cluster_(context.cluster), fault_(context.id), machines_(context.machines), pace_(pace) {}

    void go_down() {
        if (is_over_) return;
        for (const Machine* machine : machines_) {
            for (const sim::RuleId rule : cluster_.network().isolate(machine->node->id(), fault_)) {
                rules_.push_back(rule);
            }
        }
        later(pace_.down, [self = shared_from_this()] { self->come_up(); });
    }
    void end() {
        is_over_ = true;
        release();
    }

  private:
    void come_up() {
        if (is_over_) return;
        release();
        later(pace_.up, [self = shared_from_this()] { self->go_down(); });
    }
    void release() {
        for (const sim::RuleId rule : rules_) cluster_.network().remove_rule(rule);
        rules_.clear();
    }
    void later(Duration wait, std::function<void()> action) {
        sim::Simulation& simulation = cluster_.simulation();
        simulation.control_at(simulation.now() + wait, std::move(action));
    }

    Cluster& cluster_;
    std::string fault_;
    std::vector<Machine*> machines_;
    FlapPace pace_;
    std::vector<sim::RuleId> rules_;
    bool is_over_ = false;
};

class Flap final : public Fault {
  public:
    explicit Flap(FlapPace pace) : pace_(pace) {}

    void strike(FaultContext& context) override {
        flapping_ = std::make_shared<Flapping>(context, pace_);
        flapping_->go_down();
    }
    void heal(FaultContext&) override { flapping_->end(); }

  private:
    FlapPace pace_;
    std::shared_ptr<Flapping> flapping_;
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
