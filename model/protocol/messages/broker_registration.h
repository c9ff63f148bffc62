// BrokerRegistration: a broker process introduces itself to the controller and gets its broker
// epoch (KIP-631). The incarnation id tells two processes of one broker id apart.
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

struct BrokerRegistrationResponse;

struct BrokerRegistrationRequest {
    static constexpr ApiKey api_key = ApiKey::broker_registration;
    static constexpr VersionRange versions{.min = 0, .max = 4, .flexible_since = 0};
    using Response = BrokerRegistrationResponse;

    struct Listener {
        std::string name;
        std::string host;
        std::uint16_t port = 0;
        std::int16_t security_protocol = 0;

        bool operator==(const Listener&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("host", self.host);
            fields("port", self.port);
            fields("security_protocol", self.security_protocol);
        }
    };

    struct Feature {
        std::string name;
        std::int16_t min_supported_version = 0;
        std::int16_t max_supported_version = 0;

        bool operator==(const Feature&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("min_supported_version", self.min_supported_version);
            fields("max_supported_version", self.max_supported_version);
        }
    };

    BrokerId broker_id = no_broker;
    std::string cluster_id;
    Uuid incarnation_id;
    std::vector<Listener> listeners;
    std::vector<Feature> features;
    std::optional<std::string> rack;
    bool is_migrating_zk_broker = false;
    std::vector<Uuid> log_dirs;
    BrokerEpoch previous_broker_epoch{-1};

    bool operator==(const BrokerRegistrationRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker_id", self.broker_id);
        fields("cluster_id", self.cluster_id);
        fields("incarnation_id", self.incarnation_id);
        fields("listeners", self.listeners);
        fields("features", self.features);
        fields("rack", self.rack, Wire{.nullable = 0});
        fields("is_migrating_zk_broker", self.is_migrating_zk_broker, Wire{.since = 1});
        fields("log_dirs", self.log_dirs, Wire{.since = 2});
        fields("previous_broker_epoch", self.previous_broker_epoch, Wire{.since = 3});
    }
};

struct BrokerRegistrationResponse {
    static constexpr ApiKey api_key = BrokerRegistrationRequest::api_key;
    static constexpr VersionRange versions = BrokerRegistrationRequest::versions;
    using Request = BrokerRegistrationRequest;

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    BrokerEpoch broker_epoch{-1};

    bool operator==(const BrokerRegistrationResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("error_code", self.error_code);
        fields("broker_epoch", self.broker_epoch);
    }
};

}  // namespace squall::model
