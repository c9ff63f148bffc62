// AlterPartitionReassignments (KIP-455): moves partitions to other replicas; null replicas cancel a
// move that is under way. Since version 1 a change of the replication factor can be forbidden
// (KIP-860).
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

struct AlterPartitionReassignmentsResponse;

struct AlterPartitionReassignmentsRequest {
    static constexpr ApiKey api_key = ApiKey::alter_partition_reassignments;
    static constexpr VersionRange versions{.min = 0, .max = 1, .flexible_since = 0};
    using Response = AlterPartitionReassignmentsResponse;

    struct Partition {
        std::int32_t partition_index = 0;
        std::optional<std::vector<BrokerId>> replicas;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
            fields("replicas", self.replicas, Wire{.nullable = 0});
        }
    };

    struct Topic {
        std::string name;
        std::vector<Partition> partitions;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("partitions", self.partitions);
        }
    };

    std::int32_t timeout_ms = 60000;
    bool allow_replication_factor_change = true;
    std::vector<Topic> topics;

    bool operator==(const AlterPartitionReassignmentsRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("timeout_ms", self.timeout_ms);
        fields("allow_replication_factor_change", self.allow_replication_factor_change,
               Wire{.since = 1});
        fields("topics", self.topics);
    }
};

struct AlterPartitionReassignmentsResponse {
    static constexpr ApiKey api_key = AlterPartitionReassignmentsRequest::api_key;
    static constexpr VersionRange versions = AlterPartitionReassignmentsRequest::versions;
    using Request = AlterPartitionReassignmentsRequest;

    struct Partition {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
            fields("error_code", self.error_code);
            fields("error_message", self.error_message, Wire{.nullable = 0});
        }
    };

    struct Topic {
        std::string name;
        std::vector<Partition> partitions;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("partitions", self.partitions);
        }
    };

    std::int32_t throttle_time_ms = 0;
    bool allow_replication_factor_change = true;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::vector<Topic> responses;

    bool operator==(const AlterPartitionReassignmentsResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("allow_replication_factor_change", self.allow_replication_factor_change,
               Wire{.since = 1});
        fields("error_code", self.error_code);
        fields("error_message", self.error_message, Wire{.nullable = 0});
        fields("responses", self.responses);
    }
};

}  // namespace squall::model
