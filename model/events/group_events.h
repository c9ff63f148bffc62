// What the group coordinator did; emitted when the record that says so is committed, or, for
// changes without a record, when they happen.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/protocol/types.h"
#include "sim/trace/event.h"

namespace squall::model {

// This broker is ready to coordinate, or not any more, the groups of one partition of
// __consumer_offsets.
struct CoordinatorChanged {
    static constexpr std::string_view event_name = "CoordinatorChanged";
    BrokerId broker;
    TopicPartition partition;
    LeaderEpoch leader_epoch;
    bool active = false;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("partition", self.partition);
        fields("leader_epoch", self.leader_epoch);
        fields("active", self.active);
    }
};

struct GroupStateChanged {
    static constexpr std::string_view event_name = "GroupStateChanged";
    std::string group;
    // "Empty", "PreparingRebalance", "CompletingRebalance", "Stable", "Dead"; of the consumer
    // protocol also "Assigning", "Reconciling", and its generation is the group epoch.
    std::string from, to;
    GenerationId generation = no_generation;
    std::uint32_t members = 0;
    std::string reason;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("group", self.group);
        fields("from", self.from);
        fields("to", self.to);
        fields("generation", self.generation);
        fields("members", self.members);
        fields("reason", self.reason);
    }
};

struct MemberRemoved {
    static constexpr std::string_view event_name = "MemberRemoved";
    std::string group;
    std::string member_id;
    // "session timeout", "left", "rebalance timeout"; "replaced": another process came with its
    // group.instance.id, and has what it had, in the same generation (KIP-345).
    std::string reason;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("group", self.group);
        fields("member_id", self.member_id);
        fields("reason", self.reason);
    }
};

// What a member of the consumer protocol holds changed (KIP-848): what it may own from now on, and
// what it still has to give up before anybody else may own it.
struct MemberReconciled {
    static constexpr std::string_view event_name = "MemberReconciled";
    std::string group;
    std::string member_id;
    GenerationId member_epoch = no_generation;
    GenerationId target_epoch = no_generation;
    std::string state;  // "STABLE", "UNREVOKED_PARTITIONS", "UNRELEASED_PARTITIONS"
    std::vector<TopicPartition> assigned;
    std::vector<TopicPartition> pending_revocation;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("group", self.group);
        fields("member_id", self.member_id);
        fields("member_epoch", self.member_epoch);
        fields("target_epoch", self.target_epoch);
        fields("state", self.state);
        fields("assigned", self.assigned);
        fields("pending_revocation", self.pending_revocation);
    }
};

// A group with members changed its protocol, and its members stayed (KIP-848).
struct GroupConverted {
    static constexpr std::string_view event_name = "GroupConverted";
    std::string group;
    std::string to;  // "Classic", "Consumer"
    GenerationId generation = no_generation;
    std::uint32_t members = 0;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("group", self.group);
        fields("to", self.to);
        fields("generation", self.generation);
        fields("members", self.members);
    }
};

// A committed offset took effect: the record is below the high watermark of __consumer_offsets.
struct OffsetCommitted {
    static constexpr std::string_view event_name = "OffsetCommitted";
    std::string group;
    std::string member_id;
    GenerationId generation = no_generation;
    TopicPartition partition;
    Offset offset;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("group", self.group);
        fields("member_id", self.member_id);
        fields("generation", self.generation);
        fields("partition", self.partition);
        fields("offset", self.offset);
    }
};

}  // namespace squall::model
