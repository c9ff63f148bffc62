#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "model/broker/broker.h"
#include "model/broker/handlers/handlers.h"
#include "model/replica/replica_host.h"

namespace squall::model {
namespace {

bool is_asked_for(const DescribeLogDirsRequest& request, const TopicPartition& partition) {
    if (!request.topics) return true;
    return std::ranges::any_of(*request.topics, [&](const DescribeLogDirsRequest::Topic& topic) {
        return topic.topic == partition.topic &&
               std::ranges::find(topic.partitions, partition.partition) != topic.partitions.end();
    });
}

}  // namespace

// One directory, as LogDirectory has it: a broker whose directory is offline answers nobody.
DescribeLogDirsResponse handle(Broker& broker, DescribeLogDirsRequest& request,
                               const RequestContext&) {
    DescribeLogDirsResponse response;
    DescribeLogDirsResponse::Result& directory = response.results.emplace_back();
    directory.log_dir = "/tmp/kafka-logs";  // Kafka's default of log.dir
    directory.total_bytes = static_cast<std::int64_t>(broker.logs().total_bytes());
    directory.usable_bytes = static_cast<std::int64_t>(broker.logs().usable_bytes());
    std::map<std::string, DescribeLogDirsResponse::Topic> topics;
    for (const ReplicaHost::LogSize& log : broker.replicas().log_sizes()) {
        if (!is_asked_for(request, log.partition)) continue;
        DescribeLogDirsResponse::Topic& topic = topics[log.partition.topic];
        topic.name = log.partition.topic;
        topic.partitions.push_back({.partition_index = log.partition.partition,
                                    .partition_size = static_cast<std::int64_t>(log.bytes),
                                    .offset_lag = log.offset_lag});
    }
    for (auto& [name, topic] : topics) directory.topics.push_back(std::move(topic));
    return response;
}

}  // namespace squall::model
