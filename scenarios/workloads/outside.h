// outside: no applications of its own. Clients come from outside, over the gateway; the scenario's
// topics are made for them.
#pragma once

#include "scenarios/workloads/workload.h"

namespace squall::scenarios {

WorkloadEntry outside_workload();

}  // namespace squall::scenarios
