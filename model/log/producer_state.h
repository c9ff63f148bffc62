// ProducerStates: what a partition remembers of the producers that number their batches (KIP-98):
// the idempotent producer's guarantee, and where transactions begin and end.
//
// For each producer id: its epoch, its last five batches (sequences, offsets, time), the first
// offset of its open transaction. From these come
//
//     verdicts       a batch is new, a duplicate of one that stands in the log, or wrong
//     last stable    no record at or beyond the last stable offset belongs to a transaction that
//     offset         is open, or whose marker is not yet below the high watermark
//
// The state is a function of the log: every replica replays the same batches into the same state,
// a restarted one from a snapshot on. A snapshot keeps one batch a producer, as Kafka's does.
// Known producers expire (producer.id.expiration.ms); then any sequence is accepted again
// (KIP-360). Pure; Log owns the files.
//
// Snapshot, Kafka's "<offset, 20 digits>.snapshot", the state of the log below that offset:
//
//     int16 version 1, uint32 CRC-32C of what follows, int32 count, and for each producer
//     int64 id, int16 epoch, int32 last sequence, int64 last offset, int32 offset delta,
//     int64 timestamp, int32 coordinator epoch, int64 first offset of the open transaction or -1
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/bugs.h"
#include "model/log/batch_validation.h"
#include "model/log/transaction_index.h"
#include "model/protocol/batch_view.h"
#include "model/protocol/control_batch.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "sim/base/bytes.h"
#include "sim/base/result.h"

namespace squall::model {

// A batch as its producer numbered it and the log placed it.
struct NumberedBatch {
    SequenceNumber first_sequence = no_sequence;
    SequenceNumber last_sequence = no_sequence;
    Offset first_offset = no_offset;
    Offset last_offset = no_offset;
    TimestampMs timestamp = no_timestamp;

    bool operator==(const NumberedBatch&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("first_sequence", self.first_sequence);
        fields("last_sequence", self.last_sequence);
        fields("first_offset", self.first_offset);
        fields("last_offset", self.last_offset);
        fields("timestamp", self.timestamp);
    }
};

// What is known of one producer.
struct ProducerState {
    static constexpr std::size_t batches_kept = 5;  // Kafka's bound of requests in flight

    ProducerEpoch epoch = no_producer_epoch;
    std::vector<NumberedBatch> batches;  // of this epoch, the newest last; at most batches_kept
    TimestampMs last_timestamp = no_timestamp;  // of its last batch or marker
    std::int32_t coordinator_epoch = -1;        // of its last marker
    Offset transaction_start = no_offset;       // of its open transaction

    bool has_open_transaction() const { return transaction_start != no_offset; }
    SequenceNumber last_sequence() const {
        return batches.empty() ? no_sequence : batches.back().last_sequence;
    }

    bool operator==(const ProducerState&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("epoch", self.epoch);
        fields("batches", self.batches);
        fields("last_timestamp", self.last_timestamp);
        fields("coordinator_epoch", self.coordinator_epoch);
        fields("transaction_start", self.transaction_start);
    }
};

// The rules, in Kafka's order. `state` is nullptr for a producer that is not known.

// The batch of the log that this one repeats, sequence for sequence, in the same epoch.
const NumberedBatch* find_duplicate(const ProducerState* state, const BatchView& batch);
// invalid_producer_epoch for a producer that was fenced by a later epoch.
ErrorCode check_producer_epoch(const ProducerState* state, ProducerEpoch epoch);
// out_of_order_sequence_number unless the batch continues the sequence, or begins a later epoch at
// 0. Anything goes of a producer that is not known.
ErrorCode check_sequence(const ProducerState* state, ProducerEpoch epoch, SequenceNumber first);
// invalid_txn_state for a batch outside the transaction that its producer has open.
ErrorCode check_transaction(const ProducerState* state, bool is_transactional);
// transaction_coordinator_fenced for a marker of an earlier coordinator.
ErrorCode check_coordinator_epoch(const ProducerState* state, std::int32_t coordinator_epoch);
// invalid_producer_epoch for a marker of an epoch that is over; a strict one (KIP-1228: of
// transaction.version 2, where every end raises the epoch) must be of a later epoch than all data.
ErrorCode check_marker_epoch(const ProducerState* state, ProducerEpoch epoch, bool is_strict);
// A strict marker that stands in the log already: its coordinator did not hear so.
bool is_repeated_marker(const ProducerState* state, const TransactionMarker& marker,
                        bool is_strict);

// By which rules an append is judged.
struct ProducerRules {
    bool strict_markers = false;
    Offset log_start_offset{0};
    const BugSet* bugs = nullptr;  // outlives the call
};

class ProducerStates {
  public:
    struct Verdict {
        ErrorCode error = ErrorCode::none;
        std::string message;
        std::optional<NumberedBatch> duplicate;  // of what stands in the log; append nothing
        bool repeats_marker = false;             // likewise, and nobody knows where

        bool appends() const { return error == ErrorCode::none && !duplicate && !repeats_marker; }
    };

    // Of whole batches that will be appended as one, with the offsets they will have. A broker's
    // own batches are not held against sequences (Kafka's AppendOrigin.COORDINATOR).
    Verdict judge(ByteView batches, BatchSource source, const ProducerRules& rules = {}) const;

    // The batch stands in the log now, wherever it came from. Returns the transaction that its
    // marker aborted, if it is one and there was something to abort. Requires: offsets go up.
    std::optional<AbortedTransaction> append(const BatchView& batch);

    // The first record of a transaction that is open, or whose marker is not below the high
    // watermark; nullopt if there is none. Transactions that ended below the high watermark are
    // forgotten.
    std::optional<Offset> first_unstable_offset(Offset high_watermark);
    // The high watermark, or the first unstable offset if that is lower.
    Offset last_stable_offset(Offset high_watermark);

    // Forgets who wrote nothing for `expiration_ms` and has no transaction open.
    void expire(TimestampMs now, std::int64_t expiration_ms);
    void clear();

    bool is_empty() const { return producers_.empty(); }
    const ProducerState* find(ProducerId id) const;
    const std::map<ProducerId, ProducerState>& producers() const { return producers_; }

    Bytes to_snapshot() const;
    // Error: corrupt.
    static Result<ProducerStates> from_snapshot(ByteView bytes);

  private:
    // Null for a producer that is not known, by these rules.
    const ProducerState* find_known(ProducerId id, const ProducerRules& rules) const;
    static void add_batch(ProducerState& state, const BatchView& batch);
    std::optional<AbortedTransaction> end_transaction(ProducerState& state,
                                                      const TransactionMarker& marker,
                                                      const BatchView& batch);

    std::map<ProducerId, ProducerState> producers_;
    std::map<Offset, ProducerId> open_transactions_;  // by first offset
    std::map<Offset, Offset> unreplicated_endings_;   // first offset -> marker
};

}  // namespace squall::model
