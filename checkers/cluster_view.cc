#include "checkers/cluster_view.h"

namespace squall::checkers {

namespace {

using ClusterViewEvents =
    sim::EventOf<sim::NodeStarted, sim::NodeStopped, model::BrokerStarted, sim::FrameLost>;

// What Kafka's clients, replica fetchers and brokers wait for an answer by default:
// request.timeout.ms, replica.socket.timeout.ms.
constexpr Duration request_timeout = 30s;

}  // namespace

bool spoils_what_rests(const sim::DiskFaultHit& hit) {
    return hit.fault == "bit_rot" || hit.fault == "misdirected";
}

bool destroys_data(const sim::DiskFaultHit& hit) {
    return spoils_what_rests(hit) || hit.fault == "torn" || hit.fault == "lost";
}

bool destroys_flushed_data(const sim::DiskFaultHit& hit) {
    return spoils_what_rests(hit) || (destroys_data(hit) && !hit.rule_id.empty());
}

bool ClusterView::looks_at(const sim::EventKind& kind) {
    return ClusterViewEvents::includes(kind);
}

void ClusterView::observe(const sim::Event& any) {
    const ClusterViewEvents event(any);
    if (event.as<sim::NodeStarted>()) {
        Node& node = nodes_[event.node];
        node.is_up = true;
        node.started = event.sequence;
        node.started_at = event.time;
    } else if (const auto* stopped = event.as<sim::NodeStopped>()) {
        if (stopped->reason == sim::StopReason::end_of_run) {
            has_ended_ = true;
            return;
        }
        nodes_[event.node].is_up = false;
    } else if (const auto* started = event.as<model::BrokerStarted>()) {
        nodes_of_brokers_[started->broker] = event.node;
        Node& node = nodes_[event.node];
        node.is_up = true;
        node.started = event.sequence;
        node.started_at = event.time;
    } else if (const auto* lost = event.as<sim::FrameLost>()) {
        if (lost->reason == "half open") patience_ends_ = event.time + request_timeout;
    }
}

const ClusterView::Node* ClusterView::broker(model::BrokerId id) const {
    const auto at = nodes_of_brokers_.find(id);
    if (at == nodes_of_brokers_.end()) return nullptr;
    const auto node = nodes_.find(at->second);
    return node == nodes_.end() ? nullptr : &node->second;
}

bool ClusterView::is_up(model::BrokerId id) const {
    const Node* node = broker(id);
    return node != nullptr && node->is_up;
}

}  // namespace squall::checkers
