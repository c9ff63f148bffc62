// ListGroups: the groups of a coordinator, filtered by state since version 4 (KIP-518) and by type
// since 5 (KIP-848). No filter asks for all.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct ListGroupsResponse;

struct ListGroupsRequest {
    static constexpr ApiKey api_key = ApiKey::list_groups;
    static constexpr VersionRange versions{.min = 0, .max = 5, .flexible_since = 3};
    using Response = ListGroupsResponse;

    std::vector<std::string> states_filter;
    std::vector<std::string> types_filter;

    bool operator==(const ListGroupsRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("states_filter", self.states_filter, Wire{.since = 4});
        fields("types_filter", self.types_filter, Wire{.since = 5});
    }
};

struct ListGroupsResponse {
    static constexpr ApiKey api_key = ListGroupsRequest::api_key;
    static constexpr VersionRange versions = ListGroupsRequest::versions;
    using Request = ListGroupsRequest;

    struct Group {
        std::string group_id;
        std::string protocol_type;
        std::string group_state;
        std::string group_type;

        bool operator==(const Group&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("group_id", self.group_id);
            fields("protocol_type", self.protocol_type);
            fields("group_state", self.group_state, Wire{.since = 4});
            fields("group_type", self.group_type, Wire{.since = 5});
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<Group> groups;

    bool operator==(const ListGroupsResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms, Wire{.since = 1});
        fields("error_code", self.error_code);
        fields("groups", self.groups);
    }
};

}  // namespace squall::model
