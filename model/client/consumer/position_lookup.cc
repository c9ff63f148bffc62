#include "model/client/consumer/position_lookup.h"

#include <fmt/core.h>

#include <utility>

#include "sim/base/assert.h"

namespace squall::model {

void PositionLookup::reset_or_tell(const TopicPartition& partition, ResetCause cause,
                                   SubscriptionState& subscription, std::string_view why,
                                   Reaction& reaction) const {
    if (const auto policy = reset_policy(options_)) {
        subscription.request_reset(partition, *policy, cause);
    } else {
        reaction.problem = fmt::format("{}: {}, and auto.offset.reset is none", partition, why);
    }
}

// ---- committed offsets ----

PositionLookup::Reaction PositionLookup::skip_group(SubscriptionState& subscription) const {
    Reaction reaction;
    for (const auto& partition : subscription.in_state(SubscriptionState::State::initializing)) {
        reset_or_tell(partition, ResetCause::no_commit, subscription, "no offset to start from",
                      reaction);
    }
    return reaction;
}

std::vector<TopicPartition> PositionLookup::begin_committed(const SubscriptionState& subscription,
                                                            LocalTime now) {
    if (committed_in_flight_ || now < committed_not_before_) return {};
    auto partitions = subscription.in_state(SubscriptionState::State::initializing);
    committed_in_flight_ = !partitions.empty();
    return partitions;
}

PositionLookup::Reaction PositionLookup::on_committed(const std::vector<TopicPartition>& asked,
                                                      std::uint64_t version,
                                                      const Result<OffsetFetchResponse>& response,
                                                      SubscriptionState& subscription,
                                                      const MetadataCache& metadata,
                                                      LocalTime now) {
    ASSERT(committed_in_flight_, "nobody asked for committed offsets");
    committed_in_flight_ = false;
    Reaction reaction;
    CommittedAnswer answer{.error = ErrorCode::network_exception, .committed = {}};
    if (response) answer = read_committed(*response, options_.group_id, metadata);
    reaction.lose_coordinator = !response || refreshes_coordinator(answer.error);
    if (answer.error != ErrorCode::none) {
        committed_not_before_ = now + options_.client.retry_backoff;
        // A newer epoch is on its way to this member, or the member is on its way out (KIP-848).
        const bool passes = is_retriable(answer.error) ||
                            answer.error == ErrorCode::stale_member_epoch ||
                            answer.error == ErrorCode::unknown_member_id;
        if (!passes) reaction.problem = to_string(answer.error);
        return reaction;
    }
    // For another assignment: its partitions ask for themselves.
    if (version != subscription.assignment_version()) return reaction;
    for (const TopicPartition& partition : asked) {
        const auto found = answer.committed.find(partition);
        if (found != answer.committed.end()) {
            if (subscription.position_from_committed(partition, found->second)) {
                reaction.found.push_back({.partition = partition, .position = found->second});
            }
        } else if (subscription.state(partition) == SubscriptionState::State::initializing) {
            reset_or_tell(partition, ResetCause::no_commit, subscription, "nothing is committed",
                          reaction);
            if (reaction.problem) committed_not_before_ = now + options_.client.retry_backoff;
        }
    }
    return reaction;
}

// ---- leaders ----

std::map<BrokerId, std::vector<TopicPartition>> PositionLookup::by_leader(
    const std::vector<TopicPartition>& partitions, const std::set<BrokerId>& in_flight,
    const SubscriptionState& subscription, const MetadataCache& metadata, LocalTime now,
    bool& refresh_metadata) const {
    std::map<BrokerId, std::vector<TopicPartition>> grouped;
    for (const TopicPartition& partition : partitions) {
        if (now < subscription.not_before(partition)) continue;
        const BrokerId leader = metadata.leader(partition);
        if (leader == no_broker || metadata.broker(leader) == nullptr) {
            refresh_metadata = true;
        } else if (!in_flight.contains(leader)) {
            grouped[leader].push_back(partition);
        }
    }
    return grouped;
}

std::vector<PositionLookup::EndsAsk> PositionLookup::begin_ends(
    const SubscriptionState& subscription, const MetadataCache& metadata, LocalTime now,
    bool& refresh_metadata) {
    std::vector<EndsAsk> asks;
    const auto waiting = subscription.in_state(SubscriptionState::State::awaiting_reset);
    for (const auto& [leader, partitions] :
         by_leader(waiting, ends_in_flight_, subscription, metadata, now, refresh_metadata)) {
        EndsAsk& ask = asks.emplace_back();
        ask.leader = leader;
        std::map<TopicPartition, TimestampMs> timestamps;
        for (const TopicPartition& partition : partitions) {
            const OffsetReset where = *subscription.pending_reset(partition);
            ask.asked[partition] = where;
            timestamps[partition] = timestamp_of(where);
        }
        ask.request = list_offsets_request(timestamps, metadata, options_.isolation_level,
                                           options_.client.request_timeout);
        ends_in_flight_.insert(leader);
    }
    return asks;
}

PositionLookup::Reaction PositionLookup::on_ends(BrokerId leader, const Resets& asked,
                                                 const Result<ListOffsetsResponse>& answer,
                                                 SubscriptionState& subscription, LocalTime now) {
    const auto gone = ends_in_flight_.erase(leader);
    ASSERT(gone == 1, "nobody asked broker {} for the ends of its logs", leader);
    Reaction reaction;
    reaction.refresh_metadata = !answer;
    std::map<TopicPartition, ListedOffset> offsets;
    if (answer) offsets = read_offsets(*answer);
    for (const auto& [partition, where] : asked) {
        if (!subscription.is_assigned(partition)) continue;
        const auto found = offsets.find(partition);
        if (found != offsets.end() && found->second.error == ErrorCode::none) {
            if (subscription.position_from_reset(partition, where, found->second.position)) {
                reaction.found.push_back({.partition = partition,
                                          .position = found->second.position,
                                          .source = where == OffsetReset::earliest
                                                        ? PositionSource::earliest
                                                        : PositionSource::latest,
                                          .cause = subscription.reset_cause(partition)});
            }
            continue;
        }
        subscription.back_off(partition, now + options_.client.retry_backoff);
        reaction.refresh_metadata = true;
        if (found != offsets.end() && !is_retriable(found->second.error)) {
            reaction.problem = fmt::format("{}: {}", partition, to_string(found->second.error));
        }
    }
    return reaction;
}

// ---- validation ----

void PositionLookup::meet_leaders(SubscriptionState& subscription,
                                  const MetadataCache& metadata) const {
    for (const auto& partition : subscription.in_state(SubscriptionState::State::fetching)) {
        const LeaderEpoch epoch = metadata.leader_epoch(partition);
        if (epoch != no_leader_epoch) subscription.meet_leader(partition, epoch, bugs_);
    }
}

std::vector<PositionLookup::EpochsAsk> PositionLookup::begin_epochs(
    const SubscriptionState& subscription, const MetadataCache& metadata, LocalTime now,
    bool& refresh_metadata) {
    std::vector<EpochsAsk> asks;
    const auto waiting = subscription.in_state(SubscriptionState::State::awaiting_validation);
    for (const auto& [leader, partitions] :
         by_leader(waiting, epochs_in_flight_, subscription, metadata, now, refresh_metadata)) {
        EpochsAsk& ask = asks.emplace_back();
        ask.leader = leader;
        for (const TopicPartition& partition : partitions) {
            ask.asked[partition] = *subscription.position(partition);
        }
        ask.request = epoch_end_request(ask.asked, metadata);
        epochs_in_flight_.insert(leader);
    }
    return asks;
}

PositionLookup::Reaction PositionLookup::on_epochs(
    const EpochsAsk& ask, const Result<OffsetForLeaderEpochResponse>& answer,
    SubscriptionState& subscription, LocalTime now) {
    const auto gone = epochs_in_flight_.erase(ask.leader);
    ASSERT(gone == 1, "nobody asked broker {} for the ends of epochs", ask.leader);
    Reaction reaction;
    reaction.refresh_metadata = !answer;
    std::map<TopicPartition, EpochEnd> ends;
    if (answer) ends = read_epoch_ends(*answer);
    std::map<TopicPartition, LeaderEpoch> leader_epochs;
    for (const auto& topic : ask.request.topics) {
        for (const auto& partition : topic.partitions) {
            leader_epochs[{topic.topic, partition.partition}] = partition.current_leader_epoch;
        }
    }
    for (const auto& [partition, position] : ask.asked) {
        if (!subscription.is_assigned(partition)) continue;
        const auto found = ends.find(partition);
        if (found == ends.end() || found->second.error != ErrorCode::none) {
            subscription.back_off(partition, now + options_.client.retry_backoff);
            reaction.refresh_metadata = true;
            if (found != ends.end() && !is_retriable(found->second.error)) {
                reaction.problem = fmt::format("{}: {}", partition, to_string(found->second.error));
            }
            continue;
        }
        const EpochEnd& end = found->second;
        const LeaderEpoch leader_epoch = leader_epochs.at(partition);
        if (!end.is_nowhere() && end.holds(position)) {
            subscription.validated(partition, position, leader_epoch, std::nullopt);
            continue;
        }
        const bool still_asks =
            subscription.state(partition) == SubscriptionState::State::awaiting_validation &&
            subscription.position(partition) == position;
        if (!still_asks) continue;
        if (end.is_nowhere()) {
            reset_or_tell(partition, ResetCause::out_of_range, subscription,
                          fmt::format("the log was truncated below {}", position.offset), reaction);
        } else if (reset_policy(options_)) {
            subscription.validated(partition, position, leader_epoch, end.end);
            reaction.found.push_back({.partition = partition,
                                      .position = end.end,
                                      .source = PositionSource::truncation});
            continue;
        } else {
            reaction.problem = fmt::format(
                "{}: the log was truncated to {}, below {}, and auto.offset.reset is "
                "none",
                partition, end.end.offset, position.offset);
        }
        if (reaction.problem) {
            subscription.back_off(partition, now + options_.client.retry_backoff);
        }
    }
    return reaction;
}

}  // namespace squall::model
