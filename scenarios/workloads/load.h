// Load: records of 100 bytes at an even rate, spread over all partitions of all topics, and nobody
// who reads them but one reader in the calm. For measuring, and for faults under pressure; with
// rate 0 a cluster that only keeps itself alive.
#pragma once

#include "scenarios/workloads/workload.h"

namespace squall::scenarios {

WorkloadEntry load_workload();

}  // namespace squall::scenarios
