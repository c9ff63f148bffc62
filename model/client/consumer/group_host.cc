#include "model/client/consumer/group_host.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"

namespace squall::model {
namespace {

std::string draw_member_id(Draws& draws) {
    const std::uint64_t high = draws.bits();
    const std::uint64_t low = draws.bits();
    return to_hex(high) + to_hex(low);
}

}  // namespace

GroupHost::GroupHost(sim::Node& node, const ConsumerOptions& options, ClusterHost& cluster,
                     const SubscriptionState& subscription, const BugSet* bugs,
                     std::function<void()> on_news)
    : node_(node),
      options_(options),
      cluster_(cluster),
      subscription_(subscription),
      on_news_(std::move(on_news)),
      classic_(options),
      modern_(options, draw_member_id(cluster.draws("member id"))),
      plan_(options, bugs),
      alarm_(node) {}

void GroupHost::start() {
    node_.spawn(fmt::format("{}/heartbeat", options_.client.client_id),
                [this] { run_heartbeat(); });
}

void GroupHost::stop() {
    membership().shut_down();
    is_stopped_ = true;
    alarm_.open();
}

// ---- the coordinator ----

Channel* GroupHost::coordinator() {
    const std::optional<CoordinatorAddress>& address = membership().coordinator();
    if (!address) return nullptr;
    return cluster_.channel(address->host, address->port, "coordinator");
}

void GroupHost::find_coordinator() {
    if (!membership().may_find(node_.now())) return;
    cluster_.any_channel().send_then(
        membership().begin_find(), [this](Result<FindCoordinatorResponse> answer) {
            membership().on_found(answer, node_.now(), cluster_.draws("coordinator backoff"));
            alarm_.open();
            on_news_();
        });
}

void GroupHost::drive(bool may_join) {
    if (!is_member() || is_stopped_) return;
    if (is_modern()) return drive_modern();
    if (may_join) drive_join();
    drive_sync();
    drive_classic_heartbeat();
}

void GroupHost::on_metadata() {
    if (!is_modern() && plan_.must_deal_again(cluster_.metadata())) classic_.request_rejoin();
}

// ---- the classic protocol ----

void GroupHost::drive_join() {
    if (!classic_.may_join(node_.now())) return;
    Channel* const channel = coordinator();
    if (channel == nullptr) return classic_.lose_coordinator();
    // The answer comes when the whole group has joined: wait a little longer than that may take.
    const auto patience =
        std::max(options_.client.request_timeout, options_.max_poll_interval + 5000ms);
    auto protocols = plan_.join(subscription_.topics(), subscription_.assignment(),
                                classic_.identity().generation);
    channel->send_then(
        classic_.begin_join(std::move(protocols)),
        [this](Result<JoinGroupResponse> answer) {
            classic_.on_joined(answer, node_.now(), cluster_.draws("join backoff"));
            alarm_.open();
            on_news_();
        },
        patience);
}

void GroupHost::drive_sync() {
    if (!classic_.must_sync()) return;
    Channel* const channel = coordinator();
    if (channel == nullptr) return;
    std::map<std::string, Bytes> assignments;
    if (classic_.is_leader()) {
        for (const std::string& topic : plan_.wanted_topics(classic_.members())) {
            cluster_.track(topic);
        }
        auto assigned = plan_.assign(classic_.members(), classic_.protocol(), cluster_.metadata());
        if (!assigned) return;  // metadata is on its way
        assignments = std::move(*assigned);
    } else {
        plan_.follow();
    }
    channel->send_then(classic_.begin_sync(std::move(assignments)),
                       [this](Result<SyncGroupResponse> answer) {
                           classic_.on_synced(answer, node_.now(), cluster_.draws("join backoff"));
                           alarm_.open();
                           on_news_();
                       });
}

void GroupHost::drive_classic_heartbeat() {
    const LocalTime now = node_.now();
    classic_.check_session(now);
    if (!classic_.may_heartbeat(now)) return;
    Channel* const channel = coordinator();
    if (channel == nullptr) return classic_.lose_coordinator();
    channel->send_then(classic_.begin_heartbeat(now),
                       [this, as = classic_.identity()](Result<HeartbeatResponse> answer) {
                           classic_.on_heartbeat(answer, as, node_.now());
                           alarm_.open();
                           on_news_();
                       });
}

// ---- the consumer protocol ----

void GroupHost::drive_modern() {
    modern_.subscribe(subscription_.topics());
    if (!modern_.may_heartbeat(node_.now())) return;
    Channel* const channel = coordinator();
    if (channel == nullptr) return modern_.lose_coordinator();
    const GroupIdentity as = modern_.identity();
    channel->send_then(modern_.begin_heartbeat(node_.now()),
                       [this, as](Result<ConsumerGroupHeartbeatResponse> answer) {
                           modern_.on_heartbeat(answer, as, node_.now(),
                                                cluster_.draws("heartbeat backoff"));
                           alarm_.open();
                           on_news_();
                       });
}

// ---- the end, and time ----

template <class Request>
void GroupHost::send_leave(Request request, std::optional<std::chrono::milliseconds> patience) {
    Channel* const channel = coordinator();
    if (channel == nullptr) return;
    // Whether it arrives or not: the session will end by itself.
    if (patience) {
        static_cast<void>(channel->call(std::move(request), *patience));
    } else {
        channel->send_then(std::move(request), [](Result<typename Request::Response>) {});
    }
}

void GroupHost::leave(std::string_view reason, std::optional<std::chrono::milliseconds> patience) {
    if (is_modern()) {
        if (auto request = modern_.leave()) send_leave(std::move(*request), patience);
    } else if (auto request = classic_.leave(reason)) {
        send_leave(std::move(*request), patience);
    }
}

void GroupHost::run_heartbeat() {
    while (!is_stopped_) {
        alarm_.close();
        if (is_member()) {
            if (membership().is_poll_late(node_.now())) leave("max.poll.interval.ms passed");
            on_news_();
        }
        alarm_.wait_until(is_member() ? membership().next_change(node_.now()) : LocalTime::max());
    }
}

}  // namespace squall::model
