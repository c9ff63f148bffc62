// How a leader has a transaction confirmed before it appends the first batch of it (KIP-890).
#pragma once

#include <map>
#include <set>
#include <string>

#include "model/protocol/error_code.h"
#include "model/protocol/types.h"

namespace squall::model {

class Broker;

// A transaction as a batch, or a group's offsets, name it.
struct TransactionName {
    std::string transactional_id;
    ProducerId producer_id = no_producer_id;
    ProducerEpoch producer_epoch = no_producer_epoch;

    auto operator<=>(const TransactionName&) const = default;
};

// Asks the transaction's coordinator whether these partitions are part of it; `adds` makes them so
// (transaction.version 2). An error for each partition, as the coordinator gave it. A coordinator
// that is busy with the end of the previous transaction is asked again for a moment. May park.
std::map<TopicPartition, ErrorCode> confirm_transaction(Broker& broker,
                                                        const TransactionName& transaction,
                                                        const std::set<TopicPartition>& partitions,
                                                        bool adds);

// What a producer is told in place of a coordinator's error: what is no fault of the transaction is
// to be tried again, and nothing was written.
ErrorCode produce_error_of(ErrorCode coordinator_error);

}  // namespace squall::model
