// Sequence diagram: the moments around the most interesting fault, one lane a machine, time
// downwards, frames as arrows, what machines decided as notes on their lanes.
//
// The most interesting fault is the one after which most leaders moved; failing that, the first.
#pragma once

#include "reports/graphviz.h"
#include "sim/trace/trace.h"

namespace squall::reports {

// Requires: a full trace. A run without faults shows its first moments.
Graph sequence_diagram(const sim::Trace& trace);

}  // namespace squall::reports
