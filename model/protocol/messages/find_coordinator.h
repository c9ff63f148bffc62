// FindCoordinator: which broker coordinates a group or a transactional id. One key until version 3,
// several since 4 (KIP-699).
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

struct FindCoordinatorResponse;

struct FindCoordinatorRequest {
    static constexpr ApiKey api_key = ApiKey::find_coordinator;
    static constexpr VersionRange versions{.min = 0, .max = 6, .flexible_since = 3};
    using Response = FindCoordinatorResponse;

    std::string key;
    CoordinatorType key_type = CoordinatorType::group;
    std::vector<std::string> coordinator_keys;

    bool operator==(const FindCoordinatorRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("key", self.key, Wire{.until = 3});
        fields("key_type", self.key_type, Wire{.since = 1});
        fields("coordinator_keys", self.coordinator_keys, Wire{.since = 4});
    }
};

struct FindCoordinatorResponse {
    static constexpr ApiKey api_key = FindCoordinatorRequest::api_key;
    static constexpr VersionRange versions = FindCoordinatorRequest::versions;
    using Request = FindCoordinatorRequest;

    struct Coordinator {
        std::string key;
        BrokerId node_id = no_broker;
        std::string host;
        std::int32_t port = 0;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;

        bool operator==(const Coordinator&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("key", self.key);
            fields("node_id", self.node_id);
            fields("host", self.host);
            fields("port", self.port);
            fields("error_code", self.error_code);
            fields("error_message", self.error_message, Wire{.nullable = 4});
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    BrokerId node_id = no_broker;
    std::string host;
    std::int32_t port = 0;
    std::vector<Coordinator> coordinators;

    bool operator==(const FindCoordinatorResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms, Wire{.since = 1});
        fields("error_code", self.error_code, Wire{.until = 3});
        fields("error_message", self.error_message, Wire{.since = 1, .until = 3, .nullable = 1});
        fields("node_id", self.node_id, Wire{.until = 3});
        fields("host", self.host, Wire{.until = 3});
        fields("port", self.port, Wire{.until = 3});
        fields("coordinators", self.coordinators, Wire{.since = 4});
    }
};

}  // namespace squall::model
