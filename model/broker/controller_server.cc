#include "model/broker/controller_server.h"

#include "model/broker/dispatcher.h"

namespace squall::model {

// Handlers; found by dispatch() through the types of their arguments.

static ApiVersionsResponse handle(ControllerServer&, ApiVersionsRequest&, const RequestContext&) {
    return supported_apis(ControllerApis{});
}

// What is about the quorum is served by raft, decisions by the controller.
template <class Request>
static typename Request::Response handle(ControllerServer& server, Request& request,
                                         const RequestContext&) {
    constexpr bool is_about_the_quorum = requires(RaftHost & raft, Request & asked) {
        raft.handle(asked);
    };
    if constexpr (is_about_the_quorum) {
        return server.controller().raft().handle(request);
    } else {
        return server.controller().handle(request);
    }
}

ControllerServer::ControllerServer(sim::Node& node, Fabric fabric, ControllerHost& controller)
    : controller_(controller),
      server_(node, fabric, port, [this](Message& request, const RequestContext& context) {
          return dispatch(ControllerApis{}, *this, request, context);
      }) {}

}  // namespace squall::model
