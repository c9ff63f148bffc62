// TransactionMetadata: what a coordinator knows of one transactional id, as it stands in the log of
// __transaction_state. A value; transaction_protocol.h decides what it becomes.
//
//   Empty          <- Empty, CompleteCommit, CompleteAbort     a producer is initialised
//   Ongoing        <- Ongoing, Empty, Complete*                partitions are added
//   PrepareCommit  <- Ongoing                                  decided; markers are being written
//   PrepareAbort   <- Ongoing; Empty, Complete* (TV2)          likewise
//   CompleteCommit <- PrepareCommit                            every marker stands
//   CompleteAbort  <- PrepareAbort
//   Dead           <- Empty, Complete*                         the id is forgotten
//
// Kafka's eighth state, PrepareEpochFence, is never in the log: a transaction that is fenced is
// aborted in the same step here.
//
// Source: org.apache.kafka.coordinator.transaction.TransactionMetadata; KIP-98, KIP-360, KIP-890.
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "model/protocol/types.h"

namespace squall::model {

// The numbers are those of the log.
enum class TransactionState : std::int8_t {
    empty = 0,
    ongoing = 1,
    prepare_commit = 2,
    prepare_abort = 3,
    complete_commit = 4,
    complete_abort = 5,
    dead = 6,
};
// Kafka's words: "PrepareCommit".
std::string_view to_string(TransactionState state);
bool may_follow(TransactionState from, TransactionState to);

struct TransactionMetadata {
    ProducerId producer_id = no_producer_id;
    ProducerId previous_producer_id = no_producer_id;  // before the last transition
    ProducerId next_producer_id = no_producer_id;      // takes over when this transaction is over
    ProducerEpoch producer_epoch = no_producer_epoch;
    // What a producer had before the last bump that it asked for: by it a retry of its
    // InitProducerId is known. Not in the log.
    ProducerEpoch last_producer_epoch = no_producer_epoch;
    std::chrono::milliseconds timeout{};
    TransactionState state = TransactionState::empty;
    std::set<TopicPartition> partitions{};
    TimestampMs start_timestamp = no_timestamp;
    TimestampMs last_update_timestamp = no_timestamp;
    std::int16_t client_transaction_version = 0;

    bool is_in(TransactionState wanted) const { return state == wanted; }
    bool is_ending() const {
        return is_in(TransactionState::prepare_commit) || is_in(TransactionState::prepare_abort);
    }
    bool is_over() const {
        return is_in(TransactionState::empty) || is_in(TransactionState::complete_commit) ||
               is_in(TransactionState::complete_abort);
    }
    bool ended_with(bool commit) const {
        return is_in(commit ? TransactionState::complete_commit : TransactionState::complete_abort);
    }
    bool is_ending_with(bool commit) const {
        return is_in(commit ? TransactionState::prepare_commit : TransactionState::prepare_abort);
    }
    bool has_version_2() const { return client_transaction_version >= 2; }
    // Equal in all that the log tells.
    bool is_same_record(const TransactionMetadata& other) const {
        TransactionMetadata mine = *this;
        mine.last_producer_epoch = other.last_producer_epoch;
        return mine == other;
    }

    bool operator==(const TransactionMetadata&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("producer_id", self.producer_id);
        fields("previous_producer_id", self.previous_producer_id);
        fields("next_producer_id", self.next_producer_id);
        fields("producer_epoch", self.producer_epoch);
        fields("last_producer_epoch", self.last_producer_epoch);
        fields("timeout", self.timeout);
        fields("state", self.state);
        fields("partitions", self.partitions);
        fields("start_timestamp", self.start_timestamp);
        fields("last_update_timestamp", self.last_update_timestamp);
        fields("client_transaction_version", self.client_transaction_version);
    }
};

}  // namespace squall::model
