// Settings of the controller, with Kafka's keys and defaults (4.2).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "model/controller/features.h"
#include "sim/base/setting_bounds.h"
#include "sim/base/time.h"

namespace squall::model {

struct ControllerOptions {
    std::chrono::milliseconds broker_session_timeout{9000};
    std::string cluster_id = "squall";  // brokers of another cluster do not register
    std::chrono::milliseconds metadata_max_idle_interval{500};  // then a NoOpRecord; 0: never
    std::int32_t default_replication_factor = 1;
    std::int32_t num_partitions = 1;
    bool delete_topic_enable = true;
    // Defaults of topics that do not say otherwise.
    std::int32_t min_insync_replicas = 1;
    bool unclean_leader_election_enable = false;
    std::chrono::milliseconds unclean_leader_election_interval{300'000};
    bool auto_leader_rebalance_enable = true;
    std::chrono::seconds leader_imbalance_check_interval{300};
    std::int32_t leader_imbalance_per_broker_percentage = 10;
    // With which a cluster begins: the first active controller writes them into the metadata log.
    FeatureOptions features;

    bool operator==(const ControllerOptions&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("cluster.id", self.cluster_id);
        fields("broker.session.timeout.ms", self.broker_session_timeout, int_from(1));
        fields("metadata.max.idle.interval.ms", self.metadata_max_idle_interval, int_from(0));
        fields("default.replication.factor", self.default_replication_factor, int_from(1));
        fields("num.partitions", self.num_partitions, int_from(1));
        fields("delete.topic.enable", self.delete_topic_enable);
        fields("min.insync.replicas", self.min_insync_replicas, int_from(1));
        fields("unclean.leader.election.enable", self.unclean_leader_election_enable);
        fields("unclean.leader.election.interval.ms", self.unclean_leader_election_interval,
               wait_from(1));
        fields("auto.leader.rebalance.enable", self.auto_leader_rebalance_enable);
        fields("leader.imbalance.check.interval.seconds", self.leader_imbalance_check_interval,
               int_from(1));
        fields("leader.imbalance.per.broker.percentage",
               self.leader_imbalance_per_broker_percentage, int_from(0));
        FeatureOptions::describe(self.features, fields);
    }
};

}  // namespace squall::model
