#include "model/controller/producer_id_control.h"

#include <fmt/core.h>

#include "model/controller/replica_control.h"

namespace squall::model {

Decision<ProducerIdControl::Allocation> ProducerIdControl::allocate(const MetadataImage& image,
                                                                    BrokerId broker,
                                                                    BrokerEpoch epoch) const {
    Decision<Allocation> decision{.records = {}, .response = {}, .reason = "producer ids"};
    if (is_stale_broker_epoch(image, broker, epoch)) {
        decision.response.refusal = {
            ErrorCode::stale_broker_epoch,
            fmt::format("Broker {} is not registered in that epoch.", broker)};
        return decision;
    }
    const ProducerId first = image.next_producer_id;
    if (first.value() > INT64_MAX - block_size) {
        decision.response.refusal = {ErrorCode::unknown_server_error,
                                     "Exhausted all producerIds as the next block's end producerId "
                                     "has exceeded the int64 type limit"};
        return decision;
    }
    decision.response.block = {.first = first, .size = block_size};
    decision.records.push_back(ProducerIdsRecord{
        .broker_id = broker, .broker_epoch = epoch, .next_producer_id = first + block_size});
    return decision;
}

}  // namespace squall::model
