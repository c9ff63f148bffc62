// Ownership: who owned which partition of a group when, as the applications' callbacks saw it, and
// what the group's rebalances cost.
//
// A member owns a partition from the event of `assigned` to that of `revoked` or `lost`, or until
// its machine stops. Two may own one at a time as they see it (a zombie that has not heard): then
// their spans overlap.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/protocol/types.h"
#include "reports/graphviz.h"
#include "sim/trace/trace.h"

namespace squall::reports {

struct OwnedSpan {
    Time from;
    Time to;
    std::string owner;  // the member's machine
};

struct GroupOwnership {
    std::string group;
    std::string protocol;  // "classic: range", "consumer"
    // Every partition that the group ever owned; spans in order of `from`.
    std::map<model::TopicPartition, std::vector<OwnedSpan>> lanes;

    // ---- the bill: from the first time that all lanes had an owner, until the storm ends ----
    Time counted_from;
    Time counted_until;
    Duration unowned{};               // summed over partitions
    std::uint64_t moved = 0;          // times a partition got another owner than before
    std::uint64_t handled = 0;        // records handled, in the whole run
    std::uint64_t handled_again = 0;  // handlings beyond the first one of a record
};

// In order of the groups' names; groups that never owned anything are left out. Requires: a full
// trace.
std::vector<GroupOwnership> ownership(const sim::Trace& trace);

// A line for each partition, then the bill, as a table.
std::string ownership_text(const std::vector<GroupOwnership>& groups);

// Partitions as lanes over time, coloured by owner, grey where nobody owns them; faults as lines.
// Requires: a full trace.
Graph ownership_lanes(const sim::Trace& trace);

}  // namespace squall::reports
