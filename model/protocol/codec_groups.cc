// The codec of consumer groups.
#include "model/protocol/messages/find_coordinator.h"
#include "model/protocol/messages/heartbeat.h"
#include "model/protocol/messages/join_group.h"
#include "model/protocol/messages/leave_group.h"
#include "model/protocol/messages/offset_commit.h"
#include "model/protocol/messages/offset_fetch.h"
#include "model/protocol/messages/sync_group.h"
#include "model/protocol/wire_codec.h"

namespace squall::model {

SQUALL_INSTANTIATE_API(FindCoordinator);
SQUALL_INSTANTIATE_API(JoinGroup);
SQUALL_INSTANTIATE_API(SyncGroup);
SQUALL_INSTANTIATE_API(Heartbeat);
SQUALL_INSTANTIATE_API(LeaveGroup);
SQUALL_INSTANTIATE_API(OffsetCommit);
SQUALL_INSTANTIATE_API(OffsetFetch);

}  // namespace squall::model
