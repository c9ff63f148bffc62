// The bodies of what transactional producers, their coordinators and who looks at them say, as
// messages.
#include "model/protocol/messages/add_offsets_to_txn.h"
#include "model/protocol/messages/add_partitions_to_txn.h"
#include "model/protocol/messages/describe_producers.h"
#include "model/protocol/messages/describe_transactions.h"
#include "model/protocol/messages/end_txn.h"
#include "model/protocol/messages/init_producer_id.h"
#include "model/protocol/messages/list_transactions.h"
#include "model/protocol/messages/txn_offset_commit.h"
#include "model/protocol/messages/write_txn_markers.h"
#include "model/rpc/message_body.h"

namespace squall::model {

SQUALL_INSTANTIATE_BODIES(InitProducerId);
SQUALL_INSTANTIATE_BODIES(AddPartitionsToTxn);
SQUALL_INSTANTIATE_BODIES(AddOffsetsToTxn);
SQUALL_INSTANTIATE_BODIES(TxnOffsetCommit);
SQUALL_INSTANTIATE_BODIES(EndTxn);
SQUALL_INSTANTIATE_BODIES(WriteTxnMarkers);
SQUALL_INSTANTIATE_BODIES(DescribeProducers);
SQUALL_INSTANTIATE_BODIES(DescribeTransactions);
SQUALL_INSTANTIATE_BODIES(ListTransactions);

}  // namespace squall::model
