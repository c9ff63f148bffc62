// What brokers do with partitions: white-box facts, emitted by hosts in the name of the broker's
// node.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/protocol/types.h"
#include "sim/trace/event.h"

namespace squall::model {

// A broker's node says which broker it is, at every start.
struct BrokerStarted {
    static constexpr std::string_view event_name = "BrokerStarted";
    BrokerId broker;
    Uuid incarnation_id;
    bool clean = true;  // the clean-shutdown marker was found

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("incarnation_id", self.incarnation_id);
        fields("clean", self.clean);
    }
};

// The settings by which a broker goes where no dynamic one says otherwise; told once at every
// start.
struct BrokerConfigured {
    static constexpr std::string_view event_name = "BrokerConfigured";
    BrokerId broker;
    std::string cleanup_policy = "delete";
    std::int64_t retention_ms = 604'800'000;  // -1: no limit
    std::int64_t retention_bytes = -1;        // the same
    bool unclean_leader_election = false;
    // How often it looks for transactions that have been open for too long.
    Duration transaction_abort_interval{10s};

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("log.cleanup.policy", self.cleanup_policy);
        fields("log.retention.ms", self.retention_ms);
        fields("log.retention.bytes", self.retention_bytes);
        fields("unclean.leader.election.enable", self.unclean_leader_election);
        fields("transaction.abort.timed.out.transaction.cleanup.interval.ms",
               self.transaction_abort_interval);
    }
};

enum class ReplicaRole : std::uint8_t { leader, follower };
inline std::string_view to_string(ReplicaRole role) {
    return role == ReplicaRole::leader ? "leader" : "follower";
}

// A replica's log was opened at start-up, after recovery.
struct LogOpened {
    static constexpr std::string_view event_name = "LogOpened";
    BrokerId broker;
    TopicPartition partition;
    Offset log_start_offset;
    Offset log_end_offset;
    Offset high_watermark;              // from the checkpoint, bounded by the log end
    std::uint64_t truncated_bytes = 0;  // cut off by recovery
    std::uint32_t finished_swaps = 0;   // of compaction, that had been interrupted

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("partition", self.partition);
        fields("log_start_offset", self.log_start_offset);
        fields("log_end_offset", self.log_end_offset);
        fields("high_watermark", self.high_watermark);
        fields("truncated_bytes", self.truncated_bytes);
        fields("finished_swaps", self.finished_swaps);
    }
};

// The broker took a role for the partition in a leader epoch (from metadata it replayed).
struct RoleTaken {
    static constexpr std::string_view event_name = "RoleTaken";
    BrokerId broker;
    TopicPartition partition;
    ReplicaRole role = ReplicaRole::follower;
    LeaderEpoch leader_epoch;
    BrokerId leader = no_broker;
    Offset log_end_offset;  // a leader's is the start offset of its epoch
    Offset high_watermark;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("partition", self.partition);
        fields("role", self.role);
        fields("leader_epoch", self.leader_epoch);
        fields("leader", self.leader);
        fields("log_end_offset", self.log_end_offset);
        fields("high_watermark", self.high_watermark);
    }
};

// One record batch went into the log of a replica. `crc` is the batch's own CRC-32C: it covers
// neither offset nor leader epoch, so (offset, epoch, crc) identifies the batch on every replica.
struct BatchAppended {
    static constexpr std::string_view event_name = "BatchAppended";
    BrokerId broker;
    TopicPartition partition;
    ReplicaRole role = ReplicaRole::leader;
    Offset base_offset;
    Offset last_offset;
    LeaderEpoch leader_epoch;  // stamped on the batch
    std::uint32_t crc = 0;
    ProducerId producer_id = no_producer_id;
    ProducerEpoch producer_epoch = no_producer_epoch;
    SequenceNumber base_sequence = no_sequence;
    bool is_control = false;
    bool is_transactional = false;
    std::vector<RecordId> records;  // leaders only: what stands at each offset, from base_offset on
    TimestampMs max_timestamp = no_timestamp;
    std::uint32_t bytes = 0;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("partition", self.partition);
        fields("role", self.role);
        fields("base_offset", self.base_offset);
        fields("last_offset", self.last_offset);
        fields("leader_epoch", self.leader_epoch);
        fields("crc", self.crc);
        fields("producer_id", self.producer_id);
        fields("producer_epoch", self.producer_epoch);
        fields("base_sequence", self.base_sequence);
        fields("is_control", self.is_control);
        fields("is_transactional", self.is_transactional);
        fields("records", self.records);
        fields("max_timestamp", self.max_timestamp);
        fields("bytes", self.bytes);
    }
};

struct LogTruncated {
    static constexpr std::string_view event_name = "LogTruncated";
    BrokerId broker;
    TopicPartition partition;
    Offset from;         // log end before
    Offset to;           // log end after
    std::string reason;  // "divergence", "out of range", "recovery"

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("partition", self.partition);
        fields("from", self.from);
        fields("to", self.to);
        fields("reason", self.reason);
    }
};

