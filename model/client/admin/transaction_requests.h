// The requests about transactions, their answers read, and the rule by which one is found to hang.
// Pure.
//
// A transaction hangs when its partition holds it open and no coordinator will ever write its
// marker: a batch came after its transaction had ended, and no leader asked (KAFKA-12671). Until
// somebody aborts it, read_committed consumers stay behind its first record (KIP-664).
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "model/client/admin/admin_types.h"
#include "model/protocol/messages/describe_producers.h"
#include "model/protocol/messages/describe_transactions.h"
#include "model/protocol/messages/list_transactions.h"
#include "model/protocol/messages/write_txn_markers.h"

namespace squall::model {

ListTransactionsRequest list_transactions_request(const TransactionFilter& filter);
WriteTxnMarkersRequest abort_request(const TopicPartition& partition,
                                     const ActiveProducer& producer);

std::vector<TransactionListing> read_transactions(const ListTransactionsResponse& response);
TransactionDescription read_transaction(const DescribeTransactionsResponse::Transaction& answer);
std::vector<ActiveProducer> read_producers(const DescribeProducersResponse::Partition& answer);

// Is it worth asking after: open, and silent for longer than any transaction may last?
bool may_hang(const ActiveProducer& producer, TimestampMs now, std::chrono::milliseconds longest);
// Will its coordinator end it? `known`: what the coordinator has of this producer's id; nullptr:
// nothing.
bool will_be_ended(const TransactionDescription* known, const TopicPartition& partition,
                   const ActiveProducer& producer);

}  // namespace squall::model
