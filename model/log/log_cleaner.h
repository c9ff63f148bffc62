// Compaction of one log (Kafka's LogCleaner): of the records below some offset, the last of each
// key stays.
//
//     | compacted already | dirty, and may be compacted | not yet          |
//     log start           cleaner offset                first uncleanable  log end
//
// What may be compacted is whole segments below the last stable offset (so below the high watermark
// and below every open transaction), below the active segment, and older than
// min.compaction.lag.ms. Due when the dirty part is more than min.cleanable.dirty.ratio of both, or
// a dirty record older than max.compaction.lag.ms.
//
// A cleaning reads the dirty part into a map of the last offset of each key, then rewrites all
// segments up to there, in groups that fit into segment.bytes, and swaps each group in
// (segment_swap.h):
//
//     record      goes if a later one of its key is in the dirty part; a tombstone, also once the
//                 delete horizon of its batch has passed; one of an aborted transaction, always
//     marker      goes once the horizon has passed and no data batch of its transaction is left
//     batch       keeps its offsets, epoch, producer and sequences. Without records it goes, unless
//                 it is the last of its producer's or of the cleaning: then it stays empty
//
// The delete horizon (KIP-534) is now + delete.retention.ms of the first cleaning that sees a
// tombstone or such a marker, kept as the batch's base timestamp: a consumer that reads the log
// within that time sees every deletion.
//
// Kafka bounds the map's memory and cleans a part of a segment; here a map holds all, and a
// segment is cleaned as a whole or not at all. Calls never park.
#pragma once

#include <cstdint>

#include "model/bugs.h"
#include "model/log/log.h"
#include "model/protocol/types.h"
#include "sim/base/result.h"
#include "sim/base/time.h"

namespace squall::model {

struct CleaningPlan {
    Offset first_dirty;
    Offset first_uncleanable;  // the base of a segment
    std::uint64_t clean_bytes = 0;
    std::uint64_t dirty_bytes = 0;  // cleanable ones
    bool lags_too_long = false;     // beyond max.compaction.lag.ms

    bool is_due(Permille min_dirty_ratio) const;
};

struct Cleaning {
    bool ran = false;
    Offset cleaned_to = no_offset;  // everything below is compacted; no_offset if it did not run
    std::uint64_t bytes_before = 0;
    std::uint64_t bytes_after = 0;
    Duration cost{};
};

// Where the part that must not be compacted yet begins, as far as transactions and replication go.
Offset cleaning_bound(Log& log, Offset high_watermark, const BugSet* bugs);
// What could be compacted now. `now` is the broker's wall clock.
CleaningPlan plan_cleaning(const Log& log, Offset bound, TimestampMs now);

// Compacts the log if it is due. Requires: its cleanup.policy compacts. Errors: io_error, no_space,
// closed, corrupt; the log is as it was or partly compacted, and right in both cases.
Result<Cleaning> clean_if_due(Log& log, Offset high_watermark, TimestampMs now,
                              const BugSet* bugs = nullptr);

}  // namespace squall::model
