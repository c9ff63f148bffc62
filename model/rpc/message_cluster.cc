// The bodies of what brokers and controllers say among themselves, as messages.
#include "model/protocol/messages/alter_partition.h"
#include "model/protocol/messages/begin_quorum_epoch.h"
#include "model/protocol/messages/broker_heartbeat.h"
#include "model/protocol/messages/broker_registration.h"
#include "model/protocol/messages/describe_quorum.h"
#include "model/protocol/messages/end_quorum_epoch.h"
#include "model/protocol/messages/fetch_snapshot.h"
#include "model/protocol/messages/vote.h"
#include "model/rpc/message_body.h"

namespace squall::model {

SQUALL_INSTANTIATE_BODIES(BrokerRegistration);
SQUALL_INSTANTIATE_BODIES(BrokerHeartbeat);
SQUALL_INSTANTIATE_BODIES(AlterPartition);
SQUALL_INSTANTIATE_BODIES(Vote);
SQUALL_INSTANTIATE_BODIES(BeginQuorumEpoch);
SQUALL_INSTANTIATE_BODIES(EndQuorumEpoch);
SQUALL_INSTANTIATE_BODIES(FetchSnapshot);
SQUALL_INSTANTIATE_BODIES(DescribeQuorum);

}  // namespace squall::model
