// What clients did and what they were told: the history that users see. Every operation is
// `invoked`, then completes as ok, failed (it has not happened and never will) or unknown (nobody
// can tell).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/protocol/outcome.h"
#include "model/protocol/reset_cause.h"
#include "model/protocol/types.h"
#include "sim/trace/event.h"

namespace squall::model {

// Of one client operation, unique in a run.
using OperationId = StrongId<struct OperationIdTag, std::uint64_t>;

// ---- configuration, told once by each client when it starts: allowances are keyed by it ----

struct ProducerConfigured {
    static constexpr std::string_view event_name = "ProducerConfigured";
    std::string client_id;
    std::int16_t acks = -1;
    bool enable_idempotence = false;
    std::int32_t retries = 0;
    std::int32_t max_in_flight = 5;
    std::string transactional_id{};  // "" without
    // transaction.timeout.ms: how long a transaction may stay open before the coordinator ends it.
    Duration transaction_timeout{60s};

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("client_id", self.client_id);
        fields("acks", self.acks);
        fields("enable.idempotence", self.enable_idempotence);
        fields("retries", self.retries);
        fields("max.in.flight.requests.per.connection", self.max_in_flight);
        fields("transactional.id", self.transactional_id);
        fields("transaction.timeout.ms", self.transaction_timeout);
    }
};

struct ConsumerConfigured {
    static constexpr std::string_view event_name = "ConsumerConfigured";
    std::string client_id;
    std::string group;
    bool enable_auto_commit = true;
    bool read_committed = false;
    std::string auto_offset_reset;  // "earliest", "latest", "none"
    std::string group_protocol{};   // "classic", "consumer"
    std::string assignors{};        // of the classic protocol: "range,cooperative-sticky"

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("client_id", self.client_id);
        fields("group", self.group);
        fields("enable.auto.commit", self.enable_auto_commit);
        fields("read_committed", self.read_committed);
        fields("auto.offset.reset", self.auto_offset_reset);
        fields("group.protocol", self.group_protocol);
        fields("partition.assignment.strategy", self.assignors);
    }
};

// Its group will not have it, and the consumer cannot go on: told by the poll that says so first.
struct ConsumerFailed {
    static constexpr std::string_view event_name = "ConsumerFailed";
    std::string client_id;
    std::string group;
    std::string why;  // Kafka's error: "GROUP_ID_NOT_FOUND"

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("client_id", self.client_id);
        fields("group", self.group);
        fields("why", self.why);
    }
};

// ---- producing: one operation per record ----

struct SendInvoked {
    static constexpr std::string_view event_name = "SendInvoked";
    OperationId operation;
    std::string client_id;
    std::string topic;
    std::string key;
    RecordId record;
    OperationId transaction{};  // that it belongs to (TransactionBegan); 0: none

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("operation", self.operation);
        fields("client_id", self.client_id);
        fields("topic", self.topic);
        fields("key", self.key);
        fields("record", self.record);
        fields("transaction", self.transaction);
    }
};

struct SendCompleted {
    static constexpr std::string_view event_name = "SendCompleted";
    OperationId operation;
    Outcome outcome = Outcome::unknown;
    TopicPartition partition;    // partition -1 where none was chosen
    Offset offset = no_offset;   // no_offset where the broker did not tell (acks=0, failures)
    std::string error;           // "" for ok
    std::uint32_t attempts = 0;  // produce requests that carried it

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("operation", self.operation);
        fields("outcome", self.outcome);
        fields("partition", self.partition);
        fields("offset", self.offset);
        fields("error", self.error);
        fields("attempts", self.attempts);
    }
};

// A batch goes out again; told by the producer, for reports and for the cause of duplicates.
struct ProduceRetried {
    static constexpr std::string_view event_name = "ProduceRetried";
    std::string client_id;
    TopicPartition partition;
    std::uint32_t records = 0;
    std::string error;  // why: the error code, "timed_out", "closed"

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("client_id", self.client_id);
        fields("partition", self.partition);
        fields("records", self.records);
        fields("error", self.error);
    }
};

// ---- consuming ----

enum class AssignmentChange : std::uint8_t { assigned, revoked, lost };
inline std::string_view to_string(AssignmentChange change) {
    switch (change) {
        case AssignmentChange::assigned:
            return "assigned";
        case AssignmentChange::revoked:
            return "revoked";
        case AssignmentChange::lost:
            return "lost";
    }
    return "?";
}

