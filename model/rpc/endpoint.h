// Where a request goes, and how requests travel in one simulation.
#pragma once

#include <compare>

#include "sim/network/network.h"

namespace squall::model {

struct Endpoint {
    sim::NodeId node;
    sim::Port port = 9092;

    auto operator<=>(const Endpoint&) const = default;
};

// How a message gets from one simulated node to another. Hashes are equal in both modes.
enum class CodecMode {
    move,       // the struct itself travels
    roundtrip,  // it is encoded to Kafka's wire format and decoded again, every time
};

struct Fabric {
    sim::Network& network;
    CodecMode codec = CodecMode::move;
};

}  // namespace squall::model
