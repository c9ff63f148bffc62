#include "model/broker/controller_process.h"

namespace squall::model {

// Handlers; found by dispatch() through the types of their arguments.
// Metadata of the quorum is served by raft, decisions by the controller.
static FetchResponse handle(ControllerProcess& process, FetchRequest& request,
                            const RequestContext&) {
    return process.controller().raft().handle(request);
}
static VoteResponse handle(ControllerProcess& process, VoteRequest& request,
                           const RequestContext&) {
    return process.controller().raft().handle(request);
}
static BeginQuorumEpochResponse handle(ControllerProcess& process, BeginQuorumEpochRequest& request,
                                       const RequestContext&) {
    return process.controller().raft().handle(request);
}
static EndQuorumEpochResponse handle(ControllerProcess& process, EndQuorumEpochRequest& request,
                                     const RequestContext&) {
    return process.controller().raft().handle(request);
}
static FetchSnapshotResponse handle(ControllerProcess& process, FetchSnapshotRequest& request,
                                    const RequestContext&) {
    return process.controller().raft().handle(request);
}
static DescribeQuorumResponse handle(ControllerProcess& process, DescribeQuorumRequest& request,
                                     const RequestContext&) {
    return process.controller().raft().handle(request);
}
static ApiVersionsResponse handle(ControllerProcess&, ApiVersionsRequest&, const RequestContext&) {
    return supported_apis(ControllerApis{});
}

template <class Request>
static typename Request::Response handle(ControllerProcess& process, Request& request,
                                         const RequestContext&) {
    return process.controller().handle(request);
}

ControllerProcess::ControllerProcess(sim::Node& node, BrokerId id, const BrokerConfig& config,
                                     Fabric fabric, sim::Disk& disk, const BugSet& bugs)
    : node_(node),
      fabric_(fabric),
      channels_(node, fabric, ChannelOptions{.client_id = node.name()}),
      logs_(disk, LogOptions{}),
      controller_(node, id, config.controller, config.raft, channels_, logs_, disk, &bugs) {
    node_.spawn("boot", [this] { boot(); });
}

void ControllerProcess::boot() {
    const Result<LogDirectory::Opened> opened = logs_.open_all();
    if (!opened) {
        // Without its log a controller is nobody.
        node_.die_at_next_park(sim::StopReason::crash);
        return;
    }
    node_.sleep_for(opened->cost);
    controller_.start();
    server_ = std::make_unique<Server>(
        node_, fabric_, port, [this](Message& request, const RequestContext& context) {
            return dispatch(ControllerApis{}, *this, request, context);
        });
}

}  // namespace squall::model
