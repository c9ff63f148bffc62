// Audit: at the end of a run, the simulated disks of all brokers are read directly, without any
// code of the broker, and what lies there is told to the trace (AuditedBatch, AuditedLog), so that
// checkers can hold it against what the trace claimed. White-box events come from the code under
// test; this does not.
#pragma once

#include "scenarios/cluster.h"

namespace squall::scenarios {

void audit_disks(Cluster& cluster);

}  // namespace squall::scenarios
