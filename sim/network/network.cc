#include "sim/network/network.h"

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"
#include "sim/kernel/wait.h"
#include "sim/network/wiring.h"

namespace squall::sim {
namespace {

// Takes an attempt back when its task leaves, for whatever reason.
class Attempt {
  public:
    Attempt(std::shared_ptr<Wiring> wiring, ConnectionId id)
        : wiring_(std::move(wiring)), id_(id) {}
    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;
    ~Attempt() {
        if (Circuit* const circuit = wiring_->find_circuit(id_)) circuit->give_up();
    }

  private:
    std::shared_ptr<Wiring> wiring_;
    ConnectionId id_;
};

}  // namespace

Network::Network(Simulation& simulation, NetworkOptions options)
    : simulation_(simulation), wiring_(std::make_shared<Wiring>(simulation, options)) {}

Network::~Network() {
    wiring_->unplug_all();
}

void Network::attach(Node& node) {
    wiring_->plug_in(node);
}

void Network::listen(Node& node, Port port, Acceptor acceptor) {
    Wiring::Host* const host = wiring_->host(node.id());
    ASSERT(host != nullptr, "node {} listens without a network", node.name());
    const bool is_free = host->listeners.emplace(port, std::move(acceptor)).second;
    ASSERT(is_free, "node {} listens on port {} twice", node.name(), port);
}

bool Network::is_listening(const Node& node, Port port) const {
    const Wiring::Host* const host = wiring_->host(node.id());
    return host != nullptr && host->listeners.contains(port);
}

Result<std::shared_ptr<Connection>> Network::connect(Node& from, NodeId to, Port port,
                                                     LocalTime deadline) {
    ASSERT(wiring_->host(from.id()) != nullptr, "node {} connects without a network", from.name());
    const LocalTime give_up = std::min(deadline, from.now() + wiring_->options().connect_timeout);
    Circuit& circuit = wiring_->add_circuit(&from, from.id(), to, port);
    const Attempt attempt(wiring_, circuit.id());
    Completion<Result<std::shared_ptr<Connection>>> connected(from);
    circuit.connect(connected.completer());
    std::optional<Result<std::shared_ptr<Connection>>> end = connected.await_until(give_up);
    if (!end) {
        end = Error{Failure::unreachable, fmt::format("port {} of {}: no answer", port,
                                                      simulation_.trace().node_name(to))};
    }
    if (!*end) {
        from.emit(
            ConnectFailed{.peer = to, .reason = std::string(to_string(end->error().failure))});
    }
    return std::move(*end);
}

// ---- rules ----

RuleId Network::add_rule(Rule rule) {
    return wiring_->rules().add(std::move(rule));
}

void Network::remove_rule(RuleId id) {
    wiring_->rules().remove(id);
    wiring_->for_each_circuit([&](Circuit& circuit) { circuit.release(id); });
}

void Network::reset_connections(NodeId a, std::optional<NodeId> b, std::string_view fault_id) {
    wiring_->for_each_circuit([&](Circuit& circuit) {
        if (circuit.joins(a, b)) circuit.reset(fault_id);
    });
}

std::vector<RuleId> Network::partition(const std::vector<std::vector<NodeId>>& groups,
                                       std::string fault_id) {
    return {wiring_->rules().add_partition(groups, std::move(fault_id))};
}

std::vector<RuleId> Network::cut_one_way(NodeId from, NodeId to, std::string fault_id) {
    Rule rule;
    rule.fault_id = std::move(fault_id);
    rule.from = from;
    rule.to = to;
    return {wiring_->rules().add_cut(std::move(rule))};
}

std::vector<RuleId> Network::isolate(NodeId node, std::string fault_id) {
    Rule outward;
    outward.fault_id = std::move(fault_id);
    outward.from = node;
    Rule inward;
    inward.fault_id = outward.fault_id;
    inward.to = node;
    const RuleId first = wiring_->rules().add_cut(std::move(outward));
    const RuleId second = wiring_->rules().add_cut(std::move(inward));
    return {first, second};
}

void Network::set_link(NodeId from, NodeId to, DurationDistribution latency,
                       std::uint64_t bandwidth) {
    wiring_->link(from, to).set(latency, bandwidth);
}

std::size_t Network::live_connections() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        wiring_->circuits(), [](const auto& entry) { return entry.second->is_live(); }));
}

}  // namespace squall::sim
