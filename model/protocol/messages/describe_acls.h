// DescribeAcls (KIP-140; patterns since version 1 by KIP-290): the access rules that fit a filter.
// Null fits everything. The numbers are Kafka's (ResourceType, PatternType, AclOperation,
// AclPermissionType).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct DescribeAclsResponse;

struct DescribeAclsRequest {
    static constexpr ApiKey api_key = ApiKey::describe_acls;
    static constexpr VersionRange versions{.min = 0, .max = 3, .flexible_since = 2};
    using Response = DescribeAclsResponse;

    std::int8_t resource_type_filter = 0;
    std::optional<std::string> resource_name_filter;
    std::int8_t pattern_type_filter = 3;  // literal
    std::optional<std::string> principal_filter;
    std::optional<std::string> host_filter;
    std::int8_t operation = 0;
    std::int8_t permission_type = 0;

    bool operator==(const DescribeAclsRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("resource_type_filter", self.resource_type_filter);
        fields("resource_name_filter", self.resource_name_filter, Wire{.nullable = 0});
        fields("pattern_type_filter", self.pattern_type_filter, Wire{.since = 1});
        fields("principal_filter", self.principal_filter, Wire{.nullable = 0});
        fields("host_filter", self.host_filter, Wire{.nullable = 0});
        fields("operation", self.operation);
        fields("permission_type", self.permission_type);
    }
};

struct DescribeAclsResponse {
    static constexpr ApiKey api_key = DescribeAclsRequest::api_key;
    static constexpr VersionRange versions = DescribeAclsRequest::versions;
    using Request = DescribeAclsRequest;

    struct Acl {
        std::string principal;
        std::string host;
        std::int8_t operation = 0;
        std::int8_t permission_type = 0;

        bool operator==(const Acl&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("principal", self.principal);
            fields("host", self.host);
            fields("operation", self.operation);
            fields("permission_type", self.permission_type);
        }
    };

    struct Resource {
        std::int8_t resource_type = 0;
        std::string resource_name;
        std::int8_t pattern_type = 3;  // literal
        std::vector<Acl> acls;

        bool operator==(const Resource&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("resource_type", self.resource_type);
            fields("resource_name", self.resource_name);
            fields("pattern_type", self.pattern_type, Wire{.since = 1});
            fields("acls", self.acls);
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::vector<Resource> resources;

    bool operator==(const DescribeAclsResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("error_code", self.error_code);
        fields("error_message", self.error_message, Wire{.nullable = 0});
        fields("resources", self.resources);
    }
};

}  // namespace squall::model
