// ConsumerGroupDescribe (KIP-848): consumer groups with their members' assignments, now and to
// come. Since version 1 with the protocol that a member speaks (KIP-1099).
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

struct ConsumerGroupDescribeResponse;

struct ConsumerGroupDescribeRequest {
    static constexpr ApiKey api_key = ApiKey::consumer_group_describe;
    static constexpr VersionRange versions{.min = 0, .max = 1, .flexible_since = 0};
    using Response = ConsumerGroupDescribeResponse;

    std::vector<std::string> group_ids;
    bool include_authorized_operations = false;

    bool operator==(const ConsumerGroupDescribeRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("group_ids", self.group_ids);
        fields("include_authorized_operations", self.include_authorized_operations);
    }
};

struct ConsumerGroupDescribeResponse {
    static constexpr ApiKey api_key = ConsumerGroupDescribeRequest::api_key;
    static constexpr VersionRange versions = ConsumerGroupDescribeRequest::versions;
    using Request = ConsumerGroupDescribeRequest;

    struct TopicPartitions {
        Uuid topic_id;
        std::string topic_name;
        std::vector<std::int32_t> partitions;

        bool operator==(const TopicPartitions&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("topic_id", self.topic_id);
            fields("topic_name", self.topic_name);
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

    struct Member {
        std::string member_id;
        std::optional<std::string> instance_id;
        std::optional<std::string> rack_id;
        std::int32_t member_epoch = 0;
        std::string client_id;
        std::string client_host;
        std::vector<std::string> subscribed_topic_names;
        std::optional<std::string> subscribed_topic_regex;
        Assignment assignment;
        Assignment target_assignment;
        std::int8_t member_type = -1;  // 0 classic, 1 consumer, -1 unknown

        bool operator==(const Member&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("member_id", self.member_id);
            fields("instance_id", self.instance_id, Wire{.nullable = 0});
            fields("rack_id", self.rack_id, Wire{.nullable = 0});
            fields("member_epoch", self.member_epoch);
            fields("client_id", self.client_id);
            fields("client_host", self.client_host);
            fields("subscribed_topic_names", self.subscribed_topic_names);
            fields("subscribed_topic_regex", self.subscribed_topic_regex, Wire{.nullable = 0});
            fields("assignment", self.assignment);
            fields("target_assignment", self.target_assignment);
            fields("member_type", self.member_type, Wire{.since = 1});
        }
    };

    struct Group {
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;
        std::string group_id;
        std::string group_state;
        std::int32_t group_epoch = 0;
        std::int32_t assignment_epoch = 0;
        std::string assignor_name;
        std::vector<Member> members;
        std::int32_t authorized_operations = INT32_MIN;

        bool operator==(const Group&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("error_code", self.error_code);
            fields("error_message", self.error_message, Wire{.nullable = 0});
            fields("group_id", self.group_id);
            fields("group_state", self.group_state);
            fields("group_epoch", self.group_epoch);
            fields("assignment_epoch", self.assignment_epoch);
            fields("assignor_name", self.assignor_name);
            fields("members", self.members);
            fields("authorized_operations", self.authorized_operations);
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Group> groups;

    bool operator==(const ConsumerGroupDescribeResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("groups", self.groups);
    }
};

}  // namespace squall::model
