// Target: whom a fault hits. A node's name, or a role that is looked up when the fault strikes:
//
//   b2, c1, payment-1          a node
//   leader(orders-0)           the leader of a partition
//   isr-follower(orders-0)     an in-sync follower of it (drawn by seed)
//   isr(orders-0)              every member of its in-sync set, the leader included
//   lagging(orders-0)          every replica of it that is not in sync
//   controller                 the active controller
//   coordinator(payment)       the coordinator of a group
//   owner(orders-1)            the consumer that owns a partition; owner(orders-1, payment): of a
//                              group
//   any-broker, all-brokers    one drawn by seed, or each
//   rack(rack-1)               every broker of a rack
//   all-controllers            every member of the quorum
//   all-servers                brokers and controllers: the whole data centre
#pragma once

#include <map>
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
        lagging,
        controller,
        coordinator,
        owner,
        any_broker,
        all_brokers,
        rack,
        all_controllers,
        all_servers,
    };
    Role role = Role::node;
    std::string name;                 // node, group, or rack
    model::TopicPartition partition;  // of the roles that a partition gives
    std::string text;                 // as written
};

// Error: invalid_input, saying what was expected.
Result<Target> parse_target(std::string_view text);

// The servers that a scenario has, by name.
struct Roster {
    std::vector<std::string> brokers;
    std::vector<std::string> controllers;
    std::map<std::string, std::vector<std::string>> racks;  // name -> its brokers
};

// The names of the nodes that the target means now; empty where nobody plays the role.
std::vector<std::string> resolve(const Target& target, const ClusterView& view,
                                 const Roster& roster, Draws& draws);

}  // namespace squall::scenarios
