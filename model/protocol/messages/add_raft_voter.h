// AddRaftVoter (KIP-853): an observer joins the voters of the metadata quorum. Since version 1 the
// leader may answer before the new set is committed (KIP-1186).
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

struct AddRaftVoterResponse;

struct AddRaftVoterRequest {
    static constexpr ApiKey api_key = ApiKey::add_raft_voter;
    static constexpr VersionRange versions{.min = 0, .max = 1, .flexible_since = 0};
    using Response = AddRaftVoterResponse;

    std::optional<std::string> cluster_id;
    std::int32_t timeout_ms = 0;
    BrokerId voter_id = no_broker;
    Uuid voter_directory_id;
    std::vector<RaftListener> listeners;
    bool ack_when_committed = true;

    bool operator==(const AddRaftVoterRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("cluster_id", self.cluster_id, Wire{.nullable = 0});
        fields("timeout_ms", self.timeout_ms);
        fields("voter_id", self.voter_id);
        fields("voter_directory_id", self.voter_directory_id);
        fields("listeners", self.listeners);
        fields("ack_when_committed", self.ack_when_committed, Wire{.since = 1});
    }
};

struct AddRaftVoterResponse {
    static constexpr ApiKey api_key = AddRaftVoterRequest::api_key;
    static constexpr VersionRange versions = AddRaftVoterRequest::versions;
    using Request = AddRaftVoterRequest;

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;

    bool operator==(const AddRaftVoterResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("error_code", self.error_code);
        fields("error_message", self.error_message, Wire{.nullable = 0});
    }
};

}  // namespace squall::model
