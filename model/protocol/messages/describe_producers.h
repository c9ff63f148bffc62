// DescribeProducers (KIP-664): what the leader of a partition knows of its producers.
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

struct DescribeProducersResponse;

struct DescribeProducersRequest {
    static constexpr ApiKey api_key = ApiKey::describe_producers;
    static constexpr VersionRange versions{.min = 0, .max = 0, .flexible_since = 0};
    using Response = DescribeProducersResponse;

    struct Topic {
        std::string name;
        std::vector<std::int32_t> partition_indexes;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("partition_indexes", self.partition_indexes);
        }
    };

    std::vector<Topic> topics;

    bool operator==(const DescribeProducersRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("topics", self.topics);
    }
};

struct DescribeProducersResponse {
    static constexpr ApiKey api_key = DescribeProducersRequest::api_key;
    static constexpr VersionRange versions = DescribeProducersRequest::versions;
    using Request = DescribeProducersRequest;

    struct Producer {
        ProducerId producer_id = no_producer_id;
        std::int32_t producer_epoch = 0;
        SequenceNumber last_sequence = no_sequence;
        TimestampMs last_timestamp = no_timestamp;
        std::int32_t coordinator_epoch = 0;
        Offset current_txn_start_offset = no_offset;

        bool operator==(const Producer&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("producer_id", self.producer_id);
            fields("producer_epoch", self.producer_epoch);
            fields("last_sequence", self.last_sequence);
            fields("last_timestamp", self.last_timestamp);
            fields("coordinator_epoch", self.coordinator_epoch);
            fields("current_txn_start_offset", self.current_txn_start_offset);
        }
    };

    struct Partition {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;
        std::vector<Producer> active_producers;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
            fields("error_code", self.error_code);
            fields("error_message", self.error_message, Wire{.nullable = 0});
            fields("active_producers", self.active_producers);
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

    bool operator==(const DescribeProducersResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("topics", self.topics);
    }
};

}  // namespace squall::model
