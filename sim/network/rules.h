// Rules: how faults disturb frames. Every frame passes the rules of its direction in order of their
// ids; the first that answers other than "pass" decides. A rule judges a frame when it is sent:
// what is on its way already arrives. What a stall held goes on, when the stall is removed, with
// the rules behind it.
//
// A connection attempt can be delayed, throttled, stalled and reset (then it is refused); a closing
// can be delayed, throttled and stalled. Both are seen by rules without a label only. A node's
// connections to itself pass no link: only a rule that names that node at both ends concerns them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "sim/base/distribution.h"
#include "sim/base/strong_id.h"
#include "sim/trace/event.h"

namespace squall::sim {

using RuleId = StrongId<struct RuleIdTag, std::uint64_t>;

namespace disturb {
// Extra time on top of the link's latency. Frames of a connection stay in order.
struct Delay {
    DurationDistribution extra;
};
// A black hole that keeps its bytes: frames (and connection attempts) wait until the rule is
// removed, then arrive in order, as TCP retransmits. No end notices but by its own timeouts. Also
// the shape of a partition and, in one direction, of a half-open connection.
struct Stall {};
// The connection breaks at this frame, which is lost with all others in flight. Both ends notice.
struct Reset {};
// The frame is lost and so is the connection, and only the sender's end notices (a middlebox forgot
// the flow): the other end is half-open until it sends or times out.
struct HalfOpen {};
// A middlebox delivers the request a second time, over a new connection of its own, after `delay`;
// the answer to it goes nowhere. Concerns only requests from the end that connected.
struct Replay {
    Duration delay;
};
// All that matches leaves one after the other, at this rate, as through one narrow pipe.
struct Throttle {
    std::uint64_t bits_per_second;  // more than 0
};
}  // namespace disturb

using Disturbance = std::variant<disturb::Delay, disturb::Stall, disturb::Reset, disturb::HalfOpen,
                                 disturb::Replay, disturb::Throttle>;

struct Rule {
    std::string fault_id;        // who asked: for receipts in the trace
    std::optional<NodeId> from;  // nullopt: any
    std::optional<NodeId> to;
    std::string label;       // only frames with this label; empty: all, and connection attempts
    std::uint32_t skip = 0;  // let the first so many matching frames pass
    std::optional<std::uint32_t> count;     // disturb so many, then none; nullopt: all
    std::uint32_t per_million = 1'000'000;  // chance for each
    Disturbance disturbance;
    // What the trace calls it, a literal; empty: by the kind of its disturbance.
    std::string_view word{};
};

}  // namespace squall::sim
