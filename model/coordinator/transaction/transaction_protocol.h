// The rules of the transaction coordinator: what becomes of a transactional id when its producer,
// another producer, a partition's leader or the clock has something to say. Pure functions from
// TransactionMetadata to the next one, or to the error that is answered.
//
// transaction.version 1: transactions of a producer share its epoch, which goes up when a producer
// is initialised or fenced. Version 2 (KIP-890): the epoch goes up with every end, the markers
// carry the new one, and so nothing that belongs to one transaction can reach the next; at the
// ceiling a new producer id takes over when the transaction is over.
//
// Source: org.apache.kafka.coordinator.transaction.TransactionCoordinator and TransactionMetadata;
// KIP-98, KIP-360, KIP-588, KIP-890. Not here: waiting for the log, and for markers
// (transaction_shard.h).
#pragma once

#include <optional>

#include "model/bugs.h"
#include "model/coordinator/transaction/transaction_metadata.h"
#include "model/coordinator/transaction/transaction_options.h"
#include "model/protocol/error_code.h"

namespace squall::model {

// What an id is to become, or why nothing changes.
struct TransactionStep {
    ErrorCode error = ErrorCode::none;
    std::optional<TransactionMetadata> next{};  // to be appended to the log
    // The answer once it is there: not `none` where the caller has to come back.
    ErrorCode answer = ErrorCode::none;

    static TransactionStep refuse(ErrorCode error) { return {.error = error}; }
};

// When, and with what at hand: a producer id that nobody has.
struct TransactionContext {
    TimestampMs now_ms = no_timestamp;
    std::optional<ProducerId> fresh_producer_id{};
};

class TransactionProtocol {
  public:
    // `bugs` may be null, and outlives this.
    explicit TransactionProtocol(TransactionOptions options, const BugSet* bugs = nullptr)
        : options_(options), bugs_(bugs) {}

    // InitProducerId. `current`: null for an id that nobody used yet. `expected`: whom the caller
    // takes itself for (KIP-360); nullopt for a new process. Fences whoever was the producer
    // before; aborts what it left open first, and has the caller come back
    // (CONCURRENT_TRANSACTIONS).
    struct Expected {
        ProducerId producer_id;
        ProducerEpoch producer_epoch;
    };
    TransactionStep init(const TransactionMetadata* current, std::chrono::milliseconds timeout,
                         const std::optional<Expected>& expected,
                         const TransactionContext& context) const;
    // AddPartitionsToTxn, AddOffsetsToTxn. `next` is empty where all are in already.
    TransactionStep add_partitions(const TransactionMetadata* current, ProducerId producer_id,
                                   ProducerEpoch producer_epoch,
                                   const std::set<TopicPartition>& partitions,
                                   std::int16_t client_version,
                                   const TransactionContext& context) const;
    // Is the partition in this transaction? For a leader that is about to append (KIP-890).
    ErrorCode verify(const TransactionMetadata* current, ProducerId producer_id,
                     ProducerEpoch producer_epoch, const TopicPartition& partition) const;
    // EndTxn of the producer. `next` is empty and error `none` where it is a repeated request.
    TransactionStep end(const TransactionMetadata* current, ProducerId producer_id,
                        ProducerEpoch producer_epoch, bool commit, std::int16_t client_version,
                        const TransactionContext& context) const;
    // The coordinator's own abort of a transaction that took too long. Requires: Ongoing.
    TransactionStep abort_timed_out(const TransactionMetadata& current,
                                    const TransactionContext& context) const;
    // All markers stand. Requires: Prepare*.
    TransactionMetadata complete(const TransactionMetadata& current, TimestampMs now_ms) const;

    // ---- rules; each could be broken ----

    bool is_epoch_exhausted(ProducerEpoch epoch) const {
        return epoch >= ProducerEpoch(options_.producer_epoch_ceiling);
    }
    bool is_timed_out(const TransactionMetadata& current, TimestampMs now_ms) const;
    bool is_expired(const TransactionMetadata& current, TimestampMs now_ms) const;
    bool is_valid_timeout(std::chrono::milliseconds timeout) const {
        return timeout.count() > 0 && timeout <= options_.max_timeout;
    }

  private:
    TransactionStep fence_and_abort(const TransactionMetadata& current, ProducerEpoch fenced,
                                    const TransactionContext& context) const;
    TransactionStep prepare(const TransactionMetadata& current, bool commit, bool is_version_2,
                            const TransactionContext& context) const;
    TransactionStep rotate(const TransactionMetadata& current, std::chrono::milliseconds timeout,
                           bool remembers_last, const TransactionContext& context) const;
    ProducerEpoch epoch_of_new_producer(ProducerEpoch current) const;
    ProducerEpoch epoch_that_fences(ProducerEpoch current) const;

    TransactionOptions options_;
    const BugSet* bugs_;
};

}  // namespace squall::model
