#include <algorithm>
#include <string>
#include <vector>

#include "model/broker/broker.h"
#include "model/broker/handlers/handlers.h"
#include "model/broker/handlers/visibility.h"
#include "model/controller/topic_name.h"

namespace squall::model {
namespace {

MetadataResponse::Topic describe_topic(const MetadataImage& image, const TopicImage& topic) {
    MetadataResponse::Topic answer;
    answer.name = topic.name;
    answer.topic_id = topic.id;
    answer.is_internal = is_internal(topic.name);
    for (std::size_t index = 0; index < topic.partitions.size(); ++index) {
        const PartitionImage& partition = topic.partitions[index];
        MetadataResponse::Partition& slot = answer.partitions.emplace_back();
        slot.partition_index = static_cast<std::int32_t>(index);
        slot.replica_nodes = partition.replicas;
        slot.isr_nodes = partition.isr;
        slot.offline_replicas = offline_replicas(image, partition);
        slot.leader_epoch = partition.leader_epoch;
        if (is_visible(image, partition.leader)) {
            slot.leader_id = partition.leader;
        } else {
            slot.error_code = ErrorCode::leader_not_available;
        }
    }
    return answer;
}

ErrorCode error_of_unknown(const MetadataRequest::Topic& asked) {
    if (!asked.name) return ErrorCode::unknown_topic_id;
    // Who waited for it to appear would wait for ever.
    if (why_invalid_topic_name(*asked.name)) return ErrorCode::invalid_topic_exception;
    return ErrorCode::unknown_topic_or_partition;
}

}  // namespace

// Answered from this broker's own replayed image: stale by its replication delay.
MetadataResponse handle(Broker& broker, MetadataRequest& request, const RequestContext& context) {
    broker.await_replay();
    if (!request.asks_for_all(context.api_version)) {
        std::vector<std::string> missing;
        for (const MetadataRequest::Topic& topic : *request.topics) {
            if (topic.name && !why_invalid_topic_name(*topic.name) &&
                broker.image().find_topic(*topic.name) == nullptr) {
                missing.push_back(*topic.name);
            }
        }
        if (request.allow_auto_topic_creation && broker.config().auto_create_topics_enable) {
            for (const std::string& name : missing) broker.auto_create_topic(name);
        }
    }

    const MetadataImage& image = broker.image();
    MetadataResponse response;
    response.cluster_id = broker.config().cluster_id;
    response.controller_id = broker.id();
    for (const auto& [id, registered] : image.brokers) {
        if (registered.fenced) continue;
        response.brokers.push_back({.node_id = id,
                                    .host = registered.host,
                                    .port = registered.port,
                                    .rack = registered.rack});
    }
    if (request.asks_for_all(context.api_version)) {
        for (const auto& [name, topic] : image.topics) {
            response.topics.push_back(describe_topic(image, topic));
        }
        return response;
    }
    for (const MetadataRequest::Topic& asked : *request.topics) {
        const TopicImage* const known =
            asked.name ? image.find_topic(*asked.name) : image.find_topic(asked.topic_id);
        if (known != nullptr) {
            response.topics.push_back(describe_topic(image, *known));
            continue;
        }
        MetadataResponse::Topic& unknown = response.topics.emplace_back();
        unknown.name = asked.name;
        unknown.topic_id = asked.topic_id;
        unknown.is_internal = asked.name && is_internal(*asked.name);
        unknown.error_code = error_of_unknown(asked);
    }
    return response;
}

}  // namespace squall::model
