// The bodies of consumer groups, as messages.
#include "model/protocol/messages/find_coordinator.h"
#include "model/protocol/messages/heartbeat.h"
#include "model/protocol/messages/join_group.h"
#include "model/protocol/messages/leave_group.h"
#include "model/protocol/messages/offset_commit.h"
#include "model/protocol/messages/offset_fetch.h"
#include "model/protocol/messages/sync_group.h"
#include "model/rpc/message_body.h"

namespace squall::model {

SQUALL_INSTANTIATE_BODIES(FindCoordinator);
SQUALL_INSTANTIATE_BODIES(JoinGroup);
SQUALL_INSTANTIATE_BODIES(SyncGroup);
SQUALL_INSTANTIATE_BODIES(Heartbeat);
SQUALL_INSTANTIATE_BODIES(LeaveGroup);
SQUALL_INSTANTIATE_BODIES(OffsetCommit);
SQUALL_INSTANTIATE_BODIES(OffsetFetch);

}  // namespace squall::model
