// OffsetFetch: the committed positions of a group. Null topics ask for all (since version 2).
// Several groups since version 8 (KIP-709); `require_stable` since 7 (KIP-447); topics by id
// since 10.
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

struct OffsetFetchResponse;

struct OffsetFetchRequest {
    static constexpr ApiKey api_key = ApiKey::offset_fetch;
    static constexpr VersionRange versions{.min = 0, .max = 10, .flexible_since = 6};
    using Response = OffsetFetchResponse;

    struct Topic {
        std::string name;
        Uuid topic_id;
        std::vector<std::int32_t> partition_indexes;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name, Wire{.until = 9});
            fields("topic_id", self.topic_id, Wire{.since = 10});
            fields("partition_indexes", self.partition_indexes);
        }
    };

    struct Group {
        std::string group_id;
        std::optional<std::string> member_id;
        std::int32_t member_epoch = -1;
        std::optional<std::vector<Topic>> topics;

        bool operator==(const Group&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("group_id", self.group_id);
            fields("member_id", self.member_id, Wire{.since = 9, .nullable = 9});
            fields("member_epoch", self.member_epoch, Wire{.since = 9});
            fields("topics", self.topics, Wire{.nullable = 8});
        }
    };

    std::string group_id;
    std::optional<std::vector<Topic>> topics;
    std::vector<Group> groups;
    bool require_stable = false;

    bool operator==(const OffsetFetchRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("group_id", self.group_id, Wire{.until = 7});
        fields("topics", self.topics, Wire{.until = 7, .nullable = 2});
        fields("groups", self.groups, Wire{.since = 8});
        fields("require_stable", self.require_stable, Wire{.since = 7});
    }
};

struct OffsetFetchResponse {
    static constexpr ApiKey api_key = OffsetFetchRequest::api_key;
    static constexpr VersionRange versions = OffsetFetchRequest::versions;
    using Request = OffsetFetchRequest;

    struct Partition {
        std::int32_t partition_index = 0;
        Offset committed_offset = no_offset;
        LeaderEpoch committed_leader_epoch = no_leader_epoch;
        std::optional<std::string> metadata;
        ErrorCode error_code = ErrorCode::none;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
            fields("committed_offset", self.committed_offset);
            fields("committed_leader_epoch", self.committed_leader_epoch, Wire{.since = 5});
            fields("metadata", self.metadata, Wire{.nullable = 0});
            fields("error_code", self.error_code);
        }
    };

    struct Topic {
        std::string name;
        Uuid topic_id;
        std::vector<Partition> partitions;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name, Wire{.until = 9});
            fields("topic_id", self.topic_id, Wire{.since = 10});
            fields("partitions", self.partitions);
        }
    };

    struct Group {
        std::string group_id;
        std::vector<Topic> topics;
        ErrorCode error_code = ErrorCode::none;

        bool operator==(const Group&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("group_id", self.group_id);
            fields("topics", self.topics);
            fields("error_code", self.error_code);
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Topic> topics;
    ErrorCode error_code = ErrorCode::none;
    std::vector<Group> groups;

    bool operator==(const OffsetFetchResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms, Wire{.since = 3});
        fields("topics", self.topics, Wire{.until = 7});
        fields("error_code", self.error_code, Wire{.since = 2, .until = 7});
        fields("groups", self.groups, Wire{.since = 8});
    }
};

}  // namespace squall::model
