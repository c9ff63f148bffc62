// ListOffsets: offsets by time. Timestamp -1 asks for the latest (the last stable offset if
// read_committed), -2 for the earliest, -3 for the one of the largest timestamp (KIP-734), anything
// else for the first record at or after it. Version 0 answers a list of offsets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct ListOffsetsResponse;

struct ListOffsetsRequest {
    static constexpr ApiKey api_key = ApiKey::list_offsets;
    static constexpr VersionRange versions{.min = 0, .max = 10, .flexible_since = 6};
    using Response = ListOffsetsResponse;

    struct Partition {
        std::int32_t partition_index = 0;
        LeaderEpoch current_leader_epoch = no_leader_epoch;
        TimestampMs timestamp = no_timestamp;
        std::int32_t max_num_offsets = 1;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
            fields("current_leader_epoch", self.current_leader_epoch, Wire{.since = 4});
            fields("timestamp", self.timestamp);
            fields("max_num_offsets", self.max_num_offsets, Wire{.until = 0});
        }
    };

    struct Topic {
        std::string name;
        std::vector<Partition> partitions;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("partitions", self.partitions);
        }
    };

    BrokerId replica_id = no_broker;
    IsolationLevel isolation_level = IsolationLevel::read_uncommitted;
    std::vector<Topic> topics;
    std::int32_t timeout_ms = 0;

    bool operator==(const ListOffsetsRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("replica_id", self.replica_id);
        fields("isolation_level", self.isolation_level, Wire{.since = 2});
        fields("topics", self.topics);
        fields("timeout_ms", self.timeout_ms, Wire{.since = 10});
    }
};

struct ListOffsetsResponse {
    static constexpr ApiKey api_key = ListOffsetsRequest::api_key;
    static constexpr VersionRange versions = ListOffsetsRequest::versions;
    using Request = ListOffsetsRequest;

    struct Partition {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;
        std::vector<Offset> old_style_offsets;
        TimestampMs timestamp = no_timestamp;
        Offset offset = no_offset;
        LeaderEpoch leader_epoch = no_leader_epoch;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
            fields("error_code", self.error_code);
            fields("old_style_offsets", self.old_style_offsets, Wire{.until = 0});
            fields("timestamp", self.timestamp, Wire{.since = 1});
            fields("offset", self.offset, Wire{.since = 1});
            fields("leader_epoch", self.leader_epoch, Wire{.since = 4});
        }
    };

    struct Topic {
        std::string name;
        std::vector<Partition> partitions;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("partitions", self.partitions);
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Topic> topics;

    bool operator==(const ListOffsetsResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms, Wire{.since = 2});
        fields("topics", self.topics);
    }
};

}  // namespace squall::model
