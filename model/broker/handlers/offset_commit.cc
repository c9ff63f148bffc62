#include <map>
#include <utility>

#include "model/broker/broker.h"
#include "model/broker/handlers/group_call.h"
#include "model/broker/handlers/handlers.h"

namespace squall::model {
namespace {

// From version 10 on, topics go by id.
constexpr ApiVersion first_commit_with_topic_ids = 10;

}  // namespace

// The coordinator knows names, and not which topics exist: ids are translated here, and commits for
// what does not exist are refused while the others go on. Answers keep the order of the request.
OffsetCommitResponse handle(Broker& broker, OffsetCommitRequest& request,
                            const RequestContext& context) {
    const bool by_id = context.api_version >= first_commit_with_topic_ids;
    OffsetCommitRequest known = request;
    known.topics.clear();
    for (OffsetCommitRequest::Topic& topic : request.topics) {
        const TopicImage* const image = by_id ? broker.image().find_topic(topic.topic_id)
                                              : broker.image().find_topic(topic.name);
        topic.name = image == nullptr ? topic.name : image->name;
        if (image == nullptr) continue;
        OffsetCommitRequest::Topic& kept = known.topics.emplace_back(topic);
        std::erase_if(kept.partitions, [&](const OffsetCommitRequest::Partition& partition) {
            return broker.image().find_partition({image->name, partition.partition_index}) ==
                   nullptr;
        });
        if (kept.partitions.empty()) known.topics.pop_back();
    }

    std::map<TopicPartition, ErrorCode> outcomes;
    if (!known.topics.empty()) {
        const OffsetCommitResponse committed = ask_coordinator(broker, known, context);
        for (const OffsetCommitResponse::Topic& topic : committed.topics) {
            for (const OffsetCommitResponse::Partition& partition : topic.partitions) {
                outcomes[{topic.name, partition.partition_index}] = partition.error_code;
            }
        }
    }

    OffsetCommitResponse response;
    for (const OffsetCommitRequest::Topic& topic : request.topics) {
        OffsetCommitResponse::Topic& slot = response.topics.emplace_back();
        slot.name = topic.name;
        slot.topic_id = topic.topic_id;
        for (const OffsetCommitRequest::Partition& partition : topic.partitions) {
            const auto outcome = outcomes.find({topic.name, partition.partition_index});
            const ErrorCode unknown = by_id && broker.image().find_topic(topic.topic_id) == nullptr
                                          ? ErrorCode::unknown_topic_id
                                          : ErrorCode::unknown_topic_or_partition;
            slot.partitions.push_back(
                {.partition_index = partition.partition_index,
                 .error_code = outcome == outcomes.end() ? unknown : outcome->second});
        }
    }
    return response;
}

}  // namespace squall::model
