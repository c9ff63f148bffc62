// refused(): the answer to a request on which nobody decided: every item of it carries the same
// error (not_controller of a controller that is not active, request_timed_out of a broker that
// could not reach one). error_of(): that error again, from the other side; it tells whether a
// request is to be sent to another controller.
#pragma once

#include <string>

#include "model/controller/refusal.h"
#include "model/protocol/messages/add_raft_voter.h"
#include "model/protocol/messages/allocate_producer_ids.h"
#include "model/protocol/messages/alter_configs.h"
#include "model/protocol/messages/alter_partition_reassignments.h"
#include "model/protocol/messages/create_partitions.h"
#include "model/protocol/messages/create_topics.h"
#include "model/protocol/messages/delete_topics.h"
#include "model/protocol/messages/describe_quorum.h"
#include "model/protocol/messages/elect_leaders.h"
#include "model/protocol/messages/incremental_alter_configs.h"
#include "model/protocol/messages/list_partition_reassignments.h"
#include "model/protocol/messages/remove_raft_voter.h"
#include "model/protocol/messages/unregister_broker.h"
#include "model/protocol/messages/update_features.h"

namespace squall::model {

CreateTopicsResponse refused(const CreateTopicsRequest& request, const Refusal& refusal);
DeleteTopicsResponse refused(const DeleteTopicsRequest& request, const Refusal& refusal);
CreatePartitionsResponse refused(const CreatePartitionsRequest& request, const Refusal& refusal);
IncrementalAlterConfigsResponse refused(const IncrementalAlterConfigsRequest& request,
                                        const Refusal& refusal);
AlterConfigsResponse refused(const AlterConfigsRequest& request, const Refusal& refusal);
ElectLeadersResponse refused(const ElectLeadersRequest& request, const Refusal& refusal);
AlterPartitionReassignmentsResponse refused(const AlterPartitionReassignmentsRequest& request,
                                            const Refusal& refusal);
ListPartitionReassignmentsResponse refused(const ListPartitionReassignmentsRequest& request,
                                           const Refusal& refusal);
UnregisterBrokerResponse refused(const UnregisterBrokerRequest& request, const Refusal& refusal);
AllocateProducerIdsResponse refused(const AllocateProducerIdsRequest& request,
                                    const Refusal& refusal);
UpdateFeaturesResponse refused(const UpdateFeaturesRequest& request, const Refusal& refusal);
AddRaftVoterResponse refused(const AddRaftVoterRequest& request, const Refusal& refusal);
RemoveRaftVoterResponse refused(const RemoveRaftVoterRequest& request, const Refusal& refusal);
DescribeQuorumResponse refused(const DescribeQuorumRequest& request, const Refusal& refusal);

// Of the whole, else of the first item; none for an answer without items.
ErrorCode error_of(const CreateTopicsResponse& response);
ErrorCode error_of(const DeleteTopicsResponse& response);
ErrorCode error_of(const CreatePartitionsResponse& response);
ErrorCode error_of(const IncrementalAlterConfigsResponse& response);
ErrorCode error_of(const AlterConfigsResponse& response);
ErrorCode error_of(const ElectLeadersResponse& response);
ErrorCode error_of(const AlterPartitionReassignmentsResponse& response);
ErrorCode error_of(const ListPartitionReassignmentsResponse& response);
ErrorCode error_of(const UnregisterBrokerResponse& response);
ErrorCode error_of(const AllocateProducerIdsResponse& response);
ErrorCode error_of(const UpdateFeaturesResponse& response);
ErrorCode error_of(const AddRaftVoterResponse& response);
ErrorCode error_of(const RemoveRaftVoterResponse& response);
ErrorCode error_of(const DescribeQuorumResponse& response);

}  // namespace squall::model
