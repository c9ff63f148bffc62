#include "scenarios/faults/kinds.h"

namespace squall::scenarios {
namespace {

class Cut final : public Fault {
  public:
    enum class Direction { in, out };
    explicit Cut(Direction direction) : direction_(direction) {}

    void strike(FaultContext& context) override {
        for (const Machine* machine : context.machines) {
            const sim::NodeId node = machine->node->id();
            sim::Rule rule{
                .fault_id = context.id, .disturbance = sim::disturb::Stall{}, .word = "cut"};
            (direction_ == Direction::in ? rule.to : rule.from) = node;
            rules_.push_back(context.cluster.network().add_rule(std::move(rule)));
        }
    }
    void heal(FaultContext& context) override {
        for (const sim::RuleId rule : rules_) context.cluster.network().remove_rule(rule);
        rules_.clear();
    }

  private:
    Direction direction_;
    std::vector<sim::RuleId> rules_;
};

Result<std::unique_ptr<Fault>> make_cut(const FaultOptions& options) {
    const auto found = options.find("direction");
    const std::string direction = found == options.end() ? "in" : found->second;
    if (direction != "in" && direction != "out") {
        return Error{Failure::invalid_input,
                     "direction: expected \"in\" or \"out\", not \"" + direction + "\""};
    }
    return std::unique_ptr<Fault>(
        std::make_unique<Cut>(direction == "in" ? Cut::Direction::in : Cut::Direction::out));
}

}  // namespace

FaultEntry cut_fault() {
    return {.kind = "cut",
            .about = "frames of one direction are held: the node hears nobody, or nobody hears it",
            .source = "an asymmetric route, a full queue, a broken transceiver",
            .needs_broker = false,
            .options = {{"direction", "\"in\": it hears nobody; \"out\": nobody hears it", "in"}},
            .make = make_cut};
}

}  // namespace squall::scenarios
