// BrokerHeartbeat: a broker keeps its registration alive, asks to be unfenced or to shut down, and
// says how far it has replayed the metadata log (KIP-631).
#pragma once

#include <cstdint>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct BrokerHeartbeatResponse;

struct BrokerHeartbeatRequest {
    static constexpr ApiKey api_key = ApiKey::broker_heartbeat;
    static constexpr VersionRange versions{.min = 0, .max = 1, .flexible_since = 0};
    using Response = BrokerHeartbeatResponse;

    BrokerId broker_id = no_broker;
    BrokerEpoch broker_epoch{-1};
    Offset current_metadata_offset = no_offset;
    bool want_fence = false;
    bool want_shut_down = false;
    std::vector<Uuid> offline_log_dirs;

    bool operator==(const BrokerHeartbeatRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker_id", self.broker_id);
        fields("broker_epoch", self.broker_epoch);
        fields("current_metadata_offset", self.current_metadata_offset);
        fields("want_fence", self.want_fence);
        fields("want_shut_down", self.want_shut_down);
        fields("offline_log_dirs", self.offline_log_dirs, Wire{.since = 1, .tag = 0});
    }
};

struct BrokerHeartbeatResponse {
    static constexpr ApiKey api_key = BrokerHeartbeatRequest::api_key;
    static constexpr VersionRange versions = BrokerHeartbeatRequest::versions;
    using Request = BrokerHeartbeatRequest;

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    bool is_caught_up = false;
    bool is_fenced = true;
    bool should_shut_down = false;

    bool operator==(const BrokerHeartbeatResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("error_code", self.error_code);
        fields("is_caught_up", self.is_caught_up);
        fields("is_fenced", self.is_fenced);
        fields("should_shut_down", self.should_shut_down);
    }
};

}  // namespace squall::model
