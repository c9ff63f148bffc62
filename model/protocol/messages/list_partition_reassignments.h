// ListPartitionReassignments (KIP-455): the moves that are under way. Null topics ask for all.
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

struct ListPartitionReassignmentsResponse;

struct ListPartitionReassignmentsRequest {
    static constexpr ApiKey api_key = ApiKey::list_partition_reassignments;
    static constexpr VersionRange versions{.min = 0, .max = 0, .flexible_since = 0};
    using Response = ListPartitionReassignmentsResponse;

    struct Topic {
        std::string name;
        std::vector<std::int32_t> partition_indexes;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("partition_indexes", self.partition_indexes);
        }
    };

    std::int32_t timeout_ms = 60000;
    std::optional<std::vector<Topic>> topics;

    bool operator==(const ListPartitionReassignmentsRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("timeout_ms", self.timeout_ms);
        fields("topics", self.topics, Wire{.nullable = 0});
    }
};

struct ListPartitionReassignmentsResponse {
    static constexpr ApiKey api_key = ListPartitionReassignmentsRequest::api_key;
    static constexpr VersionRange versions = ListPartitionReassignmentsRequest::versions;
    using Request = ListPartitionReassignmentsRequest;

    struct Partition {
        std::int32_t partition_index = 0;
        std::vector<BrokerId> replicas;
        std::vector<BrokerId> adding_replicas;
        std::vector<BrokerId> removing_replicas;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
            fields("replicas", self.replicas);
            fields("adding_replicas", self.adding_replicas);
            fields("removing_replicas", self.removing_replicas);
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
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::vector<Topic> topics;

    bool operator==(const ListPartitionReassignmentsResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("error_code", self.error_code);
        fields("error_message", self.error_message, Wire{.nullable = 0});
        fields("topics", self.topics);
    }
};

}  // namespace squall::model
