// AlterPartition: a partition leader proposes a new in-sync set; the controller compares partition
// and leader epochs and answers what holds (KIP-497; broker epochs in the proposal, KIP-903).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct AlterPartitionResponse;

struct AlterPartitionRequest {
    static constexpr ApiKey api_key = ApiKey::alter_partition;
    static constexpr VersionRange versions{.min = 0, .max = 3, .flexible_since = 0};
    using Response = AlterPartitionResponse;

    struct IsrMember {
        BrokerId broker_id = no_broker;
        BrokerEpoch broker_epoch{-1};

        bool operator==(const IsrMember&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("broker_id", self.broker_id);
            fields("broker_epoch", self.broker_epoch);
        }
    };

    struct Partition {
        std::int32_t partition_index = 0;
        LeaderEpoch leader_epoch = no_leader_epoch;
        std::vector<BrokerId> new_isr;
        std::vector<IsrMember> new_isr_with_epochs;
        LeaderRecoveryState leader_recovery_state = LeaderRecoveryState::recovered;
        PartitionEpoch partition_epoch;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
            fields("leader_epoch", self.leader_epoch);
            fields("new_isr", self.new_isr, Wire{.until = 2});
            fields("new_isr_with_epochs", self.new_isr_with_epochs, Wire{.since = 3});
            fields("leader_recovery_state", self.leader_recovery_state, Wire{.since = 1});
            fields("partition_epoch", self.partition_epoch);
        }
    };

    struct Topic {
        std::string topic_name;
        Uuid topic_id;
        std::vector<Partition> partitions;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("topic_name", self.topic_name, Wire{.until = 1});
            fields("topic_id", self.topic_id, Wire{.since = 2});
            fields("partitions", self.partitions);
        }
    };

    BrokerId broker_id = no_broker;
    BrokerEpoch broker_epoch{-1};
    std::vector<Topic> topics;

    bool operator==(const AlterPartitionRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker_id", self.broker_id);
        fields("broker_epoch", self.broker_epoch);
        fields("topics", self.topics);
    }
};

struct AlterPartitionResponse {
    static constexpr ApiKey api_key = AlterPartitionRequest::api_key;
    static constexpr VersionRange versions = AlterPartitionRequest::versions;
    using Request = AlterPartitionRequest;

    struct Partition {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;
        BrokerId leader_id = no_broker;
        LeaderEpoch leader_epoch = no_leader_epoch;
        std::vector<BrokerId> isr;
        LeaderRecoveryState leader_recovery_state = LeaderRecoveryState::recovered;
        PartitionEpoch partition_epoch;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
            fields("error_code", self.error_code);
            fields("leader_id", self.leader_id);
            fields("leader_epoch", self.leader_epoch);
            fields("isr", self.isr);
            fields("leader_recovery_state", self.leader_recovery_state, Wire{.since = 1});
            fields("partition_epoch", self.partition_epoch);
        }
    };

    struct Topic {
        std::string topic_name;
        Uuid topic_id;
        std::vector<Partition> partitions;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("topic_name", self.topic_name, Wire{.until = 1});
            fields("topic_id", self.topic_id, Wire{.since = 2});
            fields("partitions", self.partitions);
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<Topic> topics;

    bool operator==(const AlterPartitionResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("error_code", self.error_code);
        fields("topics", self.topics);
    }
};

}  // namespace squall::model
