// The delivery patterns of event-driven systems as workloads, each in the form that works and, with
// workload.flaw, in forms that people write by mistake (model/patterns). What must come of each
// order stands in a ledger for each group that has effects; the ledger checker compares.
//
// Machines: "admin", "order-service", the members of the scenario's groups, "reader"; of outbox
// also "relay", of consume-process-produce and pipeline "sink".
#pragma once

#include <vector>

#include "scenarios/workloads/workload.h"

namespace squall::scenarios {

std::vector<WorkloadEntry> pattern_workloads();

}  // namespace squall::scenarios
