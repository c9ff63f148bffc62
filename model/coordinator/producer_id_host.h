// ProducerIdHost: the producer ids that a broker may give out: blocks of the controller's, fetched
// in the background, one ahead (Kafka's RPCProducerIdManager; KIP-730). No id is given out twice,
// by anybody; those of a block that a crash cut short are lost.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "model/protocol/types.h"
#include "model/rpc/channel.h"
#include "sim/kernel/node.h"

namespace squall::model {

class ProducerIdHost {
  public:
    // `controller`: the active one as this broker knows it. Neither may park.
    ProducerIdHost(sim::Node& node, BrokerId broker, ChannelPool& channels,
                   std::function<std::optional<Endpoint>()> controller,
                   std::function<BrokerEpoch()> broker_epoch);

    // The next id, which stays the next until it is taken. Nullopt: none at hand yet; a block is
    // being fetched. Does not park.
    std::optional<ProducerId> peek();
    std::optional<ProducerId> take();

  private:
    struct Block {
        ProducerId next{0};
        std::int64_t left = 0;
    };

    void fetch_if_low();
    void fetch();

    sim::Node& node_;
    BrokerId broker_;
    ChannelPool& channels_;
    std::function<std::optional<Endpoint>()> controller_;
    std::function<BrokerEpoch()> broker_epoch_;
    Block block_;
    std::optional<Block> next_block_;
    bool is_fetching_ = false;
};

}  // namespace squall::model
