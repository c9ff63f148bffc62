// Produce: encoded record batches for leaders of partitions. Acks 0 has no answer at all.
//
// `records` is one or more encoded v2 batches; null and empty are the same thing here and are
// written as empty. Since version 13 topics are named by id alone (KIP-516).
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

struct ProduceResponse;

struct ProduceRequest {
    static constexpr ApiKey api_key = ApiKey::produce;
    static constexpr VersionRange versions{.min = 0, .max = 13, .flexible_since = 9};
    using Response = ProduceResponse;

    struct Partition {
        std::int32_t index = 0;
        Bytes records;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("index", self.index);
            fields("records", self.records);
        }
    };

    struct Topic {
        std::string name;
        Uuid topic_id;
        std::vector<Partition> partition_data;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name, Wire{.until = 12});
            fields("topic_id", self.topic_id, Wire{.since = 13});
            fields("partition_data", self.partition_data);
        }
    };

    std::optional<std::string> transactional_id;
    std::int16_t acks = 0;
    std::int32_t timeout_ms = 0;
    std::vector<Topic> topic_data;

    bool operator==(const ProduceRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("transactional_id", self.transactional_id, Wire{.since = 3, .nullable = 3});
        fields("acks", self.acks);
        fields("timeout_ms", self.timeout_ms);
        fields("topic_data", self.topic_data);
    }
};

struct ProduceResponse {
    static constexpr ApiKey api_key = ProduceRequest::api_key;
    static constexpr VersionRange versions = ProduceRequest::versions;
    using Request = ProduceRequest;

    struct RecordError {
        std::int32_t batch_index = 0;
        std::optional<std::string> batch_index_error_message;

        bool operator==(const RecordError&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("batch_index", self.batch_index);
            fields("batch_index_error_message", self.batch_index_error_message,
                   Wire{.nullable = 8});
        }
    };

    struct Partition {
        std::int32_t index = 0;
        ErrorCode error_code = ErrorCode::none;
        Offset base_offset = no_offset;
        TimestampMs log_append_time_ms = no_timestamp;
        Offset log_start_offset = no_offset;
        std::vector<RecordError> record_errors;
        std::optional<std::string> error_message;
        LeaderIdAndEpoch current_leader;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("index", self.index);
            fields("error_code", self.error_code);
            fields("base_offset", self.base_offset);
            fields("log_append_time_ms", self.log_append_time_ms, Wire{.since = 2});
            fields("log_start_offset", self.log_start_offset, Wire{.since = 5});
            fields("record_errors", self.record_errors, Wire{.since = 8});
            fields("error_message", self.error_message, Wire{.since = 8, .nullable = 8});
            fields("current_leader", self.current_leader, Wire{.since = 10, .tag = 0});
        }
    };

    struct Topic {
        std::string name;
        Uuid topic_id;
        std::vector<Partition> partition_responses;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name, Wire{.until = 12});
            fields("topic_id", self.topic_id, Wire{.since = 13});
            fields("partition_responses", self.partition_responses);
        }
    };

    std::vector<Topic> responses;
    std::int32_t throttle_time_ms = 0;
    std::vector<NodeEndpoint> node_endpoints;

    bool operator==(const ProduceResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("responses", self.responses);
        fields("throttle_time_ms", self.throttle_time_ms, Wire{.since = 1});
        fields("node_endpoints", self.node_endpoints, Wire{.since = 10, .tag = 0});
    }
};

}  // namespace squall::model