// The high watermark of one replica moved forward. On a leader, with the in-sync set it was taken
// over.
struct HighWatermarkAdvanced {
    static constexpr std::string_view event_name = "HighWatermarkAdvanced";
    BrokerId broker;
    TopicPartition partition;
    ReplicaRole role = ReplicaRole::leader;
    LeaderEpoch leader_epoch;
    Offset from;
    Offset to;
    std::vector<BrokerId> maximal_isr;  // leaders only
    // Leaders only: of the controller's latest decision that the leader has been told, by metadata
    // or in answer to its own proposal. The committed in-sync set is the one of that decision.
    PartitionEpoch partition_epoch{-1};

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("partition", self.partition);
        fields("role", self.role);
        fields("leader_epoch", self.leader_epoch);
        fields("from", self.from);
        fields("to", self.to);
        fields("maximal_isr", self.maximal_isr);
        fields("partition_epoch", self.partition_epoch);
    }
};

// The leader asks the controller for another in-sync set.
struct IsrChangeProposed {
    static constexpr std::string_view event_name = "IsrChangeProposed";
    BrokerId broker;
    TopicPartition partition;
    LeaderEpoch leader_epoch;
    PartitionEpoch partition_epoch;
    std::vector<BrokerId> from;
    std::vector<BrokerId> to;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("partition", self.partition);
        fields("leader_epoch", self.leader_epoch);
        fields("partition_epoch", self.partition_epoch);
        fields("from", self.from);
        fields("to", self.to);
    }
};

// What a broker answered to one partition of a Fetch: a client's (replica == no_broker) or a
// follower's.
struct FetchServed {
    static constexpr std::string_view event_name = "FetchServed";
    BrokerId broker;
    TopicPartition partition;
    BrokerId replica = no_broker;
    LeaderEpoch leader_epoch;
    Offset from;
    Offset upto;  // end of what was returned, exclusive; == from when empty
    Offset high_watermark;
    Offset last_stable_offset;
    bool read_committed = false;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("partition", self.partition);
        fields("replica", self.replica);
        fields("leader_epoch", self.leader_epoch);
        fields("from", self.from);
        fields("upto", self.upto);
        fields("high_watermark", self.high_watermark);
        fields("last_stable_offset", self.last_stable_offset);
        fields("read_committed", self.read_committed);
    }
};

// What a leader told a client of one partition in answer to ListOffsets, where it found an offset.
struct OffsetListed {
    static constexpr std::string_view event_name = "OffsetListed";
    BrokerId broker;
    TopicPartition partition;
    Uuid topic_id;
    LeaderEpoch leader_epoch;
    TimestampMs timestamp = 0;  // asked for: -1 the end, -2 the start, ...
    Offset offset;
    bool read_committed = false;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("partition", self.partition);
        fields("topic_id", self.topic_id);
        fields("leader_epoch", self.leader_epoch);
        fields("timestamp", self.timestamp);
        fields("offset", self.offset);
        fields("read_committed", self.read_committed);
    }
};

// Records at the start of a log are gone for good: retention, DeleteRecords, topic deletion.
struct LogStartAdvanced {
    static constexpr std::string_view event_name = "LogStartAdvanced";
    BrokerId broker;
    TopicPartition partition;
    Offset to;
    std::string reason;  // "retention", "delete records", "topic deleted", "leader's log start"
    TimestampMs wall_time = no_timestamp;  // of the node

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("partition", self.partition);
        fields("to", self.to);
        fields("reason", self.reason);
        fields("wall_time", self.wall_time);
    }
};

// Compaction went over the records of a log below `to`: those that a later one of their key
// replaces may be gone, and batches may have been written anew, with fewer records.
struct LogCleaned {
    static constexpr std::string_view event_name = "LogCleaned";
    BrokerId broker;
    TopicPartition partition;
    Offset from;  // everything below was compacted before, and is now compacted again
    Offset to;
    std::uint64_t bytes_before = 0;
    std::uint64_t bytes_after = 0;
    TimestampMs wall_time = no_timestamp;  // of the node

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("partition", self.partition);
        fields("from", self.from);
        fields("to", self.to);
        fields("bytes_before", self.bytes_before);
        fields("bytes_after", self.bytes_after);
        fields("wall_time", self.wall_time);
    }
};

// The audit at the end of a run: one batch as it lies on a node's disk, read by the harness without
// any code of the broker. Emitted by the harness, batches of one log in the order of the file. The
// end of a transaction is a batch without records.
struct AuditedBatch {
    static constexpr std::string_view event_name = "AuditedBatch";
    BrokerId broker;
    TopicPartition partition;
    Offset base_offset;
    Offset last_offset;
    LeaderEpoch leader_epoch;
    std::uint32_t crc = 0;
    bool crc_matches = true;
    std::vector<RecordId> records;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("partition", self.partition);
        fields("base_offset", self.base_offset);
        fields("last_offset", self.last_offset);
        fields("leader_epoch", self.leader_epoch);
        fields("crc", self.crc);
        fields("crc_matches", self.crc_matches);
        fields("records", self.records);
    }
};

// After the batches of one log: how it ended. A log that has no files is audited with batches == 0.
struct AuditedLog {
    static constexpr std::string_view event_name = "AuditedLog";
    BrokerId broker;
    TopicPartition partition;
    std::uint64_t batches = 0;
    std::uint64_t trailing_bytes = 0;  // that do not parse as a batch
    bool running = false;              // the broker was up when the run ended

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("partition", self.partition);
        fields("batches", self.batches);
        fields("trailing_bytes", self.trailing_bytes);
        fields("running", self.running);
    }
};

}  // namespace squall::model
