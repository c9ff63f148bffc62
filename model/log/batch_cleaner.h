// BatchCleaner: what compaction leaves of one batch, batch by batch from the log's begin on. The
// rules of log_cleaner.h; pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/bugs.h"
#include "model/log/producer_state.h"
#include "model/log/transaction_index.h"
#include "model/protocol/record_batch.h"
#include "model/protocol/types.h"
#include "sim/base/bytes.h"
#include "sim/base/result.h"

namespace squall::model {

// The offset of the last record of each key, in the dirty part of a log.
class KeyOffsets {
  public:
    // Adds the keys of a batch; those of control batches and aborted transactions do not count, and
    // are not given here. Error: corrupt.
    Status add(const BatchView& batch);
    // no_offset if the key is not in the dirty part.
    Offset last_of(ByteView key) const;

  private:
    std::map<std::string, Offset, std::less<>> offsets_;
};

// What became of the transactions whose batches compaction walks over, in offset order.
class CleanedTransactions {
  public:
    // The aborted transactions of the part that is walked next.
    void add_aborted(const std::vector<AbortedTransaction>& transactions);

    // Whether this data batch belongs to an aborted transaction.
    bool is_aborted(const BatchView& batch);
    // The batch is a control batch. Whether nothing of its transaction is left, so that the marker
    // may go. If data of an aborted one was met, its entry belongs into the new transaction index.
    struct Marker {
        bool may_go = false;
        std::optional<AbortedTransaction> still_aborted;
    };
    Marker end_transaction(const BatchView& batch);

  private:
    struct Aborted {
        AbortedTransaction transaction;
        bool has_data = false;  // met on this walk
    };
    void begin_aborted_up_to(Offset offset);

    std::map<Offset, AbortedTransaction> aborted_ahead_;  // by first offset
    std::map<ProducerId, Aborted> aborted_;
    std::set<ProducerId> committed_;  // data met, marker not yet
};

class BatchCleaner {
  public:
    struct Options {
        TimestampMs now = 0;
        TimestampMs delete_retention_ms = 0;
        Offset end = no_offset;                     // of the cleaning
        const ProducerStates* producers = nullptr;  // as of the log's end; outlives the cleaner
        const BugSet* bugs = nullptr;
    };
    BatchCleaner(const Options& options, const KeyOffsets& last_offsets);

    CleanedTransactions& transactions() { return transactions_; }

    struct Cleaned {
        Bytes bytes;  // the batch as it stays; empty if it goes
        std::optional<AbortedTransaction> aborted;
    };
    // Requires: batches are given in offset order. Error: corrupt.
    Result<Cleaned> clean(const BatchView& batch);

  private:
    bool keeps(const RecordBatch& batch, const Record& record) const;
    bool tombstone_stays(const RecordBatch& batch) const;
    bool stays_when_empty(const BatchView& batch) const;

    Options options_;
    const KeyOffsets& last_offsets_;
    CleanedTransactions transactions_;
};

}  // namespace squall::model
