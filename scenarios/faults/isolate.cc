#include <algorithm>

#include "scenarios/faults/kinds.h"

namespace squall::scenarios {
namespace {

enum class From { everyone, servers, controllers };

class Isolate final : public Fault {
  public:
    explicit Isolate(From from) : from_(from) {}

    void strike(FaultContext& context) override {
        if (from_ == From::servers) {
            add(cut_from_servers(context));
            return;
        }
        if (from_ == From::controllers) {
            add(cut_from_controllers(context));
            return;
        }
        for (const Machine* machine : context.machines) {
            add(context.cluster.network().isolate(machine->node->id(), context.id));
        }
    }
    void heal(FaultContext& context) override {
        for (const sim::RuleId rule : rules_) context.cluster.network().remove_rule(rule);
        rules_.clear();
    }

  private:
    void add(const std::vector<sim::RuleId>& rules) {
        rules_.insert(rules_.end(), rules.begin(), rules.end());
    }

    // Each victim is alone; the servers that are none are together; clients are with everyone.
    static std::vector<sim::RuleId> cut_from_servers(FaultContext& context) {
        std::vector<std::vector<sim::NodeId>> groups(1);
        for (const auto& machine : context.cluster.machines()) {
            if (!machine->is_broker && !machine->is_controller) continue;
            const bool is_victim =
                std::ranges::find(context.machines, machine.get()) != context.machines.end();
            if (is_victim) {
                groups.push_back({machine->node->id()});
            } else {
                groups.front().push_back(machine->node->id());
            }
        }
        return context.cluster.network().partition(groups, context.id);
    }

    // Everyone else still sees both.
    static std::vector<sim::RuleId> cut_from_controllers(FaultContext& context) {
        std::vector<std::vector<sim::NodeId>> groups(1);
        for (const auto& machine : context.cluster.machines()) {
            const bool is_victim =
                std::ranges::find(context.machines, machine.get()) != context.machines.end();
            if (is_victim) {
                groups.push_back({machine->node->id()});
            } else if (machine->is_controller) {
                groups.front().push_back(machine->node->id());
            }
        }
        return context.cluster.network().partition(groups, context.id);
    }

    From from_;
    std::vector<sim::RuleId> rules_;
};

Result<std::unique_ptr<Fault>> make_isolate(const FaultOptions& options) {
    const auto from = choice_option(options, "from", {"everyone", "servers", "controllers"});
    if (!from) return from.error();
    return std::unique_ptr<Fault>(std::make_unique<Isolate>(*from == "everyone" ? From::everyone
                                                            : *from == "servers"
                                                                ? From::servers
                                                                : From::controllers));
}

}  // namespace

FaultEntry isolate_fault() {
    return {.kind = "isolate",
            .about = "cut off, both ways; what was sent waits, as TCP retransmits",
            .source = "a dead switch port, a firewall rule",
            .needs_broker = false,
            .options = {{"from",
                         "\"everyone\"; \"servers\": clients still reach it, its peers do not; "
                         "\"controllers\": only these do not",
                         "everyone"}},
            .make = make_isolate};
}

}  // namespace squall::scenarios
