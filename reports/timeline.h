// Timeline: what happened to the cluster, as short lines for people: faults, machines, leaders,
// fences, groups.
#pragma once

#include <string>
#include <vector>

#include "sim/trace/trace.h"

namespace squall::reports {

struct TimelineEntry {
    Time time;
    std::string who;  // the node that told it
    std::string what;
};

// Requires: a full trace.
std::vector<TimelineEntry> timeline(const sim::Trace& trace);
std::string timeline_text(const sim::Trace& trace);

}  // namespace squall::reports
