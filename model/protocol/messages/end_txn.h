// EndTxn (KIP-98): commits or aborts a transaction. Since version 5 the producer's epoch goes up
// with every transaction and the answer tells the next one (KIP-890).
#pragma once

#include <cstdint>
#include <string>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct EndTxnResponse;

struct EndTxnRequest {
    static constexpr ApiKey api_key = ApiKey::end_txn;
    static constexpr VersionRange versions{.min = 0, .max = 5, .flexible_since = 3};
    using Response = EndTxnResponse;

    std::string transactional_id;
    ProducerId producer_id = no_producer_id;
    ProducerEpoch producer_epoch = no_producer_epoch;
    bool committed = false;

    bool operator==(const EndTxnRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("transactional_id", self.transactional_id);
        fields("producer_id", self.producer_id);
        fields("producer_epoch", self.producer_epoch);
        fields("committed", self.committed);
    }
};

struct EndTxnResponse {
    static constexpr ApiKey api_key = EndTxnRequest::api_key;
    static constexpr VersionRange versions = EndTxnRequest::versions;
    using Request = EndTxnRequest;

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    ProducerId producer_id = no_producer_id;
    ProducerEpoch producer_epoch = no_producer_epoch;

    bool operator==(const EndTxnResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("error_code", self.error_code);
        fields("producer_id", self.producer_id, Wire{.since = 5});
        fields("producer_epoch", self.producer_epoch, Wire{.since = 5});
    }
};

}  // namespace squall::model
