// AllocateProducerIds (KIP-730): a broker asks the controller for its next block of producer ids.
#pragma once

#include <cstdint>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct AllocateProducerIdsResponse;

struct AllocateProducerIdsRequest {
    static constexpr ApiKey api_key = ApiKey::allocate_producer_ids;
    static constexpr VersionRange versions{.min = 0, .max = 0, .flexible_since = 0};
    using Response = AllocateProducerIdsResponse;

    BrokerId broker_id = no_broker;
    BrokerEpoch broker_epoch{-1};

    bool operator==(const AllocateProducerIdsRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker_id", self.broker_id);
        fields("broker_epoch", self.broker_epoch);
    }
};

struct AllocateProducerIdsResponse {
    static constexpr ApiKey api_key = AllocateProducerIdsRequest::api_key;
    static constexpr VersionRange versions = AllocateProducerIdsRequest::versions;
    using Request = AllocateProducerIdsRequest;

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    ProducerId producer_id_start = no_producer_id;
    std::int32_t producer_id_len = 0;

    bool operator==(const AllocateProducerIdsResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("error_code", self.error_code);
        fields("producer_id_start", self.producer_id_start);
        fields("producer_id_len", self.producer_id_len);
    }
};

}  // namespace squall::model
