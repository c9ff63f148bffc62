#include "model/log/batch_cleaner.h"

#include <algorithm>
#include <utility>

#include "model/protocol/control_batch.h"

namespace squall::model {

namespace {

// nullopt where no horizon was set yet.
std::optional<TimestampMs> delete_horizon(const BatchAttributes& attributes, TimestampMs base) {
    if (!attributes.has_delete_horizon()) return std::nullopt;
    return base;
}

// Records keep their times when the base moves.
void move_base_timestamp(RecordBatch& batch, TimestampMs base) {
    for (Record& record : batch.records) {
        record.timestamp_delta += batch.base_timestamp - base;
    }
    batch.base_timestamp = base;
}

void set_delete_horizon(RecordBatch& batch, TimestampMs horizon) {
    move_base_timestamp(batch, horizon);
    batch.attributes.set_delete_horizon(true);
}

// The header alone: sequences, offsets and epoch live on without records.
Bytes empty_batch(RecordBatch batch) {
    batch.records.clear();
    batch.attributes.set_compression(Compression::none).set_delete_horizon(false);
    batch.base_timestamp = batch.max_timestamp;
    return encode_batch(batch);
}

// With fewer records than before: base and largest timestamp are of those that stay.
void refresh_timestamps(RecordBatch& batch) {
    if (!batch.attributes.has_delete_horizon()) {
        move_base_timestamp(batch, batch.base_timestamp + batch.records.front().timestamp_delta);
    }
    if (batch.attributes.timestamp_type() == TimestampType::log_append_time) return;
    batch.max_timestamp = batch.timestamp_of(batch.records.front());
    for (const Record& record : batch.records) {
        batch.max_timestamp = std::max(batch.max_timestamp, batch.timestamp_of(record));
    }
}

}  // namespace

// ---- keys ----

Status KeyOffsets::add(const BatchView& batch) {
    RecordReader reader(batch);
    RecordView record;
    while (reader.next(record)) {
        if (record.key) offsets_[std::string(as_text(*record.key))] = reader.offset(record);
    }
    return reader.status();
}

Offset KeyOffsets::last_of(ByteView key) const {
    const auto found = offsets_.find(as_text(key));
    return found == offsets_.end() ? no_offset : found->second;
}

// ---- transactions ----

void CleanedTransactions::add_aborted(const std::vector<AbortedTransaction>& transactions) {
    for (const AbortedTransaction& transaction : transactions) {
        const auto known = aborted_.find(transaction.producer_id);
        // A transaction over several segments is told of with each.
        if (known != aborted_.end() && known->second.transaction == transaction) continue;
        aborted_ahead_.emplace(transaction.first_offset, transaction);
    }
}

void CleanedTransactions::begin_aborted_up_to(Offset offset) {
    while (!aborted_ahead_.empty() && aborted_ahead_.begin()->first <= offset) {
        const AbortedTransaction& transaction = aborted_ahead_.begin()->second;
        aborted_.emplace(transaction.producer_id, Aborted{.transaction = transaction});
        aborted_ahead_.erase(aborted_ahead_.begin());
    }
}

bool CleanedTransactions::is_aborted(const BatchView& batch) {
    begin_aborted_up_to(batch.last_offset());
    if (!batch.attributes().is_transactional()) return false;
    const auto found = aborted_.find(batch.producer_id());
    if (found == aborted_.end()) {
        committed_.insert(batch.producer_id());
        return false;
    }
    found->second.has_data = true;
    return true;
}

CleanedTransactions::Marker CleanedTransactions::end_transaction(const BatchView& batch) {
    begin_aborted_up_to(batch.last_offset());
    if (batch.count() == 0) return {.may_go = true, .still_aborted = {}};
    const Result<TransactionMarker> marker = read_marker(batch);
    if (!marker) return {};  // of the metadata quorum, or of a later Kafka
    if (marker->is_commit) {
        return {.may_go = committed_.erase(batch.producer_id()) == 0, .still_aborted = {}};
    }
    const auto found = aborted_.find(batch.producer_id());
    if (found == aborted_.end()) return {.may_go = true, .still_aborted = {}};
    const Aborted ended = found->second;
    aborted_.erase(found);
    if (!ended.has_data) return {.may_go = true, .still_aborted = {}};
    return {.may_go = false, .still_aborted = ended.transaction};
}

// ---- batches ----

BatchCleaner::BatchCleaner(const Options& options, const KeyOffsets& last_offsets)
    : options_(options), last_offsets_(last_offsets) {}

Result<BatchCleaner::Cleaned> BatchCleaner::clean(const BatchView& view) {
    Cleaned cleaned;
    const bool is_control = view.attributes().is_control();
    bool marker_may_go = false;
    bool drops_all = false;
    if (is_control) {
        CleanedTransactions::Marker marker = transactions_.end_transaction(view);
        const auto horizon = delete_horizon(view.attributes(), view.base_timestamp());
        marker_may_go = marker.may_go;
        drops_all = marker.may_go && (view.count() == 0 || (horizon && *horizon <= options_.now));
        cleaned.aborted = marker.still_aborted;
    } else {
        drops_all = transactions_.is_aborted(view);
    }
    Result<RecordBatch> decoded = decode_batch(view);
    if (!decoded) return decoded.error();
    RecordBatch& batch = *decoded;
    const std::size_t records_before = batch.records.size();
    if (drops_all) {
        batch.records.clear();
    } else if (!is_control) {
        std::erase_if(batch.records, [&](const Record& record) { return !keeps(batch, record); });
    }
    if (batch.records.empty()) {
        if (stays_when_empty(view)) cleaned.bytes = empty_batch(std::move(batch));
        return cleaned;
    }
    const bool has_tombstone =
        !is_control && std::ranges::any_of(batch.records, [](const Record& record) {
            return !record.value.has_value();
        });
    const bool needs_horizon =
        (has_tombstone || marker_may_go) && !batch.attributes.has_delete_horizon();
    if (batch.records.size() == records_before && !needs_horizon) {
        cleaned.bytes.assign(view.bytes().begin(), view.bytes().end());
        return cleaned;
    }
    if (needs_horizon) set_delete_horizon(batch, options_.now + options_.delete_retention_ms);
    refresh_timestamps(batch);
    cleaned.bytes = encode_batch(batch);
    return cleaned;
}

// A record without a key cannot be compacted and does not belong here (KAFKA-4207: it goes).
bool BatchCleaner::keeps(const RecordBatch& batch, const Record& record) const {
    if (!record.key) return false;
    if (batch.offset_of(record) < last_offsets_.last_of(*record.key)) return false;
    return record.value.has_value() || tombstone_stays(batch);
}

// Whoever began to read within delete.retention.ms of the first cleaning still sees the deletion.
bool BatchCleaner::tombstone_stays(const RecordBatch& batch) const {
    const auto horizon = delete_horizon(batch.attributes, batch.base_timestamp);
    const bool stays = !horizon || options_.now < *horizon;
    if (options_.bugs == nullptr) return stays;
    return options_.bugs->deviate(Bug::z94_tombstone_too_early, stays, false);
}

// The last sequence of a producer, or its epoch if it only has markers, must be found when the
// state is rebuilt from the log; and the end of the cleaning, so that offsets go on behind it.
bool BatchCleaner::stays_when_empty(const BatchView& batch) const {
    if (batch.next_offset() == options_.end) return true;
    if (!batch.has_producer_id()) return false;
    const ProducerState* const state = options_.producers->find(batch.producer_id());
    if (state == nullptr) return false;
    if (!state->batches.empty()) return state->batches.back().last_offset == batch.last_offset();
    return batch.attributes().is_control() && batch.producer_epoch() == state->epoch;
}

}  // namespace squall::model
