#include "scenarios/admin/admin_plan.h"

#include <memory>
#include <set>
#include <string>
#include <utility>

#include "model/client/admin.h"
#include "scenarios/admin/admin_step.h"
#include "scenarios/workloads/workload.h"

namespace squall::scenarios {
namespace {

// Steps of one time are made at once, each by a task of its own: one that waits holds up no other.
// A step that repeats is left out while its last call is still waiting.
class Operator final : public sim::Process {
  public:
    Operator(sim::Node& node, Cluster& cluster)
        : node_(node),
          admin_(node, cluster.fabric(), bootstrap_of(cluster.scenario()),
                 model::AdminOptions{.client = {.client_id = node.name()}}) {}

    void make(const AdminSection& section) {
        if (!under_way_.insert(section.id).second) return;
        node_.spawn("step/" + section.id,
                    [this, id = section.id,
                     step = find_admin_step(section.kind)->make(section.options).value()] {
                        step(admin_);
                        under_way_.erase(id);
                    });
    }

  private:
    sim::Node& node_;
    model::AdminClient admin_;
    std::set<std::string> under_way_;  // ids of steps
};

}  // namespace

AdminPlan::AdminPlan(const Scenario& scenario, Cluster& cluster) {
    if (scenario.admin.empty()) return;
    Machine& machine = cluster.add_client(
        std::string(machine_name), [&cluster](sim::Node& node) -> std::unique_ptr<sim::Process> {
            return std::make_unique<Operator>(node, cluster);
        });
    machine.node->start();
    for (const AdminSection& section : scenario.admin) {
        const Duration pace = section.every.value_or(scenario.run.storm);
        for (Duration at = section.at; at < scenario.run.storm; at += pace) {
            cluster.simulation().control_at(Time(at), [&section, &machine] {
                // A fault may have stopped it: the step is not made then.
                if (!machine.node->is_running()) return;
                static_cast<Operator&>(*machine.node->process()).make(section);
            });
        }
    }
}

}  // namespace squall::scenarios
