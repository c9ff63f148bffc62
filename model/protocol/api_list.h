// Every API that this model speaks, as a type list: dispatchers, codecs and ApiVersions answers are
// made by walking it, so that a request without a handler does not compile.
#pragma once

#include <type_traits>

#include "model/protocol/messages/add_offsets_to_txn.h"
#include "model/protocol/messages/add_partitions_to_txn.h"
#include "model/protocol/messages/add_raft_voter.h"
#include "model/protocol/messages/allocate_producer_ids.h"
#include "model/protocol/messages/alter_client_quotas.h"
#include "model/protocol/messages/alter_configs.h"
#include "model/protocol/messages/alter_partition.h"
#include "model/protocol/messages/alter_partition_reassignments.h"
#include "model/protocol/messages/alter_user_scram_credentials.h"
#include "model/protocol/messages/api_versions.h"
#include "model/protocol/messages/begin_quorum_epoch.h"
#include "model/protocol/messages/broker_heartbeat.h"
#include "model/protocol/messages/broker_registration.h"
#include "model/protocol/messages/consumer_group_describe.h"
#include "model/protocol/messages/consumer_group_heartbeat.h"
#include "model/protocol/messages/create_acls.h"
#include "model/protocol/messages/create_partitions.h"
#include "model/protocol/messages/create_topics.h"
#include "model/protocol/messages/delete_acls.h"
#include "model/protocol/messages/delete_groups.h"
#include "model/protocol/messages/delete_records.h"
#include "model/protocol/messages/delete_topics.h"
#include "model/protocol/messages/describe_acls.h"
#include "model/protocol/messages/describe_client_quotas.h"
#include "model/protocol/messages/describe_cluster.h"
#include "model/protocol/messages/describe_configs.h"
#include "model/protocol/messages/describe_groups.h"
#include "model/protocol/messages/describe_log_dirs.h"
#include "model/protocol/messages/describe_producers.h"
#include "model/protocol/messages/describe_quorum.h"
#include "model/protocol/messages/describe_topic_partitions.h"
#include "model/protocol/messages/describe_transactions.h"
#include "model/protocol/messages/describe_user_scram_credentials.h"
#include "model/protocol/messages/elect_leaders.h"
#include "model/protocol/messages/end_quorum_epoch.h"
#include "model/protocol/messages/end_txn.h"
#include "model/protocol/messages/fetch.h"
#include "model/protocol/messages/fetch_snapshot.h"
#include "model/protocol/messages/find_coordinator.h"
#include "model/protocol/messages/heartbeat.h"
#include "model/protocol/messages/incremental_alter_configs.h"
#include "model/protocol/messages/init_producer_id.h"
#include "model/protocol/messages/join_group.h"
#include "model/protocol/messages/leave_group.h"
#include "model/protocol/messages/list_groups.h"
#include "model/protocol/messages/list_offsets.h"
#include "model/protocol/messages/list_partition_reassignments.h"
#include "model/protocol/messages/list_transactions.h"
#include "model/protocol/messages/metadata.h"
#include "model/protocol/messages/offset_commit.h"
#include "model/protocol/messages/offset_delete.h"
#include "model/protocol/messages/offset_fetch.h"
#include "model/protocol/messages/offset_for_leader_epoch.h"
#include "model/protocol/messages/produce.h"
#include "model/protocol/messages/remove_raft_voter.h"
#include "model/protocol/messages/sasl_authenticate.h"
#include "model/protocol/messages/sasl_handshake.h"
#include "model/protocol/messages/sync_group.h"
#include "model/protocol/messages/txn_offset_commit.h"
#include "model/protocol/messages/unregister_broker.h"
#include "model/protocol/messages/update_features.h"
#include "model/protocol/messages/update_raft_voter.h"
#include "model/protocol/messages/vote.h"
#include "model/protocol/messages/write_txn_markers.h"

namespace squall::model {

template <class... Types>
struct TypeList {};

// In the order of their keys.
using Apis =
    TypeList<ProduceRequest, FetchRequest, ListOffsetsRequest, MetadataRequest, OffsetCommitRequest,
             OffsetFetchRequest, FindCoordinatorRequest, JoinGroupRequest, HeartbeatRequest,
             LeaveGroupRequest, SyncGroupRequest, DescribeGroupsRequest, ListGroupsRequest,
             SaslHandshakeRequest, ApiVersionsRequest, CreateTopicsRequest, DeleteTopicsRequest,
             DeleteRecordsRequest, InitProducerIdRequest, OffsetForLeaderEpochRequest,
             AddPartitionsToTxnRequest, AddOffsetsToTxnRequest, EndTxnRequest,
             WriteTxnMarkersRequest, TxnOffsetCommitRequest, DescribeAclsRequest, CreateAclsRequest,
             DeleteAclsRequest, DescribeConfigsRequest, AlterConfigsRequest, DescribeLogDirsRequest,
             SaslAuthenticateRequest, CreatePartitionsRequest, DeleteGroupsRequest,
             ElectLeadersRequest, IncrementalAlterConfigsRequest,
             AlterPartitionReassignmentsRequest, ListPartitionReassignmentsRequest,
             OffsetDeleteRequest, DescribeClientQuotasRequest, AlterClientQuotasRequest,
             DescribeUserScramCredentialsRequest, AlterUserScramCredentialsRequest, VoteRequest,
             BeginQuorumEpochRequest, EndQuorumEpochRequest, DescribeQuorumRequest,
             AlterPartitionRequest, UpdateFeaturesRequest, FetchSnapshotRequest,
             DescribeClusterRequest, DescribeProducersRequest, BrokerRegistrationRequest,
             BrokerHeartbeatRequest, UnregisterBrokerRequest, DescribeTransactionsRequest,
             ListTransactionsRequest, AllocateProducerIdsRequest, ConsumerGroupHeartbeatRequest,
             ConsumerGroupDescribeRequest, DescribeTopicPartitionsRequest, AddRaftVoterRequest,
             RemoveRaftVoterRequest, UpdateRaftVoterRequest>;

// Calls `visit(std::type_identity<Request>{})` for each request of `list`, in order.
template <class... Requests, class Visit>
constexpr void for_each_api(TypeList<Requests...>, Visit&& visit) {
    (visit(std::type_identity<Requests>{}), ...);
}
template <class Visit>
constexpr void for_each_api(Visit&& visit) {
    for_each_api(Apis{}, visit);
}

// The versions that this model's structs can carry, or an empty range (min > max) for an API that
// is not in the list.
constexpr VersionRange supported_versions(ApiKey key) {
    VersionRange versions{.min = 0, .max = -1};
    for_each_api([&](auto api) {
        using Request = typename decltype(api)::type;
        if (Request::api_key == key) versions = Request::versions;
    });
    return versions;
}

}  // namespace squall::model
