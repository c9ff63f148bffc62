// Where a request goes, and what carries it.
#pragma once

#include <compare>

#include "model/rpc/codec_mode.h"
#include "sim/network/network.h"

namespace squall::model {

struct Endpoint {
    sim::NodeId node;
    sim::Port port = 9092;

    auto operator<=>(const Endpoint&) const = default;
};

struct Fabric {
    sim::Network& network;
    CodecMode codec = CodecMode::move;
};

}  // namespace squall::model
