#include "model/coordinator/producer_id_host.h"

#include <utility>

#include "model/protocol/messages/allocate_producer_ids.h"

namespace squall::model {
namespace {

constexpr std::chrono::milliseconds retry_backoff{50};
// A next block is fetched when a tenth of this one is left, as Kafka does.
constexpr std::int64_t low_mark = 100;

}  // namespace

ProducerIdHost::ProducerIdHost(sim::Node& node, BrokerId broker, ChannelPool& channels,
                               std::function<std::optional<Endpoint>()> controller,
                               std::function<BrokerEpoch()> broker_epoch)
    : node_(node),
      broker_(broker),
      channels_(channels),
      controller_(std::move(controller)),
      broker_epoch_(std::move(broker_epoch)) {}

std::optional<ProducerId> ProducerIdHost::peek() {
    if (block_.left == 0 && next_block_) block_ = *std::exchange(next_block_, std::nullopt);
    fetch_if_low();
    if (block_.left == 0) return std::nullopt;
    return block_.next;
}

std::optional<ProducerId> ProducerIdHost::take() {
    const std::optional<ProducerId> id = peek();
    if (id) {
        ++block_.next;
        --block_.left;
    }
    return id;
}

void ProducerIdHost::fetch_if_low() {
    if (block_.left > low_mark || next_block_ || is_fetching_) return;
    is_fetching_ = true;
    node_.spawn("producer_ids", [this] { fetch(); });
}

void ProducerIdHost::fetch() {
    while (!next_block_) {
        const std::optional<Endpoint> controller = controller_();
        if (controller) {
            AllocateProducerIdsRequest request;
            request.broker_id = broker_;
            request.broker_epoch = broker_epoch_();
            const Result<AllocateProducerIdsResponse> answer =
                channels_.to(*controller, "producer_ids").call(std::move(request));
            if (answer && answer->error_code == ErrorCode::none && answer->producer_id_len > 0) {
                next_block_ = {.next = answer->producer_id_start, .left = answer->producer_id_len};
                break;
            }
        }
        node_.sleep_for(retry_backoff);
    }
    is_fetching_ = false;
}

}  // namespace squall::model
