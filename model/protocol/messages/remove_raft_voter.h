// RemoveRaftVoter (KIP-853): a voter leaves the metadata quorum.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct RemoveRaftVoterResponse;

struct RemoveRaftVoterRequest {
    static constexpr ApiKey api_key = ApiKey::remove_raft_voter;
    static constexpr VersionRange versions{.min = 0, .max = 0, .flexible_since = 0};
    using Response = RemoveRaftVoterResponse;

    std::optional<std::string> cluster_id;
    BrokerId voter_id = no_broker;
    Uuid voter_directory_id;

    bool operator==(const RemoveRaftVoterRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("cluster_id", self.cluster_id, Wire{.nullable = 0});
        fields("voter_id", self.voter_id);
        fields("voter_directory_id", self.voter_directory_id);
    }
};

struct RemoveRaftVoterResponse {
    static constexpr ApiKey api_key = RemoveRaftVoterRequest::api_key;
    static constexpr VersionRange versions = RemoveRaftVoterRequest::versions;
    using Request = RemoveRaftVoterRequest;

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;

    bool operator==(const RemoveRaftVoterResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("error_code", self.error_code);
        fields("error_message", self.error_message, Wire{.nullable = 0});
    }
};

}  // namespace squall::model
