// Load: records of 100 bytes at an even rate, and nobody who reads them but one reader in the calm.
// They go to all partitions of all topics in turn; with partitioner.ignore.keys, to where Kafka's
// partitioner puts records without a key: to one partition until about a batch is full, as those of
// kafka-producer-perf-test do. For measuring, and for faults under pressure; with rate 0 a cluster
// that only keeps itself alive.
#pragma once

#include "scenarios/workloads/workload.h"

namespace squall::scenarios {

WorkloadEntry load_workload();

}  // namespace squall::scenarios
