#include "model/client/cluster_host.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "sim/kernel/simulation.h"

namespace squall::model {
namespace {

constexpr sim::Port bootstrap_port = 9092;

ChannelOptions channel_options(const ClientOptions& options) {
    return {.client_id = options.client_id,
            .request_timeout = options.request_timeout,
            .reconnect_backoff = options.reconnect_backoff,
            .reconnect_backoff_max = options.reconnect_backoff_max,
            .connection_setup_timeout = options.connection_setup_timeout};
}

}  // namespace

ClusterHost::ClusterHost(sim::Node& node, Fabric fabric, std::vector<std::string> bootstrap,
                         const ClientOptions& options, std::function<void()> on_metadata)
    : node_(node),
      client_id_(options.client_id),
      operations_(node.draws("client operations")),
      on_metadata_(std::move(on_metadata)),
      channels_(node, fabric, channel_options(options)),
      metadata_(options),
      attention_(node),
      changes_(node) {
    for (const std::string& name : bootstrap) {
        const std::optional<Endpoint> endpoint = channels_.resolve(name, bootstrap_port);
        ASSERT(endpoint.has_value(), "{}: bootstrap server '{}' is no node", client_id_, name);
        bootstrap_.push_back(*endpoint);
    }
    ASSERT(!bootstrap_.empty(), "{}: no bootstrap servers", client_id_);
    node_.spawn(fmt::format("{}/metadata", client_id_), [this] { run(); });
}

void ClusterHost::refresh() {
    metadata_.request_refresh();
    attention_.open();
}

void ClusterHost::track(std::string_view topic) {
    metadata_.track(topic);
    attention_.open();
}

void ClusterHost::track_all() {
    metadata_.track_all();
    attention_.open();
}

void ClusterHost::stop() {
    stopped_ = true;
    attention_.open();
}

void ClusterHost::run() {
    while (!stopped_) {
        attention_.close();
        const LocalTime due = metadata_.next_refresh();
        if (node_.now() < due) {
            attention_.wait_until(due);
            continue;
        }
        const Result<MetadataResponse> answer = any_channel().call(metadata_.begin_refresh());
        Draws& jitter = draws("metadata backoff");
        if (answer) {
            failures_in_a_row_ = 0;
            metadata_.apply(*answer, node_.now(), jitter);
            if (on_metadata_) on_metadata_();
            changes_.notify_all();
        } else {
            ++failures_in_a_row_;
            metadata_.refresh_failed(node_.now(), jitter);
        }
    }
}

std::vector<Endpoint> ClusterHost::candidates() const {
    std::vector<Endpoint> known;
    for (const auto& [id, broker] : metadata_.brokers()) {
        const std::optional<Endpoint> endpoint = channels_.resolve(broker.host, broker.port);
        if (endpoint) known.push_back(*endpoint);
    }
    // Nobody of those we know answers: the cluster may have moved on without us.
    if (known.empty() || failures_in_a_row_ >= known.size()) return bootstrap_;
    return known;
}

Channel& ClusterHost::any_channel() {
    const std::vector<Endpoint> endpoints = candidates();
    // Begin somewhere else each time, so that a broker that never answers is not asked for ever.
    const std::size_t start = draws("broker to ask").below(endpoints.size());
    Channel* best = nullptr;
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        Channel& channel = channels_.to(endpoints[(start + i) % endpoints.size()], client_id_);
        const bool is_better = best == nullptr ||
                               (channel.is_connected() && !best->is_connected()) ||
                               (channel.is_connected() == best->is_connected() &&
                                channel.in_flight() < best->in_flight());
        if (is_better) best = &channel;
    }
    return *best;
}

Channel* ClusterHost::channel(BrokerId broker, std::string_view role) {
    const BrokerAddress* const address = metadata_.broker(broker);
    if (address == nullptr) return nullptr;
    return channel(address->host, address->port, role);
}

Channel* ClusterHost::channel(std::string_view host, std::uint16_t port, std::string_view role) {
    const std::optional<Endpoint> endpoint = channels_.resolve(host, port);
    if (!endpoint) return nullptr;
    return &channels_.to(*endpoint,
                         role.empty() ? client_id_ : fmt::format("{}/{}", client_id_, role));
}

OperationId ClusterHost::next_operation() {
    // Their ordinal is the counter, the drawn bits are of no use.
    operations_.bits();
    return OperationId((std::uint64_t{node_.id().value()} << 40) | operations_.ordinal());
}

Draws& ClusterHost::draws(std::string_view what) {
    // For each batch, and more: not by fmt.
    std::string name;
    name.reserve(client_id_.size() + 1 + what.size());
    name.append(client_id_).append(1, ' ').append(what);
    return node_.draws(name);
}

}  // namespace squall::model
