// CreatePartitions (KIP-195): topics grow to `count` partitions. Null assignments leave the placing
// to the controller; else there is one for each new partition.
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

struct CreatePartitionsResponse;

struct CreatePartitionsRequest {
    static constexpr ApiKey api_key = ApiKey::create_partitions;
    static constexpr VersionRange versions{.min = 0, .max = 3, .flexible_since = 2};
    using Response = CreatePartitionsResponse;

    struct Assignment {
        std::vector<BrokerId> broker_ids;

        bool operator==(const Assignment&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("broker_ids", self.broker_ids);
        }
    };

    struct Topic {
        std::string name;
        std::int32_t count = 0;
        std::optional<std::vector<Assignment>> assignments;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("count", self.count);
            fields("assignments", self.assignments, Wire{.nullable = 0});
        }
    };

    std::vector<Topic> topics;
    std::int32_t timeout_ms = 0;
    bool validate_only = false;

    bool operator==(const CreatePartitionsRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("topics", self.topics);
        fields("timeout_ms", self.timeout_ms);
        fields("validate_only", self.validate_only);
    }
};

struct CreatePartitionsResponse {
    static constexpr ApiKey api_key = CreatePartitionsRequest::api_key;
    static constexpr VersionRange versions = CreatePartitionsRequest::versions;
    using Request = CreatePartitionsRequest;

    struct Result {
        std::string name;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;

        bool operator==(const Result&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("error_code", self.error_code);
            fields("error_message", self.error_message, Wire{.nullable = 0});
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Result> results;

    bool operator==(const CreatePartitionsResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("results", self.results);
    }
};

}  // namespace squall::model
