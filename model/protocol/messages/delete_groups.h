// DeleteGroups (KIP-229): groups without members go, with their offsets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct DeleteGroupsResponse;

struct DeleteGroupsRequest {
    static constexpr ApiKey api_key = ApiKey::delete_groups;
    static constexpr VersionRange versions{.min = 0, .max = 2, .flexible_since = 2};
    using Response = DeleteGroupsResponse;

    std::vector<std::string> groups_names;

    bool operator==(const DeleteGroupsRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("groups_names", self.groups_names);
    }
};

struct DeleteGroupsResponse {
    static constexpr ApiKey api_key = DeleteGroupsRequest::api_key;
    static constexpr VersionRange versions = DeleteGroupsRequest::versions;
    using Request = DeleteGroupsRequest;

    struct Result {
        std::string group_id;
        ErrorCode error_code = ErrorCode::none;

        bool operator==(const Result&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("group_id", self.group_id);
            fields("error_code", self.error_code);
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Result> results;

    bool operator==(const DeleteGroupsResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("results", self.results);
    }
};

}  // namespace squall::model
