// How a leader has a transaction confirmed before it appends the first batch of it (KIP-890).
#pragma once

#include <map>
#include <string>

#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "model/replica/transaction_verification.h"

namespace squall::model {

class Broker;

// A transaction as a batch, or a group's offsets, name it.
struct TransactionName {
    std::string transactional_id;
    ProducerId producer_id = no_producer_id;
    ProducerEpoch producer_epoch = no_producer_epoch;

    auto operator<=>(const TransactionName&) const = default;
};

// What a leader may do with the first batch of a transaction.
struct Confirmation {
    ErrorCode error = ErrorCode::none;   // the coordinator's, or this replica's own
    VerificationGuard guard = no_guard;  // to be brought along to the append
};

// Begins the verification in each partition, by the sequence of the batch that waits for it, and
// asks the transaction's coordinator whether the partitions are part of it; `adds` makes them so
// (transaction.version 2). Partitions where the transaction is open already need no confirmation.
//
// A coordinator that is busy with the end of the previous transaction is asked again for a moment,
// each time with new guards: the markers of that end take away those of before. May park.
std::map<TopicPartition, Confirmation> confirm_transaction(
    Broker& broker, const TransactionName& transaction,
    const std::map<TopicPartition, SequenceNumber>& first_sequences, bool adds);

// What a producer is told in place of a coordinator's error: what is no fault of the transaction is
// to be tried again, and nothing was written.
ErrorCode produce_error_of(ErrorCode coordinator_error);

}  // namespace squall::model
