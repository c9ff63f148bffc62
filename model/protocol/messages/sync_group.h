// SyncGroup: the leader of a classic group hands in the assignment, every member takes its own
// home.
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

struct SyncGroupResponse;

struct SyncGroupRequest {
    static constexpr ApiKey api_key = ApiKey::sync_group;
    static constexpr VersionRange versions{.min = 0, .max = 5, .flexible_since = 4};
    using Response = SyncGroupResponse;

    struct Assignment {
        std::string member_id;
        Bytes assignment;

        bool operator==(const Assignment&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("member_id", self.member_id);
            fields("assignment", self.assignment);
        }
    };

    std::string group_id;
    GenerationId generation_id = no_generation;
    std::string member_id;
    std::optional<std::string> group_instance_id;
    std::optional<std::string> protocol_type;
    std::optional<std::string> protocol_name;
    std::vector<Assignment> assignments;

    bool operator==(const SyncGroupRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("group_id", self.group_id);
        fields("generation_id", self.generation_id);
        fields("member_id", self.member_id);
        fields("group_instance_id", self.group_instance_id, Wire{.since = 3, .nullable = 3});
        fields("protocol_type", self.protocol_type, Wire{.since = 5, .nullable = 5});
        fields("protocol_name", self.protocol_name, Wire{.since = 5, .nullable = 5});
        fields("assignments", self.assignments);
    }
};

struct SyncGroupResponse {
    static constexpr ApiKey api_key = SyncGroupRequest::api_key;
    static constexpr VersionRange versions = SyncGroupRequest::versions;
    using Request = SyncGroupRequest;

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> protocol_type;
    std::optional<std::string> protocol_name;
    Bytes assignment;

    bool operator==(const SyncGroupResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms, Wire{.since = 1});
        fields("error_code", self.error_code);
        fields("protocol_type", self.protocol_type, Wire{.since = 5, .nullable = 5});
        fields("protocol_name", self.protocol_name, Wire{.since = 5, .nullable = 5});
        fields("assignment", self.assignment);
    }
};

}  // namespace squall::model
