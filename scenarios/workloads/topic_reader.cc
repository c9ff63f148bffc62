#include "scenarios/workloads/topic_reader.h"

#include "scenarios/workloads/workload.h"

namespace squall::scenarios {
namespace {

model::ConsumerOptions options_of(const sim::Node& node, const Cluster& cluster,
                                  std::optional<model::IsolationLevel> isolation) {
    model::ConsumerOptions options = cluster.scenario().workload.consumer;
    options.client.client_id = node.name();
    options.group_id.clear();
    options.enable_auto_commit = false;
    if (isolation) options.isolation_level = *isolation;
    return options;
}

}  // namespace

TopicReader::TopicReader(sim::Node& node, Cluster& cluster,
                         std::optional<model::IsolationLevel> isolation)
    : consumer_(node, cluster.fabric(), bootstrap_of(cluster.scenario()),
                options_of(node, cluster, isolation), cluster.bugs_of(node)) {
    node.spawn("main", [this, &node, &cluster] {
        std::vector<model::TopicPartition> everything;
        for (const auto& [name, topic] : cluster.scenario().topics) {
            for (std::int32_t i = 0; i < topic.partitions; ++i) everything.push_back({name, i});
        }
        consumer_.assign(everything);
        consumer_.seek_to_beginning();
        while (true) {
            if (!consumer_.poll(1s)) node.sleep_for(1s);
        }
    });
}

}  // namespace squall::scenarios
