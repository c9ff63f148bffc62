// Fetch: record batches from a leader, for consumers and for followers, and for raft followers of
// the metadata log (KIP-595).
//
// Answers hold encoded batches as they lie in the log: the first may begin before the asked offset,
// the last may be cut off. Null `records` are read as empty and written as empty. Topics are named
// by id alone since version 13 (KIP-516). Followers that diverged learn where (KIP-595's
// diverging_epoch, since version 12). Fetch sessions are KIP-227's; session id 0 means none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/messages/leader_hint.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"
#include "sim/base/bytes.h"

namespace squall::model {

struct FetchResponse;

struct FetchRequest {
    static constexpr ApiKey api_key = ApiKey::fetch;
    static constexpr VersionRange versions{.min = 0, .max = 18, .flexible_since = 12};
    using Response = FetchResponse;

    struct ReplicaState {
        BrokerId replica_id = no_broker;
        BrokerEpoch replica_epoch{-1};

        bool operator==(const ReplicaState&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("replica_id", self.replica_id);
            fields("replica_epoch", self.replica_epoch);
        }
    };

    struct Partition {
        std::int32_t partition = 0;
        LeaderEpoch current_leader_epoch = no_leader_epoch;
        Offset fetch_offset = no_offset;
        LeaderEpoch last_fetched_epoch = no_leader_epoch;
        Offset log_start_offset = no_offset;
        std::int32_t partition_max_bytes = 0;
        Uuid replica_directory_id;
        // What a raft follower knows; the largest integer: it does not say (KIP-1166).
        Offset high_watermark{INT64_MAX};

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition", self.partition);
            fields("current_leader_epoch", self.current_leader_epoch, Wire{.since = 9});
            fields("fetch_offset", self.fetch_offset);
            fields("last_fetched_epoch", self.last_fetched_epoch, Wire{.since = 12});
            fields("log_start_offset", self.log_start_offset, Wire{.since = 5});
            fields("partition_max_bytes", self.partition_max_bytes);
            fields("replica_directory_id", self.replica_directory_id, Wire{.since = 17, .tag = 0});
            fields("high_watermark", self.high_watermark,
                   Wire{.since = 18, .tag = 1, .absent = INT64_MAX});
        }
    };

    struct Topic {
        std::string topic;
        Uuid topic_id;
        std::vector<Partition> partitions;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("topic", self.topic, Wire{.until = 12});
            fields("topic_id", self.topic_id, Wire{.since = 13});
            fields("partitions", self.partitions);
        }
    };

    struct ForgottenTopic {
        std::string topic;
        Uuid topic_id;
        std::vector<std::int32_t> partitions;

        bool operator==(const ForgottenTopic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("topic", self.topic, Wire{.until = 12});
            fields("topic_id", self.topic_id, Wire{.since = 13});
            fields("partitions", self.partitions);
        }
    };

    std::optional<std::string> cluster_id;
    BrokerId replica_id = no_broker;
    ReplicaState replica_state;
    std::int32_t max_wait_ms = 0;
    std::int32_t min_bytes = 0;
    std::int32_t max_bytes = INT32_MAX;
    IsolationLevel isolation_level = IsolationLevel::read_uncommitted;
    std::int32_t session_id = 0;
    std::int32_t session_epoch = -1;
    std::vector<Topic> topics;
    std::vector<ForgottenTopic> forgotten_topics_data;
    std::string rack_id;

    // The follower that asks, or no_broker for a consumer, wherever the version carries it.
    BrokerId fetcher() const {
        return replica_state.replica_id != no_broker ? replica_state.replica_id : replica_id;
    }

    bool operator==(const FetchRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("cluster_id", self.cluster_id, Wire{.since = 12, .nullable = 12, .tag = 0});
        fields("replica_id", self.replica_id, Wire{.until = 14});
        fields("replica_state", self.replica_state, Wire{.since = 15, .tag = 1});
        fields("max_wait_ms", self.max_wait_ms);
        fields("min_bytes", self.min_bytes);
        fields("max_bytes", self.max_bytes, Wire{.since = 3});
        fields("isolation_level", self.isolation_level, Wire{.since = 4});
        fields("session_id", self.session_id, Wire{.since = 7});
        fields("session_epoch", self.session_epoch, Wire{.since = 7});
        fields("topics", self.topics);
        fields("forgotten_topics_data", self.forgotten_topics_data, Wire{.since = 7});
        fields("rack_id", self.rack_id, Wire{.since = 11});
    }
};

struct FetchResponse {
    static constexpr ApiKey api_key = FetchRequest::api_key;
    static constexpr VersionRange versions = FetchRequest::versions;
    using Request = FetchRequest;

    struct EpochEndOffset {
        LeaderEpoch epoch = no_leader_epoch;
        Offset end_offset = no_offset;

        bool operator==(const EpochEndOffset&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("epoch", self.epoch);
            fields("end_offset", self.end_offset);
        }
    };

    struct SnapshotId {
        Offset end_offset = no_offset;
        LeaderEpoch epoch = no_leader_epoch;

        bool operator==(const SnapshotId&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("end_offset", self.end_offset);
            fields("epoch", self.epoch);
        }
    };

    struct AbortedTransaction {
        ProducerId producer_id = no_producer_id;
        Offset first_offset = no_offset;

        bool operator==(const AbortedTransaction&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("producer_id", self.producer_id);
            fields("first_offset", self.first_offset);
        }
    };

    struct Partition {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;
        Offset high_watermark = no_offset;
        Offset last_stable_offset = no_offset;
        Offset log_start_offset = no_offset;
        EpochEndOffset diverging_epoch;
        LeaderIdAndEpoch current_leader;
        SnapshotId snapshot_id;
        std::optional<std::vector<AbortedTransaction>> aborted_transactions;
        BrokerId preferred_read_replica = no_broker;
        Bytes records;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
            fields("error_code", self.error_code);
            fields("high_watermark", self.high_watermark);
            fields("last_stable_offset", self.last_stable_offset, Wire{.since = 4});
            fields("log_start_offset", self.log_start_offset, Wire{.since = 5});
            fields("diverging_epoch", self.diverging_epoch, Wire{.since = 12, .tag = 0});
            fields("current_leader", self.current_leader, Wire{.since = 12, .tag = 1});
            fields("snapshot_id", self.snapshot_id, Wire{.since = 12, .tag = 2});
            fields("aborted_transactions", self.aborted_transactions,
                   Wire{.since = 4, .nullable = 4});
            fields("preferred_read_replica", self.preferred_read_replica, Wire{.since = 11});
            fields("records", self.records);
        }
    };

    struct Topic {
        std::string topic;
        Uuid topic_id;
        std::vector<Partition> partitions;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("topic", self.topic, Wire{.until = 12});
            fields("topic_id", self.topic_id, Wire{.since = 13});
            fields("partitions", self.partitions);
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::int32_t session_id = 0;
    std::vector<Topic> responses;
    std::vector<NodeEndpoint> node_endpoints;

    bool operator==(const FetchResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms, Wire{.since = 1});
        fields("error_code", self.error_code, Wire{.since = 7});
        fields("session_id", self.session_id, Wire{.since = 7});
        fields("responses", self.responses);
        fields("node_endpoints", self.node_endpoints, Wire{.since = 16, .tag = 0});
    }
};

}  // namespace squall::model
