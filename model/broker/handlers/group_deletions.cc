// What an administrator deletes of groups: whole ones, or what they committed.
#include <map>
#include <utility>

#include "model/broker/handlers/group_call.h"
#include "model/broker/handlers/handlers.h"

namespace squall::model {

DeleteGroupsResponse handle(Broker& broker, DeleteGroupsRequest& request,
                            const RequestContext& context) {
    DeleteGroupsResponse response;
    for (const std::string& group : request.groups_names) {
        response.results.push_back(ask_coordinator(broker, GroupDeletion{group}, context));
    }
    return response;
}

// The coordinator does not know which topics exist: what does not is refused here.
OffsetDeleteResponse handle(Broker& broker, OffsetDeleteRequest& request,
                            const RequestContext& context) {
    OffsetDeleteRequest known = request;
    for (OffsetDeleteRequest::Topic& topic : known.topics) {
        std::erase_if(topic.partitions, [&](const OffsetDeleteRequest::Partition& partition) {
            return broker.image().find_partition({topic.name, partition.partition_index}) ==
                   nullptr;
        });
    }
    std::erase_if(known.topics, [](const auto& topic) { return topic.partitions.empty(); });
    OffsetDeleteResponse answer = ask_coordinator(broker, known, context);
    if (answer.error_code != ErrorCode::none) return answer;

    std::map<TopicPartition, ErrorCode> outcomes;
    for (const OffsetDeleteResponse::Topic& topic : answer.topics) {
        for (const OffsetDeleteResponse::Partition& partition : topic.partitions) {
            outcomes[{topic.name, partition.partition_index}] = partition.error_code;
        }
    }
    answer.topics.clear();
    for (const OffsetDeleteRequest::Topic& topic : request.topics) {
        OffsetDeleteResponse::Topic& slot = answer.topics.emplace_back();
        slot.name = topic.name;
        for (const OffsetDeleteRequest::Partition& partition : topic.partitions) {
            const auto outcome = outcomes.find({topic.name, partition.partition_index});
            slot.partitions.push_back(
                {partition.partition_index, outcome == outcomes.end()
                                                ? ErrorCode::unknown_topic_or_partition
                                                : outcome->second});
        }
    }
    return answer;
}

}  // namespace squall::model
