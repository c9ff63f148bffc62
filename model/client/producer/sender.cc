#include "model/client/producer/sender.h"

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"

namespace squall::model {
namespace {

// What is given up together completes in the order of its sends, wherever its batches were: a retry
// that waits in the queue is older than what is in flight behind it.
void sort_by_send(std::vector<ProducerBatch>& batches) {
    std::ranges::sort(batches, {}, [](const ProducerBatch& batch) { return batch.sends.front(); });
}

}  // namespace

Sender::Sender(const ProducerOptions& options, const BugSet* bugs)
    : acks_(options.acks),
      retries_(options.retries),
      transactional_id_(options.transactional_id),
      max_in_flight_(static_cast<std::uint32_t>(options.max_in_flight)),
      request_timeout_(options.client.request_timeout),
      delivery_timeout_(options.delivery_timeout),
      backoff_(options.client.backoff()),
      accumulator_(options) {
    if (options.is_idempotent()) numbering_.emplace(options.is_transactional(), bugs);
}

void Sender::identify(const ProducerIdentity& identity) {
    ASSERT(numbering_.has_value(), "a producer without idempotence is given the id {}",
           identity.id);
    numbering_->identify(identity);
}

std::uint32_t Sender::in_flight(BrokerId broker) const {
    const auto found = in_flight_.find(broker);
    return found == in_flight_.end() ? 0 : found->second;
}

Sender::Step Sender::step(const MetadataCache& metadata, LocalTime now,
                          const std::function<bool(BrokerId)>& is_connected,
                          const std::function<bool(const TopicPartition&)>& may_send_to) {
    Step step;
    expire(now, step);
    if (numbering_) renew_epoch(step);
    const RecordAccumulator::Gate gate = [&](const ProducerBatch& batch) {
        if (!batch.is_numbered() && may_send_to && !may_send_to(batch.partition)) return false;
        return !numbering_ || numbering_->may_send(batch);
    };
    const RecordAccumulator::Readiness readiness = accumulator_.ready(metadata, now, gate);
    step.refresh_metadata = !readiness.topics_without_leader.empty();
    step.next = std::min(readiness.next_check, accumulator_.next_expiry());
    for (const auto& [id, batch] : batches_) {
        step.next = std::min(step.next, batch.created_at + delivery_timeout_);
    }
    for (const BrokerId broker : readiness.brokers) {
        const bool can_be_sent_to = is_connected(broker) && in_flight(broker) < max_in_flight_;
        accumulator_.note_ready(broker, can_be_sent_to, now);
        if (!is_connected(broker)) {
            step.connect.push_back(broker);
            continue;
        }
        // Several requests may go out at once: a drain takes one batch of each partition.
        while (in_flight(broker) < max_in_flight_) {
            std::vector<ProducerBatch> batches = accumulator_.drain(broker, metadata, now, gate);
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
    if (!transactional_id_.empty()) attempt.request.transactional_id = transactional_id_;
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
        if (numbering_) numbering_->number(batch);
        ++batch.attempts;
        batch.is_known_absent = false;
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
            complete(*batch, Fate::written, no_offset, ErrorCode::none, "", step);
        }
    }
    return step;
}

// ---- numbers ----

// Partitions that cannot go on under their numbers begin anew in the next epoch, as soon as what is
// in flight allows it.
void Sender::renew_epoch(Step& step) {
    const bool is_transactional = !transactional_id_.empty();
    const bool is_missing = numbering_->resolve();
    if (is_transactional) {
        // Aborting brings the next epoch.
        step.lost_sequence = is_missing;
        return;
    }
    if (!numbering_->is_identified()) {
        step.needs_identity = true;
        return;
    }
    struct Restart {
        TopicPartition partition;
        std::vector<ProducerBatch*> in_flight;
    };
    std::vector<Restart> restarts;
    bool must_raise = false;
    for (const TopicPartition& partition : numbering_->wanting_epoch()) {
        std::vector<ProducerBatch*> in_flight = accumulator_.numbered(partition);
        bool any_in_request = false;
        for (auto& [id, batch] : batches_) {
            if (batch.partition != partition) continue;
            any_in_request = true;
            in_flight.push_back(&batch);
        }
        std::ranges::sort(in_flight, {},
                          [](const ProducerBatch* batch) { return batch->sends.front(); });
        const ProducerBatch* const front = in_flight.empty() ? nullptr : in_flight.front();
        if (!numbering_->may_renumber(partition, front, any_in_request)) continue;
        must_raise |= !numbering_->is_behind(partition);
        restarts.push_back({partition, std::move(in_flight)});
    }
    if (must_raise && numbering_->is_epoch_exhausted()) {
        step.needs_identity = true;
        return;
    }
    if (must_raise) {
        numbering_->raise_epoch();
        step.raised = numbering_->identity();
    }
    for (const Restart& restart : restarts)
        numbering_->restart(restart.partition, restart.in_flight);
}

void Sender::split(const ProducerBatch& batch) {
    auto [first, second] = accumulator_.split(batch);
    if (batch.is_numbered()) numbering_->on_split(batch, first, second);
    accumulator_.reenqueue(std::move(second));
    accumulator_.reenqueue(std::move(first));
}

// ---- outcomes ----

bool Sender::has_time_left(const ProducerBatch& batch, LocalTime now) const {
    return static_cast<std::int64_t>(batch.attempts) <= retries_ &&
           now - batch.created_at < delivery_timeout_;
}

bool Sender::may_retry(const ProducerBatch& batch, ErrorCode error, LocalTime now) const {
    ASSERT(batch.attempts > 0, "batch {} was never sent", batch.id);
    return is_retriable(error) && has_time_left(batch, now);
}

// A batch whose predecessors are still on their way is only early. One with nobody in front of it
// has met a gap: an idempotent producer goes on in a new epoch, a transaction can only be aborted.
Sender::Reaction Sender::react_to_out_of_order(const ProducerBatch& batch, LocalTime now) const {
    if (!has_time_left(batch, now)) return Reaction::fail;
    const bool is_early = !numbering_->is_first_in_flight(batch);
    return is_early || transactional_id_.empty() ? Reaction::retry : Reaction::fail;
}

Sender::Reaction Sender::react(const ProducerBatch& batch, ErrorCode error, LocalTime now) const {
    if (error == ErrorCode::none) return Reaction::succeed;
    if (batch.is_numbered()) {
        // It is in the log, too long ago for the leader to know where.
        if (error == ErrorCode::duplicate_sequence_number) return Reaction::succeed;
        if (error == ErrorCode::out_of_order_sequence_number ||
            error == ErrorCode::unknown_producer_id) {
            return react_to_out_of_order(batch, now);
        }
    }
    if (error == ErrorCode::message_too_large && may_split(batch)) return Reaction::split;
    return may_retry(batch, error, now) ? Reaction::retry : Reaction::fail;
}

void Sender::settle(ProducerBatch batch, ErrorCode error, Offset base_offset, std::string_view text,
                    LocalTime now, Draws& jitter, Step& step) {
    if (is_indefinite(error)) batch.may_be_written = true;
    if (refreshes_metadata(error)) step.refresh_metadata = true;
    switch (react(batch, error, now)) {
        case Reaction::succeed:
            complete(batch, Fate::written, base_offset, ErrorCode::none, "", step);
            return;
        case Reaction::retry:
            if ((error == ErrorCode::out_of_order_sequence_number ||
                 error == ErrorCode::unknown_producer_id) &&
                batch.is_numbered() && numbering_->is_first_in_flight(batch)) {
                batch.is_known_absent = true;
                numbering_->on_out_of_order(batch);
            }
            batch.last_error = text;
            batch.not_before = now + backoff_.delay(batch.attempts, jitter);
            accumulator_.reenqueue(std::move(batch));
            return;
        case Reaction::split:
            batch.last_error = text;
            split(batch);
            return;
        case Reaction::fail:
            complete(batch, fate_of_failure(batch), no_offset, error, text, step);
            return;
    }
}

void Sender::complete(const ProducerBatch& batch, Fate fate, Offset base_offset, ErrorCode code,
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
                                  .code = code,
                                  .attempts = batch.attempts});
    }
    accumulator_.release(batch);
    if (!batch.is_numbered()) return;
    if (fate == Fate::written) {
        numbering_->on_written(batch);
    } else {
        numbering_->on_given_up(batch, fate == Fate::unknown);
    }
}

