#include "model/client/consumer/consumer_membership.h"

#include <algorithm>
#include <map>
#include <utility>

#include "sim/base/assert.h"

namespace squall::model {
namespace {

constexpr GenerationId joining_epoch{0};
constexpr GenerationId leaving_epoch{-1};
constexpr GenerationId static_leaving_epoch{-2};

}  // namespace

TopicIdPartitions by_topic_id(const std::vector<TopicPartition>& partitions,
                              const MetadataCache& metadata) {
    std::map<Uuid, std::vector<std::int32_t>> grouped;
    for (const TopicPartition& each : partitions) {
        const Uuid id = metadata.topic_id(each.topic);
        if (!id.is_zero()) grouped[id].push_back(each.partition);
    }
    TopicIdPartitions result;
    for (auto& [id, numbers] : grouped) {
        std::ranges::sort(numbers);
        result.push_back({.topic_id = id, .partitions = std::move(numbers)});
    }
    return result;
}

std::optional<std::vector<TopicPartition>> by_name(const TopicIdPartitions& partitions,
                                                   const MetadataCache& metadata) {
    std::vector<TopicPartition> result;
    for (const auto& [id, numbers] : partitions) {
        const std::string topic = metadata.topic_name("", id);
        if (topic.empty()) return std::nullopt;
        for (const std::int32_t number : numbers) result.push_back({topic, number});
    }
    std::ranges::sort(result);
    return result;
}

ConsumerMembership::ConsumerMembership(const ConsumerOptions& options, std::string member_id)
    : GroupMembership(options),
      rack_(options.client_rack),
      assignor_(options.group_remote_assignor) {
    identity_ = {.generation = joining_epoch, .member_id = std::move(member_id)};
}

// ---- what the application does ----

void ConsumerMembership::subscribe(std::set<std::string> topics) {
    if (topics_ == topics) return;
    topics_ = std::move(topics);
    is_urgent_ = true;
    if (state_ == State::unsubscribed && is_subscribed()) join();
}

void ConsumerMembership::subscribe_to_pattern(std::string pattern) {
    if (pattern_.value_or("") == pattern) return;
    pattern_ = std::move(pattern);
    is_urgent_ = true;
    if (state_ == State::unsubscribed && is_subscribed()) join();
}

void ConsumerMembership::join() {
    ASSERT(owned_.empty(), "group {}: joins with partitions in hand", group_id_);
    state_ = State::joining;
    identity_.generation = joining_epoch;
    target_.clear();
    has_target_ = false;
    told_ = {};
    is_urgent_ = true;
}

void ConsumerMembership::reconciled(TopicIdPartitions owned) {
    ASSERT(has_joined(), "group {}: reconciles outside the group", group_id_);
    owned_ = std::move(owned);
    state_ = owned_ == target_ ? State::acknowledging : State::reconciling;
    is_urgent_ = true;
}

void ConsumerMembership::gave_up() {
    ASSERT(must_give_up(), "group {}: gives up what it has", group_id_);
    owned_.clear();
    state_ = State::unsubscribed;
    if (is_subscribed() && !is_shut_down_) join();
}

bool ConsumerMembership::has_joined() const {
    switch (state_) {
        case State::stable:
        case State::reconciling:
        case State::acknowledging:
            return true;
        case State::unsubscribed:
        case State::joining:
        case State::fenced:
        case State::left:
            return false;
    }
    UNREACHABLE("state {}", static_cast<int>(state_));
}

ErrorCode ConsumerMembership::may_commit() const {
    return has_joined() ? ErrorCode::none : ErrorCode::unknown_member_id;
}

void ConsumerMembership::be_fenced() {
    if (!has_joined() && state_ != State::joining) return;
    identity_.generation = joining_epoch;
    state_ = State::fenced;
}

void ConsumerMembership::on_commit_error(ErrorCode error, const GroupIdentity& sent_as) {
    if (sent_as != identity_) return;
    if (error == ErrorCode::unknown_member_id) be_fenced();
    if (error == ErrorCode::fenced_instance_id) fatal_ = to_string(error);
}

// ---- heartbeats ----

bool ConsumerMembership::may_heartbeat(LocalTime now) const {
    if (in_flight_ || !coordinator() || !fatal_.empty() || is_shut_down_) return false;
    if (now < not_before_) return false;
    if (state_ == State::joining) return true;
    return has_joined() && (is_urgent_ || now - sent_at_ >= interval_);
}

ConsumerGroupHeartbeatRequest ConsumerMembership::begin_heartbeat(LocalTime now) {
    ASSERT(may_heartbeat(now), "group {}: no heartbeat is due", group_id_);
    in_flight_ = true;
    is_urgent_ = false;
    sent_at_ = now;
    ConsumerGroupHeartbeatRequest request;
    request.group_id = group_id_;
    request.member_id = identity_.member_id;
    request.member_epoch = identity_.generation.value();
    request.instance_id = instance_id();
    telling_ = told_;
    if (!told_.all) {
        if (!rack_.empty()) request.rack_id = rack_;
        request.rebalance_timeout_ms = static_cast<std::int32_t>(max_poll_interval_.count());
        if (!assignor_.empty()) request.server_assignor = assignor_;
        telling_.all = true;
    }
    if (told_.topics != topics_) {
        request.subscribed_topic_names.emplace(topics_.begin(), topics_.end());
        telling_.topics = topics_;
    }
    if (told_.pattern != pattern_) {
        request.subscribed_topic_regex = pattern_;
        telling_.pattern = pattern_;
    }
    if (told_.owned != owned_) {
        request.topic_partitions = owned_;
        telling_.owned = owned_;
    }
    if (state_ == State::acknowledging) state_ = State::stable;
    return request;
}

void ConsumerMembership::on_heartbeat(const Result<ConsumerGroupHeartbeatResponse>& answer,
                                      const GroupIdentity& sent_as, LocalTime now, Draws& jitter) {
    ASSERT(in_flight_, "group {}: nobody sent a heartbeat", group_id_);
    in_flight_ = false;
    if (!answer || answer->error_code != ErrorCode::none) {
        told_ = {};  // whatever it said may have been heard or not
        is_urgent_ = true;
        ++failures_;
        not_before_ = now + backoff_.delay(failures_, jitter);
    }
    if (!answer) {
        finder_.break_connection(now, jitter);
        return;
    }
    // Left, or fenced by a commit, while it was under way.
    const bool is_current = sent_as == identity_ && (has_joined() || state_ == State::joining);
    switch (answer->error_code) {
        case ErrorCode::none:
            break;
        case ErrorCode::not_coordinator:
        case ErrorCode::coordinator_not_available:
            finder_.lose();
            return;
        case ErrorCode::unknown_member_id:
        case ErrorCode::fenced_member_epoch:
            if (is_current) be_fenced();
            return;
        default:
            if (!is_retriable(answer->error_code) && is_current) {
                fatal_ = to_string(answer->error_code);
            }
            return;
    }
    failures_ = 0;
    if (!is_current) return;
    told_ = telling_;
    interval_ = std::chrono::milliseconds(answer->heartbeat_interval_ms);
    identity_.generation = GenerationId(answer->member_epoch);
    if (state_ == State::joining) state_ = State::stable;
    if (!answer->assignment) return;
    target_.clear();
    for (const auto& topic : answer->assignment->topic_partitions) {
        target_.push_back({.topic_id = topic.topic_id, .partitions = topic.partitions});
        std::ranges::sort(target_.back().partitions);
    }
    std::ranges::sort(target_, {}, &ConsumerGroupHeartbeatRequest::TopicPartitions::topic_id);
    if (target_ != owned_ || !has_target_) state_ = State::reconciling;
    has_target_ = true;
}

std::optional<ConsumerGroupHeartbeatRequest> ConsumerMembership::leave() {
    std::optional<ConsumerGroupHeartbeatRequest> request;
    const bool is_known = has_joined() || (state_ == State::joining && in_flight_);
    if (is_known && coordinator()) {
        request.emplace();
        request->group_id = group_id_;
        request->member_id = identity_.member_id;
        request->instance_id = instance_id();
        request->member_epoch = (is_static() ? static_leaving_epoch : leaving_epoch).value();
    }
    if (state_ != State::unsubscribed) state_ = State::left;
    identity_.generation = joining_epoch;
    return request;
}

LocalTime ConsumerMembership::next_change(LocalTime now) const {
    LocalTime next = LocalTime::max();
    const auto at = [&](LocalTime time) {
        if (time > now) next = std::min(next, time);
    };
    if (const auto find = finder_.next_find()) at(*find);
    at(not_before_);
    if (has_joined()) {
        // One nanosecond more: late is beyond the interval.
        at(polled_at_ + max_poll_interval_ + Duration(1));
        at(sent_at_ + interval_);
    }
    return next;
}

}  // namespace squall::model
