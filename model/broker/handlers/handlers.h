// The APIs that a broker serves to clients and other brokers: one overload each, one file each.
// A handler validates, calls a host, awaits its outcome and answers; it decides nothing, and never
// re-reads state after waiting. All of them may park.
#pragma once

#include "model/broker/dispatcher.h"
#include "model/protocol/api_list.h"

namespace squall::model {

class Broker;

using BrokerApis =
    TypeList<ProduceRequest, FetchRequest, ListOffsetsRequest, MetadataRequest, OffsetCommitRequest,
             OffsetFetchRequest, FindCoordinatorRequest, JoinGroupRequest, HeartbeatRequest,
             LeaveGroupRequest, SyncGroupRequest, ApiVersionsRequest, CreateTopicsRequest>;

Answer<ProduceResponse> handle(Broker& broker, ProduceRequest& request,
                               const RequestContext& context);
FetchResponse handle(Broker& broker, FetchRequest& request, const RequestContext& context);
ListOffsetsResponse handle(Broker& broker, ListOffsetsRequest& request,
                           const RequestContext& context);
MetadataResponse handle(Broker& broker, MetadataRequest& request, const RequestContext& context);
FindCoordinatorResponse handle(Broker& broker, FindCoordinatorRequest& request,
                               const RequestContext& context);
JoinGroupResponse handle(Broker& broker, JoinGroupRequest& request, const RequestContext& context);
SyncGroupResponse handle(Broker& broker, SyncGroupRequest& request, const RequestContext& context);
HeartbeatResponse handle(Broker& broker, HeartbeatRequest& request, const RequestContext& context);
LeaveGroupResponse handle(Broker& broker, LeaveGroupRequest& request,
                          const RequestContext& context);
OffsetCommitResponse handle(Broker& broker, OffsetCommitRequest& request,
                            const RequestContext& context);
OffsetFetchResponse handle(Broker& broker, OffsetFetchRequest& request,
                           const RequestContext& context);
ApiVersionsResponse handle(Broker& broker, ApiVersionsRequest& request,
                           const RequestContext& context);
CreateTopicsResponse handle(Broker& broker, CreateTopicsRequest& request,
                            const RequestContext& context);

}  // namespace squall::model
