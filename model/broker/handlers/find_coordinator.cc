#include <string>
#include <vector>

#include "model/broker/broker.h"
#include "model/broker/handlers/handlers.h"
#include "model/coordinator/coordinator_partition.h"

namespace squall::model {
namespace {

FindCoordinatorResponse::Coordinator locate(Broker& broker, const std::string& key,
                                            CoordinatorType type) {
    FindCoordinatorResponse::Coordinator answer;
    answer.key = key;
    answer.error_code = ErrorCode::coordinator_not_available;
    if (type == CoordinatorType::share) {
        answer.error_code = ErrorCode::invalid_request;
        answer.error_message = "this broker coordinates groups and transactions only";
        return answer;
    }
    const std::string name =
        type == CoordinatorType::transaction ? transaction_topic : offsets_topic;
    const TopicImage* const topic = broker.image().find_topic(name);
    if (topic == nullptr) {
        broker.auto_create_topic(name);
        return answer;
    }
    const std::int32_t index =
        coordinator_partition(key, static_cast<std::int32_t>(topic->partitions.size()));
    const BrokerImage* const leader =
        broker.image().find_broker(topic->partitions[static_cast<std::size_t>(index)].leader);
    if (leader == nullptr || leader->fenced) return answer;
    answer.error_code = ErrorCode::none;
    answer.node_id = leader->id;
    answer.host = leader->host;
    answer.port = leader->port;
    return answer;
}

}  // namespace

FindCoordinatorResponse handle(Broker& broker, FindCoordinatorRequest& request,
                               const RequestContext& context) {
    FindCoordinatorResponse response;
    // KIP-699: from version 4 on, many keys at once.
    if (context.api_version >= 4) {
        for (const std::string& key : request.coordinator_keys) {
            response.coordinators.push_back(locate(broker, key, request.key_type));
        }
        return response;
    }
    const FindCoordinatorResponse::Coordinator found =
        locate(broker, request.key, request.key_type);
    response.error_code = found.error_code;
    response.error_message = found.error_message;
    response.node_id = found.node_id;
    response.host = found.host;
    response.port = found.port;
    return response;
}

}  // namespace squall::model
