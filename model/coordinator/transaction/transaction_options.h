// Broker settings of the transaction coordinator and of producer ids, with Kafka's names and
// defaults (4.2). `transaction.version` is none of them: it is a feature of the cluster.
#pragma once

#include <chrono>
#include <cstdint>

#include "sim/base/setting_bounds.h"

namespace squall::model {

struct TransactionOptions {
    bool partition_verification = true;
    std::int32_t state_topic_num_partitions = 50;
    std::int16_t state_topic_replication_factor = 3;
    std::int32_t state_topic_min_isr = 2;
    std::chrono::milliseconds max_timeout{900000};
    std::chrono::milliseconds abort_timed_out_interval{10000};
    std::chrono::milliseconds remove_expired_interval{3600000};
    std::chrono::milliseconds transactional_id_expiration{604800000};
    std::chrono::milliseconds add_partitions_retry_backoff{20};
    std::chrono::milliseconds add_partitions_retry_backoff_max{100};
    // An epoch from here on is used up: the next producer of the id gets a new producer id. Kafka's
    // is fixed at 32766; a run that is to see a rotation sets a small one.
    std::int16_t producer_epoch_ceiling = INT16_MAX - 1;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("transaction.partition.verification.enable", self.partition_verification);
        fields("transaction.state.log.num.partitions", self.state_topic_num_partitions,
               int_from(1));
        fields("transaction.state.log.replication.factor", self.state_topic_replication_factor,
               short_from(1));
        fields("transaction.state.log.min.isr", self.state_topic_min_isr, int_from(1));
        fields("transaction.max.timeout.ms", self.max_timeout, int_from(1));
        fields("transaction.abort.timed.out.transaction.cleanup.interval.ms",
               self.abort_timed_out_interval, int_from(1));
        fields("transaction.remove.expired.transaction.cleanup.interval.ms",
               self.remove_expired_interval, int_from(1));
        fields("transactional.id.expiration.ms", self.transactional_id_expiration, int_from(1));
        fields("add.partitions.to.txn.retry.backoff.ms", self.add_partitions_retry_backoff,
               int_from(0));
        fields("add.partitions.to.txn.retry.backoff.max.ms", self.add_partitions_retry_backoff_max,
               int_from(0));
        fields("producer.epoch.ceiling", self.producer_epoch_ceiling, short_from(1));
    }
};

// The first versions that speak transaction.version 2 (KIP-890): clients that know it finalized use
// them, all others older ones; a broker goes by what it is asked with.
inline constexpr std::int16_t first_produce_of_version_2 = 12;
inline constexpr std::int16_t first_end_txn_of_version_2 = 5;
inline constexpr std::int16_t first_txn_offset_commit_of_version_2 = 5;

}  // namespace squall::model
