// Fetch from follower (KIP-392): which replica a consumer had better read from.
//
// The leader is asked first, and sends the consumer on where replica.selector.class says so:
// RackAwareReplicaSelector prefers an in-sync replica in the consumer's own rack, the one that has
// most of the log. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/protocol/types.h"
#include "sim/base/time.h"

namespace squall::model {

// replica.selector.class. Kafka's default is none at all, which is the leader as well.
enum class ReplicaSelector : std::uint8_t { leader, rack_aware };
// Kafka's class names.
std::string_view to_string(ReplicaSelector selector);
std::optional<std::string> read_setting(std::string_view text, ReplicaSelector& selector);

// A replica that has what a consumer asks for, as its leader knows it.
struct ReadCandidate {
    BrokerId broker;
    Offset log_end_offset;
    Duration since_caught_up{};

    bool operator==(const ReadCandidate&) const = default;
};

struct LocatedCandidate {
    ReadCandidate candidate;
    std::optional<std::string> rack;
};

// The follower to read from; nullopt: the leader. "" is no rack.
std::optional<BrokerId> select_read_replica(ReplicaSelector selector, std::string_view client_rack,
                                            const std::optional<std::string>& leader_rack,
                                            const std::vector<LocatedCandidate>& followers);

}  // namespace squall::model
