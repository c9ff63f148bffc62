// LogUpkeepHost: what a broker does with its logs by the clock: retention, compaction, flushes by
// time, checkpoints, and forgetting producers (the scheduled tasks of Kafka's LogManager and its
// LogCleaner thread).
//
// A task for each, so that a slow one does not hold up the others; each goes over the partitions
// one by one. Logs that are compacted are deleted from by the cleaner alone, as in Kafka.
//
// Differs from Kafka: the cleaner looks at every log in turn, not at the one with the largest dirty
// ratio first.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "model/log/log_directory.h"
#include "model/replica/log_upkeep_options.h"
#include "model/replica/partition_host.h"
#include "sim/kernel/node.h"

namespace squall::model {

struct LogUpkeepSurroundings {
    sim::Node& node;
    LogDirectory& logs;
    std::function<std::vector<TopicPartition>()> partitions;
    // Null for one that left meanwhile.
    std::function<PartitionHost*(const TopicPartition&)> find;
};

class LogUpkeepHost {
  public:
    // Spawns its tasks; does not park.
    LogUpkeepHost(LogUpkeepOptions options, LogUpkeepSurroundings surroundings);
    LogUpkeepHost(const LogUpkeepHost&) = delete;
    LogUpkeepHost& operator=(const LogUpkeepHost&) = delete;

  private:
    // Spawns a task that does `work` every `interval`, first after `delay`; `work` may park.
    void every(LogUpkeepOptions::Milliseconds interval, std::string_view name,
               std::function<void()> work, LogUpkeepOptions::Milliseconds delay);
    void for_each(const std::function<void(PartitionHost&)>& work);

    LogUpkeepSurroundings surroundings_;
};

}  // namespace squall::model
