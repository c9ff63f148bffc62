// Target: whom a fault hits. A node's name, or a role that is looked up when the fault strikes:
//
//   b2, c1, payment-1          a node
//   leader(orders-0)           the leader of a partition
//   isr-follower(orders-0)     an in-sync follower of it (drawn by seed)
//   isr(orders-0)              every member of its in-sync set, the leader included
//   controller                 the active controller
//   coordinator(payment)       the coordinator of a group
//   owner(orders-1)            the consumer that owns a partition; owner(orders-1, payment) of a
//   group any-broker, all-brokers    one drawn by seed, or each
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/protocol/types.h"
#include "scenarios/cluster_view.h"
#include "sim/base/result.h"
#include "sim/base/rng.h"

namespace squall::scenarios {

struct Target {
    enum class Role {
        node,
        leader,
        in_sync_follower,
        in_sync_replicas,
        controller,
        coordinator,
        owner,
        any_broker,
        all_brokers,
    };
    Role role = Role::node;
    std::string name;                 // node, or group
    model::TopicPartition partition;  // leader, in_sync_follower, owner
    std::string text;                 // as written
};

// Error: invalid_input, saying what was expected.
Result<Target> parse_target(std::string_view text);

// The names of the nodes that the target means now; empty where nobody plays the role.
std::vector<std::string> resolve(const Target& target, const ClusterView& view,
                                 const std::vector<std::string>& brokers, Draws& draws);

}  // namespace squall::scenarios
