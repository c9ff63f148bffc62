// RuleBook: the fault rules of one network, and which of them a frame meets on its way.
//
// Whether a rule with a chance hits a frame is drawn from the frame's own noise and the id of the
// fault: frames and faults that go or come leave the fate of the others as it was.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/network/link.h"
#include "sim/network/rules.h"

namespace squall::sim {

// What wants to pass from one machine to another.
struct Passage {
    enum class Kind : std::uint8_t {
        frame,
        attempt,  // to connect
        signal,   // that a connection was accepted, or is over
    };
    NodeId from, to;
    Kind kind = Kind::frame;
    bool is_replayable = false;  // a request, from the end that connected
    std::string_view label;      // of a frame
    std::uint64_t bits = 0;      // its noise
};

class RuleBook {
  public:
    // A rule in force.
    struct Entry {
        RuleId id;
        Rule rule;
        std::string_view word;  // "delay", "stall", "cut", ...: what the trace calls it
        // Of a partition: the group of each node by its number, 0 for none; else empty.
        std::vector<std::uint32_t> group_of;
        std::uint64_t fault_hash = 0;
        std::uint32_t matched = 0;
        std::uint32_t disturbed = 0;
        mutable Pipe pipe{};  // of a throttle
    };

    RuleId add(Rule rule);
    // A stall that the trace calls a cut.
    RuleId add_cut(Rule rule);
    // One rule for all pairs of nodes in different groups. Requires: no node is in two of them.
    RuleId add_partition(const std::vector<std::vector<NodeId>>& groups, std::string fault_id);
    // Requires: in force.
    void remove(RuleId id);

    bool empty() const { return entries_.empty(); }
    // The first rule behind `after` that disturbs the passage; null: none does. Counts it.
    const Entry* meet(const Passage& passage, RuleId after);
    // Whether everything from one node to the other is held now.
    bool is_cut(NodeId from, NodeId to) const;

  private:
    RuleId insert(Entry entry);

    std::vector<Entry> entries_;  // in order of their ids
    std::uint64_t next_id_ = 1;
};

}  // namespace squall::sim
