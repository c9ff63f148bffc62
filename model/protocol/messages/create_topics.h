// CreateTopics (KIP-4). Partitions or replication factor -1 ask for the broker's default (KIP-464);
// answers since version 5 carry what was made (KIP-525).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/config_resource.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct CreateTopicsResponse;

struct CreateTopicsRequest {
    static constexpr ApiKey api_key = ApiKey::create_topics;
    static constexpr VersionRange versions{.min = 0, .max = 7, .flexible_since = 5};
    using Response = CreateTopicsResponse;

    struct Assignment {
        std::int32_t partition_index = 0;
        std::vector<BrokerId> broker_ids;

        bool operator==(const Assignment&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
            fields("broker_ids", self.broker_ids);
        }
    };

    struct Config {
        std::string name;
        std::optional<std::string> value;

        bool operator==(const Config&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("value", self.value, Wire{.nullable = 0});
        }
    };

    struct Topic {
        std::string name;
        std::int32_t num_partitions = 0;
        std::int16_t replication_factor = 0;
        std::vector<Assignment> assignments;
        std::vector<Config> configs;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("num_partitions", self.num_partitions);
            fields("replication_factor", self.replication_factor);
            fields("assignments", self.assignments);
            fields("configs", self.configs);
        }
    };

    std::vector<Topic> topics;
    std::int32_t timeout_ms = 60000;
    bool validate_only = false;

    bool operator==(const CreateTopicsRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("topics", self.topics);
        fields("timeout_ms", self.timeout_ms);
        fields("validate_only", self.validate_only, Wire{.since = 1});
    }
};

struct CreateTopicsResponse {
    static constexpr ApiKey api_key = CreateTopicsRequest::api_key;
    static constexpr VersionRange versions = CreateTopicsRequest::versions;
    using Request = CreateTopicsRequest;

    struct Config {
        std::string name;
        std::optional<std::string> value;
        bool read_only = false;
        ConfigSource config_source = ConfigSource::unknown;
        bool is_sensitive = false;

        bool operator==(const Config&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("value", self.value, Wire{.nullable = 5});
            fields("read_only", self.read_only);
            fields("config_source", self.config_source);
            fields("is_sensitive", self.is_sensitive);
        }
    };

    struct Topic {
        std::string name;
        Uuid topic_id;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;
        ErrorCode topic_config_error_code = ErrorCode::none;
        std::int32_t num_partitions = -1;
        std::int16_t replication_factor = -1;
        std::optional<std::vector<Config>> configs;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("topic_id", self.topic_id, Wire{.since = 7});
            fields("error_code", self.error_code);
            fields("error_message", self.error_message, Wire{.since = 1, .nullable = 0});
            fields("topic_config_error_code", self.topic_config_error_code,
                   Wire{.since = 5, .tag = 0});
            fields("num_partitions", self.num_partitions, Wire{.since = 5});
            fields("replication_factor", self.replication_factor, Wire{.since = 5});
            fields("configs", self.configs, Wire{.since = 5, .nullable = 5});
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Topic> topics;

    bool operator==(const CreateTopicsResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms, Wire{.since = 2});
        fields("topics", self.topics);
    }
};

}  // namespace squall::model
