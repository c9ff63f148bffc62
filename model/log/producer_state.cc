#include "model/log/producer_state.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"
#include "sim/base/crc32c.h"

namespace squall::model {

namespace {

constexpr std::int16_t snapshot_version = 1;
constexpr std::size_t snapshot_crc_at = sizeof(std::int16_t);
constexpr std::size_t snapshot_crc_begin = snapshot_crc_at + sizeof(std::uint32_t);

bool follows(SequenceNumber last, SequenceNumber next) {
    if (last == no_sequence) return next == SequenceNumber(0);
    return next == sequence_after(last, 1);
}

// The inverse of sequence_after.
SequenceNumber sequence_before(SequenceNumber sequence, std::int32_t distance) {
    constexpr std::int64_t sequences = std::int64_t{1} << 31;
    return SequenceNumber(static_cast<std::int32_t>(
        (std::int64_t{sequence.value()} - distance + sequences) % sequences));
}

// The transaction marker in `batch`; nullopt for every other batch, control or not.
std::optional<TransactionMarker> marker_in(const BatchView& batch) {
    if (!batch.attributes().is_control() || batch.count() == 0) return std::nullopt;
    const Result<TransactionMarker> marker = read_marker(batch);
    if (!marker) return std::nullopt;
    return *marker;
}

ErrorCode check_data(const ProducerState* state, const BatchView& batch, BatchSource source) {
    ErrorCode error = check_producer_epoch(state, batch.producer_epoch());
    if (error == ErrorCode::none && source == BatchSource::client) {
        error = check_sequence(state, batch.producer_epoch(), batch.base_sequence());
    }
    if (error == ErrorCode::none) {
        error = check_transaction(state, batch.attributes().is_transactional());
    }
    return error;
}

ErrorCode check_marker(const ProducerState* state, const TransactionMarker& marker,
                       bool is_strict) {
    const ErrorCode error = check_marker_epoch(state, marker.producer_epoch, is_strict);
    if (error != ErrorCode::none) return error;
    return check_coordinator_epoch(state, marker.coordinator_epoch);
}

}  // namespace

// ---- rules ----

const NumberedBatch* find_duplicate(const ProducerState* state, const BatchView& batch) {
    if (state == nullptr || state->epoch != batch.producer_epoch()) return nullptr;
    // A coordinator's batch has no number to be known by.
    if (batch.base_sequence() == no_sequence) return nullptr;
    const auto found = std::ranges::find_if(state->batches, [&](const NumberedBatch& kept) {
        return kept.first_sequence == batch.base_sequence() &&
               kept.last_sequence == batch.last_sequence();
    });
    return found == state->batches.end() ? nullptr : &*found;
}

ErrorCode check_producer_epoch(const ProducerState* state, ProducerEpoch epoch) {
    if (state == nullptr || epoch >= state->epoch) return ErrorCode::none;
    return ErrorCode::invalid_producer_epoch;
}

ErrorCode check_sequence(const ProducerState* state, ProducerEpoch epoch, SequenceNumber first) {
    if (state == nullptr || state->epoch == no_producer_epoch) return ErrorCode::none;
    const bool is_right =
        epoch == state->epoch ? follows(state->last_sequence(), first) : first == SequenceNumber(0);
    return is_right ? ErrorCode::none : ErrorCode::out_of_order_sequence_number;
}

ErrorCode check_transaction(const ProducerState* state, bool is_transactional) {
    if (state == nullptr || !state->has_open_transaction() || is_transactional) {
        return ErrorCode::none;
    }
    return ErrorCode::invalid_txn_state;
}

ErrorCode check_coordinator_epoch(const ProducerState* state, std::int32_t coordinator_epoch) {
    if (state == nullptr || coordinator_epoch >= state->coordinator_epoch) return ErrorCode::none;
    return ErrorCode::transaction_coordinator_fenced;
}

ErrorCode check_marker_epoch(const ProducerState* state, ProducerEpoch epoch, bool is_strict) {
    if (state == nullptr) return ErrorCode::none;
    const bool is_right = is_strict ? epoch > state->epoch : epoch >= state->epoch;
    return is_right ? ErrorCode::none : ErrorCode::invalid_producer_epoch;
}

bool is_repeated_marker(const ProducerState* state, const TransactionMarker& marker,
                        bool is_strict) {
    return is_strict && state != nullptr && state->epoch == marker.producer_epoch &&
           !state->has_open_transaction() && state->batches.empty() &&
           marker.coordinator_epoch >= state->coordinator_epoch;
}

namespace {

// The leader knows the batch, and says so.
bool admits_duplicate(const NumberedBatch* duplicate, const BugSet* bugs) {
    const bool right = duplicate != nullptr;
    if (bugs == nullptr) return right;
    return bugs->deviate(Bug::z47_out_of_order_instead_of_dedup, right, false);
}

// Before KIP-360 a producer had to begin with the sequence 0 wherever it was not known.
ErrorCode check_first_sequence(const ProducerState* state, const BatchView& batch,
                               const BugSet* bugs) {
    if (bugs == nullptr || state != nullptr || batch.base_sequence() == SequenceNumber(0)) {
        return ErrorCode::none;
    }
    return bugs->deviate(Bug::z49_unknown_producer_id, ErrorCode::none,
                         ErrorCode::unknown_producer_id);
}

}  // namespace

// ---- verdicts ----

const ProducerState* ProducerStates::find_known(ProducerId id, const ProducerRules& rules) const {
    const ProducerState* const state = find(id);
    if (state == nullptr || rules.bugs == nullptr || state->batches.empty()) return state;
    // A producer is known for as long as it is in use, not for as long as its last batch is kept.
    if (state->batches.back().last_offset >= rules.log_start_offset) return state;
    return rules.bugs->deviate<const ProducerState*>(Bug::z49_unknown_producer_id, state, nullptr);
}

ProducerStates::Verdict ProducerStates::judge(ByteView batches, BatchSource source,
                                              const ProducerRules& rules) const {
    ProducerStates staged;  // what earlier batches of the same append make of their producers
    BatchCursor cursor(batches);
    while (const std::optional<BatchView> batch = cursor.next()) {
        if (!batch->has_producer_id()) continue;
        const ProducerId id = batch->producer_id();
        const ProducerState* const known = find_known(id, rules);
        if (source == BatchSource::client) {
            const NumberedBatch* const duplicate = find_duplicate(known, *batch);
            if (admits_duplicate(duplicate, rules.bugs)) {
                return {.error = ErrorCode::none, .message = {}, .duplicate = *duplicate};
            }
        }
        if (known != nullptr) staged.producers_.try_emplace(id, *known);
        const ProducerState* const state = staged.find(id);
        const std::optional<TransactionMarker> marker = marker_in(*batch);
        if (marker && is_repeated_marker(state, *marker, rules.strict_markers)) {
            return {.error = ErrorCode::none,
                    .message = {},
                    .duplicate = std::nullopt,
                    .repeats_marker = true};
        }
        ErrorCode error = marker ? check_marker(state, *marker, rules.strict_markers)
                                 : check_data(state, *batch, source);
        if (error == ErrorCode::none && !marker && source == BatchSource::client) {
            error = check_first_sequence(state, *batch, rules.bugs);
        }
        if (error != ErrorCode::none) {
            return {.error = error,
                    .message = fmt::format(
                        "producer {} epoch {} sequence {}; known: epoch {}, last sequence {}", id,
                        batch->producer_epoch(), batch->base_sequence(),
                        state == nullptr ? no_producer_epoch : state->epoch,
                        state == nullptr ? no_sequence : state->last_sequence()),
                    .duplicate = {}};
        }
        (void)staged.append(*batch);
    }
    return {};
}

// ---- replay ----

void ProducerStates::add_batch(ProducerState& state, const BatchView& batch) {
    if (state.epoch != batch.producer_epoch()) {
        state.epoch = batch.producer_epoch();
        state.batches.clear();
    }
    state.last_timestamp = batch.max_timestamp();
    if (state.batches.size() == ProducerState::batches_kept) {
        state.batches.erase(state.batches.begin());
    }
    state.batches.push_back({.first_sequence = batch.base_sequence(),
                             .last_sequence = batch.last_sequence(),
                             .first_offset = batch.base_offset(),
                             .last_offset = batch.last_offset(),
                             .timestamp = batch.max_timestamp()});
}

std::optional<AbortedTransaction> ProducerStates::append(const BatchView& batch) {
    if (!batch.has_producer_id()) return std::nullopt;
    const std::optional<TransactionMarker> marker = marker_in(batch);
    // A control batch that compaction emptied says nothing any more.
    if (!marker && batch.attributes().is_control()) return std::nullopt;
    ProducerState& state = producers_[batch.producer_id()];
    if (marker) return end_transaction(state, *marker, batch);
    add_batch(state, batch);
    if (batch.attributes().is_transactional() && !state.has_open_transaction()) {
        state.transaction_start = batch.base_offset();
        open_transactions_.emplace(state.transaction_start, batch.producer_id());
    }
    return std::nullopt;
}

std::optional<AbortedTransaction> ProducerStates::end_transaction(ProducerState& state,
                                                                  const TransactionMarker& marker,
                                                                  const BatchView& batch) {
    if (state.epoch != marker.producer_epoch) state.batches.clear();
    state.epoch = marker.producer_epoch;
    state.coordinator_epoch = marker.coordinator_epoch;
    state.last_timestamp = batch.max_timestamp();
    if (!state.has_open_transaction()) return std::nullopt;
    const Offset first = state.transaction_start;
    const Offset last = batch.last_offset();
    state.transaction_start = no_offset;
    open_transactions_.erase(first);
    unreplicated_endings_.emplace(first, last);
    if (marker.is_commit) return std::nullopt;
    return AbortedTransaction{.producer_id = batch.producer_id(),
                              .first_offset = first,
                              .last_offset = last,
                              .last_stable_offset = open_transactions_.empty()
                                                        ? last.next()
                                                        : open_transactions_.begin()->first};
}

std::optional<Offset> ProducerStates::first_unstable_offset(Offset high_watermark) {
    while (!unreplicated_endings_.empty() &&
           unreplicated_endings_.begin()->second < high_watermark) {
        unreplicated_endings_.erase(unreplicated_endings_.begin());
    }
    std::optional<Offset> first;
    if (!open_transactions_.empty()) first = open_transactions_.begin()->first;
    if (!unreplicated_endings_.empty()) {
        const Offset ended = unreplicated_endings_.begin()->first;
        first = first ? std::min(*first, ended) : ended;
    }
    return first;
}

Offset ProducerStates::last_stable_offset(Offset high_watermark) {
    return std::min(high_watermark, first_unstable_offset(high_watermark).value_or(high_watermark));
}

void ProducerStates::expire(TimestampMs now, std::int64_t expiration_ms) {
    std::erase_if(producers_, [&](const auto& entry) {
        const ProducerState& state = entry.second;
        return !state.has_open_transaction() && now - state.last_timestamp >= expiration_ms;
    });
}

void ProducerStates::clear() {
    producers_.clear();
    open_transactions_.clear();
    unreplicated_endings_.clear();
}

const ProducerState* ProducerStates::find(ProducerId id) const {
    const auto found = producers_.find(id);
    return found == producers_.end() ? nullptr : &found->second;
}

// ---- snapshots ----

Bytes ProducerStates::to_snapshot() const {
    Bytes bytes;
    ByteWriter writer(bytes);
    writer.integer(snapshot_version);
    writer.integer(std::uint32_t{0});  // the CRC, below
    writer.integer(static_cast<std::int32_t>(producers_.size()));
    for (const auto& [id, state] : producers_) {
        const bool has_batch = !state.batches.empty();
        const NumberedBatch last = has_batch ? state.batches.back() : NumberedBatch{};
        writer.integer(id.value());
        writer.integer(state.epoch.value());
        writer.integer(last.last_sequence.value());
        writer.integer(last.last_offset.value());
        writer.integer(static_cast<std::int32_t>(last.last_offset - last.first_offset));
        writer.integer(state.last_timestamp);
        writer.integer(state.coordinator_epoch);
        writer.integer(state.transaction_start.value());
    }
    writer.patch(snapshot_crc_at, crc32c(ByteView(bytes).subspan(snapshot_crc_begin)));
    return bytes;
}

Result<ProducerStates> ProducerStates::from_snapshot(ByteView bytes) {
    const auto corrupt = [](std::string_view what) {
        return Error{Failure::corrupt, fmt::format("producer snapshot: {}", what)};
    };
    ByteReader reader(bytes);
    const auto version = reader.integer<std::int16_t>();
    const auto crc = reader.integer<std::uint32_t>();
    if (!reader.ok()) return corrupt("cut short");
    if (version != snapshot_version) return corrupt(fmt::format("version {}", version));
    if (crc != crc32c(bytes.subspan(snapshot_crc_begin))) return corrupt("the CRC is wrong");
    ProducerStates states;
    for (auto left = reader.integer<std::int32_t>(); left > 0 && reader.ok(); --left) {
        const ProducerId id(reader.integer<std::int64_t>());
        ProducerState state{.epoch = ProducerEpoch(reader.integer<std::int16_t>()), .batches = {}};
        const SequenceNumber last_sequence(reader.integer<std::int32_t>());
        const Offset last_offset(reader.integer<std::int64_t>());
        const auto offset_delta = reader.integer<std::int32_t>();
        state.last_timestamp = reader.integer<std::int64_t>();
        state.coordinator_epoch = reader.integer<std::int32_t>();
        state.transaction_start = Offset(reader.integer<std::int64_t>());
        if (!reader.ok()) break;
        if (last_offset >= Offset(0) && last_sequence >= SequenceNumber(0)) {
            state.batches.push_back({.first_sequence = sequence_before(last_sequence, offset_delta),
                                     .last_sequence = last_sequence,
                                     .first_offset = last_offset - std::int64_t{offset_delta},
                                     .last_offset = last_offset,
                                     .timestamp = state.last_timestamp});
        }
        if (state.has_open_transaction()) {
            states.open_transactions_.emplace(state.transaction_start, id);
        }
        states.producers_.emplace(id, std::move(state));
    }
    if (!reader.ok() || reader.remaining() > 0) return corrupt("the count is wrong");
    return states;
}

}  // namespace squall::model
