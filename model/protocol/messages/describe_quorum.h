// DescribeQuorum: the state of the metadata quorum as its leader sees it (KIP-595, KIP-836;
// directory ids and endpoints by KIP-853).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/messages/raft_endpoint.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct DescribeQuorumResponse;

struct DescribeQuorumRequest {
    static constexpr ApiKey api_key = ApiKey::describe_quorum;
    static constexpr VersionRange versions{.min = 0, .max = 2, .flexible_since = 0};
    using Response = DescribeQuorumResponse;

    struct Partition {
        std::int32_t partition_index = 0;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
        }
    };

    struct Topic {
        std::string topic_name;
        std::vector<Partition> partitions;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("topic_name", self.topic_name);
            fields("partitions", self.partitions);
        }
    };

    std::vector<Topic> topics;

    bool operator==(const DescribeQuorumRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("topics", self.topics);
    }
};

struct DescribeQuorumResponse {
    static constexpr ApiKey api_key = DescribeQuorumRequest::api_key;
    static constexpr VersionRange versions = DescribeQuorumRequest::versions;
    using Request = DescribeQuorumRequest;

    struct ReplicaState {
        BrokerId replica_id = no_broker;
        Uuid replica_directory_id;
        Offset log_end_offset = no_offset;
        // By the leader's wall clock; -1: unknown.
        TimestampMs last_fetch_timestamp = -1;
        TimestampMs last_caught_up_timestamp = -1;

        bool operator==(const ReplicaState&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("replica_id", self.replica_id);
            fields("replica_directory_id", self.replica_directory_id, Wire{.since = 2});
            fields("log_end_offset", self.log_end_offset);
            fields("last_fetch_timestamp", self.last_fetch_timestamp, Wire{.since = 1});
            fields("last_caught_up_timestamp", self.last_caught_up_timestamp, Wire{.since = 1});
        }
    };

    struct Partition {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;
        BrokerId leader_id = no_broker;
        RaftEpoch leader_epoch;
        Offset high_watermark = no_offset;
        std::vector<ReplicaState> current_voters;
        std::vector<ReplicaState> observers;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
            fields("error_code", self.error_code);
            fields("error_message", self.error_message, Wire{.since = 2, .nullable = 2});
            fields("leader_id", self.leader_id);
            fields("leader_epoch", self.leader_epoch);
            fields("high_watermark", self.high_watermark);
            fields("current_voters", self.current_voters);
            fields("observers", self.observers);
        }
    };

    struct Topic {
        std::string topic_name;
        std::vector<Partition> partitions;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("topic_name", self.topic_name);
            fields("partitions", self.partitions);
        }
    };

    struct Node {
        BrokerId node_id = no_broker;
        std::vector<RaftListener> listeners;

        bool operator==(const Node&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("node_id", self.node_id);
            fields("listeners", self.listeners);
        }
    };

    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::vector<Topic> topics;
    std::vector<Node> nodes;

    bool operator==(const DescribeQuorumResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("error_code", self.error_code);
        fields("error_message", self.error_message, Wire{.since = 2, .nullable = 2});
        fields("topics", self.topics);
        fields("nodes", self.nodes, Wire{.since = 2});
    }
};

}  // namespace squall::model
