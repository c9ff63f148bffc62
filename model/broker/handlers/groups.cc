// Group membership: all of it is the coordinator's.
#include "model/broker/broker.h"
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
    // KIP-848 is on with group.version 1.
    if (!broker.image().has_consumer_protocol()) {
        ConsumerGroupHeartbeatResponse refused;
        refused.error_code = ErrorCode::unsupported_version;
        return refused;
    }
    return ask_coordinator(broker, request, context);
}

}  // namespace squall::model
