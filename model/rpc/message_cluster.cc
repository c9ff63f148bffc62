// The bodies of what brokers and the controller say among themselves, as messages.
#include "model/protocol/messages/allocate_producer_ids.h"
#include "model/protocol/messages/alter_partition.h"
#include "model/protocol/messages/broker_heartbeat.h"
#include "model/protocol/messages/broker_registration.h"
#include "model/protocol/messages/unregister_broker.h"
#include "model/protocol/messages/update_features.h"
#include "model/rpc/message_body.h"

namespace squall::model {

SQUALL_INSTANTIATE_BODIES(BrokerRegistration);
SQUALL_INSTANTIATE_BODIES(BrokerHeartbeat);
SQUALL_INSTANTIATE_BODIES(AlterPartition);
SQUALL_INSTANTIATE_BODIES(UnregisterBroker);
SQUALL_INSTANTIATE_BODIES(UpdateFeatures);
SQUALL_INSTANTIATE_BODIES(AllocateProducerIds);

}  // namespace squall::model
