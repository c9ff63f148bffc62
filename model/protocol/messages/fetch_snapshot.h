// FetchSnapshot: a piece of a snapshot of the metadata log, for a replica that is too far behind to
// fetch records (KIP-630; directory ids by KIP-853).
//
// `position` counts bytes of the snapshot; pieces need not end at a batch's end ("unaligned").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/messages/raft_endpoint.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"
#include "sim/base/bytes.h"

namespace squall::model {

struct FetchSnapshotResponse;

struct FetchSnapshotRequest {
    static constexpr ApiKey api_key = ApiKey::fetch_snapshot;
    static constexpr VersionRange versions{.min = 0, .max = 1, .flexible_since = 0};
    using Response = FetchSnapshotResponse;

    struct SnapshotId {
        Offset end_offset = no_offset;
        RaftEpoch epoch;

        bool operator==(const SnapshotId&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("end_offset", self.end_offset);
            fields("epoch", self.epoch);
        }
    };

    struct Partition {
        std::int32_t partition = 0;
        RaftEpoch current_leader_epoch;
        SnapshotId snapshot_id;
        std::int64_t position = 0;
        Uuid replica_directory_id;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition", self.partition);
            fields("current_leader_epoch", self.current_leader_epoch);
            fields("snapshot_id", self.snapshot_id);
            fields("position", self.position);
            fields("replica_directory_id", self.replica_directory_id, Wire{.since = 1, .tag = 0});
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

    std::optional<std::string> cluster_id;
    BrokerId replica_id = no_broker;
    std::int32_t max_bytes = INT32_MAX;
    std::vector<Topic> topics;

    bool operator==(const FetchSnapshotRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("cluster_id", self.cluster_id, Wire{.nullable = 0, .tag = 0});
        fields("replica_id", self.replica_id);
        fields("max_bytes", self.max_bytes);
        fields("topics", self.topics);
    }
};

struct FetchSnapshotResponse {
    static constexpr ApiKey api_key = FetchSnapshotRequest::api_key;
    static constexpr VersionRange versions = FetchSnapshotRequest::versions;
    using Request = FetchSnapshotRequest;
    using SnapshotId = FetchSnapshotRequest::SnapshotId;

    struct CurrentLeader {
        BrokerId leader_id = no_broker;
        RaftEpoch leader_epoch;

        bool operator==(const CurrentLeader&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("leader_id", self.leader_id);
            fields("leader_epoch", self.leader_epoch);
        }
    };

    struct Partition {
        std::int32_t index = 0;
        ErrorCode error_code = ErrorCode::none;
        SnapshotId snapshot_id;
        CurrentLeader current_leader;
        std::int64_t size = 0;
        std::int64_t position = 0;
        Bytes unaligned_records;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("index", self.index);
            fields("error_code", self.error_code);
            fields("snapshot_id", self.snapshot_id);
            fields("current_leader", self.current_leader, Wire{.tag = 0});
            fields("size", self.size);
            fields("position", self.position);
            fields("unaligned_records", self.unaligned_records);
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
    ErrorCode error_code = ErrorCode::none;
    std::vector<Topic> topics;
    std::vector<RaftEndpoint> node_endpoints;

    bool operator==(const FetchSnapshotResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("error_code", self.error_code);
        fields("topics", self.topics);
        fields("node_endpoints", self.node_endpoints, Wire{.since = 1, .tag = 0});
    }
};

}  // namespace squall::model
