// The codec of what brokers and the controller say among themselves.
#include "model/protocol/messages/allocate_producer_ids.h"
#include "model/protocol/messages/alter_partition.h"
#include "model/protocol/messages/broker_heartbeat.h"
#include "model/protocol/messages/broker_registration.h"
#include "model/protocol/messages/unregister_broker.h"
#include "model/protocol/messages/update_features.h"
#include "model/protocol/wire_codec.h"

namespace squall::model {

SQUALL_INSTANTIATE_API(BrokerRegistration);
SQUALL_INSTANTIATE_API(BrokerHeartbeat);
SQUALL_INSTANTIATE_API(AlterPartition);
SQUALL_INSTANTIATE_API(UnregisterBroker);
SQUALL_INSTANTIATE_API(UpdateFeatures);
SQUALL_INSTANTIATE_API(AllocateProducerIds);

}  // namespace squall::model
