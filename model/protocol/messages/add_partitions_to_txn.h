// AddPartitionsToTxn (KIP-98): partitions become part of a transaction before records go there.
// Since version 4 brokers ask for several transactions at once, and may only verify (KIP-890);
// clients stay at version 3.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct AddPartitionsToTxnResponse;

struct AddPartitionsToTxnRequest {
    static constexpr ApiKey api_key = ApiKey::add_partitions_to_txn;
    static constexpr VersionRange versions{.min = 0, .max = 5, .flexible_since = 3};
    using Response = AddPartitionsToTxnResponse;

    struct Topic {
        std::string name;
        std::vector<std::int32_t> partitions;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("partitions", self.partitions);
        }
    };

    struct Transaction {
        std::string transactional_id;
        ProducerId producer_id = no_producer_id;
        ProducerEpoch producer_epoch = no_producer_epoch;
        bool verify_only = false;
        std::vector<Topic> topics;

        bool operator==(const Transaction&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("transactional_id", self.transactional_id);
            fields("producer_id", self.producer_id);
            fields("producer_epoch", self.producer_epoch);
            fields("verify_only", self.verify_only);
            fields("topics", self.topics);
        }
    };

    std::vector<Transaction> transactions;
    std::string v3_and_below_transactional_id;
    ProducerId v3_and_below_producer_id = no_producer_id;
    ProducerEpoch v3_and_below_producer_epoch = no_producer_epoch;
    std::vector<Topic> v3_and_below_topics;

    bool operator==(const AddPartitionsToTxnRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("transactions", self.transactions, Wire{.since = 4});
        fields("v3_and_below_transactional_id", self.v3_and_below_transactional_id,
               Wire{.until = 3});
        fields("v3_and_below_producer_id", self.v3_and_below_producer_id, Wire{.until = 3});
        fields("v3_and_below_producer_epoch", self.v3_and_below_producer_epoch, Wire{.until = 3});
        fields("v3_and_below_topics", self.v3_and_below_topics, Wire{.until = 3});
    }
};

struct AddPartitionsToTxnResponse {
    static constexpr ApiKey api_key = AddPartitionsToTxnRequest::api_key;
    static constexpr VersionRange versions = AddPartitionsToTxnRequest::versions;
    using Request = AddPartitionsToTxnRequest;

    struct Partition {
        std::int32_t partition_index = 0;
        ErrorCode partition_error_code = ErrorCode::none;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
            fields("partition_error_code", self.partition_error_code);
        }
    };

    struct Topic {
        std::string name;
        std::vector<Partition> results_by_partition;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("results_by_partition", self.results_by_partition);
        }
    };

    struct TransactionResult {
        std::string transactional_id;
        std::vector<Topic> topic_results;

        bool operator==(const TransactionResult&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("transactional_id", self.transactional_id);
            fields("topic_results", self.topic_results);
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<TransactionResult> results_by_transaction;
    std::vector<Topic> results_by_topic_v3_and_below;

    bool operator==(const AddPartitionsToTxnResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("error_code", self.error_code, Wire{.since = 4});
        fields("results_by_transaction", self.results_by_transaction, Wire{.since = 4});
        fields("results_by_topic_v3_and_below", self.results_by_topic_v3_and_below,
               Wire{.until = 3});
    }
};

}  // namespace squall::model
