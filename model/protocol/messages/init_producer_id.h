// InitProducerId (KIP-98): a producer id and epoch, for idempotence alone or for a transactional
// id, whose former producers it fences. Since version 3 a producer offers the id and epoch it has
// (KIP-360); since 4 the fenced one is told PRODUCER_FENCED.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct InitProducerIdResponse;

struct InitProducerIdRequest {
    static constexpr ApiKey api_key = ApiKey::init_producer_id;
    static constexpr VersionRange versions{.min = 0, .max = 5, .flexible_since = 2};
    using Response = InitProducerIdResponse;

    std::optional<std::string> transactional_id;
    std::int32_t transaction_timeout_ms = 0;
    ProducerId producer_id = no_producer_id;
    ProducerEpoch producer_epoch = no_producer_epoch;

    bool operator==(const InitProducerIdRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("transactional_id", self.transactional_id, Wire{.nullable = 0});
        fields("transaction_timeout_ms", self.transaction_timeout_ms);
        fields("producer_id", self.producer_id, Wire{.since = 3});
        fields("producer_epoch", self.producer_epoch, Wire{.since = 3});
    }
};

struct InitProducerIdResponse {
    static constexpr ApiKey api_key = InitProducerIdRequest::api_key;
    static constexpr VersionRange versions = InitProducerIdRequest::versions;
    using Request = InitProducerIdRequest;

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    ProducerId producer_id = no_producer_id;
    ProducerEpoch producer_epoch = no_producer_epoch;

    bool operator==(const InitProducerIdResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("error_code", self.error_code);
        fields("producer_id", self.producer_id);
        fields("producer_epoch", self.producer_epoch);
    }
};

}  // namespace squall::model
