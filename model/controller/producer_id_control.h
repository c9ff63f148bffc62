// ProducerIdControl: gives brokers blocks of producer ids, none twice (Kafka's
// ProducerIdControlManager, KIP-730). The next block is in the log before the broker learns of its
// own: whoever is the controller next goes on behind it.
#pragma once

#include <cstdint>

#include "model/controller/decision.h"
#include "model/controller/image.h"
#include "model/controller/refusal.h"

namespace squall::model {

struct ProducerIdBlock {
    ProducerId first{0};
    std::int32_t size = 0;

    bool operator==(const ProducerIdBlock&) const = default;
};

class ProducerIdControl {
  public:
    static constexpr std::int32_t block_size = 1000;

    struct Allocation {
        Refusal refusal;
        ProducerIdBlock block;
    };
    // Error: stale_broker_epoch; unknown_server_error when the ids have run out.
    Decision<Allocation> allocate(const MetadataImage& image, BrokerId broker,
                                  BrokerEpoch epoch) const;
};

}  // namespace squall::model
