#include <algorithm>

#include "scenarios/faults/kinds.h"

namespace squall::scenarios {
namespace {

enum class Shape { apart, halves, bridge, ring };

// Shapes over servers; clients see everyone.
class Partition final : public Fault {
  public:
    explicit Partition(Shape shape) : shape_(shape) {}

    void strike(FaultContext& context) override {
        sim::Network& network = context.cluster.network();
        std::vector<sim::NodeId> targets;
        std::vector<sim::NodeId> others;
        for (const auto& machine : context.cluster.machines()) {
            if (!machine->is_broker && !machine->is_controller) continue;
            const bool is_target =
                std::ranges::find(context.machines, machine.get()) != context.machines.end();
            (is_target ? targets : others).push_back(machine->node->id());
        }
        // Who stands with whom is the seed's choice.
        for (std::size_t i = others.size(); i > 1; --i) {
            std::swap(others[i - 1], others[context.draws.below(i)]);
        }
        switch (shape_) {
            case Shape::apart:
                rules_ = network.partition({targets, others}, context.id);
                return;
            case Shape::halves: {
                std::vector<std::vector<sim::NodeId>> sides = {targets, {}};
                deal(others, sides);
                rules_ = network.partition(sides, context.id);
                return;
            }
            case Shape::bridge: {
                // Who is in no group is with everyone.
                std::vector<std::vector<sim::NodeId>> sides(2);
                deal(others, sides);
                rules_ = network.partition(sides, context.id);
                return;
            }
            case Shape::ring:
                return cut_ring(network, targets, others, context.id);
        }
    }
    void heal(FaultContext& context) override {
        for (const sim::RuleId rule : rules_) context.cluster.network().remove_rule(rule);
        rules_.clear();
    }

  private:
    // Each to the smaller side.
    static void deal(const std::vector<sim::NodeId>& nodes,
                     std::vector<std::vector<sim::NodeId>>& sides) {
        for (const sim::NodeId node : nodes) {
            std::ranges::min_element(sides, {}, &std::vector<sim::NodeId>::size)->push_back(node);
        }
    }

    // Everyone sees a majority, and no two the same one.
    void cut_ring(sim::Network& network, const std::vector<sim::NodeId>& targets,
                  const std::vector<sim::NodeId>& others, const std::string& fault) {
        std::vector<sim::NodeId> ring = targets;
        ring.insert(ring.end(), others.begin(), others.end());
        const std::size_t majority = ring.size() / 2 + 1;
        const std::size_t reach = majority / 2;  // to each side: 1 + 2 * reach >= majority
        for (std::size_t i = 0; i < ring.size(); ++i) {
            for (std::size_t j = 0; j < ring.size(); ++j) {
                const std::size_t gap = i < j ? j - i : i - j;
                if (std::min(gap, ring.size() - gap) <= reach) continue;
                for (const sim::RuleId rule : network.cut_one_way(ring[i], ring[j], fault)) {
                    rules_.push_back(rule);
                }
            }
        }
    }

    Shape shape_;
    std::vector<sim::RuleId> rules_;
};

Result<std::unique_ptr<Fault>> make_partition(const FaultOptions& options) {
    const auto shape = choice_option(options, "shape", {"apart", "halves", "bridge", "ring"});
    if (!shape) return shape.error();
    return std::unique_ptr<Fault>(std::make_unique<Partition>(*shape == "apart"    ? Shape::apart
                                                              : *shape == "halves" ? Shape::halves
                                                              : *shape == "bridge" ? Shape::bridge
                                                                                   : Shape::ring));
}

}  // namespace

FaultEntry partition_fault() {
    return {
        .kind = "partition",
        .about = "servers see some of the other servers only; clients see all",
        .source = "a dead core switch, a wrong route, one data centre of three that two see",
        .needs_broker = true,
        .options = {{"shape",
                     "\"apart\": the target from the others; \"halves\": two, the target in "
                     "one; \"bridge\": two halves that see only the target in common; \"ring\": "
                     "each sees its neighbours, a majority, and each another one",
                     "apart"}},
        .make = make_partition};
}

}  // namespace squall::scenarios
