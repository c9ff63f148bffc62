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
    std::string from, to;  // "Empty", "PreparingRebalance", "CompletingRebalance", "Stable", "Dead"
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
    std::string reason;  // "session timeout", "left", "rebalance timeout"

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("group", self.group);
        fields("member_id", self.member_id);
        fields("reason", self.reason);
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
