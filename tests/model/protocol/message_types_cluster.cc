#include "tests/model/protocol/message_type.h"

namespace squall::model {

void add_cluster_messages(std::vector<MessageType>& types) {
    add_messages(
        TypeList<VoteRequest, BeginQuorumEpochRequest, EndQuorumEpochRequest, DescribeQuorumRequest,
                 FetchSnapshotRequest, AddRaftVoterRequest, RemoveRaftVoterRequest,
                 UpdateRaftVoterRequest, AlterPartitionRequest, BrokerRegistrationRequest,
                 BrokerHeartbeatRequest, AllocateProducerIdsRequest>{},
        types);
}

}  // namespace squall::model
