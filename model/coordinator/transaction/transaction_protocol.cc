#include "model/coordinator/transaction/transaction_protocol.h"

#include <algorithm>

#include "sim/base/assert.h"

namespace squall::model {
namespace {

constexpr std::int16_t version_2 = 2;

ProducerEpoch after(ProducerEpoch epoch) {
    ASSERT(epoch < ProducerEpoch(INT16_MAX), "epoch {} cannot go up", epoch);
    return ProducerEpoch(static_cast<std::int16_t>(epoch.value() + 1));
}

// Whoever asks must be the producer of now.
ErrorCode check_producer(const TransactionMetadata* current, ProducerId producer_id,
                         ProducerEpoch producer_epoch) {
    if (current == nullptr || current->producer_id != producer_id) {
        return ErrorCode::invalid_producer_id_mapping;
    }
    return current->producer_epoch == producer_epoch ? ErrorCode::none : ErrorCode::producer_fenced;
}

// Every transition says whose it was: so the id before a rotation is known until the next one, and
// its producer, if it comes later, is a zombie.
TransactionMetadata successor(const TransactionMetadata& current) {
    TransactionMetadata next = current;
    next.previous_producer_id = current.producer_id;
    return next;
}

// At the ceiling of epochs the producer was told its next id when the end was decided, and comes
// with it while the old one still has markers to write.
bool goes_by_next_id(const TransactionMetadata& current, ProducerId producer_id) {
    return current.is_ending() && producer_id != no_producer_id &&
           current.next_producer_id == producer_id;
}

// A producer that speaks version 2 repeats an EndTxn whose answer it did not get: the epoch that it
// names was used up by the first one.
bool is_retry_of_end(const TransactionMetadata& current, ProducerId producer_id,
                     ProducerEpoch producer_epoch) {
    return current.producer_id == producer_id && producer_epoch < ProducerEpoch(INT16_MAX) &&
           current.producer_epoch == after(producer_epoch);
}

}  // namespace

// ---- producers ----

TransactionStep TransactionProtocol::init(const TransactionMetadata* current,
                                          std::chrono::milliseconds timeout,
                                          const std::optional<Expected>& expected,
                                          const TransactionContext& context) const {
    if (!is_valid_timeout(timeout)) {
        return TransactionStep::refuse(ErrorCode::invalid_transaction_timeout);
    }
    if (current == nullptr) {
        if (!context.fresh_producer_id) {
            return TransactionStep::refuse(ErrorCode::coordinator_load_in_progress);
        }
        // What the caller had is forgotten; it is nobody's any more.
        return {.next = TransactionMetadata{.producer_id = *context.fresh_producer_id,
                                            .producer_epoch = ProducerEpoch(0),
                                            .timeout = timeout,
                                            .state = TransactionState::empty,
                                            .last_update_timestamp = context.now_ms}};
    }
    // A retry after a rotation whose answer was lost names the id before it, used up. A producer
    // whose epochs are used up goes by the next id already.
    const bool is_known = !expected || expected->producer_id == current->producer_id ||
                          goes_by_next_id(*current, expected->producer_id) ||
                          (expected->producer_id == current->previous_producer_id &&
                           is_epoch_exhausted(expected->producer_epoch));
    if (!is_known) return TransactionStep::refuse(ErrorCode::producer_fenced);
    if (current->is_ending()) return TransactionStep::refuse(ErrorCode::concurrent_transactions);
    if (current->is_in(TransactionState::ongoing)) {
        TransactionStep aborted =
            fence_and_abort(*current, epoch_of_new_producer(current->producer_epoch), context);
        aborted.answer = ErrorCode::concurrent_transactions;
        return aborted;
    }
    ASSERT(current->is_over(), "a producer is initialised in {}", to_string(current->state));

    const bool is_current = !expected || expected->producer_epoch == current->producer_epoch;
    if (is_epoch_exhausted(current->producer_epoch) && is_current) {
        return rotate(*current, timeout, expected.has_value(), context);
    }
    TransactionMetadata next = successor(*current);
    if (is_current) {
        next.producer_epoch = epoch_of_new_producer(current->producer_epoch);
        next.last_producer_epoch = expected ? current->producer_epoch : no_producer_epoch;
    } else if (expected->producer_epoch != current->last_producer_epoch) {
        return TransactionStep::refuse(ErrorCode::producer_fenced);
    }
    next.state = TransactionState::empty;
    next.timeout = timeout;
    next.partitions.clear();
    next.start_timestamp = no_timestamp;
    next.last_update_timestamp = context.now_ms;
    return {.next = std::move(next)};
}

TransactionStep TransactionProtocol::rotate(const TransactionMetadata& current,
                                            std::chrono::milliseconds timeout, bool remembers_last,
                                            const TransactionContext& context) const {
    if (!context.fresh_producer_id) {
        return TransactionStep::refuse(ErrorCode::coordinator_load_in_progress);
    }
    return {.next = TransactionMetadata{
                .producer_id = *context.fresh_producer_id,
                .previous_producer_id = current.producer_id,
                .producer_epoch = ProducerEpoch(0),
                .last_producer_epoch = remembers_last ? current.producer_epoch : no_producer_epoch,
                .timeout = timeout,
                .state = TransactionState::empty,
                .last_update_timestamp = context.now_ms,
                .client_transaction_version = current.client_transaction_version}};
}

// ---- partitions ----

TransactionStep TransactionProtocol::add_partitions(const TransactionMetadata* current,
                                                    ProducerId producer_id,
                                                    ProducerEpoch producer_epoch,
                                                    const std::set<TopicPartition>& partitions,
                                                    std::int16_t client_version,
                                                    const TransactionContext& context) const {
    if (current != nullptr && goes_by_next_id(*current, producer_id)) {
        return TransactionStep::refuse(ErrorCode::concurrent_transactions);
    }
    const ErrorCode error = check_producer(current, producer_id, producer_epoch);
    if (error != ErrorCode::none) return TransactionStep::refuse(error);
    if (current->is_ending()) return TransactionStep::refuse(ErrorCode::concurrent_transactions);
    const bool is_ongoing = current->is_in(TransactionState::ongoing);
    if (is_ongoing && std::ranges::includes(current->partitions, partitions)) return {};

    TransactionMetadata next = successor(*current);
    next.state = TransactionState::ongoing;
    if (!is_ongoing) {
        next.partitions.clear();
        next.start_timestamp = context.now_ms;
    }
    next.partitions.insert(partitions.begin(), partitions.end());
    next.last_update_timestamp = context.now_ms;
    next.client_transaction_version = client_version;
    return {.next = std::move(next)};
}

ErrorCode TransactionProtocol::verify(const TransactionMetadata* current, ProducerId producer_id,
                                      ProducerEpoch producer_epoch,
                                      const TopicPartition& partition) const {
    const ErrorCode error = check_producer(current, producer_id, producer_epoch);
    if (error != ErrorCode::none) return error;
    if (current->is_ending()) return ErrorCode::concurrent_transactions;
    const bool is_in =
        current->is_in(TransactionState::ongoing) && current->partitions.contains(partition);
    return is_in ? ErrorCode::none : ErrorCode::transaction_abortable;
}

// ---- ends ----

TransactionStep TransactionProtocol::end(const TransactionMetadata* current, ProducerId producer_id,
                                         ProducerEpoch producer_epoch, bool commit,
                                         std::int16_t client_version,
                                         const TransactionContext& context) const {
    if (current == nullptr) return TransactionStep::refuse(ErrorCode::invalid_producer_id_mapping);
    const bool is_version_2 = client_version >= version_2;
    // The answer of the first one was lost, and a new producer id took over meanwhile.
    const bool is_retry_of_rotation =
        is_version_2 && current->is_over() && current->previous_producer_id == producer_id &&
        is_epoch_exhausted(producer_epoch) && current->producer_epoch == ProducerEpoch(0);
    const bool is_retry = is_retry_of_rotation ||
                          (is_version_2 && is_retry_of_end(*current, producer_id, producer_epoch));
    if (current->producer_id != producer_id && !is_retry_of_rotation) {
        return TransactionStep::refuse(ErrorCode::invalid_producer_id_mapping);
    }
    const bool is_current = current->producer_epoch == producer_epoch;
    const bool is_valid_epoch =
        !is_version_2 ? is_current
        : current->is_ending()
            ? is_retry
            : is_current || (is_retry && !current->is_in(TransactionState::ongoing) &&
                             !current->is_in(TransactionState::empty));
    if (!is_valid_epoch) return TransactionStep::refuse(ErrorCode::producer_fenced);

    if (current->is_in(TransactionState::ongoing)) {
        return prepare(*current, commit, is_version_2, context);
    }
    if (current->is_ending()) {
        return TransactionStep::refuse(current->is_ending_with(commit)
                                           ? ErrorCode::concurrent_transactions
                                           : ErrorCode::invalid_txn_state);
    }
    // Version 1 cannot tell a repeated request from one for a transaction that never was.
    const bool is_repeated = is_version_2 ? is_retry : current->ended_with(commit);
    if (is_repeated) {
        return current->ended_with(commit) ? TransactionStep{}
                                           : TransactionStep::refuse(ErrorCode::invalid_txn_state);
    }
    // An abort of nothing is how a producer of version 2 gets past an error: the epoch goes up.
    if (is_version_2 && !commit) return prepare(*current, commit, is_version_2, context);
    return TransactionStep::refuse(ErrorCode::invalid_txn_state);
}

TransactionStep TransactionProtocol::abort_timed_out(const TransactionMetadata& current,
                                                     const TransactionContext& context) const {
    ASSERT(current.is_in(TransactionState::ongoing), "a timeout in {}", to_string(current.state));
    return fence_and_abort(current, epoch_that_fences(current.producer_epoch), context);
}

// The producer must not go on with what it began. Version 2 raises the epoch with every end anyway,
// and may rotate here as well (KAFKA-20090); version 1 raises it for the fence.
TransactionStep TransactionProtocol::fence_and_abort(const TransactionMetadata& current,
                                                     ProducerEpoch fenced,
                                                     const TransactionContext& context) const {
    const bool is_fenced = fenced != current.producer_epoch;
    if (is_fenced && current.has_version_2()) return prepare(current, false, true, context);
    TransactionMetadata bumped = current;
    bumped.producer_epoch = fenced;
    bumped.last_producer_epoch = no_producer_epoch;
    bumped.client_transaction_version =
        std::min<std::int16_t>(current.client_transaction_version, version_2 - 1);
    return prepare(bumped, false, false, context);
}

TransactionStep TransactionProtocol::prepare(const TransactionMetadata& current, bool commit,
                                             bool is_version_2,
                                             const TransactionContext& context) const {
    TransactionMetadata next = successor(current);
    next.state = commit ? TransactionState::prepare_commit : TransactionState::prepare_abort;
    ASSERT(may_follow(current.state, next.state), "{} after {}", to_string(next.state),
           to_string(current.state));
    if (is_version_2) {
        if (is_epoch_exhausted(current.producer_epoch)) {
            if (!context.fresh_producer_id) {
                return TransactionStep::refuse(ErrorCode::coordinator_load_in_progress);
            }
            next.next_producer_id = *context.fresh_producer_id;
        }
        next.producer_epoch = after(current.producer_epoch);
        next.last_producer_epoch = current.producer_epoch;
        next.client_transaction_version = version_2;
    }
    if (!current.is_in(TransactionState::ongoing)) {
        next.partitions.clear();
        next.start_timestamp = context.now_ms;
    }
    next.last_update_timestamp = context.now_ms;
    return {.next = std::move(next)};
}

TransactionMetadata TransactionProtocol::complete(const TransactionMetadata& current,
                                                  TimestampMs now_ms) const {
    ASSERT(current.is_ending(), "complete in {}", to_string(current.state));
    TransactionMetadata next = successor(current);
    next.state = current.is_in(TransactionState::prepare_commit) ? TransactionState::complete_commit
                                                                 : TransactionState::complete_abort;
    next.partitions.clear();
    next.last_update_timestamp = now_ms;
    if (current.next_producer_id != no_producer_id) {
        next.producer_id = current.next_producer_id;
        next.next_producer_id = no_producer_id;
        next.producer_epoch = ProducerEpoch(0);
    }
    return next;
}

// ---- rules ----

ProducerEpoch TransactionProtocol::epoch_of_new_producer(ProducerEpoch current) const {
    const ProducerEpoch right = after(current);
    if (bugs_ == nullptr) return right;
    return bugs_->deviate(Bug::z57_zombie_producer_not_fenced, right, current);
}

ProducerEpoch TransactionProtocol::epoch_that_fences(ProducerEpoch current) const {
    const ProducerEpoch right = after(current);
    if (bugs_ == nullptr) return right;
    return bugs_->deviate(Bug::z56_timeout_abort_without_fence, right, current);
}

bool TransactionProtocol::is_timed_out(const TransactionMetadata& current,
                                       TimestampMs now_ms) const {
    return current.is_in(TransactionState::ongoing) &&
           current.start_timestamp + current.timeout.count() < now_ms;
}

bool TransactionProtocol::is_expired(const TransactionMetadata& current, TimestampMs now_ms) const {
    return current.is_over() &&
           current.last_update_timestamp + options_.transactional_id_expiration.count() <= now_ms;
}

}  // namespace squall::model
