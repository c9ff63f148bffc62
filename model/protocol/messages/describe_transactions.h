// DescribeTransactions (KIP-664): what a coordinator knows of transactional ids.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct DescribeTransactionsResponse;

struct DescribeTransactionsRequest {
    static constexpr ApiKey api_key = ApiKey::describe_transactions;
    static constexpr VersionRange versions{.min = 0, .max = 0, .flexible_since = 0};
    using Response = DescribeTransactionsResponse;

    std::vector<std::string> transactional_ids;

    bool operator==(const DescribeTransactionsRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("transactional_ids", self.transactional_ids);
    }
};

struct DescribeTransactionsResponse {
    static constexpr ApiKey api_key = DescribeTransactionsRequest::api_key;
    static constexpr VersionRange versions = DescribeTransactionsRequest::versions;
    using Request = DescribeTransactionsRequest;

    struct Topic {
        std::string topic;
        std::vector<std::int32_t> partitions;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("topic", self.topic);
            fields("partitions", self.partitions);
        }
    };

    struct Transaction {
        ErrorCode error_code = ErrorCode::none;
        std::string transactional_id;
        std::string transaction_state;
        std::int32_t transaction_timeout_ms = 0;
        std::int64_t transaction_start_time_ms = 0;
        ProducerId producer_id = no_producer_id;
        ProducerEpoch producer_epoch = no_producer_epoch;
        std::vector<Topic> topics;

        bool operator==(const Transaction&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("error_code", self.error_code);
            fields("transactional_id", self.transactional_id);
            fields("transaction_state", self.transaction_state);
            fields("transaction_timeout_ms", self.transaction_timeout_ms);
            fields("transaction_start_time_ms", self.transaction_start_time_ms);
            fields("producer_id", self.producer_id);
            fields("producer_epoch", self.producer_epoch);
            fields("topics", self.topics);
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Transaction> transaction_states;

    bool operator==(const DescribeTransactionsResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("transaction_states", self.transaction_states);
    }
};

}  // namespace squall::model
