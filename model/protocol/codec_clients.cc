// The codec of what clients ask brokers about topics and records.
#include "model/protocol/messages/api_versions.h"
#include "model/protocol/messages/create_topics.h"
#include "model/protocol/messages/fetch.h"
#include "model/protocol/messages/list_offsets.h"
#include "model/protocol/messages/metadata.h"
#include "model/protocol/messages/offset_for_leader_epoch.h"
#include "model/protocol/messages/produce.h"
#include "model/protocol/wire_codec.h"

namespace squall::model {

SQUALL_INSTANTIATE_API(ApiVersions);
SQUALL_INSTANTIATE_API(Metadata);
SQUALL_INSTANTIATE_API(CreateTopics);
SQUALL_INSTANTIATE_API(Produce);
SQUALL_INSTANTIATE_API(Fetch);
SQUALL_INSTANTIATE_API(ListOffsets);
SQUALL_INSTANTIATE_API(OffsetForLeaderEpoch);

}  // namespace squall::model
