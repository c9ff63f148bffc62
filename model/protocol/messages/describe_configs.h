// DescribeConfigs: settings of topics, brokers and groups, with where they come from (KIP-133),
// their synonyms in order of precedence (KIP-226), types and documentation (KIP-569). Null keys ask
// for all.
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

struct DescribeConfigsResponse;

struct DescribeConfigsRequest {
    static constexpr ApiKey api_key = ApiKey::describe_configs;
    static constexpr VersionRange versions{.min = 0, .max = 4, .flexible_since = 4};
    using Response = DescribeConfigsResponse;

    struct Resource {
        ConfigResourceType resource_type = ConfigResourceType::unknown;
        std::string resource_name;
        std::optional<std::vector<std::string>> configuration_keys;

        bool operator==(const Resource&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("resource_type", self.resource_type);
            fields("resource_name", self.resource_name);
            fields("configuration_keys", self.configuration_keys, Wire{.nullable = 0});
        }
    };

    std::vector<Resource> resources;
    bool include_synonyms = false;
    bool include_documentation = false;

    bool operator==(const DescribeConfigsRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("resources", self.resources);
        fields("include_synonyms", self.include_synonyms, Wire{.since = 1});
        fields("include_documentation", self.include_documentation, Wire{.since = 3});
    }
};

struct DescribeConfigsResponse {
    static constexpr ApiKey api_key = DescribeConfigsRequest::api_key;
    static constexpr VersionRange versions = DescribeConfigsRequest::versions;
    using Request = DescribeConfigsRequest;

    struct Synonym {
        std::string name;
        std::optional<std::string> value;
        ConfigSource source = ConfigSource::unknown;

        bool operator==(const Synonym&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("value", self.value, Wire{.nullable = 0});
            fields("source", self.source);
        }
    };

    struct Config {
        std::string name;
        std::optional<std::string> value;
        bool read_only = false;
        bool is_default = false;
        ConfigSource config_source = ConfigSource::unknown;
        bool is_sensitive = false;
        std::vector<Synonym> synonyms;
        ConfigType config_type = ConfigType::unknown;
        std::optional<std::string> documentation;

        bool operator==(const Config&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("value", self.value, Wire{.nullable = 0});
            fields("read_only", self.read_only);
            fields("is_default", self.is_default, Wire{.until = 0});
            fields("config_source", self.config_source, Wire{.since = 1});
            fields("is_sensitive", self.is_sensitive);
            fields("synonyms", self.synonyms, Wire{.since = 1});
            fields("config_type", self.config_type, Wire{.since = 3});
            fields("documentation", self.documentation, Wire{.since = 3, .nullable = 0});
        }
    };

    struct Result {
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;
        ConfigResourceType resource_type = ConfigResourceType::unknown;
        std::string resource_name;
        std::vector<Config> configs;

        bool operator==(const Result&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("error_code", self.error_code);
            fields("error_message", self.error_message, Wire{.nullable = 0});
            fields("resource_type", self.resource_type);
            fields("resource_name", self.resource_name);
            fields("configs", self.configs);
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Result> results;

    bool operator==(const DescribeConfigsResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("results", self.results);
    }
};

}  // namespace squall::model
