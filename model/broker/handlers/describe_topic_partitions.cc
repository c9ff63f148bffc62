#include <algorithm>
#include <set>
#include <string>

#include "model/broker/broker.h"
#include "model/broker/handlers/handlers.h"
#include "model/broker/handlers/visibility.h"

namespace squall::model {
namespace {

constexpr std::int32_t partitions_max = 2000;  // max.request.partition.size.limit

DescribeTopicPartitionsResponse::Partition describe_partition(const MetadataImage& image,
                                                              std::int32_t index,
                                                              const PartitionImage& partition) {
    DescribeTopicPartitionsResponse::Partition slot;
    slot.partition_index = index;
    slot.leader_epoch = partition.leader_epoch;
    slot.replica_nodes = partition.replicas;
    slot.isr_nodes = partition.isr;
    slot.eligible_leader_replicas = partition.eligible_leader_replicas;
    slot.last_known_elr = partition.last_known_elr;
    slot.offline_replicas = offline_replicas(image, partition);
    if (is_visible(image, partition.leader)) {
        slot.leader_id = partition.leader;
    } else {
        slot.error_code = ErrorCode::leader_not_available;
    }
    return slot;
}

}  // namespace

// Topics in the order of their names, from the cursor on, up to the limit of partitions.
DescribeTopicPartitionsResponse handle(Broker& broker, DescribeTopicPartitionsRequest& request,
                                       const RequestContext&) {
    const MetadataImage& image = broker.image();
    std::set<std::string> names;
    for (const DescribeTopicPartitionsRequest::Topic& topic : request.topics) {
        names.insert(topic.name);
    }
    if (request.topics.empty()) {
        for (const auto& [name, topic] : image.topics) names.insert(name);
    }
    std::int32_t room = std::clamp(request.response_partition_limit, 1, partitions_max);
    const std::string from = request.cursor ? request.cursor->topic_name : "";

    DescribeTopicPartitionsResponse response;
    for (auto name = names.lower_bound(from); name != names.end(); ++name) {
        const std::int32_t first =
            *name == from && request.cursor ? std::max(request.cursor->partition_index, 0) : 0;
        if (room == 0) {
            response.next_cursor = {.topic_name = *name, .partition_index = first};
            break;
        }
        DescribeTopicPartitionsResponse::Topic& answer = response.topics.emplace_back();
        answer.name = *name;
        answer.is_internal = is_internal(*name);
        const TopicImage* const topic = image.find_topic(*name);
        if (topic == nullptr) {
            answer.error_code = ErrorCode::unknown_topic_or_partition;
            continue;
        }
        answer.topic_id = topic->id;
        const auto end = static_cast<std::int32_t>(topic->partitions.size());
        std::int32_t index = first;
        for (; index < end && room > 0; ++index, --room) {
            answer.partitions.push_back(describe_partition(
                image, index, topic->partitions[static_cast<std::size_t>(index)]));
        }
        if (index < end) {
            response.next_cursor = {.topic_name = *name, .partition_index = index};
            break;
        }
    }
    return response;
}

}  // namespace squall::model
