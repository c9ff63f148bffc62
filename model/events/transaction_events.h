// Transactions and numbered batches: what producers did with them, what brokers made of them, and
// what coordinators decided. The client's half is what an application was told; the rest are
// white-box facts, emitted by hosts in the name of the broker's node.
//
// A transaction is named by the OperationId of its TransactionBegan; SendInvoked carries it, so do
// the offsets sent to it. Within one transaction the ends are: `commit` or `abort`, each ok, failed
// or unknown. A commit that failed or is unknown is followed by an abort, by a fatal error of the
// producer, or by nothing (the application died).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/events/client_events.h"
#include "model/protocol/types.h"
#include "sim/trace/event.h"

namespace squall::model {

// ---- the application's history ----

// A producer got the identity that its batches carry from now on: from InitProducerId (also for
// idempotence alone, then without a transactional id), or by raising its own epoch, or from the end
// of a transaction (TV2).
struct ProducerIdentified {
    static constexpr std::string_view event_name = "ProducerIdentified";
    std::string client_id;
    std::string transactional_id;  // "" for idempotence alone
    ProducerId producer_id = no_producer_id;
    ProducerEpoch producer_epoch = no_producer_epoch;
    std::string reason;  // "init_producer_id", "epoch bump", "transaction end"

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("client_id", self.client_id);
        fields("transactional_id", self.transactional_id);
        fields("producer_id", self.producer_id);
        fields("producer_epoch", self.producer_epoch);
        fields("reason", self.reason);
    }
};

// No send, no transaction of this producer will ever succeed again: it was fenced, or refused for
// good. What is open completes with this error.
struct ProducerFailed {
    static constexpr std::string_view event_name = "ProducerFailed";
    std::string client_id;
    std::string transactional_id;
    std::string error;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("client_id", self.client_id);
        fields("transactional_id", self.transactional_id);
        fields("error", self.error);
    }
};

struct TransactionBegan {
    static constexpr std::string_view event_name = "TransactionBegan";
    OperationId transaction;
    std::string client_id;
    std::string transactional_id;
    ProducerId producer_id = no_producer_id;
    ProducerEpoch producer_epoch = no_producer_epoch;
    // By which rules the producer goes on, as it learned from the brokers' features: 1, or 2
    // (KIP-890: every end raises the epoch). What version 1 leaves open is excused by it alone.
    std::int16_t transaction_version = 2;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("transaction", self.transaction);
        fields("client_id", self.client_id);
        fields("transactional_id", self.transactional_id);
        fields("producer_id", self.producer_id);
        fields("producer_epoch", self.producer_epoch);
        fields("transaction_version", self.transaction_version);
    }
};

// sendOffsetsToTransaction: commits of a group that take effect with the transaction, or not.
struct TransactionOffsetsInvoked {
    static constexpr std::string_view event_name = "TransactionOffsetsInvoked";
    OperationId operation;
    OperationId transaction;
    std::string client_id;
    std::string group;
    std::string member_id;
    GenerationId generation = no_generation;
    std::vector<PartitionOffset> offsets;  // the next offset to read

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("operation", self.operation);
        fields("transaction", self.transaction);
        fields("client_id", self.client_id);
        fields("group", self.group);
        fields("member_id", self.member_id);
        fields("generation", self.generation);
        fields("offsets", self.offsets);
    }
};

struct TransactionOffsetsCompleted {
    static constexpr std::string_view event_name = "TransactionOffsetsCompleted";
    OperationId operation;
    Outcome outcome = Outcome::unknown;
    std::string error;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("operation", self.operation);
        fields("outcome", self.outcome);
        fields("error", self.error);
    }
};

struct TransactionEndInvoked {
    static constexpr std::string_view event_name = "TransactionEndInvoked";
    OperationId operation;
    OperationId transaction;
    std::string client_id;
    bool commit = true;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("operation", self.operation);
        fields("transaction", self.transaction);
        fields("client_id", self.client_id);
        fields("commit", self.commit);
    }
};

// `failed` commit: this transaction was not committed and never will be. `failed` abort: it was
// not aborted by this call (it may be by a timeout, or by whoever fenced the producer).
struct TransactionEndCompleted {
    static constexpr std::string_view event_name = "TransactionEndCompleted";
    OperationId operation;
    OperationId transaction;
    bool commit = true;
    Outcome outcome = Outcome::unknown;
    std::string error;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("operation", self.operation);
        fields("transaction", self.transaction);
        fields("commit", self.commit);
        fields("outcome", self.outcome);
        fields("error", self.error);
    }
};

// ---- partition leaders ----

// A numbered batch was not appended: it stands in the log already, and was answered so.
struct DuplicateAnswered {
    static constexpr std::string_view event_name = "DuplicateAnswered";
    BrokerId broker;
    TopicPartition partition;
    ProducerId producer_id = no_producer_id;
    ProducerEpoch producer_epoch = no_producer_epoch;
    SequenceNumber base_sequence = no_sequence;
    Offset base_offset;  // of the batch that it repeats

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("partition", self.partition);
        fields("producer_id", self.producer_id);
        fields("producer_epoch", self.producer_epoch);
        fields("base_sequence", self.base_sequence);
        fields("base_offset", self.base_offset);
    }
};

// A numbered batch was refused for its sequence, its epoch, or its transaction: nothing of it is in
// the log.
struct NumberedBatchRefused {
    static constexpr std::string_view event_name = "NumberedBatchRefused";
    BrokerId broker;
    TopicPartition partition;
    ProducerId producer_id = no_producer_id;
    ProducerEpoch producer_epoch = no_producer_epoch;
    SequenceNumber base_sequence = no_sequence;
    bool is_transactional = false;
    std::string error;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("partition", self.partition);
        fields("producer_id", self.producer_id);
        fields("producer_epoch", self.producer_epoch);
        fields("base_sequence", self.base_sequence);
        fields("is_transactional", self.is_transactional);
        fields("error", self.error);
    }
};

