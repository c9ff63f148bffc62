#include "model/broker/broker.h"
#include "model/broker/config_description.h"
#include "model/broker/handlers/config_resources.h"
#include "model/broker/handlers/handlers.h"

namespace squall::model {

// Answered from this broker's own image, which is what it acts on.
DescribeConfigsResponse handle(Broker& broker, DescribeConfigsRequest& request,
                               const RequestContext&) {
    const ConfigDescription description(broker.image(), broker.id(), broker.config());
    DescribeConfigsResponse response;
    for (const DescribeConfigsRequest::Resource& resource : request.resources) {
        DescribeConfigsResponse::Result& slot = response.results.emplace_back();
        slot.resource_type = resource.resource_type;
        slot.resource_name = resource.resource_name;
        Refusal refusal =
            check_config_resource(broker, resource.resource_type, resource.resource_name);
        const bool is_topic = resource.resource_type == ConfigResourceType::topic;
        const TopicImage* const topic =
            is_topic ? broker.image().find_topic(resource.resource_name) : nullptr;
        if (!refusal.refused() && is_topic && topic == nullptr) {
            refusal = {ErrorCode::unknown_topic_or_partition,
                       "This server does not host this topic-partition."};
        }
        if (refusal.refused()) {
            slot.error_code = refusal.error;
            slot.error_message = refusal.message;
            continue;
        }
        const ConfigDescription::Wanted wanted{.keys = resource.configuration_keys,
                                               .synonyms = request.include_synonyms};
        if (topic != nullptr) {
            slot.configs = description.of_topic(*topic, wanted);
        } else if (resource.resource_name.empty()) {
            slot.configs = description.of_all_brokers(wanted);
        } else {
            slot.configs = description.of_broker(wanted);
        }
    }
    return response;
}

}  // namespace squall::model
