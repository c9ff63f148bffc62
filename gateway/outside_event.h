// OutsideEvent: everything that comes into a served simulation from the real world. A run is
// decided by its scenario, its seed and the list of these, each with its virtual time: that list is
// what a recording keeps.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "sim/base/bytes.h"
#include "sim/base/strong_id.h"

namespace squall::gateway {

// Of one real connection, unique in a run, from 1.
using ConnectionNumber = StrongId<struct ConnectionNumberTag, std::uint64_t>;

// A client connected to the port of a broker (by position, from 0).
struct Connected {
    ConnectionNumber connection;
    std::uint32_t broker = 0;

    bool operator==(const Connected&) const = default;
};
struct Received {
    ConnectionNumber connection;
    Bytes bytes;

    bool operator==(const Received&) const = default;
};
// It hung up, or its connection broke.
struct Disconnected {
    ConnectionNumber connection;

    bool operator==(const Disconnected&) const = default;
};
// What the control port was asked to do: see encode_action() in control_action.h.
struct Controlled {
    std::string action;

    bool operator==(const Controlled&) const = default;
};
// Serving ends: everybody is hung up on, and the calm begins.
struct Ended {
    bool operator==(const Ended&) const = default;
};

using OutsideEvent = std::variant<Connected, Received, Disconnected, Controlled, Ended>;

}  // namespace squall::gateway
