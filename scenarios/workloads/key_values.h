// key-values: a table that is written key by key, and rebuilt from its topic over and over. A
// writer puts values to a hundred keys and deletes some of them; "table" reads the topic "values"
// from the beginning, as a cache that starts cold does, slowly enough that the cleaner may pass it,
// and begins anew; in the calm a reader does it once.
//
// Machines: "admin", "writer", "table", "reader".
#pragma once

#include "scenarios/workloads/workload.h"

namespace squall::scenarios {

WorkloadEntry key_values_workload();

}  // namespace squall::scenarios
