// UpdateFeatures (KIP-584): finalized levels of features go up, or down. Since version 1 a
// downgrade is safe or unsafe and an update can be tried only (KIP-778); since 2 it is all or
// nothing, without results for each (KIP-1022).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct UpdateFeaturesResponse;

struct UpdateFeaturesRequest {
    static constexpr ApiKey api_key = ApiKey::update_features;
    static constexpr VersionRange versions{.min = 0, .max = 2, .flexible_since = 0};
    using Response = UpdateFeaturesResponse;

    struct FeatureUpdate {
        std::string feature;
        std::int16_t max_version_level = 0;
        bool allow_downgrade = false;
        std::int8_t upgrade_type = 1;  // 1 upgrade, 2 safe downgrade, 3 unsafe downgrade

        bool operator==(const FeatureUpdate&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("feature", self.feature);
            fields("max_version_level", self.max_version_level);
            fields("allow_downgrade", self.allow_downgrade, Wire{.until = 0});
            fields("upgrade_type", self.upgrade_type, Wire{.since = 1});
        }
    };

    std::int32_t timeout_ms = 60000;
    std::vector<FeatureUpdate> feature_updates;
    bool validate_only = false;

    bool operator==(const UpdateFeaturesRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("timeout_ms", self.timeout_ms);
        fields("feature_updates", self.feature_updates);
        fields("validate_only", self.validate_only, Wire{.since = 1});
    }
};

struct UpdateFeaturesResponse {
    static constexpr ApiKey api_key = UpdateFeaturesRequest::api_key;
    static constexpr VersionRange versions = UpdateFeaturesRequest::versions;
    using Request = UpdateFeaturesRequest;

    struct Result {
        std::string feature;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;

        bool operator==(const Result&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("feature", self.feature);
            fields("error_code", self.error_code);
            fields("error_message", self.error_message, Wire{.nullable = 0});
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::vector<Result> results;

    bool operator==(const UpdateFeaturesResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("error_code", self.error_code);
        fields("error_message", self.error_message, Wire{.nullable = 0});
        fields("results", self.results, Wire{.until = 1});
    }
};

}  // namespace squall::model
