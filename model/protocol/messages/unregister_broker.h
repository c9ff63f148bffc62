// UnregisterBroker (KIP-631): takes a broker out of the cluster's registrations.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct UnregisterBrokerResponse;

struct UnregisterBrokerRequest {
    static constexpr ApiKey api_key = ApiKey::unregister_broker;
    static constexpr VersionRange versions{.min = 0, .max = 0, .flexible_since = 0};
    using Response = UnregisterBrokerResponse;

    BrokerId broker_id = no_broker;

    bool operator==(const UnregisterBrokerRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker_id", self.broker_id);
    }
};

struct UnregisterBrokerResponse {
    static constexpr ApiKey api_key = UnregisterBrokerRequest::api_key;
    static constexpr VersionRange versions = UnregisterBrokerRequest::versions;
    using Request = UnregisterBrokerRequest;

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;

    bool operator==(const UnregisterBrokerResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("error_code", self.error_code);
        fields("error_message", self.error_message, Wire{.nullable = 0});
    }
};

}  // namespace squall::model
