// AddOffsetsToTxn (KIP-98): the offsets of a group become part of a transaction before they are
// committed.
#pragma once

#include <cstdint>
#include <string>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct AddOffsetsToTxnResponse;

struct AddOffsetsToTxnRequest {
    static constexpr ApiKey api_key = ApiKey::add_offsets_to_txn;
    static constexpr VersionRange versions{.min = 0, .max = 4, .flexible_since = 3};
    using Response = AddOffsetsToTxnResponse;

    std::string transactional_id;
    ProducerId producer_id = no_producer_id;
    ProducerEpoch producer_epoch = no_producer_epoch;
    std::string group_id;

    bool operator==(const AddOffsetsToTxnRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("transactional_id", self.transactional_id);
        fields("producer_id", self.producer_id);
        fields("producer_epoch", self.producer_epoch);
        fields("group_id", self.group_id);
    }
};

struct AddOffsetsToTxnResponse {
    static constexpr ApiKey api_key = AddOffsetsToTxnRequest::api_key;
    static constexpr VersionRange versions = AddOffsetsToTxnRequest::versions;
    using Request = AddOffsetsToTxnRequest;

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;

    bool operator==(const AddOffsetsToTxnResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("error_code", self.error_code);
    }
};

}  // namespace squall::model
