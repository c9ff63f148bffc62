// UpdateRaftVoter (KIP-853): a voter tells the leader where it listens and which kraft.version it
// supports.
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

struct UpdateRaftVoterResponse;

struct UpdateRaftVoterRequest {
    static constexpr ApiKey api_key = ApiKey::update_raft_voter;
    static constexpr VersionRange versions{.min = 0, .max = 0, .flexible_since = 0};
    using Response = UpdateRaftVoterResponse;

    struct KraftVersionFeature {
        std::int16_t min_supported_version = 0;
        std::int16_t max_supported_version = 0;

        bool operator==(const KraftVersionFeature&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("min_supported_version", self.min_supported_version);
            fields("max_supported_version", self.max_supported_version);
        }
    };

    std::optional<std::string> cluster_id;
    RaftEpoch current_leader_epoch;
    BrokerId voter_id = no_broker;
    Uuid voter_directory_id;
    std::vector<RaftListener> listeners;
    KraftVersionFeature kraft_version_feature;

    bool operator==(const UpdateRaftVoterRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("cluster_id", self.cluster_id, Wire{.nullable = 0});
        fields("current_leader_epoch", self.current_leader_epoch);
        fields("voter_id", self.voter_id);
        fields("voter_directory_id", self.voter_directory_id);
        fields("listeners", self.listeners);
        fields("kraft_version_feature", self.kraft_version_feature);
    }
};

struct UpdateRaftVoterResponse {
    static constexpr ApiKey api_key = UpdateRaftVoterRequest::api_key;
    static constexpr VersionRange versions = UpdateRaftVoterRequest::versions;
    using Request = UpdateRaftVoterRequest;

    struct CurrentLeader {
        BrokerId leader_id = no_broker;
        RaftEpoch leader_epoch{-1};
        std::string host;
        std::int32_t port = 0;

        bool operator==(const CurrentLeader&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("leader_id", self.leader_id);
            fields("leader_epoch", self.leader_epoch);
            fields("host", self.host);
            fields("port", self.port);
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    CurrentLeader current_leader;

    bool operator==(const UpdateRaftVoterResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("error_code", self.error_code);
        fields("current_leader", self.current_leader, Wire{.tag = 0});
    }
};

}  // namespace squall::model
