// JoinGroup: a member of a classic group offers its protocols and waits for the generation; the
// leader alone is told the members. Static membership since version 5 (KIP-345), an id to come back
// with since 4 (KIP-394).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"
#include "sim/base/bytes.h"

namespace squall::model {

struct JoinGroupResponse;

struct JoinGroupRequest {
    static constexpr ApiKey api_key = ApiKey::join_group;
    static constexpr VersionRange versions{.min = 0, .max = 9, .flexible_since = 6};
    using Response = JoinGroupResponse;

    struct Protocol {
        std::string name;
        Bytes metadata;

        bool operator==(const Protocol&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("metadata", self.metadata);
        }
    };

    std::string group_id;
    std::int32_t session_timeout_ms = 0;
    std::int32_t rebalance_timeout_ms = -1;
    std::string member_id;
    std::optional<std::string> group_instance_id;
    std::string protocol_type;
    std::vector<Protocol> protocols;
    std::optional<std::string> reason;

    bool operator==(const JoinGroupRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("group_id", self.group_id);
        fields("session_timeout_ms", self.session_timeout_ms);
        fields("rebalance_timeout_ms", self.rebalance_timeout_ms, Wire{.since = 1});
        fields("member_id", self.member_id);
        fields("group_instance_id", self.group_instance_id, Wire{.since = 5, .nullable = 5});
        fields("protocol_type", self.protocol_type);
        fields("protocols", self.protocols);
        fields("reason", self.reason, Wire{.since = 8, .nullable = 8});
    }
};

struct JoinGroupResponse {
    static constexpr ApiKey api_key = JoinGroupRequest::api_key;
    static constexpr VersionRange versions = JoinGroupRequest::versions;
    using Request = JoinGroupRequest;

    struct Member {
        std::string member_id;
        std::optional<std::string> group_instance_id;
        Bytes metadata;

        bool operator==(const Member&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("member_id", self.member_id);
            fields("group_instance_id", self.group_instance_id, Wire{.since = 5, .nullable = 5});
            fields("metadata", self.metadata);
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    GenerationId generation_id = no_generation;
    std::optional<std::string> protocol_type;
    std::optional<std::string> protocol_name;
    std::string leader;
    bool skip_assignment = false;
    std::string member_id;
    std::vector<Member> members;

    bool operator==(const JoinGroupResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms, Wire{.since = 2});
        fields("error_code", self.error_code);
        fields("generation_id", self.generation_id);
        fields("protocol_type", self.protocol_type, Wire{.since = 7, .nullable = 7});
        fields("protocol_name", self.protocol_name, Wire{.nullable = 7});
        fields("leader", self.leader);
        fields("skip_assignment", self.skip_assignment, Wire{.since = 9});
        fields("member_id", self.member_id);
        fields("members", self.members);
    }
};

}  // namespace squall::model
