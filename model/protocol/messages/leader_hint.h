// Where a broker that is not the leader says the leader is (KIP-951): tagged fields of Produce and
// Fetch answers that save the client a round of metadata.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/protocol/types.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct LeaderIdAndEpoch {
    BrokerId leader_id = no_broker;
    LeaderEpoch leader_epoch = no_leader_epoch;

    bool operator==(const LeaderIdAndEpoch&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("leader_id", self.leader_id);
        fields("leader_epoch", self.leader_epoch);
    }
};

struct NodeEndpoint {
    BrokerId node_id = no_broker;
    std::string host;
    std::int32_t port = 0;
    std::optional<std::string> rack;

    bool operator==(const NodeEndpoint&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("node_id", self.node_id);
        fields("host", self.host);
        fields("port", self.port);
        fields("rack", self.rack, Wire{.nullable = 0});
    }
};

}  // namespace squall::model
