#include "model/coordinator/transaction/transaction_shard.h"

#include <utility>

#include "sim/base/assert.h"

namespace squall::model {
namespace {

using transaction_change::MarkersDue;
using transaction_change::MarkerWritten;
using transaction_change::TransitionBegan;
using transaction_change::TransitionEnded;

InitProducerIdResponse init_response(ErrorCode error) {
    InitProducerIdResponse response;
    response.error_code = error;
    return response;
}

EndTxnResponse end_response(ErrorCode error) {
    EndTxnResponse response;
    response.error_code = error;
    return response;
}

// Whom the producer is to be from now on: at the ceiling, the next producer id in its first epoch.
EndTxnResponse end_response(const TransactionMetadata& metadata) {
    EndTxnResponse response;
    const bool rotates = metadata.next_producer_id != no_producer_id;
    response.producer_id = rotates ? metadata.next_producer_id : metadata.producer_id;
    response.producer_epoch = rotates ? ProducerEpoch(0) : metadata.producer_epoch;
    return response;
}

// While a record is on its way, the state that an EndTxn was judged by is about to pass: only who
// is nobody's producer is told so at once. Version 2 does not judge the epoch either, since the
// next one is on its way with the record (KAFKA-18464).
bool waits_for_pending(ErrorCode judged, std::int16_t client_version) {
    if (judged == ErrorCode::invalid_producer_id_mapping) return false;
    return judged != ErrorCode::producer_fenced || client_version >= 2;
}

}  // namespace

// ---- what mutates ----

void TransactionShard::apply(const TransactionRecord& record) {
    if (!record.value || record.value->is_in(TransactionState::dead)) {
        stored_.erase(record.transactional_id);
        return;
    }
    stored_[record.transactional_id] = *record.value;
}

void TransactionShard::apply(const TransactionChange& change) {
    Live& live = live_[change.transactional_id];
    if (const auto* began = std::get_if<TransitionBegan>(&change.what)) {
        ASSERT(!live.pending, "{}: {} is begun while {} is on its way", change.transactional_id,
               to_string(began->to), to_string(*live.pending));
        live.pending = began->to;
    } else if (std::holds_alternative<TransitionEnded>(change.what)) {
        ASSERT(live.pending, "{}: nothing is on its way", change.transactional_id);
        live.pending.reset();
    } else if (const auto* due = std::get_if<MarkersDue>(&change.what)) {
        live.unmarked = due->partitions;
    } else {
        live.unmarked.erase(std::get<MarkerWritten>(change.what).partition);
    }
    if (live == Live{}) live_.erase(change.transactional_id);
}

TransactionDecision TransactionShard::activate() const {
    ASSERT(live_.empty(), "activated twice");
    TransactionDecision decision;
    for (const auto& [id, metadata] : stored_) {
        if (metadata.is_ending()) decision.changes.push_back({id, MarkersDue{metadata.partitions}});
    }
    return decision;
}

// ---- requests ----

TransactionDecision TransactionShard::store(const std::string& transactional_id,
                                            const TransactionMetadata& next, std::string reason) {
    TransactionDecision decision;
    decision.changes.push_back({transactional_id, TransitionBegan{next.state}});
    decision.records.push_back({transactional_id, next});
    decision.follow_up = TransactionStored{transactional_id, std::move(reason)};
    return decision;
}

TransactionDecision TransactionShard::handle(const InitProducerIdRequest& request,
                                             const TransactionCall& call) const {
    const std::string& id = *request.transactional_id;
    const auto answer = [&](ErrorCode error) {
        TransactionDecision decision;
        decision.answer(call.call, init_response(error));
        return decision;
    };
    if (is_pending(id)) return answer(ErrorCode::concurrent_transactions);
    std::optional<TransactionProtocol::Expected> expected;
    if (request.producer_id != no_producer_id) {
        expected = {.producer_id = request.producer_id, .producer_epoch = request.producer_epoch};
    }
    const TransactionStep step =
        protocol_.init(find(id), std::chrono::milliseconds(request.transaction_timeout_ms),
                       expected, context(call));
    if (!step.next) return answer(step.error);
    TransactionDecision decision = store(id, *step.next, "InitProducerId");
    InitProducerIdResponse response = init_response(step.answer);
    if (step.answer == ErrorCode::none) {
        response.producer_id = step.next->producer_id;
        response.producer_epoch = step.next->producer_epoch;
    }
    decision.answer_when_stored(call.call, response);
    return decision;
}

TransactionDecision TransactionShard::handle(const AddPartitions& request,
                                             const TransactionCall& call) const {
    const TransactionMetadata* const current = find(request.transactional_id);
    TransactionDecision decision;
    if (request.verify_only) {
        PartitionsAdded verified;
        for (const TopicPartition& partition : request.partitions) {
            verified.errors[partition] =
                protocol_.verify(current, request.producer_id, request.producer_epoch, partition);
        }
        decision.answer(call.call, std::move(verified));
        return decision;
    }
    const TransactionStep step =
        protocol_.add_partitions(current, request.producer_id, request.producer_epoch,
                                 request.partitions, call.client_version, context(call));
    // The identity is checked first: a fenced producer is told so, whatever is on its way.
    const bool is_blocked = step.next && is_pending(request.transactional_id);
    const ErrorCode error = is_blocked ? ErrorCode::concurrent_transactions : step.error;
    if (error != ErrorCode::none || !step.next) {
        decision.answer(call.call, PartitionsAdded::all(request, error));
        return decision;
    }
    decision = store(request.transactional_id, *step.next, "AddPartitionsToTxn");
    decision.answer_when_stored(call.call, PartitionsAdded::all(request, ErrorCode::none));
    return decision;
}

TransactionDecision TransactionShard::handle(const EndTxnRequest& request,
                                             const TransactionCall& call) const {
    const std::string& id = request.transactional_id;
    const TransactionMetadata* const current = find(id);
    const TransactionStep step =
        protocol_.end(current, request.producer_id, request.producer_epoch, request.committed,
                      call.client_version, context(call));
    const bool is_blocked = is_pending(id) && waits_for_pending(step.error, call.client_version);
    TransactionDecision decision;
    if (is_blocked || step.error != ErrorCode::none) {
        decision.answer(call.call,
                        end_response(is_blocked ? ErrorCode::concurrent_transactions : step.error));
    } else if (!step.next) {
        decision.answer(call.call, end_response(*current));
    } else {
        decision = store(id, *step.next, "EndTxn");
        decision.answer_when_stored(call.call, end_response(*step.next));
    }
    return decision;
}

// ---- what follows ----

TransactionDecision TransactionShard::on_stored(const TransactionStored& stored, ErrorCode error,
                                                const Moment& at) const {
    TransactionDecision decision;
    if (is_pending(stored.transactional_id)) {
        decision.changes.push_back({stored.transactional_id, TransitionEnded{}});
    }
    const TransactionMetadata* const current = find(stored.transactional_id);
    if (error != ErrorCode::none || current == nullptr || !current->is_ending()) return decision;
    if (!current->partitions.empty()) {
        decision.changes.push_back({stored.transactional_id, MarkersDue{current->partitions}});
        return decision;
    }
    TransactionDecision completed =
        store(stored.transactional_id, protocol_.complete(*current, at.wall_ms), "no partitions");
    completed.changes.insert(completed.changes.begin(), decision.changes.begin(),
                             decision.changes.end());
    return completed;
}

TransactionDecision TransactionShard::on_marker_written(const DueMarker& marker,
                                                        const TopicPartition& partition,
                                                        const Moment& at) const {
    const TransactionMetadata* const current = find(marker.transactional_id);
    const auto live = live_.find(marker.transactional_id);
    // A late answer may be about an earlier transaction of the id.
    if (current == nullptr || !current->is_ending() || live == live_.end() ||
        current->producer_id != marker.producer_id ||
        current->producer_epoch != marker.producer_epoch ||
        !live->second.unmarked.contains(partition)) {
        return {};
    }
    TransactionDecision decision;
    if (live->second.unmarked.size() == 1 && !live->second.pending) {
        decision = store(marker.transactional_id, protocol_.complete(*current, at.wall_ms),
                         "markers written");
    }
    decision.changes.insert(decision.changes.begin(),
                            {marker.transactional_id, MarkerWritten{partition}});
    return decision;
}

TransactionDecision TransactionShard::complete(const std::string& transactional_id,
                                               const Moment& at) const {
    const TransactionMetadata* const current = find(transactional_id);
    if (current == nullptr || !current->is_ending() || live_.contains(transactional_id)) return {};
    return store(transactional_id, protocol_.complete(*current, at.wall_ms), "markers written");
}

TransactionDecision TransactionShard::abort_timed_out(const std::set<std::string>& but_not,
                                                      const std::optional<ProducerId>& fresh,
                                                      const Moment& at) const {
    for (const auto& [id, metadata] : stored_) {
        if (but_not.contains(id) || is_pending(id)) continue;
        if (!protocol_.is_timed_out(metadata, at.wall_ms)) continue;
        const TransactionStep step =
            protocol_.abort_timed_out(metadata, {.now_ms = at.wall_ms, .fresh_producer_id = fresh});
        if (step.next) return store(id, *step.next, "timeout");
    }
    return {};
}

TransactionDecision TransactionShard::expire(const Moment& at) const {
    TransactionDecision decision;
    for (const auto& [id, metadata] : stored_) {
        if (live_.contains(id) || !protocol_.is_expired(metadata, at.wall_ms)) continue;
        decision = {};
        decision.changes.push_back({id, TransitionBegan{TransactionState::dead}});
        decision.records.push_back({id, std::nullopt});
        decision.follow_up = TransactionStored{id, "expired"};
        return decision;
    }
    return decision;
}

// ---- what can be asked ----

const TransactionMetadata* TransactionShard::find(const std::string& transactional_id) const {
    const auto found = stored_.find(transactional_id);
    return found == stored_.end() ? nullptr : &found->second;
}

bool TransactionShard::is_pending(const std::string& transactional_id) const {
    const auto found = live_.find(transactional_id);
    return found != live_.end() && found->second.pending.has_value();
}

std::optional<DueMarker> TransactionShard::due_marker(const std::string& transactional_id) const {
    const auto live = live_.find(transactional_id);
    if (live == live_.end() || live->second.unmarked.empty()) return std::nullopt;
    const TransactionMetadata& metadata = stored_.at(transactional_id);
    return DueMarker{.transactional_id = transactional_id,
                     .producer_id = metadata.producer_id,
                     .producer_epoch = metadata.producer_epoch,
                     .commit = metadata.is_in(TransactionState::prepare_commit),
                     .transaction_version = metadata.client_transaction_version,
                     .partitions = live->second.unmarked};
}

bool TransactionShard::has_same_records_as(const TransactionShard& other) const {
    if (stored_.size() != other.stored_.size()) return false;
    for (const auto& [id, metadata] : stored_) {
        const TransactionMetadata* const theirs = other.find(id);
        if (theirs == nullptr || !metadata.is_same_record(*theirs)) return false;
    }
    return true;
}

void TransactionShard::check_invariants() const {
    for (const auto& [id, metadata] : stored_) {
        ASSERT(metadata.producer_id != no_producer_id, "{} has no producer id", id);
        ASSERT(metadata.producer_epoch >= ProducerEpoch(0), "{} has the epoch {}", id,
               metadata.producer_epoch);
        if (metadata.is_over()) {
            ASSERT(metadata.partitions.empty(), "{} is {} with {} partitions", id,
                   to_string(metadata.state), metadata.partitions.size());
            ASSERT(metadata.next_producer_id == no_producer_id, "{} is {} with a next producer id",
                   id, to_string(metadata.state));
        }
    }
    for (const auto& [id, live] : live_) {
        if (live.unmarked.empty()) continue;
        const TransactionMetadata* const metadata = find(id);
        ASSERT(metadata != nullptr && metadata->is_ending(), "{} waits for markers, and is over",
               id);
        for (const TopicPartition& partition : live.unmarked) {
            ASSERT(metadata->partitions.contains(partition), "{} waits for a marker in {}", id,
                   partition);
        }
    }
}

}  // namespace squall::model
