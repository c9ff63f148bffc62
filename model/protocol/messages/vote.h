// Vote: a candidate, or since version 2 a prospective one (pre-vote, KIP-996), asks for a voter's
// vote in an epoch of the metadata quorum (KIP-595; directory ids by KIP-853).
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

struct VoteResponse;

struct VoteRequest {
    static constexpr ApiKey api_key = ApiKey::vote;
    static constexpr VersionRange versions{.min = 0, .max = 2, .flexible_since = 0};
    using Response = VoteResponse;

    struct Partition {
        std::int32_t partition_index = 0;
        RaftEpoch candidate_epoch;
        BrokerId candidate_id = no_broker;
        Uuid candidate_directory_id;
        Uuid voter_directory_id;
        RaftEpoch last_offset_epoch;
        Offset last_offset = no_offset;
        bool pre_vote = false;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
            fields("candidate_epoch", self.candidate_epoch);
            fields("candidate_id", self.candidate_id);
            fields("candidate_directory_id", self.candidate_directory_id, Wire{.since = 1});
            fields("voter_directory_id", self.voter_directory_id, Wire{.since = 1});
            fields("last_offset_epoch", self.last_offset_epoch);
            fields("last_offset", self.last_offset);
            fields("pre_vote", self.pre_vote, Wire{.since = 2});
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

    bool operator==(const VoteRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("cluster_id", self.cluster_id, Wire{.nullable = 0});
        fields("voter_id", self.voter_id, Wire{.since = 1});
        fields("topics", self.topics);
    }
};

struct VoteResponse {
    static constexpr ApiKey api_key = VoteRequest::api_key;
    static constexpr VersionRange versions = VoteRequest::versions;
    using Request = VoteRequest;

    struct Partition {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;
        BrokerId leader_id = no_broker;
        RaftEpoch leader_epoch;
        bool vote_granted = false;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
            fields("error_code", self.error_code);
            fields("leader_id", self.leader_id);
            fields("leader_epoch", self.leader_epoch);
            fields("vote_granted", self.vote_granted);
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

    bool operator==(const VoteResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("error_code", self.error_code);
        fields("topics", self.topics);
        fields("node_endpoints", self.node_endpoints, Wire{.since = 1, .tag = 0});
    }
};

}  // namespace squall::model
