// BrokerLogSettings: the settings of logs that a broker is started with, under Kafka's keys of
// brokers (ServerLogConfigs, CleanerConfig). Each is the default of a topic's setting, except
// producer.id.expiration.ms, which topics do not have.
//
// Left out: the same settings in other units (log.retention.hours, log.roll.hours, ...) and those
// that ReplicaOptions reads for more than logs (message.max.bytes, min.insync.replicas,
// log.flush.interval.messages).
#pragma once

#include "model/log/log_options.h"
#include "sim/base/setting_bounds.h"

namespace squall::model {

struct BrokerLogSettings {
    LogOptions log;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        auto& log = self.log;
        fields("log.cleaner.delete.retention.ms", log.delete_retention_ms, long_from(0));
        fields("log.cleaner.max.compaction.lag.ms", log.max_compaction_lag_ms, long_from(1));
        fields("log.cleaner.min.cleanable.ratio", log.min_cleanable_dirty_ratio);
        fields("log.cleaner.min.compaction.lag.ms", log.min_compaction_lag_ms, long_from(0));
        fields("log.cleanup.policy", log.cleanup_policy);
        fields("log.flush.interval.ms", log.flush_ms, long_from(0));
        fields("log.index.interval.bytes", log.index_interval_bytes, int_from(0));
        fields("log.index.size.max.bytes", log.segment_index_bytes, int_from(4));
        fields("log.message.timestamp.after.max.ms", log.message_timestamp_after_max_ms,
               long_from(0));
        fields("log.message.timestamp.before.max.ms", log.message_timestamp_before_max_ms,
               long_from(0));
        fields("log.message.timestamp.type", log.message_timestamp_type);
        fields("log.retention.bytes", log.retention_bytes, long_from(-1));
        fields("log.retention.ms", log.retention_ms, long_from(-1));
        fields("log.roll.ms", log.segment_ms, long_from(1));
        fields("log.segment.bytes", log.segment_bytes, int_from(1 << 20));
        fields("log.segment.delete.delay.ms", log.file_delete_delay_ms, wait_from(0));
        fields("producer.id.expiration.ms", log.producer_id_expiration_ms, int_from(1));
    }
};

}  // namespace squall::model
