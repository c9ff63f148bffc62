// The codec of what administrators ask about groups, and of the groups of KIP-848.
#include "model/protocol/messages/consumer_group_describe.h"
#include "model/protocol/messages/consumer_group_heartbeat.h"
#include "model/protocol/messages/delete_groups.h"
#include "model/protocol/messages/describe_groups.h"
#include "model/protocol/messages/list_groups.h"
#include "model/protocol/messages/offset_delete.h"
#include "model/protocol/wire_codec.h"

namespace squall::model {

SQUALL_INSTANTIATE_API(DescribeGroups);
SQUALL_INSTANTIATE_API(ListGroups);
SQUALL_INSTANTIATE_API(DeleteGroups);
SQUALL_INSTANTIATE_API(OffsetDelete);
SQUALL_INSTANTIATE_API(ConsumerGroupHeartbeat);
SQUALL_INSTANTIATE_API(ConsumerGroupDescribe);

}  // namespace squall::model
