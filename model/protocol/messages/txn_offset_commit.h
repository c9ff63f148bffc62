// TxnOffsetCommit (KIP-98): offsets of a group that count once the transaction commits. Since
// version 3 with the member and generation that the group checks (KIP-447); since 5 it adds the
// group to the transaction itself (KIP-890).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct TxnOffsetCommitResponse;

struct TxnOffsetCommitRequest {
    static constexpr ApiKey api_key = ApiKey::txn_offset_commit;
    static constexpr VersionRange versions{.min = 0, .max = 5, .flexible_since = 3};
    using Response = TxnOffsetCommitResponse;

    struct Partition {
        std::int32_t partition_index = 0;
        Offset committed_offset = no_offset;
        LeaderEpoch committed_leader_epoch = no_leader_epoch;
        std::optional<std::string> committed_metadata;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
            fields("committed_offset", self.committed_offset);
            fields("committed_leader_epoch", self.committed_leader_epoch, Wire{.since = 2});
            fields("committed_metadata", self.committed_metadata, Wire{.nullable = 0});
        }
    };

    struct Topic {
        std::string name;
        std::vector<Partition> partitions;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("partitions", self.partitions);
        }
    };

    std::string transactional_id;
    std::string group_id;
    ProducerId producer_id = no_producer_id;
    ProducerEpoch producer_epoch = no_producer_epoch;
    GenerationId generation_id = no_generation;
    std::string member_id;
    std::optional<std::string> group_instance_id;
    std::vector<Topic> topics;

    bool operator==(const TxnOffsetCommitRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("transactional_id", self.transactional_id);
        fields("group_id", self.group_id);
        fields("producer_id", self.producer_id);
        fields("producer_epoch", self.producer_epoch);
        fields("generation_id", self.generation_id, Wire{.since = 3});
        fields("member_id", self.member_id, Wire{.since = 3});
        fields("group_instance_id", self.group_instance_id, Wire{.since = 3, .nullable = 3});
        fields("topics", self.topics);
    }
};

struct TxnOffsetCommitResponse {
    static constexpr ApiKey api_key = TxnOffsetCommitRequest::api_key;
    static constexpr VersionRange versions = TxnOffsetCommitRequest::versions;
    using Request = TxnOffsetCommitRequest;

    struct Partition {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
            fields("error_code", self.error_code);
        }
    };

    struct Topic {
        std::string name;
        std::vector<Partition> partitions;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("partitions", self.partitions);
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Topic> topics;

    bool operator==(const TxnOffsetCommitResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("topics", self.topics);
    }
};

}  // namespace squall::model
