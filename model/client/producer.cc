#include "model/client/producer.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "model/events/transaction_events.h"
#include "model/protocol/messages/init_producer_id.h"
#include "sim/kernel/simulation.h"

namespace squall::model {
namespace {

Outcome outcome_of(Fate fate) {
    switch (fate) {
        case Fate::written:
            return Outcome::ok;
        case Fate::not_written:
            return Outcome::failed;
        case Fate::unknown:
            return Outcome::unknown;
    }
    return Outcome::unknown;
}

std::optional<ByteView> view(const std::optional<Bytes>& bytes) {
    return bytes ? std::optional<ByteView>(*bytes) : std::nullopt;
}

}  // namespace

RecordId record_id(const ProducerRecord& record) {
    std::vector<HeaderView> headers;
    for (const RecordHeader& header : record.headers) {
        headers.push_back({.key = header.key, .value = view(header.value)});
    }
    return record_id(view(record.key), view(record.value), headers);
}

Producer::Producer(sim::Node& node, Fabric fabric, std::vector<std::string> bootstrap,
                   ProducerOptions options, const BugSet* bugs)
    : node_(node),
      options_(std::move(options)),
      cluster_(node, fabric, std::move(bootstrap), options_.client, [this] { wake(); }),
      sender_(options_, bugs),
      news_(node),
      memory_waiters_(node),
      completion_waiters_(node) {
    ASSERT(!options_.problem(), "producer {}: {}", options_.client.client_id,
           options_.problem().value_or(""));
    node_.emit(ProducerConfigured{.client_id = options_.client.client_id,
                                  .acks = options_.acks,
                                  .enable_idempotence = options_.is_idempotent(),
                                  .retries = options_.retries,
                                  .max_in_flight = options_.max_in_flight,
                                  .transactional_id = options_.transactional_id,
                                  .transaction_timeout = options_.transaction_timeout});
    if (options_.is_transactional()) {
        transactions_ = std::make_unique<ProducerTransactionHost>(
            node_, options_, cluster_, sender_,
            ProducerTransactionHost::Hooks{
                .wake = [this] { wake(); },
                .identified = [this](
                                  const ProducerIdentity& identity,
                                  std::string_view reason) { emit_identity(identity, reason); }});
    }
    node_.spawn(fmt::format("{}/sender", options_.client.client_id), [this] { run(); });
}

void Producer::wake() {
    if (is_woken_) return;
    is_woken_ = true;
    news_.push(Wake{});
}

// ---- the background task ----

void Producer::run() {
    while (!is_closed_) {
        const auto is_connected = [this](BrokerId broker) {
            const Channel* const channel = cluster_.channel(broker);
            return channel != nullptr && channel->is_connected();
        };
        std::function<bool(const TopicPartition&)> may_send_to;
        if (transactions_) {
            const ProducerTransaction& state = transactions_->state();
            if (state.phase() == TransactionPhase::fatal_error) {
                // Nobody will ask what becomes of a retry.
                perform(sender_.abandon(state.error()));
            } else if (state.phase() == TransactionPhase::abortable_error) {
                // What was not sent yet has no transaction any more that it could be part of.
                perform(sender_.abort_unsent(state.error()));
            }
            may_send_to = [this](const TopicPartition& partition) {
                return transactions_->state().may_send_to(partition);
            };
        }
        Sender::Step step =
            sender_.step(cluster_.metadata(), node_.now(), is_connected, may_send_to);
        const LocalTime next = step.next;
        perform(std::move(step));
        std::optional<News> news = news_.pop_until(next);
        while (news) {
            if (auto* ended = std::get_if<Ended>(&*news)) {
                take(std::move(*ended));
            } else {
                is_woken_ = false;
            }
            news = news_.try_pop();
        }
    }
}

void Producer::take(Ended ended) {
    Draws& jitter = cluster_.draws("retry backoff");
    const LocalTime now = node_.now();
    perform(ended.end
                ? sender_.on_answer(ended.attempt, *ended.end, cluster_.metadata(), now, jitter)
                : sender_.on_failure(ended.attempt, ended.end.error(), now, jitter));
}

// The order of effects: what ended is told before what begins.
void Producer::perform(Sender::Step step) {
    for (const CompletedSend& completed : step.completed) complete(completed);
    if (!step.completed.empty()) {
        memory_waiters_.notify_all();
        completion_waiters_.notify_all();
    }
    for (RetriedBatch& retried : step.retried) {
        node_.emit(ProduceRetried{.client_id = options_.client.client_id,
                                  .partition = std::move(retried.partition),
                                  .records = retried.records,
                                  .error = std::move(retried.error)});
    }
    if (step.refresh_metadata) cluster_.refresh();
    if (step.raised) emit_identity(*step.raised, "epoch bump");
    if (step.needs_identity) ask_identity();
    if (step.lost_sequence) transactions_->abortable("a batch of the transaction is missing");
    for (ProduceAttempt& attempt : step.attempts) transmit(std::move(attempt));
    for (const BrokerId broker : step.connect) connect(broker);
}

void Producer::connect(BrokerId broker) {
    Channel* const channel = cluster_.channel(broker);
    if (channel == nullptr) return cluster_.refresh();  // a broker without an address
    if (!connecting_.insert(broker).second) return;
    channel->connect_then([this, broker, channel] {
        connecting_.erase(broker);
        if (!channel->is_connected()) cluster_.refresh();
        wake();
    });
}

void Producer::ask_identity() {
    if (std::exchange(is_asking_identity_, true)) return;
    node_.spawn(fmt::format("{}/producer_id", options_.client.client_id), [this] {
        InitProducerIdRequest request;
        request.transaction_timeout_ms = INT32_MAX;
        for (std::uint32_t failures = 1; !is_closed_; ++failures) {
            const Result<InitProducerIdResponse> answer = cluster_.any_channel().call(request);
            if (answer && answer->error_code == ErrorCode::none) {
                const ProducerIdentity identity{answer->producer_id, answer->producer_epoch};
                sender_.identify(identity);
                emit_identity(identity, "init_producer_id");
                break;
            }
            Draws& jitter = cluster_.draws("producer id backoff");
            node_.sleep_for(options_.client.backoff().delay(failures, jitter));
        }
        is_asking_identity_ = false;
        wake();
    });
}

void Producer::emit_identity(const ProducerIdentity& identity, std::string_view reason) {
    node_.emit(ProducerIdentified{.client_id = options_.client.client_id,
                                  .transactional_id = options_.transactional_id,
                                  .producer_id = identity.id,
                                  .producer_epoch = identity.epoch,
                                  .reason = std::string(reason)});
}

void Producer::transmit(ProduceAttempt attempt) {
    Channel* const channel = cluster_.channel(attempt.broker);
    if (channel == nullptr) {
        news_.push(Ended{.attempt = attempt.id,
                         .end = Error{Failure::unreachable, "a broker without an address"}});
        return;
    }
    if (!attempt.expects_answer) {
        channel->send_and_forget(std::move(attempt.request));
        perform(sender_.on_sent(attempt.id));
        return;
    }
    channel->send_then(
        std::move(attempt.request),
        [this, id = attempt.id](Result<ProduceResponse> end) {
            news_.push(Ended{.attempt = id, .end = std::move(end)});
        },
        std::nullopt,
        transactions_ ? transactions_->newest_produce() : ProduceRequest::versions.max);
}

void Producer::complete(const CompletedSend& completed) {
    const auto found = pending_.find(completed.send);
    ASSERT(found != pending_.end(), "send {} completes twice", completed.send);
    const Pending pending = std::move(found->second);
    pending_.erase(found);
    if (transactions_ && completed.fate != Fate::written &&
        transactions_->state().phase() != TransactionPhase::aborting) {
        transactions_->note_failure(completed.code, completed.error);
    }
    const SendResult result{.outcome = outcome_of(completed.fate),
                            .partition = completed.partition,
                            .offset = completed.offset,
                            .error = completed.error,
                            .attempts = completed.attempts};
    node_.emit(SendCompleted{.operation = pending.operation,
                             .outcome = result.outcome,
                             .partition = result.partition,
                             .offset = result.offset,
                             .error = result.error,
                             .attempts = result.attempts});
    if (pending.callback) pending.callback(result);
}

// ---- the application's side ----

OperationId Producer::send(ProducerRecord record, SendCallback callback) {
    ASSERT(!is_closing_, "producer {}: send after close", options_.client.client_id);
    const OperationId operation = cluster_.next_operation();
    const LocalTime deadline = node_.now() + options_.max_block;
    node_.emit(
        SendInvoked{.operation = operation,
                    .client_id = options_.client.client_id,
                    .topic = record.topic,
                    .key = record.key ? std::string(as_text(*record.key)) : std::string(),
                    .record = record_id(record),
                    .transaction = transactions_ ? transactions_->transaction() : OperationId{}});
    if (const auto refused = refuse(TransactionCommand::send)) {
        fail(operation, {.topic = record.topic, .partition = -1}, refused->error, callback);
        return operation;
    }

    const OperationId transaction = transactions_ ? transactions_->transaction() : OperationId{};
    const Result<std::int32_t> chosen = choose_partition(record, deadline);
    const auto outlived = refuse_outlived(transaction);
    if (!chosen && !outlived) miss(chosen.error().detail);
    if (!chosen || outlived) {
        fail(operation, {.topic = record.topic, .partition = -1},
             chosen ? outlived->error : chosen.error().detail, callback);
        return operation;
    }
    const TopicPartition partition{.topic = record.topic, .partition = *chosen};
    const bool is_sticky = !record.partition && (!record.key || options_.partitioner_ignore_keys);
    const RecordToSend to_send{.send = SendId(next_send_++),
                               .timestamp = record.timestamp.value_or(node_.wall_now().ms()),
                               .key = std::move(record.key),
                               .value = std::move(record.value),
                               .headers = std::move(record.headers)};
    pending_.emplace_hint(pending_.end(), to_send.send,
                          Pending{.operation = operation, .callback = callback});
    if (std::optional<std::string> error = append(partition, to_send, is_sticky, deadline)) {
        pending_.erase(to_send.send);
        miss(*error);
        fail(operation, partition, std::move(*error), callback);
        completion_waiters_.notify_all();
    } else if (transactions_) {
        transactions_->note_send(partition);
    }
    return operation;
}

// What fails inside send() is missing from the transaction like a batch that was given up.
void Producer::miss(const std::string& error) {
    if (transactions_) transactions_->abortable(error);
}

void Producer::fail(OperationId operation, const TopicPartition& partition, std::string error,
                    const SendCallback& callback) {
    const SendResult result{
        .outcome = Outcome::failed, .partition = partition, .error = std::move(error)};
    node_.emit(SendCompleted{.operation = operation,
                             .outcome = result.outcome,
                             .partition = partition,
                             .offset = no_offset,
                             .error = result.error,
                             .attempts = 0});
    if (callback) callback(result);
}

Result<std::int32_t> Producer::choose_partition(const ProducerRecord& record, LocalTime deadline) {
    cluster_.track(record.topic);
    MetadataCache& metadata = cluster_.metadata();
    std::int32_t count = 0;
    while (true) {
        const std::optional<std::int32_t> known = metadata.partition_count(record.topic);
        if (known && (!record.partition || *record.partition < *known)) {
            count = *known;
            break;
        }
        const ErrorCode error = metadata.topic_error(record.topic);
        if (error != ErrorCode::none && !is_retriable(error)) {
            return Error{Failure::not_found, std::string(to_string(error))};
        }
        cluster_.refresh();
        if (is_closing_) return Error{Failure::closed, "closed"};
        if (!cluster_.await_metadata(deadline) && node_.now() >= deadline) {
            return Error{Failure::timed_out, "max.block.ms passed without metadata"};
        }
    }
    if (record.partition) return *record.partition;
    if (record.key && !options_.partitioner_ignore_keys) {
        return partition_for_key(*record.key, count);
    }
    StickyPartitioner& sticky =
        sticky_.try_emplace(record.topic, options_.batch_size).first->second;
    if (const std::optional<std::int32_t> chosen = sticky.chosen()) return *chosen;
    if (options_.partitioner_adaptive) {
        sticky.update_load(sender_.accumulator().loads(record.topic, metadata), count);
    }
    return sticky.current(count, metadata.available_partitions(record.topic),
                          cluster_.draws("sticky partition"));
}

std::optional<std::string> Producer::append(const TopicPartition& partition,
                                            const RecordToSend& record, bool is_sticky,
                                            LocalTime deadline) {
    const std::uint64_t bytes = RecordAccumulator::bytes_for(record);
    if (bytes > options_.max_request_size || bytes > options_.buffer_memory) {
        return std::string(to_string(ErrorCode::message_too_large));
    }
    RecordAccumulator& accumulator = sender_.accumulator();
    if (!accumulator.ever_has_room_for(bytes)) {
        return fmt::format("a batch of {} bytes is more than buffer.memory", options_.batch_size);
    }
    while (true) {
        if (is_closing_) return "closed";
        if (transactions_ && !transactions_->state().is_open()) return "the transaction is over";
        const auto appended = accumulator.append(partition, record, node_.now());
        if (appended) {
            if (is_sticky) {
                sticky_.at(partition.topic).appended(appended->bytes, appended->all_batches_full);
            }
            if (appended->wakes_sender) wake();
            return std::nullopt;
        }
        // Memory pressure makes batches ready that still linger: the sender must look again.
        accumulator.begin_memory_wait();
        wake();
        const bool notified = memory_waiters_.wait_until(deadline);
        accumulator.end_memory_wait();
        if (!notified) return "max.block.ms passed without buffer.memory";
    }
}

SendResult Producer::send_and_wait(ProducerRecord record) {
    sim::Completion<SendResult> done(node_);
    // A callback must be copyable; the completion stays here, on this task's stack.
    auto completer = std::make_shared<sim::Completer<SendResult>>(done.completer());
    send(std::move(record), [completer](const SendResult& result) { completer->complete(result); });
    std::optional<SendResult> result = done.await();
    ASSERT(result.has_value(), "producer {}: a send never completed", options_.client.client_id);
    return *result;
}

bool Producer::await_completed(SendId last, LocalTime deadline) {
    while (!pending_.empty() && pending_.begin()->first <= last) {
        if (!completion_waiters_.wait_until(deadline)) return false;
    }
    return true;
}

// ---- transactions ----

std::optional<TransactionResult> Producer::refuse_outlived(OperationId transaction) const {
    if (!transactions_) return std::nullopt;
    if (transactions_->transaction() != transaction) {
        return TransactionResult{.outcome = Outcome::failed, .error = "the transaction is over"};
    }
    return refuse(TransactionCommand::send);
}

std::optional<TransactionResult> Producer::refuse(TransactionCommand command) const {
    if (!transactions_) {
        if (command == TransactionCommand::send) return std::nullopt;
        return TransactionResult{.outcome = Outcome::failed, .error = "no transactional.id"};
    }
    const ProducerTransaction& state = transactions_->state();
    std::optional<std::string> refusal = state.refusal(command);
    if (!refusal) return std::nullopt;
    return TransactionResult{.outcome = Outcome::failed,
                             .error = std::move(*refusal),
                             .must_abort = state.phase() == TransactionPhase::abortable_error,
                             .is_fatal = state.phase() == TransactionPhase::fatal_error};
}

TransactionResult Producer::init_transactions() {
    if (auto refused = refuse(TransactionCommand::init)) return *refused;
    return transactions_->init();
}

TransactionResult Producer::begin_transaction() {
    if (auto refused = refuse(TransactionCommand::begin)) return *refused;
    if (auto failed = transactions_->settle_identity(max_block_from_now())) return *failed;
    if (auto refused = refuse(TransactionCommand::begin)) return *refused;
    const OperationId transaction = cluster_.next_operation();
    const ProducerIdentity& identity = sender_.numbering()->identity();
    transactions_->begin(transaction);
    node_.emit(TransactionBegan{.transaction = transaction,
                                .client_id = options_.client.client_id,
                                .transactional_id = options_.transactional_id,
                                .producer_id = identity.id,
                                .producer_epoch = identity.epoch,
                                .transaction_version = static_cast<std::int16_t>(
                                    transactions_->state().is_version_2() ? 2 : 1)});
    return {.outcome = Outcome::ok};
}

TransactionResult Producer::send_offsets_to_transaction(
    const std::map<TopicPartition, Offset>& offsets, const ConsumerGroupMetadata& group) {
    if (auto refused = refuse(TransactionCommand::send_offsets)) return *refused;
    const OperationId operation = cluster_.next_operation();
    TransactionOffsetsInvoked invoked{.operation = operation,
                                      .transaction = transactions_->transaction(),
                                      .client_id = options_.client.client_id,
                                      .group = group.group_id,
                                      .member_id = group.member_id,
                                      .generation = group.generation,
                                      .offsets = {}};
    for (const auto& [partition, offset] : offsets) invoked.offsets.push_back({partition, offset});
    node_.emit(invoked);
    TransactionResult result = transactions_->send_offsets(offsets, group);
    node_.emit(TransactionOffsetsCompleted{
        .operation = operation, .outcome = result.outcome, .error = result.error});
    // Whether they will be part of it, nobody can tell: it must not be committed.
    if (result.outcome == Outcome::unknown) {
        transactions_->abortable(result.error);
        result.must_abort = true;
    }
    return result;
}

TransactionResult Producer::commit_transaction() {
    if (auto refused = refuse(TransactionCommand::commit)) {
        if (transactions_) refused->outcome = transactions_->outcome_of_failure(true);
        return *refused;
    }
    return end_transaction(true, max_block_from_now());
}

TransactionResult Producer::abort_transaction() {
    if (auto refused = refuse(TransactionCommand::abort)) {
        if (transactions_) refused->outcome = transactions_->outcome_of_failure(false);
        return *refused;
    }
    return end_transaction(false, max_block_from_now());
}

TransactionResult Producer::end_transaction(bool commit, LocalTime deadline) {
    ProducerTransaction& state = transactions_->state();
    const OperationId operation = cluster_.next_operation();
    is_ending_ = true;
    node_.emit(TransactionEndInvoked{.operation = operation,
                                     .transaction = transactions_->transaction(),
                                     .client_id = options_.client.client_id,
                                     .commit = commit});
    if (commit) {
        state.begin_commit();
    } else {
        state.begin_abort();
        perform(sender_.abort_unsent("the transaction is aborted"));
        memory_waiters_.notify_all();
    }
    const bool is_flushed = flush_until(deadline);
    // What failed on the way says that there is nothing to commit, and nothing was.
    const TransactionPhase expected =
        commit ? TransactionPhase::committing : TransactionPhase::aborting;
    const OperationId transaction = transactions_->transaction();
    TransactionResult result;
    if (state.phase() == expected && !is_flushed) {
        result = {.outcome = Outcome::unknown, .error = "max.block.ms passed with records unsent"};
    } else if (state.phase() == expected) {
        result = transactions_->end(commit, deadline);
    } else {
        result = {.outcome = transactions_->outcome_of_failure(commit),
                  .error = state.error(),
                  .must_abort = state.phase() == TransactionPhase::abortable_error,
                  .is_fatal = state.phase() == TransactionPhase::fatal_error};
    }
    node_.emit(TransactionEndCompleted{.operation = operation,
                                       .transaction = transaction,
                                       .commit = commit,
                                       .outcome = result.outcome,
                                       .error = result.error});
    is_ending_ = false;
    completion_waiters_.notify_all();
    return result;
}

void Producer::end_what_is_open(LocalTime deadline) {
    while (is_ending_ && node_.now() < deadline) completion_waiters_.wait_until(deadline);
    while (!is_ending_ && node_.now() < deadline) {
        const TransactionPhase phase = transactions_->state().phase();
        const bool is_open =
            phase == TransactionPhase::in_transaction || phase == TransactionPhase::abortable_error;
        const bool is_half_ended =
            phase == TransactionPhase::committing || phase == TransactionPhase::aborting;
        if (!is_open && !is_half_ended) return;
        const LocalTime end = std::min(deadline, max_block_from_now());
        const bool is_commit = phase == TransactionPhase::committing;
        end_transaction(is_commit, end);
    }
}

void Producer::flush() {
    flush_until(LocalTime::max());
}

bool Producer::flush_until(LocalTime deadline) {
    if (pending_.empty()) return true;
    const SendId last{next_send_ - 1};
    sender_.accumulator().begin_flush();
    wake();
    const bool is_flushed = await_completed(last, deadline);
    sender_.accumulator().end_flush();
    return is_flushed;
}

void Producer::close(Duration timeout) {
    if (is_closing_) return;
    is_closing_ = true;
    memory_waiters_.notify_all();
    sender_.accumulator().close();
    wake();
    const LocalTime deadline = node_.now() + timeout;
    if (!await_completed(SendId{next_send_ - 1}, deadline)) {
        perform(sender_.abandon("closed"));
    } else if (transactions_) {
        end_what_is_open(deadline);
    }
    is_closed_ = true;
    cluster_.stop();
    wake();
}

}  // namespace squall::model
