// How handlers ask the group coordinator.
#pragma once

#include <optional>
#include <utility>

#include "model/broker/broker.h"
#include "model/broker/handlers/handlers.h"
#include "model/coordinator/coordinator_host.h"
#include "sim/kernel/simulation.h"

namespace squall::model {

// The coordinator's answer to one request. It answers every call once. May park for as long as a
// rebalance takes.
template <class Request>
typename Request::Response ask_coordinator(Broker& broker, const Request& request,
                                           const RequestContext& context) {
    sim::Completion<typename Request::Response> answer(broker.node());
    broker.groups().handle(
        request,
        GroupCaller{.version = context.api_version,
                    .client_id = context.client_id,
                    .client_host = broker.node().simulation().node(context.peer).name()},
        answer.completer());
    std::optional<typename Request::Response> response = answer.await();
    ASSERT(response.has_value(), "the coordinator dropped a {} of {}", to_string(context.api_key),
           context.client_id);
    return std::move(*response);
}

}  // namespace squall::model
