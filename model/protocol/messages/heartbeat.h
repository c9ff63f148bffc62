// Heartbeat: a member of a classic group is alive, and learns whether its generation still is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct HeartbeatResponse;

struct HeartbeatRequest {
    static constexpr ApiKey api_key = ApiKey::heartbeat;
    static constexpr VersionRange versions{.min = 0, .max = 4, .flexible_since = 4};
    using Response = HeartbeatResponse;

    std::string group_id;
    GenerationId generation_id = no_generation;
    std::string member_id;
    std::optional<std::string> group_instance_id;

    bool operator==(const HeartbeatRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("group_id", self.group_id);
        fields("generation_id", self.generation_id);
        fields("member_id", self.member_id);
        fields("group_instance_id", self.group_instance_id, Wire{.since = 3, .nullable = 3});
    }
};

struct HeartbeatResponse {
    static constexpr ApiKey api_key = HeartbeatRequest::api_key;
    static constexpr VersionRange versions = HeartbeatRequest::versions;
    using Request = HeartbeatRequest;

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;

    bool operator==(const HeartbeatResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms, Wire{.since = 1});
        fields("error_code", self.error_code);
    }
};

}  // namespace squall::model
