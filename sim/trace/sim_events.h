// What the simulated machines, networks, disks and clocks tell the trace.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/trace/event.h"

namespace squall::sim {

using ConnectionId = StrongId<struct ConnectionIdTag, std::uint64_t>;

// ---- nodes ----

enum class StopReason : std::uint8_t { crash, power_loss, shutdown, end_of_run };
inline std::string_view to_string(StopReason reason) {
    switch (reason) {
        case StopReason::crash:
            return "crash";
        case StopReason::power_loss:
            return "power_loss";
        case StopReason::shutdown:
            return "shutdown";
        case StopReason::end_of_run:
            return "end_of_run";
    }
    return "?";
}

struct NodeStarted {
    static constexpr std::string_view event_name = "NodeStarted";
    std::string name;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("name", self.name);
    }
};

struct NodeStopped {
    static constexpr std::string_view event_name = "NodeStopped";
    StopReason reason = StopReason::crash;
    std::uint64_t lost_bytes = 0;  // unsynced bytes that a power loss took; 0 for other reasons

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("reason", self.reason);
        fields("lost_bytes", self.lost_bytes);
    }
};

struct NodePaused {
    static constexpr std::string_view event_name = "NodePaused";
    template <class Self, class Fields>
    static void describe(Self&, Fields&) {}
};

struct NodeResumed {
    static constexpr std::string_view event_name = "NodeResumed";
    Duration paused_for{};
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("paused_for", self.paused_for);
    }
};

// ---- clocks ----

struct ClockChanged {
    static constexpr std::string_view event_name = "ClockChanged";
    std::string change;  // "wall step", "wall drift", "monotonic drift", "monotonic freeze", ...
    Duration wall_offset{};  // of the node's wall clock against true time, after the change

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("change", self.change);
        fields("wall_offset", self.wall_offset);
    }
};

// ---- network: emitted in the name of the node where it happens ----

struct ConnectionOpened {
    static constexpr std::string_view event_name = "ConnectionOpened";
    ConnectionId connection;
    NodeId peer;  // the emitter is the side that connected

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("connection", self.connection);
        fields("peer", self.peer);
    }
};

// Emitted by the side that notices.
struct ConnectionClosed {
    static constexpr std::string_view event_name = "ConnectionClosed";
    ConnectionId connection;
    NodeId peer;
    std::string reason;  // "closed by us", "closed by peer", "reset", "peer crashed"

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("connection", self.connection);
        fields("peer", self.peer);
        fields("reason", self.reason);
    }
};

struct FrameSent {
    static constexpr std::string_view event_name = "FrameSent";
    ConnectionId connection;
    NodeId peer;
    std::uint32_t number = 0;  // n-th frame of this direction of the connection, from 0
    std::string label;         // "Fetch", "Fetch reply"
    std::uint32_t bytes = 0;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("connection", self.connection);
        fields("peer", self.peer);
        fields("number", self.number);
        fields("label", self.label);
        fields("bytes", self.bytes);
    }
};

// Emitted by the receiver; its cause is the FrameSent.
struct FrameDelivered {
    static constexpr std::string_view event_name = "FrameDelivered";
    ConnectionId connection;
    NodeId peer;
    std::uint32_t number = 0;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("connection", self.connection);
        fields("peer", self.peer);
        fields("number", self.number);
    }
};

// A frame that will never arrive: its cause is the FrameSent. Emitted by the harness.
struct FrameLost {
    static constexpr std::string_view event_name = "FrameLost";
    ConnectionId connection;
    NodeId from, to;
    std::uint32_t number = 0;
    std::string reason;  // "reset", "receiver crashed", "connection closed"

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("connection", self.connection);
        fields("from", self.from);
        fields("to", self.to);
        fields("number", self.number);
        fields("reason", self.reason);
    }
};

// A rule held a frame back (delay, stall, cut), or let it through twice (replay).
struct FrameDisturbed {
    static constexpr std::string_view event_name = "FrameDisturbed";
    ConnectionId connection;
    NodeId from, to;
    std::uint32_t number = 0;
    std::string rule;     // "delay", "stall", "cut", "replay"
    std::string rule_id;  // who put the rule there: the id of the fault

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("connection", self.connection);
        fields("from", self.from);
        fields("to", self.to);
        fields("number", self.number);
        fields("rule", self.rule);
        fields("rule_id", self.rule_id);
    }
};

// A connection attempt that found nobody, or that no answer came to.
struct ConnectFailed {
    static constexpr std::string_view event_name = "ConnectFailed";
    NodeId peer;
    std::string reason;  // "refused", "unreachable"

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("peer", self.peer);
        fields("reason", self.reason);
    }
};

// ---- disk ----

struct DiskFaultHit {
    static constexpr std::string_view event_name = "DiskFaultHit";
    std::string fault;  // "io_error", "no_space", "slow", "bit_rot", "misdirected", "torn", "lost"
    std::string path;
    std::uint64_t bytes = 0;
    std::string rule_id;  // the id of the fault, empty where there is none

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("fault", self.fault);
        fields("path", self.path);
        fields("bytes", self.bytes);
        fields("rule_id", self.rule_id);
    }
};

// ---- harness ----

struct FaultStarted {
    static constexpr std::string_view event_name = "FaultStarted";
    std::string id, kind,
        target;  // target as written, and whom it turned out to be: "leader(orders-0) = b2"

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("id", self.id);
        fields("kind", self.kind);
        fields("target", self.target);
    }
};

struct FaultHealed {
    static constexpr std::string_view event_name = "FaultHealed";
    std::string id;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("id", self.id);
    }
};

// The storm is over: from here liveness is demanded.
struct CalmBegan {
    static constexpr std::string_view event_name = "CalmBegan";
    template <class Self, class Fields>
    static void describe(Self&, Fields&) {}
};

}  // namespace squall::sim
