// The codec of what brokers and controllers say among themselves.
#include "model/protocol/messages/alter_partition.h"
#include "model/protocol/messages/begin_quorum_epoch.h"
#include "model/protocol/messages/broker_heartbeat.h"
#include "model/protocol/messages/broker_registration.h"
#include "model/protocol/messages/describe_quorum.h"
#include "model/protocol/messages/end_quorum_epoch.h"
#include "model/protocol/messages/fetch_snapshot.h"
#include "model/protocol/messages/vote.h"
#include "model/protocol/wire_codec.h"

namespace squall::model {

SQUALL_INSTANTIATE_API(BrokerRegistration);
SQUALL_INSTANTIATE_API(BrokerHeartbeat);
SQUALL_INSTANTIATE_API(AlterPartition);
SQUALL_INSTANTIATE_API(Vote);
SQUALL_INSTANTIATE_API(BeginQuorumEpoch);
SQUALL_INSTANTIATE_API(EndQuorumEpoch);
SQUALL_INSTANTIATE_API(FetchSnapshot);
SQUALL_INSTANTIATE_API(DescribeQuorum);

}  // namespace squall::model
