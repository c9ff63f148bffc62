// Broker settings of the group coordinator, with Kafka's names and defaults (4.2).
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "sim/base/setting_bounds.h"

namespace squall::model {

// Which groups may change their protocol while members are in them (KIP-848).
enum class MigrationPolicy : std::uint8_t {
    bidirectional,
    upgrade,    // from classic to consumer only
    downgrade,  // from consumer to classic only
    disabled,
};
inline std::string_view to_string(MigrationPolicy policy) {
    switch (policy) {
        case MigrationPolicy::bidirectional:
            return "bidirectional";
        case MigrationPolicy::upgrade:
            return "upgrade";
        case MigrationPolicy::downgrade:
            return "downgrade";
        case MigrationPolicy::disabled:
            return "disabled";
    }
    return "?";
}

struct GroupCoordinatorOptions {
    std::chrono::milliseconds group_initial_rebalance_delay{3000};
    std::chrono::milliseconds group_min_session_timeout{6000};
    std::chrono::milliseconds group_max_session_timeout{1800000};
    std::int32_t group_max_size = INT32_MAX;
    std::chrono::milliseconds group_consumer_session_timeout{45000};
    std::chrono::milliseconds group_consumer_heartbeat_interval{5000};
    std::int32_t group_consumer_max_size = INT32_MAX;
    MigrationPolicy group_consumer_migration_policy = MigrationPolicy::bidirectional;
    std::chrono::milliseconds group_consumer_regex_refresh_interval{600000};
    std::int32_t offsets_topic_num_partitions = 50;
    std::int16_t offsets_topic_replication_factor = 3;
    std::chrono::milliseconds offsets_commit_timeout{5000};
    std::int32_t offset_metadata_max_bytes = 4096;
    std::chrono::minutes offsets_retention{10080};
    std::chrono::milliseconds offsets_retention_check_interval{600000};

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("group.initial.rebalance.delay.ms", self.group_initial_rebalance_delay, int_from(0));
        fields("group.min.session.timeout.ms", self.group_min_session_timeout, int_from(0));
        fields("group.max.session.timeout.ms", self.group_max_session_timeout, int_from(0));
        fields("group.max.size", self.group_max_size, int_from(1));
        fields("group.consumer.session.timeout.ms", self.group_consumer_session_timeout,
               int_from(1));
        fields("group.consumer.heartbeat.interval.ms", self.group_consumer_heartbeat_interval,
               int_from(1));
        fields("group.consumer.max.size", self.group_consumer_max_size, int_from(1));
        fields("group.consumer.migration.policy", self.group_consumer_migration_policy);
        fields("group.consumer.regex.refresh.interval.ms",
               self.group_consumer_regex_refresh_interval, int_from(10000));
        fields("offsets.topic.num.partitions", self.offsets_topic_num_partitions, int_from(1));
        fields("offsets.topic.replication.factor", self.offsets_topic_replication_factor,
               short_from(1));
        fields("offsets.commit.timeout.ms", self.offsets_commit_timeout, int_from(1));
        fields("offset.metadata.max.bytes", self.offset_metadata_max_bytes, int_from(0));
        fields("offsets.retention.minutes", self.offsets_retention, int_from(1));
        fields("offsets.retention.check.interval.ms", self.offsets_retention_check_interval,
               wait_from(1));
    }
};

// A member that was just added cannot send heartbeats before its JoinGroup is answered, and a
// client that gave up retries under a new id: so long a new member may wait before it is dropped.
inline constexpr std::chrono::minutes new_member_join_timeout{5};

}  // namespace squall::model
