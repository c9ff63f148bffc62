// LogOptions: how one topic's logs are kept, with Kafka's keys and defaults (Kafka 4.2, LogConfig).
//
// `flush_messages` and the rest are topic settings; a broker's own settings (log.segment.bytes and
// so on) are the defaults that a topic's override. Ratios are in thousandths: the model has no
// floating point.
//
// Differs from Kafka: segment.jitter.ms, preallocate and the remote storage and compression level
// settings do not exist here and are unknown keys.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "model/protocol/batch_view.h"
#include "sim/base/result.h"
#include "sim/base/setting_bounds.h"

namespace squall::model {

// cleanup.policy: "delete", "compact", or both with a comma between.
struct CleanupPolicy {
    bool deletes = true;
    bool compacts = false;

    bool operator==(const CleanupPolicy&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("deletes", self.deletes);
        fields("compacts", self.compacts);
    }
};
std::string to_string(const CleanupPolicy& policy);
// See sim/base/settings.h, here and below.
std::optional<std::string> read_setting(std::string_view text, CleanupPolicy& policy);
std::string_view to_string(TimestampType type);  // "CreateTime", "LogAppendTime"

// A ratio in thousandths, written as a decimal: 0.5 is 500.
struct Permille {
    std::int32_t value = 0;

    bool operator==(const Permille&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("value", self.value);
    }
};
std::string to_string(Permille ratio);
std::optional<std::string> read_setting(std::string_view text, Permille& ratio);
std::optional<std::string> read_setting(std::string_view text, TimestampType& type);

struct LogOptions {
    using Milliseconds = std::chrono::milliseconds;
    static constexpr Milliseconds never{INT64_MAX};

    // Segments and their indexes.
    std::int32_t segment_bytes = 1 << 30;
    Milliseconds segment_ms{604'800'000};
    std::int32_t segment_index_bytes = 10 << 20;
    std::int32_t index_interval_bytes = 4096;
    // Kafka's door for tests: a segment size below the minimum of segment.bytes. 0: not set.
    std::int32_t internal_segment_bytes = 0;
    // Durability: Kafka leaves it to replication and the operating system.
    std::int64_t flush_messages = INT64_MAX;
    Milliseconds flush_ms = never;
    // What may be written.
    std::int32_t max_message_bytes = 1'048'588;
    TimestampType message_timestamp_type = TimestampType::create_time;
    Milliseconds message_timestamp_before_max_ms = never;
    Milliseconds message_timestamp_after_max_ms{3'600'000};
    std::string compression_type = "producer";
    // What may be deleted, and when.
    CleanupPolicy cleanup_policy;
    std::int64_t retention_bytes = -1;  // -1: no limit
    Milliseconds retention_ms{604'800'000};
    Milliseconds file_delete_delay_ms{60'000};
    Permille min_cleanable_dirty_ratio{500};
    Milliseconds min_compaction_lag_ms{0};
    Milliseconds max_compaction_lag_ms = never;
    Milliseconds delete_retention_ms{86'400'000};
    // Of replication; in the topic's settings like the others, read by others than the log.
    std::int32_t min_insync_replicas = 1;
    bool unclean_leader_election_enable = false;
    // Of the broker, not of a topic: producer.id.expiration.ms.
    Milliseconds producer_id_expiration_ms{86'400'000};

    std::int64_t effective_segment_bytes() const {
        return internal_segment_bytes > 0 ? internal_segment_bytes : segment_bytes;
    }

    // A compacted log must not keep a record from the cleaner longer than it promises.
    Milliseconds effective_segment_ms() const {
        return cleanup_policy.compacts ? std::min(segment_ms, max_compaction_lag_ms) : segment_ms;
    }

    // These options with a topic's settings over them. Error: invalid_input, naming the key, the
    // value and what was expected.
    Result<LogOptions> with(const std::map<std::string, std::string>& topic_settings) const;

    bool operator==(const LogOptions&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        constexpr SettingBounds at_least_0{.low = 0};
        constexpr SettingBounds at_least_1{.low = 1};
        constexpr SettingBounds at_least_minus_1{.low = -1};
        fields("cleanup.policy", self.cleanup_policy);
        fields("compression.type", self.compression_type);
        fields("delete.retention.ms", self.delete_retention_ms, at_least_0);
        fields("file.delete.delay.ms", self.file_delete_delay_ms, at_least_0);
        fields("flush.messages", self.flush_messages, at_least_1);
        fields("flush.ms", self.flush_ms, at_least_0);
        fields("index.interval.bytes", self.index_interval_bytes, at_least_0);
        fields("internal.segment.bytes", self.internal_segment_bytes, at_least_0);
        fields("max.compaction.lag.ms", self.max_compaction_lag_ms, at_least_1);
        fields("max.message.bytes", self.max_message_bytes, at_least_0);
        fields("message.timestamp.after.max.ms", self.message_timestamp_after_max_ms, at_least_0);
        fields("message.timestamp.before.max.ms", self.message_timestamp_before_max_ms, at_least_0);
        fields("message.timestamp.type", self.message_timestamp_type);
        fields("min.cleanable.dirty.ratio", self.min_cleanable_dirty_ratio);
        fields("min.compaction.lag.ms", self.min_compaction_lag_ms, at_least_0);
        fields("min.insync.replicas", self.min_insync_replicas, at_least_1);
        fields("retention.bytes", self.retention_bytes, at_least_minus_1);
        fields("retention.ms", self.retention_ms, at_least_minus_1);
        fields("segment.bytes", self.segment_bytes, SettingBounds{.low = 1 << 20});  // KIP-1030
        fields("segment.index.bytes", self.segment_index_bytes, SettingBounds{.low = 4});
        fields("segment.ms", self.segment_ms, at_least_1);
        fields("unclean.leader.election.enable", self.unclean_leader_election_enable);
    }
};

}  // namespace squall::model
