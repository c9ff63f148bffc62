// How requests travel in one simulation.
#pragma once

namespace squall::model {

// How a message gets from one simulated node to another. Hashes are equal in both modes.
enum class CodecMode {
    move,       // the struct itself travels
    roundtrip,  // it is encoded to Kafka's wire format and decoded again, every time
};

}  // namespace squall::model
