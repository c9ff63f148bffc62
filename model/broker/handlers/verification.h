// How a leader has a transaction confirmed before it appends the first batch of it (KIP-890).
#pragma once

#include <cstdint>
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

// What the producer's version of the request knows (Kafka's TransactionSupportedOperation).
enum class TransactionSupport : std::uint8_t {
    defaults,        // no TRANSACTION_ABORTABLE
    generic_errors,  // that too (KIP-890, part 1)
    adds_partitions  // that the coordinator adds partitions by itself (transaction.version 2)
};
TransactionSupport support_of_produce(ApiVersion version);
TransactionSupport support_of_txn_offset_commit(ApiVersion version);

// What a leader may do with the first batch of a transaction.
struct Confirmation {
    // In a producer's words: the coordinator's, or this replica's own.
    ErrorCode error = ErrorCode::none;
    VerificationGuard guard = no_guard;  // to be brought along to the append
};

// Begins the verification in each partition, by the sequence of the batch that waits for it, and
// asks the transaction's coordinator whether the partitions are part of it, or to make them so
// (transaction.version 2). Partitions where the transaction is open already need no confirmation.
//
// A coordinator that is busy with the end of the previous transaction is asked again for a moment,
// each time with new guards: the markers of that end take away those of before. May park.
std::map<TopicPartition, Confirmation> confirm_transaction(
    Broker& broker, const TransactionName& transaction,
    const std::map<TopicPartition, SequenceNumber>& first_sequences, TransactionSupport support);

}  // namespace squall::model