void Sender::expire(LocalTime now, Step& step) {
    std::vector<BatchId> late;
    for (const auto& [id, batch] : batches_) {
        if (now - batch.created_at >= delivery_timeout_) late.push_back(id);
    }
    std::vector<ProducerBatch> expired = accumulator_.take_expired(now);
    for (const BatchId id : late) {
        ProducerBatch batch = *land(id);
        // Its request is still out: it may be executed after we gave up.
        batch.may_be_written = true;
        expired.push_back(std::move(batch));
    }
    sort_by_send(expired);
    for (const ProducerBatch& batch : expired) {
        complete(batch, fate_of_failure(batch), no_offset, ErrorCode::request_timed_out,
                 "delivery timeout", step);
    }
}

Sender::Step Sender::abandon(std::string_view why) {
    Step step;
    std::vector<ProducerBatch> given_up = accumulator_.take_all();
    for (auto& [id, batch] : std::exchange(batches_, {})) {
        batch.may_be_written = true;
        given_up.push_back(std::move(batch));
    }
    sort_by_send(given_up);
    for (const ProducerBatch& batch : given_up) {
        complete(batch, fate_of_failure(batch), no_offset, ErrorCode::network_exception, why, step);
    }
    return step;
}

Sender::Step Sender::abort_unsent(std::string_view why) {
    Step step;
    for (const ProducerBatch& batch : accumulator_.take_unnumbered()) {
        ASSERT(!batch.may_be_written, "batch {} of {} was sent without a number", batch.id,
               batch.partition);
        complete(batch, Fate::not_written, no_offset, ErrorCode::transaction_abortable, why, step);
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
    if (numbering_) {
        numbering_->check_invariants();
        for (const auto& [partition, count] : per_partition) {
            ASSERT(count <= numbering_->in_flight(partition), "{}: {} in requests, {} numbered",
                   partition, count, numbering_->in_flight(partition));
        }
    } else if (max_in_flight_ == 1) {
        for (const auto& [partition, count] : per_partition) {
            ASSERT(count == 1, "{} batches of {} in flight", count, partition);
            ASSERT(accumulator_.is_muted(partition), "{} in flight, not muted", partition);
        }
    }
}

}  // namespace squall::model
