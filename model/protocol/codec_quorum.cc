// The codec of what the members of the metadata quorum say among themselves.
#include "model/protocol/messages/add_raft_voter.h"
#include "model/protocol/messages/begin_quorum_epoch.h"
#include "model/protocol/messages/describe_quorum.h"
#include "model/protocol/messages/end_quorum_epoch.h"
#include "model/protocol/messages/fetch_snapshot.h"
#include "model/protocol/messages/remove_raft_voter.h"
#include "model/protocol/messages/update_raft_voter.h"
#include "model/protocol/messages/vote.h"
#include "model/protocol/wire_codec.h"

namespace squall::model {

SQUALL_INSTANTIATE_API(Vote);
SQUALL_INSTANTIATE_API(BeginQuorumEpoch);
SQUALL_INSTANTIATE_API(EndQuorumEpoch);
SQUALL_INSTANTIATE_API(FetchSnapshot);
SQUALL_INSTANTIATE_API(DescribeQuorum);
SQUALL_INSTANTIATE_API(AddRaftVoter);
SQUALL_INSTANTIATE_API(RemoveRaftVoter);
SQUALL_INSTANTIATE_API(UpdateRaftVoter);

}  // namespace squall::model
