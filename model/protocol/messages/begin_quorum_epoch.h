// BeginQuorumEpoch: the elected leader of the metadata quorum tells the voters its epoch
// (KIP-595).
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

namespace squall::model {

struct BeginQuorumEpochResponse;

struct BeginQuorumEpochRequest {
    static constexpr ApiKey api_key = ApiKey::begin_quorum_epoch;
    static constexpr VersionRange versions{.min = 0, .max = 1, .flexible_since = 1};
    using Response = BeginQuorumEpochResponse;

    struct Partition {
        std::int32_t partition_index = 0;
        Uuid voter_directory_id;
        BrokerId leader_id = no_broker;
        RaftEpoch leader_epoch;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
            fields("voter_directory_id", self.voter_directory_id, Wire{.since = 1});
            fields("leader_id", self.leader_id);
            fields("leader_epoch", self.leader_epoch);
        }
    };

    struct Topic {
        std::string topic_name;
        std::vector<Partition> partitions;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("topic_name", self.topic_name);
            fields("partitions", self.partitions);
        }
    };

    std::optional<std::string> cluster_id;
    BrokerId voter_id = no_broker;
    std::vector<Topic> topics;
    std::vector<RaftListener> leader_endpoints;

    bool operator==(const BeginQuorumEpochRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("cluster_id", self.cluster_id, Wire{.nullable = 0});
        fields("voter_id", self.voter_id, Wire{.since = 1});
        fields("topics", self.topics);
        fields("leader_endpoints", self.leader_endpoints, Wire{.since = 1});
    }
};

struct BeginQuorumEpochResponse {
    static constexpr ApiKey api_key = BeginQuorumEpochRequest::api_key;
    static constexpr VersionRange versions = BeginQuorumEpochRequest::versions;
    using Request = BeginQuorumEpochRequest;

    struct Partition {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;
        BrokerId leader_id = no_broker;
        RaftEpoch leader_epoch;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
            fields("error_code", self.error_code);
            fields("leader_id", self.leader_id);
            fields("leader_epoch", self.leader_epoch);
        }
    };

    struct Topic {
        std::string topic_name;
        std::vector<Partition> partitions;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("topic_name", self.topic_name);
            fields("partitions", self.partitions);
        }
    };

    ErrorCode error_code = ErrorCode::none;
    std::vector<Topic> topics;
    std::vector<RaftEndpoint> node_endpoints;

    bool operator==(const BeginQuorumEpochResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("error_code", self.error_code);
        fields("topics", self.topics);
        fields("node_endpoints", self.node_endpoints, Wire{.since = 1, .tag = 0});
    }
};

}  // namespace squall::model
