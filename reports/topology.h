// Topology: who writes and reads which topic, and at the end of the run where each partition lives:
// its leader, the replicas in sync with it and those that are not; and the machines of the cluster.
#pragma once

#include "reports/graphviz.h"
#include "sim/trace/trace.h"

namespace squall::reports {

// Requires: a full trace.
Graph topology(const sim::Trace& trace);

}  // namespace squall::reports
