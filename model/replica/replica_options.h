// ReplicaOptions: the settings of a broker that replication reads.
#pragma once

#include <chrono>
#include <cstdint>

#include "model/replica/log_upkeep_options.h"
#include "sim/base/setting_bounds.h"

namespace squall::model {

// With Kafka's names and defaults.
struct ReplicaOptions {
    std::chrono::milliseconds replica_lag_time_max{30000};
    std::chrono::milliseconds replica_fetch_wait_max{500};
    std::int32_t replica_fetch_min_bytes = 1;
    std::int32_t replica_fetch_max_bytes = 1 << 20;
    std::chrono::milliseconds replica_fetch_backoff{1000};
    std::chrono::milliseconds replica_high_watermark_checkpoint_interval{5000};
    std::int64_t log_flush_interval_messages = INT64_MAX;
    std::int32_t min_insync_replicas = 1;  // the broker's default; a topic may override it
    std::int32_t message_max_bytes = 1048588;
    bool transaction_partition_verification = true;  // leaders ask before a transaction begins
    LogUpkeepOptions upkeep{};

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("replica.lag.time.max.ms", self.replica_lag_time_max, wait_from(1));
        fields("replica.fetch.wait.max.ms", self.replica_fetch_wait_max, int_from(0));
        fields("replica.fetch.min.bytes", self.replica_fetch_min_bytes, int_from(0));
        fields("replica.fetch.max.bytes", self.replica_fetch_max_bytes, int_from(0));
        fields("replica.fetch.backoff.ms", self.replica_fetch_backoff, int_from(0));
        fields("replica.high.watermark.checkpoint.interval.ms",
               self.replica_high_watermark_checkpoint_interval, wait_from(1));
        fields("log.flush.interval.messages", self.log_flush_interval_messages, long_from(1));
        fields("min.insync.replicas", self.min_insync_replicas, int_from(1));
        fields("message.max.bytes", self.message_max_bytes, int_from(0));
        fields("transaction.partition.verification.enable",
               self.transaction_partition_verification);
        LogUpkeepOptions::describe(self.upkeep, fields);
    }
};

}  // namespace squall::model
