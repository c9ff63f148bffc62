#include "model/controller/broker_lifecycle_host.h"

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"

namespace squall::model {

BrokerLifecycleHost::BrokerLifecycleHost(sim::Node& node, BrokerRegistration registration,
                                         BrokerLifecycleOptions options, ChannelPool& channels,
                                         const MetadataObserverHost& metadata)
    : node_(node),
      registration_(std::move(registration)),
      options_(options),
      channels_(channels),
      metadata_(metadata),
      attention_(node) {}

void BrokerLifecycleHost::start() {
    node_.spawn("broker_lifecycle", [this] { run(); });
}

void BrokerLifecycleHost::set_ready() {
    ready_ = true;
    attention_.open();
}

void BrokerLifecycleHost::begin_controlled_shutdown(std::function<void()> on_let_go) {
    leaving_ = true;
    on_let_go_ = std::move(on_let_go);
    attention_.open();
}

void BrokerLifecycleHost::notify_unfenced(sim::Gate& gate) {
    if (!fenced_) return gate.open();
    on_unfenced_ = &gate;
}

void BrokerLifecycleHost::run() {
    while (!is_registered()) register_broker();
    while (!let_go_) {
        if (heartbeat()) wait_interval();
    }
}

void BrokerLifecycleHost::wait_interval() {
    attention_.wait_until(node_.now() + options_.broker_heartbeat_interval);
    attention_.close();
}

void BrokerLifecycleHost::back_off() {
    const Duration longest = options_.broker_heartbeat_interval;
    const std::int64_t doubled = std::int64_t{1} << std::min(failures_in_a_row_++, 10u);
    node_.sleep_for(std::min<Duration>(longest, options_.retry_backoff * doubled));
}

void BrokerLifecycleHost::register_broker() {
    const std::optional<Endpoint> controller = metadata_.controller();
    if (!controller) return back_off();
    BrokerRegistrationRequest request;
    request.broker_id = registration_.id;
    request.cluster_id = registration_.cluster_id;
    request.incarnation_id = registration_.incarnation_id;
    request.listeners.push_back(
        {.name = "PLAINTEXT", .host = registration_.host, .port = registration_.port});
    request.features = registered_ranges(registration_.supported_features);
    request.rack = registration_.rack;
    request.previous_broker_epoch = registration_.previous_broker_epoch;
    const auto response =
        channels_.to(*controller, "heartbeat").call(std::move(request), options_.request_timeout);
    if (!response || response->error_code != ErrorCode::none) return back_off();
    failures_in_a_row_ = 0;
    epoch_ = response->broker_epoch;
}

bool BrokerLifecycleHost::heartbeat() {
    const std::optional<Endpoint> controller = metadata_.controller();
    if (!controller) {
        back_off();
        return false;
    }
    BrokerHeartbeatRequest request;
    request.broker_id = registration_.id;
    request.broker_epoch = epoch_;
    request.current_metadata_offset = metadata_.replayed();
    request.want_fence = !ready_ || !caught_up_;
    request.want_shut_down = leaving_;
    const auto response =
        channels_.to(*controller, "heartbeat").call(request, options_.request_timeout);
    if (!response || response->error_code != ErrorCode::none) {
        back_off();
        return false;
    }
    failures_in_a_row_ = 0;
    const bool catches_up = response->is_caught_up && !caught_up_;
    caught_up_ = caught_up_ || response->is_caught_up;
    fenced_ = response->is_fenced;
    if (!fenced_ && on_unfenced_ != nullptr) std::exchange(on_unfenced_, nullptr)->open();
    if (leaving_ && response->should_shut_down) {
        let_go_ = true;
        if (on_let_go_) on_let_go_();
    }
    // A step is made at once; only a standing state waits for the interval.
    return !(catches_up && ready_);
}

}  // namespace squall::model
