// Wiring: what lies behind Network: the machines that are plugged in, the links between those that
// have spoken, the rules in force, and the live circuits.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "sim/network/circuit.h"
#include "sim/network/link.h"
#include "sim/network/network.h"
#include "sim/network/rule_book.h"

namespace squall::sim {

class Wiring : public std::enable_shared_from_this<Wiring> {
  public:
    struct Host {
        Node* node = nullptr;
        std::optional<StopReason> stopped_by;  // the last time it did
        std::map<Port, Acceptor> listeners;
    };

    Wiring(Simulation& simulation, NetworkOptions options);

    Simulation& simulation() const { return simulation_; }
    Trace& trace() const { return simulation_.trace(); }
    const NetworkOptions& options() const { return options_; }
    Time now() const { return simulation_.now(); }
    // The first instant from `time` on at which packets arrive: see NetworkOptions::granularity.
    Time instant_from(Time time) const;

    Host& plug_in(Node& node);
    // Null: no such machine.
    Host* host(NodeId node);
    // Whether an OS runs there that answers: also while its process is down, unless the power is
    // off or the whole machine is frozen.
    bool answers(NodeId node);

    Link& link(NodeId from, NodeId to);
    RuleBook& rules() { return rules_; }

    // `connector` is null for a middlebox.
    Circuit& add_circuit(Node* connector, NodeId from, NodeId to, Port port);
    Circuit* find_circuit(ConnectionId id);
    // Deletes it.
    void retire(ConnectionId id);
    const std::map<ConnectionId, std::unique_ptr<Circuit>>& circuits() const { return circuits_; }
    // Calls `visit` with each circuit, which may retire it.
    template <class Visit>
    void for_each_circuit(Visit visit) {
        for (auto next = circuits_.begin(); next != circuits_.end();) {
            Circuit& circuit = *(next++)->second;
            visit(circuit);
        }
    }
    // The network is gone.
    void unplug_all() { circuits_.clear(); }

    // ---- what the trace is told of a frame on its way: in the name of the harness ----

    template <class T>
    void tell(EventSequence cause, const T& event) {
        Trace::Context& context = trace().context();
        const EventSequence saved = std::exchange(context.cause, cause);
        trace().emit_as_harness(event);
        context.cause = saved;
    }

  private:
    void cut(Host& host, StopReason reason);

    Simulation& simulation_;
    NetworkOptions options_;
    std::map<NodeId, Host> hosts_;
    std::map<std::pair<NodeId, NodeId>, Link> links_;
    RuleBook rules_;
    std::map<ConnectionId, std::unique_ptr<Circuit>> circuits_;
    std::uint64_t next_connection_ = 1;
};

}  // namespace squall::sim