// The leader appended the end of a transaction. Follows the BatchAppended of the same offset.
struct MarkerAppended {
    static constexpr std::string_view event_name = "MarkerAppended";
    BrokerId broker;
    TopicPartition partition;
    Offset offset;
    LeaderEpoch leader_epoch;
    ProducerId producer_id = no_producer_id;
    ProducerEpoch producer_epoch = no_producer_epoch;
    std::int32_t coordinator_epoch = -1;
    bool commit = true;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("partition", self.partition);
        fields("offset", self.offset);
        fields("leader_epoch", self.leader_epoch);
        fields("producer_id", self.producer_id);
        fields("producer_epoch", self.producer_epoch);
        fields("coordinator_epoch", self.coordinator_epoch);
        fields("commit", self.commit);
    }
};

// The last stable offset of a leader that has, or had, transactions: up to here read_committed
// consumers may read. Told when it moved, and when it stands still while the high watermark moves
// (`to` == `from`).
struct LastStableOffsetMoved {
    static constexpr std::string_view event_name = "LastStableOffsetMoved";
    BrokerId broker;
    TopicPartition partition;
    LeaderEpoch leader_epoch;
    Offset from;
    Offset to;
    Offset high_watermark;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("partition", self.partition);
        fields("leader_epoch", self.leader_epoch);
        fields("from", self.from);
        fields("to", self.to);
        fields("high_watermark", self.high_watermark);
    }
};

// ---- transaction coordinators ----

// A state of a transactional id took effect: its record is below the high watermark of
// __transaction_state. Names of states as Kafka's: "Empty", "Ongoing", "PrepareCommit",
// "PrepareAbort", "CompleteCommit", "CompleteAbort", "Dead" (the id was forgotten).
struct TransactionStateChanged {
    static constexpr std::string_view event_name = "TransactionStateChanged";
    BrokerId broker;                      // the coordinator
    std::int32_t coordinator_epoch = -1;  // leader epoch of its partition of __transaction_state
    TopicPartition log;                   // that partition
    Offset log_offset;                    // of the record in it
    std::string transactional_id;
    std::string from, to;
    ProducerId producer_id = no_producer_id;
    ProducerEpoch producer_epoch = no_producer_epoch;
    std::vector<TopicPartition> partitions;  // of the transaction, __consumer_offsets among them
    std::string reason;                      // "EndTxn", "timeout", "InitProducerId", ...

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("coordinator_epoch", self.coordinator_epoch);
        fields("log", self.log);
        fields("log_offset", self.log_offset);
        fields("transactional_id", self.transactional_id);
        fields("from", self.from);
        fields("to", self.to);
        fields("producer_id", self.producer_id);
        fields("producer_epoch", self.producer_epoch);
        fields("partitions", self.partitions);
        fields("reason", self.reason);
    }
};

// What a coordinator that took over found in the log of one transactional id: its last record.
struct TransactionLoaded {
    static constexpr std::string_view event_name = "TransactionLoaded";
    BrokerId broker;
    std::int32_t coordinator_epoch = -1;
    TopicPartition log;
    Offset log_offset;
    std::string transactional_id;
    std::string state;
    ProducerId producer_id = no_producer_id;
    ProducerEpoch producer_epoch = no_producer_epoch;
    std::vector<TopicPartition> partitions;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("coordinator_epoch", self.coordinator_epoch);
        fields("log", self.log);
        fields("log_offset", self.log_offset);
        fields("transactional_id", self.transactional_id);
        fields("state", self.state);
        fields("producer_id", self.producer_id);
        fields("producer_epoch", self.producer_epoch);
        fields("partitions", self.partitions);
    }
};

// A coordinator's word on whether a batch may begin, or go on with, a transaction in a partition.
struct PartitionVerified {
    static constexpr std::string_view event_name = "PartitionVerified";
    BrokerId broker;  // the partition's leader, which asked
    TopicPartition partition;
    ProducerId producer_id = no_producer_id;
    ProducerEpoch producer_epoch = no_producer_epoch;
    bool added = false;  // TV2: the coordinator added the partition on this occasion
    std::string error;   // "" for yes

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("partition", self.partition);
        fields("producer_id", self.producer_id);
        fields("producer_epoch", self.producer_epoch);
        fields("added", self.added);
        fields("error", self.error);
    }
};

// ---- group coordinators ----

// Offsets of a transaction that is not over: in the log of the group, not in effect.
struct PendingOffsetStored {
    static constexpr std::string_view event_name = "PendingOffsetStored";
    std::string group;
    std::string member_id;
    GenerationId generation = no_generation;
    ProducerId producer_id = no_producer_id;
    ProducerEpoch producer_epoch = no_producer_epoch;
    TopicPartition partition;
    Offset offset;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("group", self.group);
        fields("member_id", self.member_id);
        fields("generation", self.generation);
        fields("producer_id", self.producer_id);
        fields("producer_epoch", self.producer_epoch);
        fields("partition", self.partition);
        fields("offset", self.offset);
    }
};

// The transaction ended: its pending offsets took effect (and are told as OffsetCommitted, too), or
// were dropped.
struct PendingOffsetsResolved {
    static constexpr std::string_view event_name = "PendingOffsetsResolved";
    BrokerId broker;
    std::string group;
    ProducerId producer_id = no_producer_id;
    bool commit = true;
    std::vector<PartitionOffset> offsets;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("group", self.group);
        fields("producer_id", self.producer_id);
        fields("commit", self.commit);
        fields("offsets", self.offsets);
    }
};

}  // namespace squall::model
