// ConsumerGroupHeartbeat (KIP-848): a member of a consumer group joins with epoch 0, leaves with -1
// (-2 if it is static and comes back), and between tells what changed; null is "as before". Version
// 1 brought regular expressions and member ids of the member's own making (KIP-1082).
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

struct ConsumerGroupHeartbeatResponse;

struct ConsumerGroupHeartbeatRequest {
    static constexpr ApiKey api_key = ApiKey::consumer_group_heartbeat;
    static constexpr VersionRange versions{.min = 0, .max = 1, .flexible_since = 0};
    using Response = ConsumerGroupHeartbeatResponse;

    struct TopicPartitions {
        Uuid topic_id;
        std::vector<std::int32_t> partitions;

        bool operator==(const TopicPartitions&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("topic_id", self.topic_id);
            fields("partitions", self.partitions);
        }
    };

    std::string group_id;
    std::string member_id;
    std::int32_t member_epoch = 0;
    std::optional<std::string> instance_id;
    std::optional<std::string> rack_id;
    std::int32_t rebalance_timeout_ms = -1;
    std::optional<std::vector<std::string>> subscribed_topic_names;
    std::optional<std::string> subscribed_topic_regex;
    std::optional<std::string> server_assignor;
    std::optional<std::vector<TopicPartitions>> topic_partitions;

    bool operator==(const ConsumerGroupHeartbeatRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("group_id", self.group_id);
        fields("member_id", self.member_id);
        fields("member_epoch", self.member_epoch);
        fields("instance_id", self.instance_id, Wire{.nullable = 0});
        fields("rack_id", self.rack_id, Wire{.nullable = 0});
        fields("rebalance_timeout_ms", self.rebalance_timeout_ms);
        fields("subscribed_topic_names", self.subscribed_topic_names, Wire{.nullable = 0});
        fields("subscribed_topic_regex", self.subscribed_topic_regex,
               Wire{.since = 1, .nullable = 1});
        fields("server_assignor", self.server_assignor, Wire{.nullable = 0});
        fields("topic_partitions", self.topic_partitions, Wire{.nullable = 0});
    }
};

struct ConsumerGroupHeartbeatResponse {
    static constexpr ApiKey api_key = ConsumerGroupHeartbeatRequest::api_key;
    static constexpr VersionRange versions = ConsumerGroupHeartbeatRequest::versions;
    using Request = ConsumerGroupHeartbeatRequest;

    struct TopicPartitions {
        Uuid topic_id;
        std::vector<std::int32_t> partitions;

        bool operator==(const TopicPartitions&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("topic_id", self.topic_id);
            fields("partitions", self.partitions);
        }
    };

    struct Assignment {
        std::vector<TopicPartitions> topic_partitions;

        bool operator==(const Assignment&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("topic_partitions", self.topic_partitions);
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::optional<std::string> member_id;
    std::int32_t member_epoch = 0;
    std::int32_t heartbeat_interval_ms = 0;
    std::optional<Assignment> assignment;

    bool operator==(const ConsumerGroupHeartbeatResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("error_code", self.error_code);
        fields("error_message", self.error_message, Wire{.nullable = 0});
        fields("member_id", self.member_id, Wire{.nullable = 0});
        fields("member_epoch", self.member_epoch);
        fields("heartbeat_interval_ms", self.heartbeat_interval_ms);
        fields("assignment", self.assignment, Wire{.nullable = 0});
    }
};

}  // namespace squall::model
