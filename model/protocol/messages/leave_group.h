// LeaveGroup: a member goes; several, or static ones by instance id, since version 3 (KIP-345).
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

struct LeaveGroupResponse;

struct LeaveGroupRequest {
    static constexpr ApiKey api_key = ApiKey::leave_group;
    static constexpr VersionRange versions{.min = 0, .max = 5, .flexible_since = 4};
    using Response = LeaveGroupResponse;

    struct Member {
        std::string member_id;
        std::optional<std::string> group_instance_id;
        std::optional<std::string> reason;

        bool operator==(const Member&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("member_id", self.member_id);
            fields("group_instance_id", self.group_instance_id, Wire{.nullable = 3});
            fields("reason", self.reason, Wire{.since = 5, .nullable = 5});
        }
    };

    std::string group_id;
    std::string member_id;
    std::vector<Member> members;

    bool operator==(const LeaveGroupRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("group_id", self.group_id);
        fields("member_id", self.member_id, Wire{.until = 2});
        fields("members", self.members, Wire{.since = 3});
    }
};

struct LeaveGroupResponse {
    static constexpr ApiKey api_key = LeaveGroupRequest::api_key;
    static constexpr VersionRange versions = LeaveGroupRequest::versions;
    using Request = LeaveGroupRequest;

    struct Member {
        std::string member_id;
        std::optional<std::string> group_instance_id;
        ErrorCode error_code = ErrorCode::none;

        bool operator==(const Member&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("member_id", self.member_id);
            fields("group_instance_id", self.group_instance_id, Wire{.nullable = 3});
            fields("error_code", self.error_code);
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<Member> members;

    bool operator==(const LeaveGroupResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms, Wire{.since = 1});
        fields("error_code", self.error_code);
        fields("members", self.members, Wire{.since = 3});
    }
};

}  // namespace squall::model
