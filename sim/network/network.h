// Network: ordered connections between nodes, as TCP gives them to Kafka.
//
// Frames of one direction of one connection never reorder and never vanish in the middle; different
// connections have no mutual order. A frame arrives after its bytes over the link's bandwidth and
// the link's latency, unless a rule disturbs it. Cost grows with live connections and frames, never
// with all pairs.
//
// How a connection ends, and who learns of it:
//   close(), a process crash or a shutdown (the OS closes): what that side had sent still arrives,
//       then the other side is told. What was on its way to that side is lost.
//   a power loss: the other side hears nothing, and finds out by its own timeouts, or by sending:
//       that is lost, and answered with a reset once the host is back up.
//   a reset by a rule or fault: all frames in flight are lost, and both sides are told.
// Losses are in the trace (FrameLost), with the FrameSent as cause.
//
// A paused node's OS still shakes hands and keeps what comes in; the process gets it, in order,
// when it resumes.
//
// Handlers run on the kernel's turn, in the name of the receiving node, with the FrameDelivered
// event as cause: they must not park. They may send, close, and let go of the connection.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/distribution.h"
#include "sim/base/result.h"
#include "sim/kernel/simulation.h"
#include "sim/network/rules.h"

namespace squall::sim {

class Connection;
class Wiring;

// What a frame carries. Moved from end to end; cloned only by the replay rule.
class Payload {
  public:
    virtual ~Payload() = default;
    virtual std::unique_ptr<Payload> clone() const = 0;
    // "Fetch", "Fetch reply": for rules, reports, and the meaning of latency draws.
    virtual std::string_view label() const = 0;
    virtual std::uint32_t size_bytes() const = 0;
    // A request may be replayed on a new connection; a reply may not.
    virtual bool is_request() const = 0;
};

// One end's ear. The owner keeps it alive as long as its Connection, or detaches it first.
class FrameHandler {
  public:
    virtual ~FrameHandler() = default;
    virtual void on_frame(Connection& connection, std::unique_ptr<Payload> payload) = 0;
    // The connection is gone; nothing more will come. Not called for our own close().
    virtual void on_closed(Connection& connection, std::string_view reason) = 0;
};

// One end of a connection. Held by the node that it belongs to; the last reference gone closes it.
class Connection {
  public:
    virtual ~Connection() = default;

    virtual ConnectionId id() const = 0;
    virtual NodeId peer() const = 0;
    virtual bool is_open() const = 0;
    // Who hears what comes in; what arrives before, frames and closings, waits. Null detaches.
    // Never calls the handler at once.
    virtual void set_handler(FrameHandler* handler) = 0;
    // Never parks. Without effect on a closed connection: as on a real one, the sender learns
    // later.
    virtual void send(std::unique_ptr<Payload> payload) = 0;
    virtual void close() = 0;
};

using Port = std::uint16_t;

// Called when a connection comes in; keeps `connection` or lets it close.
using Acceptor = std::function<void(std::shared_ptr<Connection> connection)>;

struct NetworkOptions {
    DurationDistribution latency{DurationDistribution::LogNormal{300us, 2ms}};  // one way
    std::uint64_t bandwidth_bits_per_second = 1'000'000'000;  // of each link; 0: no limit
    Duration connect_timeout = 10s;                           // socket.connection.setup.timeout.ms
    // Packets arrive at multiples of it, not before their time: what would have come one after the
    // other within such a span comes at the same instant, in an order that is drawn. 0: no such
    // thing.
    Duration granularity{};
};

class Network {
  public:
    Network(Simulation& simulation, NetworkOptions options);
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;
    ~Network();

    // Connections and listeners of the node are cut when it stops. Idempotent. A network that goes
    // before its simulation cuts nothing any more: finish() the simulation first.
    void attach(Node& node);

    // Until the node stops. Requires: attached, and nobody listens on that port.
    void listen(Node& node, Port port, Acceptor acceptor);
    bool is_listening(const Node& node, Port port) const;

    // Takes one round trip. Errors: refused (nobody listens), unreachable (no answer within
    // connect_timeout or by the deadline). Requires: `from` is attached. May park.
    Result<std::shared_ptr<Connection>> connect(Node& from, NodeId to, Port port,
                                                LocalTime deadline);

    // Fault rules: see rules.h. The rule holds until it is removed.
    RuleId add_rule(Rule rule);
    void remove_rule(RuleId id);
    // Breaks every connection between the two (all of `a`'s where b is nullopt) now.
    void reset_connections(NodeId a, std::optional<NodeId> b, std::string_view fault_id);

    // Convenience shapes over rules; each returns the rules it made.
    // Every frame between different groups is held; nodes in no group are with everyone. One rule,
    // however many nodes. Requires: no node is in two groups.
    std::vector<RuleId> partition(const std::vector<std::vector<NodeId>>& groups,
                                  std::string fault_id);
    std::vector<RuleId> cut_one_way(NodeId from, NodeId to, std::string fault_id);
    std::vector<RuleId> isolate(NodeId node, std::string fault_id);

    // The link between two nodes, in this direction, has other properties than the default, from
    // the next frame on. `bandwidth` is in bits per second; 0: no limit.
    void set_link(NodeId from, NodeId to, DurationDistribution latency, std::uint64_t bandwidth);

    // Connections that one end at least takes for open.
    std::size_t live_connections() const;
    Simulation& simulation() const { return simulation_; }

  private:
    Simulation& simulation_;
    std::shared_ptr<Wiring> wiring_;  // also held by every end that a user holds
};

}  // namespace squall::sim
