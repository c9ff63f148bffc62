#include "model/replica/replica_selector.h"

#include <fmt/core.h>

#include <tuple>

namespace squall::model {
namespace {

constexpr std::string_view leader_class = "org.apache.kafka.common.replica.LeaderSelector";
constexpr std::string_view rack_aware_class =
    "org.apache.kafka.common.replica.RackAwareReplicaSelector";

// Of two in one rack: more of the log, then caught up later, then the larger id, as Kafka does it.
bool is_better(const ReadCandidate& a, const ReadCandidate& b) {
    return std::tuple(a.log_end_offset, -a.since_caught_up, a.broker) >
           std::tuple(b.log_end_offset, -b.since_caught_up, b.broker);
}

}  // namespace

std::string_view to_string(ReplicaSelector selector) {
    return selector == ReplicaSelector::leader ? leader_class : rack_aware_class;
}

std::optional<std::string> read_setting(std::string_view text, ReplicaSelector& selector) {
    for (const ReplicaSelector known : {ReplicaSelector::leader, ReplicaSelector::rack_aware}) {
        if (text != to_string(known)) continue;
        selector = known;
        return std::nullopt;
    }
    return fmt::format("{} or {}", leader_class, rack_aware_class);
}

std::optional<BrokerId> select_read_replica(ReplicaSelector selector, std::string_view client_rack,
                                            const std::optional<std::string>& leader_rack,
                                            const std::vector<LocatedCandidate>& followers) {
    if (selector == ReplicaSelector::leader || client_rack.empty()) return std::nullopt;
    if (leader_rack == client_rack) return std::nullopt;
    const ReadCandidate* best = nullptr;
    for (const LocatedCandidate& follower : followers) {
        if (follower.rack != client_rack) continue;
        if (best == nullptr || is_better(follower.candidate, *best)) best = &follower.candidate;
    }
    return best == nullptr ? std::nullopt : std::optional(best->broker);
}

}  // namespace squall::model
