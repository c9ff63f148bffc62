#include <vector>

#include "model/broker/broker.h"
#include "model/broker/handlers/group_call.h"
#include "model/broker/handlers/handlers.h"

namespace squall::model {
namespace {

// From version 10 on, topics go by id.
constexpr ApiVersion first_fetch_with_topic_ids = 10;

// A topic that this broker's image does not have, answered for each partition asked for.
OffsetFetchResponse::Topic unknown_topic(const OffsetFetchRequest::Topic& asked) {
    OffsetFetchResponse::Topic answer;
    answer.name = asked.name;
    answer.topic_id = asked.topic_id;
    for (const std::int32_t partition : asked.partition_indexes) {
        OffsetFetchResponse::Partition& slot = answer.partitions.emplace_back();
        slot.partition_index = partition;
        slot.error_code = ErrorCode::unknown_topic_id;
    }
    return answer;
}

}  // namespace

// The coordinator knows names: ids are translated on the way in and out.
OffsetFetchResponse handle(Broker& broker, OffsetFetchRequest& request,
                           const RequestContext& context) {
    if (context.api_version < first_fetch_with_topic_ids) {
        return ask_coordinator(broker, request, context);
    }
    std::map<std::string, std::vector<OffsetFetchResponse::Topic>> unknown;  // by group
    for (OffsetFetchRequest::Group& group : request.groups) {
        if (!group.topics) continue;
        std::vector<OffsetFetchRequest::Topic> known;
        for (OffsetFetchRequest::Topic& topic : *group.topics) {
            const TopicImage* const image = broker.image().find_topic(topic.topic_id);
            if (image == nullptr) {
                unknown[group.group_id].push_back(unknown_topic(topic));
                continue;
            }
            topic.name = image->name;
            known.push_back(std::move(topic));
        }
        group.topics = std::move(known);
    }
    OffsetFetchResponse response = ask_coordinator(broker, request, context);
    for (OffsetFetchResponse::Group& group : response.groups) {
        for (OffsetFetchResponse::Topic& topic : group.topics) {
            const TopicImage* const image = broker.image().find_topic(topic.name);
            if (image != nullptr) topic.topic_id = image->id;
        }
        for (OffsetFetchResponse::Topic& topic : unknown[group.group_id]) {
            group.topics.push_back(std::move(topic));
        }
    }
    return response;
}

}  // namespace squall::model
