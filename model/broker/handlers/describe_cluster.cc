#include "model/broker/broker.h"
#include "model/broker/handlers/handlers.h"

namespace squall::model {

// Answered from this broker's own image.
DescribeClusterResponse handle(Broker& broker, DescribeClusterRequest& request,
                               const RequestContext&) {
    constexpr std::int8_t brokers = 1;
    constexpr std::int8_t controllers = 2;
    DescribeClusterResponse response;
    response.endpoint_type = request.endpoint_type;
    if (request.endpoint_type != brokers) {
        const bool is_known = request.endpoint_type == controllers;
        response.error_code =
            is_known ? ErrorCode::mismatched_endpoint_type : ErrorCode::unsupported_endpoint_type;
        response.error_message = is_known
                                     ? "The request was sent to an endpoint of type BROKER, but we "
                                       "wanted an endpoint of type CONTROLLER"
                                     : "Unsupported endpoint type";
        return response;
    }
    response.cluster_id = broker.config().cluster_id;
    response.controller_id = broker.id();  // which forwards, as every broker does
    for (const auto& [id, registered] : broker.image().brokers) {
        if (registered.fenced && !request.include_fenced_brokers) continue;
        response.brokers.push_back({.broker_id = id,
                                    .host = registered.host,
                                    .port = registered.port,
                                    .rack = registered.rack,
                                    .is_fenced = registered.fenced});
    }
    return response;
}

}  // namespace squall::model
