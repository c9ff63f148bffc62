// The codec of what transactional producers, their coordinators and who looks at them say.
#include "model/protocol/messages/add_offsets_to_txn.h"
#include "model/protocol/messages/add_partitions_to_txn.h"
#include "model/protocol/messages/describe_producers.h"
#include "model/protocol/messages/describe_transactions.h"
#include "model/protocol/messages/end_txn.h"
#include "model/protocol/messages/init_producer_id.h"
#include "model/protocol/messages/list_transactions.h"
#include "model/protocol/messages/txn_offset_commit.h"
#include "model/protocol/messages/write_txn_markers.h"
#include "model/protocol/wire_codec.h"

namespace squall::model {

SQUALL_INSTANTIATE_API(InitProducerId);
SQUALL_INSTANTIATE_API(AddPartitionsToTxn);
SQUALL_INSTANTIATE_API(AddOffsetsToTxn);
SQUALL_INSTANTIATE_API(TxnOffsetCommit);
SQUALL_INSTANTIATE_API(EndTxn);
SQUALL_INSTANTIATE_API(WriteTxnMarkers);
SQUALL_INSTANTIATE_API(DescribeProducers);
SQUALL_INSTANTIATE_API(DescribeTransactions);
SQUALL_INSTANTIATE_API(ListTransactions);

}  // namespace squall::model
