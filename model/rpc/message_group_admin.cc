// The bodies of what administrators ask about groups, and of the groups of KIP-848, as messages.
#include "model/protocol/messages/consumer_group_describe.h"
#include "model/protocol/messages/consumer_group_heartbeat.h"
#include "model/protocol/messages/delete_groups.h"
#include "model/protocol/messages/describe_groups.h"
#include "model/protocol/messages/list_groups.h"
#include "model/protocol/messages/offset_delete.h"
#include "model/rpc/message_body.h"

namespace squall::model {

SQUALL_INSTANTIATE_BODIES(DescribeGroups);
SQUALL_INSTANTIATE_BODIES(ListGroups);
SQUALL_INSTANTIATE_BODIES(DeleteGroups);
SQUALL_INSTANTIATE_BODIES(OffsetDelete);
SQUALL_INSTANTIATE_BODIES(ConsumerGroupHeartbeat);
SQUALL_INSTANTIATE_BODIES(ConsumerGroupDescribe);

}  // namespace squall::model
