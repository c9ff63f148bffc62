// DeleteAcls (KIP-140; patterns since version 1 by KIP-290): access rules that fit any of the
// filters go. The numbers are Kafka's (ResourceType, PatternType, AclOperation, AclPermissionType).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct DeleteAclsResponse;

struct DeleteAclsRequest {
    static constexpr ApiKey api_key = ApiKey::delete_acls;
    static constexpr VersionRange versions{.min = 0, .max = 3, .flexible_since = 2};
    using Response = DeleteAclsResponse;

    struct Filter {
        std::int8_t resource_type_filter = 0;
        std::optional<std::string> resource_name_filter;
        std::int8_t pattern_type_filter = 3;  // literal
        std::optional<std::string> principal_filter;
        std::optional<std::string> host_filter;
        std::int8_t operation = 0;
        std::int8_t permission_type = 0;

        bool operator==(const Filter&) const = default;
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

    std::vector<Filter> filters;

    bool operator==(const DeleteAclsRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("filters", self.filters);
    }
};

struct DeleteAclsResponse {
    static constexpr ApiKey api_key = DeleteAclsRequest::api_key;
    static constexpr VersionRange versions = DeleteAclsRequest::versions;
    using Request = DeleteAclsRequest;

    struct MatchingAcl {
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;
        std::int8_t resource_type = 0;
        std::string resource_name;
        std::int8_t pattern_type = 3;  // literal
        std::string principal;
        std::string host;
        std::int8_t operation = 0;
        std::int8_t permission_type = 0;

        bool operator==(const MatchingAcl&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("error_code", self.error_code);
            fields("error_message", self.error_message, Wire{.nullable = 0});
            fields("resource_type", self.resource_type);
            fields("resource_name", self.resource_name);
            fields("pattern_type", self.pattern_type, Wire{.since = 1});
            fields("principal", self.principal);
            fields("host", self.host);
            fields("operation", self.operation);
            fields("permission_type", self.permission_type);
        }
    };

    struct FilterResult {
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;
        std::vector<MatchingAcl> matching_acls;

        bool operator==(const FilterResult&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("error_code", self.error_code);
            fields("error_message", self.error_message, Wire{.nullable = 0});
            fields("matching_acls", self.matching_acls);
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<FilterResult> filter_results;

    bool operator==(const DeleteAclsResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("filter_results", self.filter_results);
    }
};

}  // namespace squall::model
