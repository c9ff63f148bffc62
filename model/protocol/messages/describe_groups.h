// DescribeGroups: classic groups with their members. Since version 6 an unknown group is
// GROUP_ID_NOT_FOUND with a message (KIP-1043), before it is in state Dead.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/wire.h"
#include "sim/base/bytes.h"

namespace squall::model {

struct DescribeGroupsResponse;

struct DescribeGroupsRequest {
    static constexpr ApiKey api_key = ApiKey::describe_groups;
    static constexpr VersionRange versions{.min = 0, .max = 6, .flexible_since = 5};
    using Response = DescribeGroupsResponse;

    std::vector<std::string> groups;
    bool include_authorized_operations = false;

    bool operator==(const DescribeGroupsRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("groups", self.groups);
        fields("include_authorized_operations", self.include_authorized_operations,
               Wire{.since = 3});
    }
};

struct DescribeGroupsResponse {
    static constexpr ApiKey api_key = DescribeGroupsRequest::api_key;
    static constexpr VersionRange versions = DescribeGroupsRequest::versions;
    using Request = DescribeGroupsRequest;

    struct Member {
        std::string member_id;
        std::optional<std::string> group_instance_id;
        std::string client_id;
        std::string client_host;
        Bytes member_metadata;
        Bytes member_assignment;

        bool operator==(const Member&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("member_id", self.member_id);
            fields("group_instance_id", self.group_instance_id, Wire{.since = 4, .nullable = 4});
            fields("client_id", self.client_id);
            fields("client_host", self.client_host);
            fields("member_metadata", self.member_metadata);
            fields("member_assignment", self.member_assignment);
        }
    };

    struct Group {
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;
        std::string group_id;
        std::string group_state;
        std::string protocol_type;
        std::string protocol_data;
        std::vector<Member> members;
        std::int32_t authorized_operations = INT32_MIN;

        bool operator==(const Group&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("error_code", self.error_code);
            fields("error_message", self.error_message, Wire{.since = 6, .nullable = 6});
            fields("group_id", self.group_id);
            fields("group_state", self.group_state);
            fields("protocol_type", self.protocol_type);
            fields("protocol_data", self.protocol_data);
            fields("members", self.members);
            fields("authorized_operations", self.authorized_operations, Wire{.since = 3});
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Group> groups;

    bool operator==(const DescribeGroupsResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms, Wire{.since = 1});
        fields("groups", self.groups);
    }
};

}  // namespace squall::model
