#include "model/client/consumer/fetcher.h"

#include <utility>

#include "sim/base/assert.h"

namespace squall::model {

Fetcher::Fetcher(const ConsumerOptions& options, const BugSet* bugs)
    : options_(options), buffer_(options.isolation_level, bugs) {}

BrokerId Fetcher::read_from(const TopicPartition& partition, const SubscriptionState& subscription,
                            const MetadataCache& metadata, LocalTime now, Plan& plan) const {
    const BrokerId preferred = subscription.preferred_replica(partition, now);
    if (preferred == no_broker) return metadata.leader(partition);
    if (metadata.broker(preferred) != nullptr) return preferred;
    // It went out of service.
    plan.refresh_metadata = true;
    return metadata.leader(partition);
}

std::set<BrokerId> Fetcher::buffered_brokers(const SubscriptionState& subscription,
                                             const MetadataCache& metadata, LocalTime now,
                                             Plan& plan) const {
    std::set<BrokerId> brokers;
    for (const TopicPartition& partition : buffer_.partitions()) {
        // What waits for a paused partition must not keep the others of its broker waiting.
        if (!subscription.is_assigned(partition) || !subscription.is_fetchable(partition)) continue;
        brokers.insert(read_from(partition, subscription, metadata, now, plan));
    }
    return brokers;
}

bool Fetcher::is_in_flight(BrokerId broker) const {
    const auto found = conversations_.find(broker);
    return found != conversations_.end() && found->second.is_in_flight;
}

Fetcher::Plan Fetcher::plan(const SubscriptionState& subscription, const MetadataCache& metadata,
                            LocalTime now) {
    Plan plan;
    const std::set<BrokerId> buffered = buffered_brokers(subscription, metadata, now, plan);
    std::set<BrokerId> asked;
    for (const TopicPartition& partition : subscription.fetchable()) {
        if (now < subscription.not_before(partition) || buffer_.holds(partition)) continue;
        const BrokerId replica = read_from(partition, subscription, metadata, now, plan);
        if (replica == no_broker) {
            plan.refresh_metadata = true;
            continue;
        }
        Conversation& conversation = conversations_[replica];
        if (conversation.is_in_flight || buffered.contains(replica)) continue;
        if (asked.insert(replica).second) conversation.positions.clear();
        const FetchPosition position = *subscription.position(partition);
        FetchRequest::Partition wanted;
        wanted.partition = partition.partition;
        wanted.current_leader_epoch = metadata.leader_epoch(partition);
        wanted.fetch_offset = position.offset;
        wanted.partition_max_bytes = options_.max_partition_fetch_bytes;
        conversation.session.want(partition, metadata.topic_id(partition.topic), wanted);
        conversation.positions.push_back(position);
    }
    for (const BrokerId replica : asked) {
        Conversation& conversation = conversations_.at(replica);
        FetchRequest request;
        request.max_wait_ms = static_cast<std::int32_t>(options_.fetch_max_wait.count());
        request.min_bytes = options_.fetch_min_bytes;
        request.max_bytes = options_.fetch_max_bytes;
        request.isolation_level = options_.isolation_level;
        request.rack_id = options_.client_rack;
        conversation.session.complete(request);
        conversation.is_in_flight = true;
        plan.requests.emplace_back(replica, std::move(request));
    }
    return plan;
}

Fetcher::Reaction Fetcher::on_answer(BrokerId broker, const FetchResponse& response,
                                     SubscriptionState& subscription, MetadataCache& metadata,
                                     LocalTime now) {
    Reaction reaction;
    ASSERT(is_in_flight(broker), "an answer of broker {} that nobody waits for", broker);
    Conversation& conversation = conversations_.at(broker);
    conversation.is_in_flight = false;
    const FetchSessionHandler& session = conversation.session;
    if (!conversation.session.take(response)) {
        // Everything is asked for again: at once, where it was about the session alone.
        if (!is_session_error(response.error_code)) back_off_all(conversation, subscription, now);
        reaction.refresh_metadata = response.error_code == ErrorCode::fetch_session_topic_id_error;
        return reaction;
    }
    for (const FetchResponse::Topic& topic : response.responses) {
        for (const FetchResponse::Partition& answer : topic.partitions) {
            const FetchSessionHandler::Entry* const entry =
                session.find(topic.topic, topic.topic_id, answer.partition_index);
            ASSERT(entry != nullptr, "broker {} answers what nobody asked", broker);
            const TopicPartition& partition = entry->name;
            metadata.apply_leader_hint(partition, answer.current_leader.leader_id,
                                       answer.current_leader.leader_epoch);
            const auto place = static_cast<std::size_t>(entry - session.entries().data());
            const FetchPosition position = conversation.positions[place];
            // The partition was sought or reassigned meanwhile, or another broker that became its
            // leader has answered first.
            if (buffer_.holds(partition)) continue;
            if (!subscription.is_assigned(partition) ||
                subscription.position(partition) != position) {
                continue;
            }
            take(partition, position, answer, subscription, now, reaction);
        }
    }
    return reaction;
}

void Fetcher::back_off_all(const Conversation& conversation, SubscriptionState& subscription,
                           LocalTime now) const {
    for (const FetchSessionHandler::Entry& entry : conversation.session.entries()) {
        if (!subscription.is_assigned(entry.name)) continue;
        subscription.back_off(entry.name, now + options_.client.retry_backoff);
        subscription.forget_preferred_replica(entry.name);
    }
}

void Fetcher::take(const TopicPartition& partition, FetchPosition asked,
                   const FetchResponse::Partition& answer, SubscriptionState& subscription,
                   LocalTime now, Reaction& reaction) {
    const auto try_later = [&] {
        subscription.back_off(partition, now + options_.client.retry_backoff);
    };
    if (answer.error_code == ErrorCode::none) {
        log_ends_[partition] = options_.isolation_level == IsolationLevel::read_committed
                                   ? answer.last_stable_offset
                                   : answer.high_watermark;
        if (answer.preferred_read_replica != no_broker) {
            subscription.prefer_replica(partition, answer.preferred_read_replica,
                                        now + options_.client.metadata_max_age);
        }
        if (Status status = buffer_.add(partition, asked, answer); !status) {
            try_later();
            reaction.problem = to_string(status.error());
        }
        return;
    }
    // A follower may be behind, or ahead of its leader's log start: the leader knows.
    const bool was_elsewhere = subscription.forget_preferred_replica(partition);
    if (answer.error_code == ErrorCode::offset_out_of_range && was_elsewhere) return;
    if (answer.error_code == ErrorCode::offset_out_of_range) {
        const std::optional<OffsetReset> policy = reset_policy(options_);
        if (policy) {
            subscription.request_reset(partition, *policy, ResetCause::out_of_range);
            reaction.reset.push_back(partition);
        } else {
            try_later();
            reaction.problem = fmt::format(
                "{}: offset {} is out of range, and auto.offset.reset "
                "is none",
                partition, asked.offset);
        }
        return;
    }
    try_later();
    if (refreshes_metadata(answer.error_code) ||
        answer.error_code == ErrorCode::offset_not_available) {
        reaction.refresh_metadata = true;
    } else if (answer.error_code != ErrorCode::unknown_server_error) {
        reaction.problem = fmt::format("{}: {}", partition, to_string(answer.error_code));
    }
}

Fetcher::Reaction Fetcher::on_failure(BrokerId broker, SubscriptionState& subscription,
                                      LocalTime now) {
    ASSERT(is_in_flight(broker), "a failure of broker {} that nobody waits for", broker);
    Conversation& conversation = conversations_.at(broker);
    conversation.is_in_flight = false;
    conversation.session.give_up();
    back_off_all(conversation, subscription, now);
    return {.refresh_metadata = true, .reset = {}, .problem = std::nullopt};
}

std::optional<Offset> Fetcher::log_end(const TopicPartition& partition) const {
    const auto found = log_ends_.find(partition);
    return found == log_ends_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace squall::model
