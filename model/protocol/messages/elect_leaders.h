// ElectLeaders: makes the preferred replicas leaders (KIP-183), or any live one where a partition
// has no leader (unclean, KIP-460). Null partitions ask for all.
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

struct ElectLeadersResponse;

struct ElectLeadersRequest {
    static constexpr ApiKey api_key = ApiKey::elect_leaders;
    static constexpr VersionRange versions{.min = 0, .max = 2, .flexible_since = 2};
    using Response = ElectLeadersResponse;

    struct Topic {
        std::string topic;
        std::vector<std::int32_t> partitions;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("topic", self.topic);
            fields("partitions", self.partitions);
        }
    };

    ElectionType election_type = ElectionType::preferred;
    std::optional<std::vector<Topic>> topic_partitions;
    std::int32_t timeout_ms = 60000;

    bool operator==(const ElectLeadersRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("election_type", self.election_type, Wire{.since = 1});
        fields("topic_partitions", self.topic_partitions, Wire{.nullable = 0});
        fields("timeout_ms", self.timeout_ms);
    }
};

struct ElectLeadersResponse {
    static constexpr ApiKey api_key = ElectLeadersRequest::api_key;
    static constexpr VersionRange versions = ElectLeadersRequest::versions;
    using Request = ElectLeadersRequest;

    struct Partition {
        std::int32_t partition_id = 0;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_id", self.partition_id);
            fields("error_code", self.error_code);
            fields("error_message", self.error_message, Wire{.nullable = 0});
        }
    };

    struct Topic {
        std::string topic;
        std::vector<Partition> partition_result;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("topic", self.topic);
            fields("partition_result", self.partition_result);
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<Topic> replica_election_results;

    bool operator==(const ElectLeadersResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("error_code", self.error_code, Wire{.since = 1});
        fields("replica_election_results", self.replica_election_results);
    }
};

}  // namespace squall::model
