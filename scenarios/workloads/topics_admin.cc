#include "scenarios/workloads/topics_admin.h"

#include <utility>

#include "scenarios/workloads/workload.h"

namespace squall::scenarios {
namespace {

std::vector<model::NewTopic> wanted(const Scenario& scenario) {
    std::vector<model::NewTopic> topics;
    for (const auto& [name, section] : scenario.topics) {
        topics.push_back({.name = name,
                          .partitions = section.partitions,
                          .replication = section.replication,
                          .configs = section.config});
    }
    return topics;
}

constexpr Duration retry_pause = 100ms;

// Somebody may have made it: this application, before it died.
bool is_there(const model::AdminResult& result) {
    return result.ok() || result.error == to_string(model::ErrorCode::topic_already_exists);
}

}  // namespace

TopicsAdmin::TopicsAdmin(sim::Node& node, Cluster& cluster, std::function<void()> done,
                         bool all_brokers)
    : node_(node),
      admin_(node, cluster.fabric(), bootstrap_of(cluster.scenario()),
             model::AdminOptions{.client = {.client_id = node.name()}}) {
    node.spawn("main", [this, &node, &cluster, done = std::move(done), all_brokers] {
        if (all_brokers) await_brokers(cluster.scenario().cluster.brokers);
        const std::vector<model::NewTopic> topics = wanted(cluster.scenario());
        for (const model::NewTopic& topic : topics) {
            while (!is_there(admin_.create_topics({topic}))) node.sleep_for(retry_pause);
        }
        while (!admin_.await_topics(topics, 1, 60s)) {
        }
        cluster.simulation().control_soon(done);
    });
}

// Nor for ever: a fault may hold one back.
void TopicsAdmin::await_brokers(std::uint32_t count) {
    const LocalTime patience = node_.now() + 20s;
    while (node_.now() < patience) {
        const auto cluster = admin_.describe_cluster();
        if (cluster.ok() && cluster->nodes.size() >= count) return;
        node_.sleep_for(retry_pause);
    }
}

}  // namespace squall::scenarios
