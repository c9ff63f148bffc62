#include "tests/model/protocol/message_type.h"

namespace squall::model {

void add_transaction_messages(std::vector<MessageType>& types) {
    add_messages(
        TypeList<InitProducerIdRequest, AddPartitionsToTxnRequest, AddOffsetsToTxnRequest,
                 EndTxnRequest, WriteTxnMarkersRequest, TxnOffsetCommitRequest,
                 DescribeProducersRequest, DescribeTransactionsRequest, ListTransactionsRequest>{},
        types);
}

}  // namespace squall::model
