// CreateAcls (KIP-140; patterns since version 1 by KIP-290). The numbers are Kafka's (ResourceType,
// PatternType, AclOperation, AclPermissionType).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct CreateAclsResponse;

struct CreateAclsRequest {
    static constexpr ApiKey api_key = ApiKey::create_acls;
    static constexpr VersionRange versions{.min = 0, .max = 3, .flexible_since = 2};
    using Response = CreateAclsResponse;

    struct Creation {
        std::int8_t resource_type = 0;
        std::string resource_name;
        std::int8_t resource_pattern_type = 3;  // literal
        std::string principal;
        std::string host;
        std::int8_t operation = 0;
        std::int8_t permission_type = 0;

        bool operator==(const Creation&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("resource_type", self.resource_type);
            fields("resource_name", self.resource_name);
            fields("resource_pattern_type", self.resource_pattern_type, Wire{.since = 1});
            fields("principal", self.principal);
            fields("host", self.host);
            fields("operation", self.operation);
            fields("permission_type", self.permission_type);
        }
    };

    std::vector<Creation> creations;

    bool operator==(const CreateAclsRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("creations", self.creations);
    }
};

struct CreateAclsResponse {
    static constexpr ApiKey api_key = CreateAclsRequest::api_key;
    static constexpr VersionRange versions = CreateAclsRequest::versions;
    using Request = CreateAclsRequest;

    struct Result {
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;

        bool operator==(const Result&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("error_code", self.error_code);
            fields("error_message", self.error_message, Wire{.nullable = 0});
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Result> results;

    bool operator==(const CreateAclsResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("results", self.results);
    }
};

}  // namespace squall::model
