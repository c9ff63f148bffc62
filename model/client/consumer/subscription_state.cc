#include "model/client/consumer/subscription_state.h"

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"

namespace squall::model {

bool must_validate(LeaderEpoch offset_epoch, LeaderEpoch checked_epoch, LeaderEpoch leader_epoch,
                   const BugSet* bugs) {
    const bool right = offset_epoch != no_leader_epoch && leader_epoch > checked_epoch;
    if (bugs == nullptr) return right;
    return bugs->deviate(Bug::z90_truncation_undetected_by_consumer, right, false);
}

bool SubscriptionState::subscribe(std::set<std::string> topics) {
    ASSERT(type_ != Type::assigned_by_user, "subscribe() and assign() exclude each other");
    type_ = Type::topics;
    if (topics_ == topics) return false;
    topics_ = std::move(topics);
    return true;
}

void SubscriptionState::assign_from_user(const std::vector<TopicPartition>& partitions) {
    ASSERT(type_ != Type::topics, "subscribe() and assign() exclude each other");
    type_ = Type::assigned_by_user;
    assign(partitions);
}

void SubscriptionState::assign_from_group(const std::vector<TopicPartition>& partitions) {
    ASSERT(type_ == Type::topics, "an assignment from a group nobody joined");
    assign(partitions);
}

void SubscriptionState::assign(const std::vector<TopicPartition>& partitions) {
    std::map<TopicPartition, Partition> assigned;
    for (const TopicPartition& partition : partitions) {
        const auto known = partitions_.find(partition);
        Partition& kept = assigned[partition];
        if (known != partitions_.end()) kept = known->second;
        kept.is_pending_revocation = false;
    }
    partitions_ = std::move(assigned);
    ++assignment_version_;
}

void SubscriptionState::unsubscribe() {
    type_ = Type::none;
    topics_.clear();
    revoke_all();
}

void SubscriptionState::revoke_all() {
    partitions_.clear();
    ++assignment_version_;
}

void SubscriptionState::revoke(const std::vector<TopicPartition>& partitions) {
    for (const TopicPartition& partition : partitions) {
        const auto gone = partitions_.erase(partition);
        ASSERT(gone == 1, "{} is not assigned", partition);
    }
    ++assignment_version_;
}

std::vector<TopicPartition> SubscriptionState::assignment() const {
    std::vector<TopicPartition> assigned;
    for (const auto& [partition, state] : partitions_) assigned.push_back(partition);
    return assigned;
}

const SubscriptionState::Partition* SubscriptionState::find(const TopicPartition& partition) const {
    const auto found = partitions_.find(partition);
    return found == partitions_.end() ? nullptr : &found->second;
}

const SubscriptionState::Partition& SubscriptionState::require(
    const TopicPartition& partition) const {
    const Partition* const found = find(partition);
    ASSERT(found != nullptr, "{} is not assigned", partition);
    return *found;
}

SubscriptionState::Partition& SubscriptionState::require(const TopicPartition& partition) {
    const auto found = partitions_.find(partition);
    ASSERT(found != partitions_.end(), "{} is not assigned", partition);
    return found->second;
}

bool SubscriptionState::is_assigned(const TopicPartition& partition) const {
    return find(partition) != nullptr;
}

void SubscriptionState::seek(const TopicPartition& partition, FetchPosition position) {
    ASSERT(position.offset >= Offset{0}, "seek of {} to {}", partition, position.offset);
    Partition& at = require(partition);
    at.state = State::fetching;
    at.position = position;
    at.checked_epoch = no_leader_epoch;
    at.reset.reset();
    at.not_before = LocalTime{};
    at.preferred_replica = no_broker;
}

void SubscriptionState::request_reset(const TopicPartition& partition, OffsetReset where,
                                      ResetCause cause) {
    Partition& at = require(partition);
    at.state = State::awaiting_reset;
    at.position.reset();
    at.reset = where;
    at.reset_cause = cause;
    at.not_before = LocalTime{};
    at.preferred_replica = no_broker;
}

bool SubscriptionState::position_from_committed(const TopicPartition& partition,
                                                FetchPosition position) {
    if (!is_assigned(partition) || state(partition) != State::initializing) return false;
    seek(partition, position);
    return true;
}

bool SubscriptionState::position_from_reset(const TopicPartition& partition, OffsetReset where,
                                            FetchPosition position) {
    if (!is_assigned(partition) || pending_reset(partition) != where) return false;
    seek(partition, position);
    return true;
}

void SubscriptionState::advance(const TopicPartition& partition, FetchPosition next) {
    Partition& at = require(partition);
    ASSERT(at.state == State::fetching && at.position, "{} advances without a position", partition);
    ASSERT(next.offset >= at.position->offset, "{} goes back from {} to {}", partition,
           at.position->offset, next.offset);
    at.position = next;
}

std::optional<FetchPosition> SubscriptionState::position(const TopicPartition& partition) const {
    return require(partition).position;
}

SubscriptionState::State SubscriptionState::state(const TopicPartition& partition) const {
    return require(partition).state;
}

std::optional<OffsetReset> SubscriptionState::pending_reset(const TopicPartition& partition) const {
    return require(partition).reset;
}

ResetCause SubscriptionState::reset_cause(const TopicPartition& partition) const {
    return require(partition).reset_cause;
}

bool SubscriptionState::has_all_positions() const {
    return std::ranges::all_of(partitions_,
                               [](const auto& entry) { return entry.second.position.has_value(); });
}

void SubscriptionState::pause(const TopicPartition& partition, bool paused) {
    require(partition).is_paused = paused;
}

bool SubscriptionState::is_paused(const TopicPartition& partition) const {
    return require(partition).is_paused;
}

void SubscriptionState::meet_leader(const TopicPartition& partition, LeaderEpoch leader_epoch,
                                    const BugSet* bugs) {
    Partition& at = require(partition);
    if (at.state != State::fetching) return;
    if (must_validate(at.position->offset_epoch, at.checked_epoch, leader_epoch, bugs)) {
        at.state = State::awaiting_validation;
        at.preferred_replica = no_broker;
    } else {
        at.checked_epoch = std::max(at.checked_epoch, leader_epoch);
    }
}

bool SubscriptionState::validated(const TopicPartition& partition, FetchPosition asked,
                                  LeaderEpoch leader_epoch,
                                  std::optional<FetchPosition> diverges_at) {
    if (!is_assigned(partition)) return false;
    Partition& at = require(partition);
    if (at.state != State::awaiting_validation || at.position != asked) return false;
    if (diverges_at) {
        ASSERT(diverges_at->offset < asked.offset, "{} diverges at {}, beyond {}", partition,
               diverges_at->offset, asked.offset);
        at.position = diverges_at;
    }
    at.state = State::fetching;
    at.checked_epoch = leader_epoch;
    return true;
}

void SubscriptionState::mark_pending_revocation(const std::vector<TopicPartition>& partitions) {
    for (const TopicPartition& partition : partitions) {
        require(partition).is_pending_revocation = true;
    }
}

bool SubscriptionState::is_fetchable(const TopicPartition& partition) const {
    const Partition* const at = find(partition);
    return at != nullptr && at->state == State::fetching && !at->is_paused &&
           !at->is_pending_revocation;
}

std::vector<TopicPartition> SubscriptionState::fetchable() const {
    std::vector<TopicPartition> result;
    for (const auto& [partition, at] : partitions_) {
        if (is_fetchable(partition)) result.push_back(partition);
    }
    return result;
}

std::vector<TopicPartition> SubscriptionState::in_state(State state) const {
    std::vector<TopicPartition> result;
    for (const auto& [partition, at] : partitions_) {
        if (at.state == state) result.push_back(partition);
    }
    return result;
}

void SubscriptionState::back_off(const TopicPartition& partition, LocalTime until) {
    require(partition).not_before = until;
}

LocalTime SubscriptionState::not_before(const TopicPartition& partition) const {
    return require(partition).not_before;
}

void SubscriptionState::prefer_replica(const TopicPartition& partition, BrokerId replica,
                                       LocalTime until) {
    Partition& state = require(partition);
    state.preferred_replica = replica;
    state.preferred_until = until;
}

BrokerId SubscriptionState::preferred_replica(const TopicPartition& partition,
                                              LocalTime now) const {
    const Partition* const state = find(partition);
    if (state == nullptr || now >= state->preferred_until) return no_broker;
    return state->preferred_replica;
}

bool SubscriptionState::forget_preferred_replica(const TopicPartition& partition) {
    const auto found = partitions_.find(partition);
    if (found == partitions_.end()) return false;
    return std::exchange(found->second.preferred_replica, no_broker) != no_broker;
}

std::map<TopicPartition, FetchPosition> SubscriptionState::all_consumed() const {
    std::map<TopicPartition, FetchPosition> consumed;
    for (const auto& [partition, at] : partitions_) {
        if (at.position) consumed.emplace(partition, *at.position);
    }
    return consumed;
}

}  // namespace squall::model
