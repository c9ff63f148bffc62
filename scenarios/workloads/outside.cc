#include "scenarios/workloads/outside.h"

#include "scenarios/workloads/topics_admin.h"

namespace squall::scenarios {
namespace {

constexpr const char* admin_name = "admin";

class Outside final : public Workload {
  public:
    void start(Cluster& cluster) override {
        if (cluster.scenario().topics.empty()) return;
        Machine& admin = cluster.add_client(admin_name, [&cluster](sim::Node& node) {
            return std::make_unique<TopicsAdmin>(
                node, cluster, [] {}, /*all_brokers=*/true);
        });
        admin.want_up();
    }
    void begin_calm(Cluster&) override {}
};

}  // namespace

WorkloadEntry outside_workload() {
    return {.kind = "outside",
            .about = "none of its own: real clients come over the ports of `squall serve`",
            .client_names =
                [](const Scenario& scenario) {
                    return scenario.topics.empty() ? std::vector<std::string>{}
                                                   : std::vector<std::string>{admin_name};
                },
            .topics = {},
            .make = [](const Scenario&) -> std::unique_ptr<Workload> {
                return std::make_unique<Outside>();
            },
            .is_from_outside = true};
}

}  // namespace squall::scenarios
