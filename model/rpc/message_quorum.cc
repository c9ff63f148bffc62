// The bodies of what the members of the metadata quorum say among themselves, as messages.
#include "model/protocol/messages/add_raft_voter.h"
#include "model/protocol/messages/begin_quorum_epoch.h"
#include "model/protocol/messages/describe_quorum.h"
#include "model/protocol/messages/end_quorum_epoch.h"
#include "model/protocol/messages/fetch_snapshot.h"
#include "model/protocol/messages/remove_raft_voter.h"
#include "model/protocol/messages/update_raft_voter.h"
#include "model/protocol/messages/vote.h"
#include "model/rpc/message_body.h"

namespace squall::model {

SQUALL_INSTANTIATE_BODIES(Vote);
SQUALL_INSTANTIATE_BODIES(BeginQuorumEpoch);
SQUALL_INSTANTIATE_BODIES(EndQuorumEpoch);
SQUALL_INSTANTIATE_BODIES(FetchSnapshot);
SQUALL_INSTANTIATE_BODIES(DescribeQuorum);
SQUALL_INSTANTIATE_BODIES(AddRaftVoter);
SQUALL_INSTANTIATE_BODIES(RemoveRaftVoter);
SQUALL_INSTANTIATE_BODIES(UpdateRaftVoter);

}  // namespace squall::model
