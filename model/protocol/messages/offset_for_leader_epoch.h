// OffsetForLeaderEpoch: where an epoch ended in the leader's log. Followers truncate to it
// (KIP-101, KIP-279), consumers detect truncation by it (KIP-320).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct OffsetForLeaderEpochResponse;

struct OffsetForLeaderEpochRequest {
    static constexpr ApiKey api_key = ApiKey::offset_for_leader_epoch;
    static constexpr VersionRange versions{.min = 0, .max = 4, .flexible_since = 4};
    using Response = OffsetForLeaderEpochResponse;

    struct Partition {
        std::int32_t partition = 0;
        LeaderEpoch current_leader_epoch = no_leader_epoch;
        LeaderEpoch leader_epoch = no_leader_epoch;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition", self.partition);
            fields("current_leader_epoch", self.current_leader_epoch, Wire{.since = 2});
            fields("leader_epoch", self.leader_epoch);
        }
    };

    struct Topic {
        std::string topic;
        std::vector<Partition> partitions;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("topic", self.topic);
            fields("partitions", self.partitions);
        }
    };

    BrokerId replica_id{-2};  // a consumer of version 2 or below, which has no field for it
    std::vector<Topic> topics;

    bool operator==(const OffsetForLeaderEpochRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("replica_id", self.replica_id, Wire{.since = 3});
        fields("topics", self.topics);
    }
};

struct OffsetForLeaderEpochResponse {
    static constexpr ApiKey api_key = OffsetForLeaderEpochRequest::api_key;
    static constexpr VersionRange versions = OffsetForLeaderEpochRequest::versions;
    using Request = OffsetForLeaderEpochRequest;

    struct EpochEndOffset {
        ErrorCode error_code = ErrorCode::none;
        std::int32_t partition = 0;
        LeaderEpoch leader_epoch = no_leader_epoch;
        Offset end_offset = no_offset;

        bool operator==(const EpochEndOffset&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("error_code", self.error_code);
            fields("partition", self.partition);
            fields("leader_epoch", self.leader_epoch, Wire{.since = 1});
            fields("end_offset", self.end_offset);
        }
    };

    struct Topic {
        std::string topic;
        std::vector<EpochEndOffset> partitions;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("topic", self.topic);
            fields("partitions", self.partitions);
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Topic> topics;

    bool operator==(const OffsetForLeaderEpochResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms, Wire{.since = 2});
        fields("topics", self.topics);
    }
};

}  // namespace squall::model
