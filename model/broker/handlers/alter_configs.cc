#include <map>
#include <optional>
#include <string>
#include <utility>

#include "model/broker/broker.h"
#include "model/broker/handlers/config_resources.h"
#include "model/broker/handlers/handlers.h"

namespace squall::model {
namespace {

// What this broker can refuse by itself is answered here, the rest by the controller. Answers keep
// the order of the request.
template <class Request>
typename Request::Response alter(Broker& broker, const Request& request) {
    using Key = std::pair<ConfigResourceType, std::string>;
    Request rest = request;
    rest.resources.clear();
    std::map<Key, Refusal> refusals;
    for (const auto& resource : request.resources) {
        Refusal refusal =
            check_config_resource(broker, resource.resource_type, resource.resource_name);
        if (refusal.refused()) {
            refusals[{resource.resource_type, resource.resource_name}] = std::move(refusal);
        } else {
            rest.resources.push_back(resource);
        }
    }
    typename Request::Response decided;
    if (!rest.resources.empty()) decided = broker.ask_controller(rest);
    auto next = decided.responses.begin();
    typename Request::Response response;
    for (const auto& resource : request.resources) {
        const auto refusal = refusals.find({resource.resource_type, resource.resource_name});
        if (refusal == refusals.end()) {
            ASSERT(next != decided.responses.end(), "no answer for the settings of '{}'",
                   resource.resource_name);
            response.responses.push_back(std::move(*next++));
            continue;
        }
        auto& slot = response.responses.emplace_back();
        slot.resource_type = resource.resource_type;
        slot.resource_name = resource.resource_name;
        slot.error_code = refusal->second.error;
        slot.error_message = refusal->second.message;
    }
    return response;
}

}  // namespace

IncrementalAlterConfigsResponse handle(Broker& broker, IncrementalAlterConfigsRequest& request,
                                       const RequestContext&) {
    return alter(broker, request);
}

AlterConfigsResponse handle(Broker& broker, AlterConfigsRequest& request, const RequestContext&) {
    return alter(broker, request);
}

}  // namespace squall::model
