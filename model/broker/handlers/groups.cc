// Group membership: all of it is the coordinator's.
#include "model/broker/handlers/group_call.h"
#include "model/broker/handlers/handlers.h"

namespace squall::model {

JoinGroupResponse handle(Broker& broker, JoinGroupRequest& request, const RequestContext& context) {
    return ask_coordinator(broker, request, context);
}

SyncGroupResponse handle(Broker& broker, SyncGroupRequest& request, const RequestContext& context) {
    return ask_coordinator(broker, request, context);
}

HeartbeatResponse handle(Broker& broker, HeartbeatRequest& request, const RequestContext& context) {
    return ask_coordinator(broker, request, context);
}

LeaveGroupResponse handle(Broker& broker, LeaveGroupRequest& request,
                          const RequestContext& context) {
    return ask_coordinator(broker, request, context);
}

ConsumerGroupHeartbeatResponse handle(Broker& broker, ConsumerGroupHeartbeatRequest& request,
                                      const RequestContext& context) {
    return ask_coordinator(broker, request, context);
}

}  // namespace squall::model
