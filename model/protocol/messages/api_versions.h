// ApiVersions: what a broker speaks, asked first on a connection (KIP-35; client name and version
// by KIP-511; features by KIP-584).
//
// A broker answers a version it does not know in version 0 with UNSUPPORTED_VERSION, and every
// answer has response header 0, so that a client can read it before it knows what the broker
// speaks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct ApiVersionsResponse;

struct ApiVersionsRequest {
    static constexpr ApiKey api_key = ApiKey::api_versions;
    static constexpr VersionRange versions{.min = 0, .max = 4, .flexible_since = 3};
    using Response = ApiVersionsResponse;

    std::string client_software_name;
    std::string client_software_version;

    bool operator==(const ApiVersionsRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("client_software_name", self.client_software_name, Wire{.since = 3});
        fields("client_software_version", self.client_software_version, Wire{.since = 3});
    }
};

struct ApiVersionsResponse {
    static constexpr ApiKey api_key = ApiVersionsRequest::api_key;
    static constexpr VersionRange versions = ApiVersionsRequest::versions;
    using Request = ApiVersionsRequest;

    struct Api {
        ApiKey api_key = ApiKey::produce;
        std::int16_t min_version = 0;
        std::int16_t max_version = 0;

        bool operator==(const Api&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("api_key", self.api_key);
            fields("min_version", self.min_version);
            fields("max_version", self.max_version);
        }
    };

    struct SupportedFeature {
        std::string name;
        std::int16_t min_version = 0;
        std::int16_t max_version = 0;

        bool operator==(const SupportedFeature&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("min_version", self.min_version);
            fields("max_version", self.max_version);
        }
    };

    struct FinalizedFeature {
        std::string name;
        std::int16_t max_version_level = 0;
        std::int16_t min_version_level = 0;

        bool operator==(const FinalizedFeature&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("max_version_level", self.max_version_level);
            fields("min_version_level", self.min_version_level);
        }
    };

    ErrorCode error_code = ErrorCode::none;
    std::vector<Api> api_keys;
    std::int32_t throttle_time_ms = 0;
    std::vector<SupportedFeature> supported_features;
    std::int64_t finalized_features_epoch = -1;
    std::vector<FinalizedFeature> finalized_features;
    bool zk_migration_ready = false;

    bool operator==(const ApiVersionsResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("error_code", self.error_code);
        fields("api_keys", self.api_keys);
        fields("throttle_time_ms", self.throttle_time_ms, Wire{.since = 1});
        fields("supported_features", self.supported_features, Wire{.since = 3, .tag = 0});
        fields("finalized_features_epoch", self.finalized_features_epoch,
               Wire{.since = 3, .tag = 1, .absent = -1});
        fields("finalized_features", self.finalized_features, Wire{.since = 3, .tag = 2});
        fields("zk_migration_ready", self.zk_migration_ready, Wire{.since = 3, .tag = 3});
    }
};

}  // namespace squall::model
