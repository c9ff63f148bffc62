// DescribeTopicPartitions (KIP-966): topics page by page, with their eligible leader replicas. An
// answer that was cut at the limit says where the next one begins.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"

namespace squall::model {

// Where the next page begins. Not within the messages: an optional of a nested struct that has
// initialisers is not one of a complete type for every compiler (CWG 1397).
struct TopicPartitionCursor {
    std::string topic_name;
    std::int32_t partition_index = 0;

    bool operator==(const TopicPartitionCursor&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("topic_name", self.topic_name);
        fields("partition_index", self.partition_index);
    }
};

struct DescribeTopicPartitionsResponse;

struct DescribeTopicPartitionsRequest {
    static constexpr ApiKey api_key = ApiKey::describe_topic_partitions;
    static constexpr VersionRange versions{.min = 0, .max = 0, .flexible_since = 0};
    using Response = DescribeTopicPartitionsResponse;

    struct Topic {
        std::string name;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
        }
    };

    using Cursor = TopicPartitionCursor;

    std::vector<Topic> topics;
    std::int32_t response_partition_limit = 2000;
    std::optional<Cursor> cursor;

    bool operator==(const DescribeTopicPartitionsRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("topics", self.topics);
        fields("response_partition_limit", self.response_partition_limit);
        fields("cursor", self.cursor, Wire{.nullable = 0});
    }
};

struct DescribeTopicPartitionsResponse {
    static constexpr ApiKey api_key = DescribeTopicPartitionsRequest::api_key;
    static constexpr VersionRange versions = DescribeTopicPartitionsRequest::versions;
    using Request = DescribeTopicPartitionsRequest;

    struct Partition {
        ErrorCode error_code = ErrorCode::none;
        std::int32_t partition_index = 0;
        BrokerId leader_id = no_broker;
        LeaderEpoch leader_epoch = no_leader_epoch;
        std::vector<BrokerId> replica_nodes;
        std::vector<BrokerId> isr_nodes;
        std::optional<std::vector<BrokerId>> eligible_leader_replicas;
        std::optional<std::vector<BrokerId>> last_known_elr;
        std::vector<BrokerId> offline_replicas;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("error_code", self.error_code);
            fields("partition_index", self.partition_index);
            fields("leader_id", self.leader_id);
            fields("leader_epoch", self.leader_epoch);
            fields("replica_nodes", self.replica_nodes);
            fields("isr_nodes", self.isr_nodes);
            fields("eligible_leader_replicas", self.eligible_leader_replicas, Wire{.nullable = 0});
            fields("last_known_elr", self.last_known_elr, Wire{.nullable = 0});
            fields("offline_replicas", self.offline_replicas);
        }
    };

    struct Topic {
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> name;
        Uuid topic_id;
        bool is_internal = false;
        std::vector<Partition> partitions;
        std::int32_t topic_authorized_operations = INT32_MIN;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("error_code", self.error_code);
            fields("name", self.name, Wire{.nullable = 0});
            fields("topic_id", self.topic_id);
            fields("is_internal", self.is_internal);
            fields("partitions", self.partitions);
            fields("topic_authorized_operations", self.topic_authorized_operations);
        }
    };

    using Cursor = TopicPartitionCursor;

    std::int32_t throttle_time_ms = 0;
    std::vector<Topic> topics;
    std::optional<Cursor> next_cursor;

    bool operator==(const DescribeTopicPartitionsResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("topics", self.topics);
        fields("next_cursor", self.next_cursor, Wire{.nullable = 0});
    }
};

}  // namespace squall::model
