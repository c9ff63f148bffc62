#include "model/client/producer/sender.h"

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"

namespace squall::model {

Sender::Sender(const ProducerOptions& options)
    : acks_(options.acks),
      retries_(options.retries),
      max_in_flight_(static_cast<std::uint32_t>(options.max_in_flight)),
      request_timeout_(options.client.request_timeout),
      delivery_timeout_(options.delivery_timeout),
      backoff_(options.client.backoff()),
      accumulator_(options) {}

std::uint32_t Sender::in_flight(BrokerId broker) const {
    const auto found = in_flight_.find(broker);
    return found == in_flight_.end() ? 0 : found->second;
}

Sender::Step Sender::step(const MetadataCache& metadata, LocalTime now,
                          const std::function<bool(BrokerId)>& is_connected) {
    Step step;
    expire(now, step);
    const RecordAccumulator::Readiness readiness = accumulator_.ready(metadata, now);
    step.refresh_metadata = !readiness.topics_without_leader.empty();
    step.next = std::min(readiness.next_check, accumulator_.next_expiry());
    for (const auto& [id, batch] : batches_) {
        step.next = std::min(step.next, batch.created_at + delivery_timeout_);
    }
    for (const BrokerId broker : readiness.brokers) {
        if (!is_connected(broker)) {
            step.connect.push_back(broker);
            continue;
        }
        // Several requests may go out at once: a drain takes one batch of each partition.
        while (in_flight(broker) < max_in_flight_) {
            std::vector<ProducerBatch> batches = accumulator_.drain(broker, metadata, now);
            if (batches.empty()) break;
            step.attempts.push_back(begin_attempt(broker, std::move(batches), metadata, step));
        }
    }
    return step;
}

ProduceAttempt Sender::begin_attempt(BrokerId broker, std::vector<ProducerBatch> batches,
                                     const MetadataCache& metadata, Step& step) {
    ProduceAttempt attempt{.id = AttemptId(next_attempt_++),
                           .broker = broker,
                           .request = {},
                           .expects_answer = acks_ != 0};
    attempt.request.acks = acks_;
    attempt.request.timeout_ms = static_cast<std::int32_t>(request_timeout_.count());
    Attempt& pending = attempts_[attempt.id];
    pending.broker = broker;
    ++in_flight_[broker];
    std::map<std::string, ProduceRequest::Topic> topics;
    for (ProducerBatch& batch : batches) {
        if (batch.is_retry()) {
            step.retried.push_back({.partition = batch.partition,
                                    .records = static_cast<std::uint32_t>(batch.sends.size()),
                                    .error = batch.last_error});
        }
        ++batch.attempts;
        batch.attempted_epoch = metadata.leader_epoch(batch.partition);
        ProduceRequest::Topic& topic = topics[batch.partition.topic];
        topic.name = batch.partition.topic;
        topic.topic_id = metadata.topic_id(topic.name);
        topic.partition_data.push_back(
            {.index = batch.partition.partition, .records = batch.encoded});
        const bool is_first = pending.batches.emplace(batch.partition, batch.id).second;
        ASSERT(is_first, "two batches of {} in one request", batch.partition);
        batches_.emplace(batch.id, std::move(batch));
    }
    for (auto& [name, topic] : topics) attempt.request.topic_data.push_back(std::move(topic));
    return attempt;
}

Sender::Attempt Sender::end_attempt(AttemptId id) {
    const auto found = attempts_.find(id);
    ASSERT(found != attempts_.end(), "attempt {} ended already", id);
    Attempt attempt = std::move(found->second);
    attempts_.erase(found);
    std::uint32_t& count = in_flight_[attempt.broker];
    ASSERT(count > 0, "more attempts ended than begun");
    --count;
    return attempt;
}

std::optional<ProducerBatch> Sender::land(BatchId id) {
    const auto found = batches_.find(id);
    if (found == batches_.end()) return std::nullopt;
    ProducerBatch batch = std::move(found->second);
    batches_.erase(found);
    accumulator_.unmute(batch.partition);
    return batch;
}

Sender::Step Sender::on_answer(AttemptId id, const ProduceResponse& response,
                               MetadataCache& metadata, LocalTime now, Draws& jitter) {
    Step step;
    Attempt attempt = end_attempt(id);
    for (const ProduceResponse::Topic& topic : response.responses) {
        const std::string name = metadata.topic_name(topic.name, topic.topic_id);
        for (const ProduceResponse::Partition& answer : topic.partition_responses) {
            const TopicPartition partition{.topic = name, .partition = answer.index};
            metadata.apply_leader_hint(partition, answer.current_leader.leader_id,
                                       answer.current_leader.leader_epoch);
            const auto sent = attempt.batches.find(partition);
            if (sent == attempt.batches.end()) continue;  // nobody asked
            const BatchId batch_id = sent->second;
            attempt.batches.erase(sent);
            std::optional<ProducerBatch> batch = land(batch_id);
            if (!batch) continue;  // expired while in flight, and reported so
            settle(std::move(*batch), answer.error_code, answer.base_offset,
                   to_string(answer.error_code), now, jitter, step);
        }
    }
    // A broker that forgets a partition in its answer has told nothing about it.
    for (const auto& [partition, batch_id] : attempt.batches) {
        if (std::optional<ProducerBatch> batch = land(batch_id)) {
            settle(std::move(*batch), ErrorCode::unknown_server_error, no_offset,
                   "no answer for this partition", now, jitter, step);
        }
    }
    return step;
}

Sender::Step Sender::on_failure(AttemptId id, const Error& error, LocalTime now, Draws& jitter) {
    Step step;
    step.refresh_metadata = true;
    const Attempt attempt = end_attempt(id);
    for (const auto& [partition, batch_id] : attempt.batches) {
        std::optional<ProducerBatch> batch = land(batch_id);
        if (!batch) continue;
        if (was_never_sent(error.failure)) {
            // As if it had not been drained: Kafka drains only towards a ready connection.
            --batch->attempts;
            batch->not_before = now + backoff_.delay(1, jitter);
            accumulator_.put_back(std::move(*batch));
        } else {
            settle(std::move(*batch), ErrorCode::network_exception, no_offset,
                   to_string(error.failure), now, jitter, step);
        }
    }
    return step;
}

Sender::Step Sender::on_sent(AttemptId id) {
    Step step;
    const Attempt attempt = end_attempt(id);
    for (const auto& [partition, batch_id] : attempt.batches) {
        if (const std::optional<ProducerBatch> batch = land(batch_id)) {
            complete(*batch, Fate::written, no_offset, "", step);
        }
    }
    return step;
}

bool Sender::may_retry(const ProducerBatch& batch, ErrorCode error, LocalTime now) const {
    ASSERT(batch.attempts > 0, "batch {} was never sent", batch.id);
    return is_retriable(error) && static_cast<std::int64_t>(batch.attempts) <= retries_ &&
           now - batch.created_at < delivery_timeout_;
}

Sender::Reaction Sender::react(const ProducerBatch& batch, ErrorCode error, LocalTime now) const {
    if (error == ErrorCode::none) return Reaction::succeed;
    if (error == ErrorCode::message_too_large && batch.sends.size() > 1) return Reaction::split;
    return may_retry(batch, error, now) ? Reaction::retry : Reaction::fail;
}

void Sender::settle(ProducerBatch batch, ErrorCode error, Offset base_offset, std::string_view text,
                    LocalTime now, Draws& jitter, Step& step) {
    if (is_indefinite(error)) batch.may_be_written = true;
    if (refreshes_metadata(error)) step.refresh_metadata = true;
    switch (react(batch, error, now)) {
        case Reaction::succeed:
            complete(batch, Fate::written, base_offset, "", step);
            return;
        case Reaction::retry:
            batch.last_error = text;
            batch.not_before = now + backoff_.delay(batch.attempts, jitter);
            accumulator_.reenqueue(std::move(batch));
            return;
        case Reaction::split:
            batch.last_error = text;
            accumulator_.split(batch);
            return;
        case Reaction::fail:
            complete(batch, fate_of_failure(batch), no_offset, text, step);
            return;
    }
}

void Sender::complete(const ProducerBatch& batch, Fate fate, Offset base_offset,
                      std::string_view error, Step& step) {
    ASSERT((fate == Fate::written) == error.empty(), "{} with the error '{}'", to_string(fate),
           error);
    for (std::size_t i = 0; i < batch.sends.size(); ++i) {
        const Offset offset =
            base_offset < Offset{0} ? no_offset : base_offset + static_cast<std::int64_t>(i);
        step.completed.push_back({.send = batch.sends[i],
                                  .fate = fate,
                                  .partition = batch.partition,
                                  .offset = offset,
                                  .error = std::string(error),
                                  .attempts = batch.attempts});
    }
    accumulator_.release(batch);
}

void Sender::expire(LocalTime now, Step& step) {
    std::vector<BatchId> late;
    for (const auto& [id, batch] : batches_) {
        if (now - batch.created_at >= delivery_timeout_) late.push_back(id);
    }
    for (const BatchId id : late) {
        ProducerBatch batch = *land(id);
        // Its request is still out: it may be executed after we gave up.
        batch.may_be_written = true;
        complete(batch, Fate::unknown, no_offset, "delivery timeout", step);
    }
    for (const ProducerBatch& batch : accumulator_.take_expired(now)) {
        complete(batch, fate_of_failure(batch), no_offset, "delivery timeout", step);
    }
}

Sender::Step Sender::abandon(std::string_view why) {
    Step step;
    for (const auto& [id, batch] : std::exchange(batches_, {})) {
        complete(batch, Fate::unknown, no_offset, why, step);
    }
    for (const ProducerBatch& batch : accumulator_.take_all()) {
        complete(batch, fate_of_failure(batch), no_offset, why, step);
    }
    return step;
}

void Sender::check_invariants() const {
    accumulator_.check_invariants();
    std::uint64_t attempts = 0;
    for (const auto& [broker, count] : in_flight_) {
        ASSERT(count <= max_in_flight_, "{} requests in flight to broker {}", count, broker);
        attempts += count;
    }
    ASSERT(attempts == attempts_.size(), "{} attempts, {} counted", attempts_.size(), attempts);
    std::map<TopicPartition, std::uint32_t> per_partition;
    for (const auto& [id, batch] : batches_) {
        ASSERT(batch.id == id && batch.attempts > 0, "batch {} in flight as {}", batch.id, id);
        ++per_partition[batch.partition];
    }
    if (max_in_flight_ == 1) {
        for (const auto& [partition, count] : per_partition) {
            ASSERT(count == 1, "{} batches of {} in flight", count, partition);
            ASSERT(accumulator_.is_muted(partition), "{} in flight, not muted", partition);
        }
    }
}

}  // namespace squall::model
