// Sequence diagram of the most interesting fault (moments.h): one lane a machine, time downwards,
// frames as arrows, decisions as notes on their lanes. A lane is dashed while its machine is down,
// and wide and golden while it leads the partition that is followed; leadership that moves is a
// golden arrow.
#pragma once

#include "reports/graphviz.h"
#include "sim/trace/trace.h"

namespace squall::reports {

// Requires: a full trace. A run without faults shows its first moments.
Graph sequence_diagram(const sim::Trace& trace);

}  // namespace squall::reports
