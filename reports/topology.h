// Topology: the cluster at the end of a run: controllers, brokers with the partitions they hold
// (leaders in bold), clients and what they spoke to.
#pragma once

#include "reports/graphviz.h"
#include "sim/trace/trace.h"

namespace squall::reports {

// Requires: a full trace.
Graph topology(const sim::Trace& trace);

}  // namespace squall::reports
