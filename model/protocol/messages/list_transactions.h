// ListTransactions (KIP-664): the transactions of a coordinator, filtered by state and producer,
// since version 1 by how long they run (KIP-994) and since 2 by a pattern of transactional ids
// (KIP-1152).
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

struct ListTransactionsResponse;

struct ListTransactionsRequest {
    static constexpr ApiKey api_key = ApiKey::list_transactions;
    static constexpr VersionRange versions{.min = 0, .max = 2, .flexible_since = 0};
    using Response = ListTransactionsResponse;

    std::vector<std::string> state_filters;
    std::vector<ProducerId> producer_id_filters;
    std::int64_t duration_filter = -1;
    std::optional<std::string> transactional_id_pattern;

    bool operator==(const ListTransactionsRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("state_filters", self.state_filters);
        fields("producer_id_filters", self.producer_id_filters);
        fields("duration_filter", self.duration_filter, Wire{.since = 1});
        fields("transactional_id_pattern", self.transactional_id_pattern,
               Wire{.since = 2, .nullable = 2});
    }
};

struct ListTransactionsResponse {
    static constexpr ApiKey api_key = ListTransactionsRequest::api_key;
    static constexpr VersionRange versions = ListTransactionsRequest::versions;
    using Request = ListTransactionsRequest;

    struct Transaction {
        std::string transactional_id;
        ProducerId producer_id = no_producer_id;
        std::string transaction_state;

        bool operator==(const Transaction&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("transactional_id", self.transactional_id);
            fields("producer_id", self.producer_id);
            fields("transaction_state", self.transaction_state);
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<std::string> unknown_state_filters;
    std::vector<Transaction> transaction_states;

    bool operator==(const ListTransactionsResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("error_code", self.error_code);
        fields("unknown_state_filters", self.unknown_state_filters);
        fields("transaction_states", self.transaction_states);
    }
};

}  // namespace squall::model
