// The bodies of what clients ask brokers about topics and records, as messages.
#include "model/protocol/messages/api_versions.h"
#include "model/protocol/messages/create_topics.h"
#include "model/protocol/messages/fetch.h"
#include "model/protocol/messages/list_offsets.h"
#include "model/protocol/messages/metadata.h"
#include "model/protocol/messages/offset_for_leader_epoch.h"
#include "model/protocol/messages/produce.h"
#include "model/rpc/message_body.h"

namespace squall::model {

SQUALL_INSTANTIATE_BODIES(ApiVersions);
SQUALL_INSTANTIATE_BODIES(Metadata);
SQUALL_INSTANTIATE_BODIES(CreateTopics);
SQUALL_INSTANTIATE_BODIES(Produce);
SQUALL_INSTANTIATE_BODIES(Fetch);
SQUALL_INSTANTIATE_BODIES(ListOffsets);
SQUALL_INSTANTIATE_BODIES(OffsetForLeaderEpoch);

}  // namespace squall::model
