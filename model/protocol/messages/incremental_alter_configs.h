// IncrementalAlterConfigs (KIP-339): single settings are set, deleted, appended to or subtracted
// from; what is not named stays.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/config_resource.h"
#include "model/protocol/error_code.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct IncrementalAlterConfigsResponse;

struct IncrementalAlterConfigsRequest {
    static constexpr ApiKey api_key = ApiKey::incremental_alter_configs;
    static constexpr VersionRange versions{.min = 0, .max = 1, .flexible_since = 1};
    using Response = IncrementalAlterConfigsResponse;

    struct Config {
        std::string name;
        ConfigOperation config_operation = ConfigOperation::set;
        std::optional<std::string> value;

        bool operator==(const Config&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("config_operation", self.config_operation);
            fields("value", self.value, Wire{.nullable = 0});
        }
    };

    struct Resource {
        ConfigResourceType resource_type = ConfigResourceType::unknown;
        std::string resource_name;
        std::vector<Config> configs;

        bool operator==(const Resource&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("resource_type", self.resource_type);
            fields("resource_name", self.resource_name);
            fields("configs", self.configs);
        }
    };

    std::vector<Resource> resources;
    bool validate_only = false;

    bool operator==(const IncrementalAlterConfigsRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("resources", self.resources);
        fields("validate_only", self.validate_only);
    }
};

struct IncrementalAlterConfigsResponse {
    static constexpr ApiKey api_key = IncrementalAlterConfigsRequest::api_key;
    static constexpr VersionRange versions = IncrementalAlterConfigsRequest::versions;
    using Request = IncrementalAlterConfigsRequest;

    struct Result {
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;
        ConfigResourceType resource_type = ConfigResourceType::unknown;
        std::string resource_name;

        bool operator==(const Result&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("error_code", self.error_code);
            fields("error_message", self.error_message, Wire{.nullable = 0});
            fields("resource_type", self.resource_type);
            fields("resource_name", self.resource_name);
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Result> responses;

    bool operator==(const IncrementalAlterConfigsResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("responses", self.responses);
    }
};

}  // namespace squall::model
