#include "sim/network/wiring.h"

#include "sim/base/assert.h"

namespace squall::sim {
namespace {

// A machine talks to itself past all links.
constexpr Duration loopback_latency = 20us;

}  // namespace

Wiring::Wiring(Simulation& simulation, NetworkOptions options)
    : simulation_(simulation), options_(std::move(options)) {}

Time Wiring::instant_from(Time time) const {
    const Duration granularity = options_.granularity;
    if (granularity <= Duration::zero()) return time;
    const Duration past = time.since_origin() % granularity;
    return past == Duration::zero() ? time : time + (granularity - past);
}

Wiring::Host& Wiring::plug_in(Node& node) {
    const auto [found, is_new] = hosts_.try_emplace(node.id());
    Host& host = found->second;
    if (!is_new) return host;
    host.node = &node;
    // The node outlives the network: see Simulation.
    node.on_cut([weak = weak_from_this(), id = node.id()](StopReason reason) {
        const std::shared_ptr<Wiring> wiring = weak.lock();
        if (wiring != nullptr) wiring->cut(wiring->hosts_.at(id), reason);
    });
    return host;
}

Wiring::Host* Wiring::host(NodeId node) {
    const auto found = hosts_.find(node);
    return found == hosts_.end() ? nullptr : &found->second;
}

bool Wiring::answers(NodeId node) {
    const Host* const found = host(node);
    if (found == nullptr) return false;
    if (!found->node->is_running()) {
        return found->stopped_by == StopReason::crash || found->stopped_by == StopReason::shutdown;
    }
    const bool is_frozen = found->node->is_paused() && found->node->monotonic_clock().is_frozen();
    return !found->node->is_dying() && !is_frozen;
}

Link& Wiring::link(NodeId from, NodeId to) {
    const auto found = links_.find({from, to});
    if (found != links_.end()) return found->second;
    const bool is_loopback = from == to;
    const DurationDistribution latency =
        is_loopback ? DurationDistribution::Constant{loopback_latency} : options_.latency;
    const std::uint64_t bandwidth = is_loopback ? 0 : options_.bandwidth_bits_per_second;
    return links_
        .emplace(std::pair{from, to}, Link(simulation_.noise(), simulation_.node(from).name(),
                                           simulation_.node(to).name(), latency, bandwidth))
        .first->second;
}

Circuit& Wiring::add_circuit(Node* connector, NodeId from, NodeId to, Port port) {
    const ConnectionId id(next_connection_++);
    return *circuits_
                .emplace_hint(circuits_.end(), id,
                              std::make_unique<Circuit>(*this, id, connector, from, to, port))
                ->second;
}

Circuit* Wiring::find_circuit(ConnectionId id) {
    const auto found = circuits_.find(id);
    return found == circuits_.end() ? nullptr : found->second.get();
}

void Wiring::retire(ConnectionId id) {
    const auto erased = circuits_.erase(id);
    ASSERT(erased == 1, "connection {} retires twice", id);
}

void Wiring::cut(Host& host, StopReason reason) {
    host.stopped_by = reason;
    host.listeners.clear();
    for_each_circuit([&](Circuit& circuit) { circuit.cut(host.node->id(), reason); });
}

}  // namespace squall::sim
