// OffsetCommit: a group's positions, written by a member or, with no generation and no member id,
// by a consumer without a group. Topics by id since version 10 (KIP-848).
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

struct OffsetCommitResponse;

struct OffsetCommitRequest {
    static constexpr ApiKey api_key = ApiKey::offset_commit;
    static constexpr VersionRange versions{.min = 0, .max = 10, .flexible_since = 8};
    using Response = OffsetCommitResponse;

    struct Partition {
        std::int32_t partition_index = 0;
        Offset committed_offset = no_offset;
        LeaderEpoch committed_leader_epoch = no_leader_epoch;
        TimestampMs commit_timestamp = no_timestamp;
        std::optional<std::string> committed_metadata;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
            fields("committed_offset", self.committed_offset);
            fields("committed_leader_epoch", self.committed_leader_epoch, Wire{.since = 6});
            fields("commit_timestamp", self.commit_timestamp, Wire{.since = 1, .until = 1});
            fields("committed_metadata", self.committed_metadata, Wire{.nullable = 0});
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

    std::string group_id;
    GenerationId generation_id_or_member_epoch = no_generation;
    std::string member_id;
    std::optional<std::string> group_instance_id;
    std::int64_t retention_time_ms = -1;
    std::vector<Topic> topics;

    bool operator==(const OffsetCommitRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("group_id", self.group_id);
        fields("generation_id_or_member_epoch", self.generation_id_or_member_epoch,
               Wire{.since = 1});
        fields("member_id", self.member_id, Wire{.since = 1});
        fields("group_instance_id", self.group_instance_id, Wire{.since = 7, .nullable = 7});
        fields("retention_time_ms", self.retention_time_ms, Wire{.since = 2, .until = 4});
        fields("topics", self.topics);
    }
};

struct OffsetCommitResponse {
    static constexpr ApiKey api_key = OffsetCommitRequest::api_key;
    static constexpr VersionRange versions = OffsetCommitRequest::versions;
    using Request = OffsetCommitRequest;

    struct Partition {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
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

    std::int32_t throttle_time_ms = 0;
    std::vector<Topic> topics;

    bool operator==(const OffsetCommitResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms, Wire{.since = 3});
        fields("topics", self.topics);
    }
};

}  // namespace squall::model
