// LogUpkeepOptions: how often a broker looks after its logs, with Kafka's keys and defaults.
#pragma once

#include <chrono>
#include <cstdint>

#include "sim/base/setting_bounds.h"

namespace squall::model {

struct LogUpkeepOptions {
    using Milliseconds = std::chrono::milliseconds;
    static constexpr Milliseconds never{INT64_MAX};

    // After the start, before anything else here but cleaning.
    Milliseconds log_initial_task_delay{30'000};
    Milliseconds log_retention_check_interval{300'000};
    // How often flush.ms is looked at; by default it is not, and flushing is left to the system.
    Milliseconds log_flush_scheduler_interval = never;
    Milliseconds log_flush_offset_checkpoint_interval{60'000};
    Milliseconds log_flush_start_offset_checkpoint_interval{60'000};
    bool log_cleaner_enable = true;
    Milliseconds log_cleaner_backoff{15'000};
    Milliseconds producer_id_expiration_check_interval{600'000};

    bool operator==(const LogUpkeepOptions&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("log.initial.task.delay.ms", self.log_initial_task_delay, wait_from(0));
        fields("log.retention.check.interval.ms", self.log_retention_check_interval, wait_from(1));
        fields("log.flush.scheduler.interval.ms", self.log_flush_scheduler_interval, long_from(1));
        fields("log.flush.offset.checkpoint.interval.ms", self.log_flush_offset_checkpoint_interval,
               int_from(1));
        fields("log.flush.start.offset.checkpoint.interval.ms",
               self.log_flush_start_offset_checkpoint_interval, int_from(1));
        fields("log.cleaner.enable", self.log_cleaner_enable);
        fields("log.cleaner.backoff.ms", self.log_cleaner_backoff, wait_from(1));
        fields("producer.id.expiration.check.interval.ms",
               self.producer_id_expiration_check_interval, int_from(1));
    }
};

}  // namespace squall::model
