// The APIs that a broker serves to clients and other brokers: one overload each, one file each.
// A handler validates, calls a host, awaits its outcome and answers; it decides nothing, and never
// re-reads state after waiting. All of them may park.
#pragma once

#include "model/broker/dispatcher.h"
#include "model/protocol/api_list.h"

namespace squall::model {

class Broker;

using BrokerApis = TypeList<
    ProduceRequest, FetchRequest, ListOffsetsRequest, MetadataRequest, OffsetCommitRequest,
    OffsetFetchRequest, FindCoordinatorRequest, JoinGroupRequest, HeartbeatRequest,
    LeaveGroupRequest, SyncGroupRequest, ApiVersionsRequest, CreateTopicsRequest,
    DeleteTopicsRequest, DeleteRecordsRequest, OffsetForLeaderEpochRequest, DescribeConfigsRequest,
    AlterConfigsRequest, DescribeLogDirsRequest, DescribeAclsRequest, CreateAclsRequest,
    DeleteAclsRequest, CreatePartitionsRequest, ElectLeadersRequest, IncrementalAlterConfigsRequest,
    AlterPartitionReassignmentsRequest, ListPartitionReassignmentsRequest, DescribeQuorumRequest,
    DescribeClusterRequest, UnregisterBrokerRequest, DescribeTopicPartitionsRequest,
    InitProducerIdRequest, AddPartitionsToTxnRequest, AddOffsetsToTxnRequest, EndTxnRequest,
    WriteTxnMarkersRequest, TxnOffsetCommitRequest, DescribeProducersRequest,
    DescribeTransactionsRequest, ListTransactionsRequest, ConsumerGroupHeartbeatRequest,
    DescribeGroupsRequest, ListGroupsRequest, ConsumerGroupDescribeRequest, DeleteGroupsRequest,
    OffsetDeleteRequest, UpdateFeaturesRequest, AddRaftVoterRequest, RemoveRaftVoterRequest>;

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
ConsumerGroupHeartbeatResponse handle(Broker& broker, ConsumerGroupHeartbeatRequest& request,
                                      const RequestContext& context);
OffsetCommitResponse handle(Broker& broker, OffsetCommitRequest& request,
                            const RequestContext& context);
OffsetFetchResponse handle(Broker& broker, OffsetFetchRequest& request,
                           const RequestContext& context);
ApiVersionsResponse handle(Broker& broker, ApiVersionsRequest& request,
                           const RequestContext& context);

// ---- of transactions ----

InitProducerIdResponse handle(Broker& broker, InitProducerIdRequest& request,
                              const RequestContext& context);
AddPartitionsToTxnResponse handle(Broker& broker, AddPartitionsToTxnRequest& request,
                                  const RequestContext& context);
AddOffsetsToTxnResponse handle(Broker& broker, AddOffsetsToTxnRequest& request,
                               const RequestContext& context);
EndTxnResponse handle(Broker& broker, EndTxnRequest& request, const RequestContext& context);
WriteTxnMarkersResponse handle(Broker& broker, WriteTxnMarkersRequest& request,
                               const RequestContext& context);
TxnOffsetCommitResponse handle(Broker& broker, TxnOffsetCommitRequest& request,
                               const RequestContext& context);
DescribeProducersResponse handle(Broker& broker, DescribeProducersRequest& request,
                                 const RequestContext& context);
DescribeTransactionsResponse handle(Broker& broker, DescribeTransactionsRequest& request,
                                    const RequestContext& context);
ListTransactionsResponse handle(Broker& broker, ListTransactionsRequest& request,
                                const RequestContext& context);

// ---- of administrators; those in forwarded.cc are the controller's to decide ----

CreateTopicsResponse handle(Broker& broker, CreateTopicsRequest& request,
                            const RequestContext& context);
DeleteTopicsResponse handle(Broker& broker, DeleteTopicsRequest& request,
                            const RequestContext& context);
CreatePartitionsResponse handle(Broker& broker, CreatePartitionsRequest& request,
                                const RequestContext& context);
ElectLeadersResponse handle(Broker& broker, ElectLeadersRequest& request,
                            const RequestContext& context);
AlterPartitionReassignmentsResponse handle(Broker& broker,
                                           AlterPartitionReassignmentsRequest& request,
                                           const RequestContext& context);
ListPartitionReassignmentsResponse handle(Broker& broker,
                                          ListPartitionReassignmentsRequest& request,
                                          const RequestContext& context);
UnregisterBrokerResponse handle(Broker& broker, UnregisterBrokerRequest& request,
                                const RequestContext& context);
UpdateFeaturesResponse handle(Broker& broker, UpdateFeaturesRequest& request,
                              const RequestContext& context);
AddRaftVoterResponse handle(Broker& broker, AddRaftVoterRequest& request,
                            const RequestContext& context);
RemoveRaftVoterResponse handle(Broker& broker, RemoveRaftVoterRequest& request,
                               const RequestContext& context);
DescribeQuorumResponse handle(Broker& broker, DescribeQuorumRequest& request,
                              const RequestContext& context);
IncrementalAlterConfigsResponse handle(Broker& broker, IncrementalAlterConfigsRequest& request,
                                       const RequestContext& context);
AlterConfigsResponse handle(Broker& broker, AlterConfigsRequest& request,
                            const RequestContext& context);
DescribeConfigsResponse handle(Broker& broker, DescribeConfigsRequest& request,
                               const RequestContext& context);
DescribeClusterResponse handle(Broker& broker, DescribeClusterRequest& request,
                               const RequestContext& context);
DescribeTopicPartitionsResponse handle(Broker& broker, DescribeTopicPartitionsRequest& request,
                                       const RequestContext& context);
DescribeGroupsResponse handle(Broker& broker, DescribeGroupsRequest& request,
                              const RequestContext& context);
ConsumerGroupDescribeResponse handle(Broker& broker, ConsumerGroupDescribeRequest& request,
                                     const RequestContext& context);
DeleteGroupsResponse handle(Broker& broker, DeleteGroupsRequest& request,
                            const RequestContext& context);
OffsetDeleteResponse handle(Broker& broker, OffsetDeleteRequest& request,
                            const RequestContext& context);
ListGroupsResponse handle(Broker& broker, ListGroupsRequest& request,
                          const RequestContext& context);
DescribeAclsResponse handle(Broker& broker, DescribeAclsRequest& request,
                            const RequestContext& context);
CreateAclsResponse handle(Broker& broker, CreateAclsRequest& request,
                          const RequestContext& context);
DeleteAclsResponse handle(Broker& broker, DeleteAclsRequest& request,
                          const RequestContext& context);
DescribeLogDirsResponse handle(Broker& broker, DescribeLogDirsRequest& request,
                               const RequestContext& context);
DeleteRecordsResponse handle(Broker& broker, DeleteRecordsRequest& request,
                             const RequestContext& context);
OffsetForLeaderEpochResponse handle(Broker& broker, OffsetForLeaderEpochRequest& request,
                                    const RequestContext& context);

}  // namespace squall::model
