// DeleteTopics (KIP-4): by name, and since version 6 by name or id, a list for both (KIP-516).
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

struct DeleteTopicsResponse;

struct DeleteTopicsRequest {
    static constexpr ApiKey api_key = ApiKey::delete_topics;
    static constexpr VersionRange versions{.min = 0, .max = 6, .flexible_since = 4};
    using Response = DeleteTopicsResponse;

    struct Topic {
        std::optional<std::string> name;
        Uuid topic_id;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name, Wire{.nullable = 6});
            fields("topic_id", self.topic_id);
        }
    };

    std::vector<Topic> topics;
    std::vector<std::string> topic_names;
    std::int32_t timeout_ms = 0;

    bool operator==(const DeleteTopicsRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("topics", self.topics, Wire{.since = 6});
        fields("topic_names", self.topic_names, Wire{.until = 5});
        fields("timeout_ms", self.timeout_ms);
    }
};

struct DeleteTopicsResponse {
    static constexpr ApiKey api_key = DeleteTopicsRequest::api_key;
    static constexpr VersionRange versions = DeleteTopicsRequest::versions;
    using Request = DeleteTopicsRequest;

    struct Result {
        std::optional<std::string> name;
        Uuid topic_id;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;

        bool operator==(const Result&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name, Wire{.nullable = 6});
            fields("topic_id", self.topic_id, Wire{.since = 6});
            fields("error_code", self.error_code);
            fields("error_message", self.error_message, Wire{.since = 5, .nullable = 5});
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Result> responses;

    bool operator==(const DeleteTopicsResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms, Wire{.since = 1});
        fields("responses", self.responses);
    }
};

}  // namespace squall::model