// As the application's rebalance callbacks see it: told before the callback of `assigned` runs, and
// after that of `revoked` and `lost`.
struct AssignmentChanged {
    static constexpr std::string_view event_name = "AssignmentChanged";
    std::string client_id;
    std::string group;  // "" for manual assignment
    std::string member_id;
    GenerationId generation = no_generation;
    AssignmentChange change = AssignmentChange::assigned;
    std::vector<TopicPartition> partitions;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("client_id", self.client_id);
        fields("group", self.group);
        fields("member_id", self.member_id);
        fields("generation", self.generation);
        fields("change", self.change);
        fields("partitions", self.partitions);
    }
};

enum class PositionReason : std::uint8_t {
    committed,
    reset_earliest,
    reset_latest,
    seek,
    truncation
};
inline std::string_view to_string(PositionReason reason) {
    switch (reason) {
        case PositionReason::committed:
            return "committed";
        case PositionReason::reset_earliest:
            return "reset_earliest";
        case PositionReason::reset_latest:
            return "reset_latest";
        case PositionReason::seek:
            return "seek";
        case PositionReason::truncation:
            return "truncation";
    }
    return "?";
}

// The position of a consumer was set, rather than moved by reading.
struct PositionSet {
    static constexpr std::string_view event_name = "PositionSet";
    std::string client_id;
    std::string group;
    TopicPartition partition;
    Offset offset;
    PositionReason reason = PositionReason::committed;
    ResetCause cause = ResetCause::none;  // of a reset

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("client_id", self.client_id);
        fields("group", self.group);
        fields("partition", self.partition);
        fields("offset", self.offset);
        fields("reason", self.reason);
        fields("cause", self.cause);
    }
};

struct PolledRecord {
    Offset offset;
    RecordId record;
    std::string key;

    auto operator<=>(const PolledRecord&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("offset", self.offset);
        fields("record", self.record);
        fields("key", self.key);
    }
};

// Records of one partition handed to the application by one poll.
struct RecordsPolled {
    static constexpr std::string_view event_name = "RecordsPolled";
    std::string client_id;
    std::string group;  // "" without one
    std::string member_id;
    GenerationId generation = no_generation;
    TopicPartition partition;
    Offset position;       // before this poll: where it read from
    Offset next_position;  // after it: the next offset to fetch
    std::vector<PolledRecord> records;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("client_id", self.client_id);
        fields("group", self.group);
        fields("member_id", self.member_id);
        fields("generation", self.generation);
        fields("partition", self.partition);
        fields("position", self.position);
        fields("next_position", self.next_position);
        fields("records", self.records);
    }
};

// The application finished its work on one record (told by workloads, not by the client).
struct RecordHandled {
    static constexpr std::string_view event_name = "RecordHandled";
    std::string client_id;
    std::string group;
    TopicPartition partition;
    Offset offset;
    RecordId record;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("client_id", self.client_id);
        fields("group", self.group);
        fields("partition", self.partition);
        fields("offset", self.offset);
        fields("record", self.record);
    }
};

struct PartitionOffset {
    TopicPartition partition;
    Offset offset;

    auto operator<=>(const PartitionOffset&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("partition", self.partition);
        fields("offset", self.offset);
    }
};

struct CommitInvoked {
    static constexpr std::string_view event_name = "CommitInvoked";
    OperationId operation;
    std::string client_id;
    std::string group;
    std::string member_id;
    GenerationId generation = no_generation;
    bool automatic = false;
    std::vector<PartitionOffset> offsets;  // the next offset to read

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("operation", self.operation);
        fields("client_id", self.client_id);
        fields("group", self.group);
        fields("member_id", self.member_id);
        fields("generation", self.generation);
        fields("automatic", self.automatic);
        fields("offsets", self.offsets);
    }
};

struct CommitCompleted {
    static constexpr std::string_view event_name = "CommitCompleted";
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

// ---- admin ----

// Records of these partitions may go, below the offset; no_offset: all that are committed.
struct DeleteRecordsInvoked {
    static constexpr std::string_view event_name = "DeleteRecordsInvoked";
    std::string client_id;
    std::vector<PartitionOffset> offsets;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("client_id", self.client_id);
        fields("offsets", self.offsets);
    }
};

struct ElectLeadersInvoked {
    static constexpr std::string_view event_name = "ElectLeadersInvoked";
    std::string client_id;
    bool unclean = false;
    std::vector<TopicPartition> partitions;  // none: all there are

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("client_id", self.client_id);
        fields("unclean", self.unclean);
        fields("partitions", self.partitions);
    }
};

struct AdminCompleted {
    static constexpr std::string_view event_name = "AdminCompleted";
    std::string client_id;
    std::string request;  // "CreateTopics orders"
    Outcome outcome = Outcome::unknown;
    std::string error;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("client_id", self.client_id);
        fields("request", self.request);
        fields("outcome", self.outcome);
        fields("error", self.error);
    }
};

}  // namespace squall::model
