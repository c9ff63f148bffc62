// Log: the records of one partition on one broker, as a row of segments, with the leader epochs
// that wrote them.
//
// Guarantees: log_start_offset <= log_end_offset; batches are whole and in offset order; after any
// crash open() finds a prefix of what was appended, which holds everything below the last flush
// that finished (truncations taken into account). What was only appended is in the page cache: a
// process crash keeps it, a power loss may not.
//
// A truncation is one of the changes that a power loss may undo until something on that disk is
// flushed: then what was cut off is back, as it was. (Not so the other way round: what is appended
// after a truncation survives only if the truncation does.)
//
// Does not know roles, high watermark or in-sync sets. Not Kafka's: a segment is flushed before its
// successor is created, where Kafka flushes it in the background and after a power loss can be left
// with a hole between two segments that recovery does not see.
//
// Calls never park; what they cost on the disk is in what they return. Any failed write or flush
// fails the log (KAFKA-10778): its end is not known any more, and every later change answers
// io_error until it is opened again. Reads still work.
//
// Files, below the folder "<topic>-<partition>": <base offset>.log (segment.h),
// leader-epoch-checkpoint (leader_epoch_cache.h), partition.metadata, <offset>.snapshot
// (producer_state.h). The recovery point, the log start offset and how far the log is compacted
// stand in the checkpoints of the directory.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/log/batch_validation.h"
#include "model/log/deleted_files.h"
#include "model/log/leader_epoch_cache.h"
#include "model/log/log_options.h"
#include "model/log/offset_checkpoint.h"
#include "model/log/producer_snapshots.h"
#include "model/log/producer_state.h"
#include "model/log/segment.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "sim/base/bytes.h"
#include "sim/base/result.h"
#include "sim/base/time.h"
#include "sim/disk/disk.h"

namespace squall::model {

// What became of an append. Nothing was written unless error == none.
struct AppendInfo {
    // Leader: see validate_as_leader, and record_list_too_large for more than a segment holds.
    // Follower: corrupt_message, or offset_out_of_range for a batch that begins before the log's
    // end (Kafka's UnexpectedAppendOffsetException).
    // Both: what the producer's state says, see producer_state.h (leader only).
    ErrorCode error = ErrorCode::none;
    std::string message;
    bool is_duplicate =
        false;  // nothing was appended: offsets and time are those of the first time
    Offset base_offset = no_offset;              // of the first batch
    Offset last_offset = no_offset;              // of the last batch
    std::uint32_t crc = 0;                       // of the last batch, as it was written
    TimestampMs log_append_time = no_timestamp;  // only with LogAppendTime
    bool rolled = false;                         // a new segment was begun
    bool flush_due = false;  // flush.messages is reached: flush before answering
    Duration cost{};
};

struct LogRead {
    ErrorCode error = ErrorCode::none;  // offset_out_of_range
    Bytes records;                      // whole batches
    Offset next_offset = no_offset;     // one past the last one; where it was read from if empty
    Duration cost{};
};

// A flush between its begin and its finish.
struct LogFlush {
    std::uint64_t id = 0;
    std::vector<sim::FlushTicket> tickets;
    Duration cost{};  // to be waited for in between
};

struct TimestampAndOffset {
    TimestampMs timestamp = no_timestamp;
    Offset offset = no_offset;
    LeaderEpoch leader_epoch = no_leader_epoch;

    bool operator==(const TimestampAndOffset&) const = default;
};

// What opening a log found.
struct LogRecovery {
    Offset log_start_offset{0};
    Offset log_end_offset{0};
    std::uint64_t truncated_bytes = 0;  // cut off because they are no log
    std::string reason;                 // why; empty if nothing was cut off
    std::uint32_t finished_swaps = 0;   // of compaction, that the last process was killed in
    Duration cost{};
};

class Log {
  public:
    // Files of the log directory that its logs share.
    struct Checkpoints {
        OffsetCheckpoint& recovery_points;
        OffsetCheckpoint& log_starts;
        OffsetCheckpoint& cleaner_offsets;
        DeletedFiles& deleted_files;
    };
    struct Opened;

    // A new log that begins and ends at offset 0. Requires: no files below its folder but deleted
    // ones. Errors:
    // io_error, no_space, closed.
    static Result<sim::Costed<std::unique_ptr<Log>>> create(sim::Disk& disk,
                                                            Checkpoints checkpoints,
                                                            const TopicPartition& partition,
                                                            const Uuid& topic_id,
                                                            const LogOptions& options);
    // The log that lies on disk. After an unclean shutdown CRCs are verified from the segment of
    // the recovery point on; batch headers always. Everything behind the first bad batch is cut
    // off. Errors: io_error, closed.
    static Result<Opened> open(sim::Disk& disk, Checkpoints checkpoints,
                               const TopicPartition& partition, const LogOptions& options,
                               bool after_clean_shutdown);

    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    const TopicPartition& partition() const { return partition_; }
    const Uuid& topic_id() const { return topic_id_; }  // zero if its file is gone
    const LogOptions& options() const { return options_; }
    void set_options(const LogOptions& options) { options_ = options; }

    Offset log_start_offset() const { return log_start_offset_; }
    Offset log_end_offset() const { return log_end_offset_; }
    bool is_empty() const { return log_start_offset_ == log_end_offset_; }
    // Everything below was flushed.
    Offset recovery_point() const { return recovery_point_; }
    const LeaderEpochCache& epochs() const { return epochs_; }
    LeaderEpoch latest_epoch() const { return epochs_.latest(); }
    // Of an epoch in this log: see LeaderEpochCache.
    OffsetAndEpoch end_offset_for(LeaderEpoch epoch) const {
        return epochs_.end_offset_for(epoch, log_end_offset_);
    }
    const std::vector<Segment>& segments() const { return segments_; }
    std::uint64_t size() const;
    bool has_failed() const { return has_failed_; }

    const ProducerStates& producers() const { return producers_; }
    // Of transactions: see ProducerStates.
    std::optional<Offset> first_unstable_offset(Offset high_watermark) {
        return producers_.first_unstable_offset(high_watermark);
    }
    Offset last_stable_offset(Offset high_watermark) {
        return producers_.last_stable_offset(high_watermark);
    }
    // The aborted transactions that have records in [from, upper_bound), for a read_committed
    // fetch.
    std::vector<AbortedTransaction> aborted_transactions(Offset from, Offset upper_bound) const;
    // Records below were compacted; never below the log start.
    Offset cleaner_offset() const;

    // ---- changes; every one may answer io_error, no_space, closed ----

    // As leader in `epoch`: validates one or more batches (usually one), gives them the next
    // offsets and the epoch (the bytes are changed in place), and appends them. `now` is the
    // broker's wall clock. Requires: epoch >= latest_epoch().
    Result<AppendInfo> append_as_leader(Bytes& batches, LeaderEpoch epoch, TimestampMs now,
                                        BatchSource source = BatchSource::client,
                                        const ProducerRules& rules = {});
    // As follower: appends batches with the offsets and epochs they have. A part of a batch at the
    // end is left out. All or nothing.
    Result<AppendInfo> append_as_follower(ByteView batches);
    // A new leader's epoch begins at the log's end, before it wrote anything (KIP-101).
    Result<Duration> begin_epoch(LeaderEpoch epoch);

    // Cuts the log so that it ends at `offset`, or at the begin of the batch that holds it.
    // Below the log start: the log is empty and begins at `offset`. Beyond the end: nothing.
    Result<Duration> truncate_to(Offset offset);
    // Throws everything away; the log begins and ends at `offset`.
    Result<Duration> truncate_fully_and_start_at(Offset offset);
    // Records below `offset` are not there any more for readers (DeleteRecords, the leader's log
    // start). Requires: offset <= log_end_offset(). Going back does nothing.
    Result<Duration> advance_log_start(Offset offset);
    // Deletes the oldest segments, as retention.ms, retention.bytes and the log start offset allow
    // (retention.h), and moves the log start with them.
    Result<Duration> apply_retention(TimestampMs now, Offset high_watermark);
    // Compaction: an empty segment that may come to stand for those from `first` on.
    Result<sim::Costed<Segment>> create_cleaned_segment(std::size_t first);
    // Compaction: `cleaned` (segment_swap.h) stands for `count` segments from `first` on. Requires:
    // none of them is active.
    Result<Duration> replace_segments(std::size_t first, std::size_t count, Segment cleaned);
    // Records below `offset` are compacted.
    Result<Duration> set_cleaner_offset(Offset offset);
    // Forgets producers that wrote nothing for producer.id.expiration.ms.
    void expire_producers(TimestampMs now);
    // The producers' state at the log's end is on disk, for the next start after a clean shutdown.
    Result<Duration> store_producer_snapshot();
    // Removes every file; the segments in file.delete.delay.ms. Requires: the log is not used
    // afterwards.
    Result<Duration> remove_files();

    // ---- flush ----

    // Everything appended so far will be below the recovery point when the flush is finished.
    // Without anything to flush there are no tickets and no cost. Errors: io_error, closed.
    Result<LogFlush> begin_flush();
    // Errors: io_error, closed. Requires: `flush` was begun on this log and is not finished.
    Status finish_flush(const LogFlush& flush);
    // Both. The cost is returned.
    Result<Duration> flush();

    // ---- reads; errors io_error, closed ----

    // Whole batches from the one that holds `from` on, those that end at or below `upper_bound`
    // (high watermark, last stable offset; exclusive) and fit into `max_bytes`; with
    // `at_least_one` the first even if it is larger (KIP-74). From one segment at a time.
    // offset_out_of_range unless log_start_offset() <= from <= log_end_offset().
    Result<LogRead> read(Offset from, std::int64_t max_bytes, Offset upper_bound,
                         bool at_least_one = true) const;
    // The first record below `upper_bound` with a timestamp at or after `timestamp`; nullopt if
    // there is none (ListOffsets).
    Result<sim::Costed<std::optional<TimestampAndOffset>>> find_by_timestamp(
        TimestampMs timestamp, Offset upper_bound) const;
    // The first record with the largest timestamp of all (KIP-734); nullopt if that is not below
    // `upper_bound`, or no record has one.
    Result<sim::Costed<std::optional<TimestampAndOffset>>> find_max_timestamp(
        Offset upper_bound) const;

    // The rules of the header, asserted.
    void check_invariants() const;

  private:
    Log(sim::Disk& disk, Checkpoints checkpoints, const TopicPartition& partition,
        const LogOptions& options);

    struct Incoming;  // batches that were validated and have their offsets

    std::string path_of(std::string_view file) const;
    Status load_metadata(Duration& cost);
    Status load_epochs(Duration& cost);
    Status load_segments(bool after_clean_shutdown, LogRecovery& recovery);
    Status recover(bool after_clean_shutdown, LogRecovery& recovery);
    Status rebuild_producers(Duration& cost);

    Status write(const Incoming& incoming, AppendInfo& info);
    Status roll(Offset base_offset, Duration& cost);
    Status start_empty_at(Offset offset, Duration& cost);
    Status cut_segments(Offset offset, Duration& cost);
    Status store_epochs(Duration& cost);
    void set_recovery_point(Offset offset);
    Status lower_recovery_point(Offset offset, Duration& cost);
    Status lower_cleaner_offset(Offset offset, Duration& cost);
    Status delete_segments(std::size_t count, Duration& cost);
    Offset end_after_truncation(Offset offset) const;
    // The result of a change: any failure of its parts fails the log.
    Result<Duration> finish_change(const Status& status, Duration cost);
    std::optional<Error> refusal() const;
    Segment& active() { return segments_.back(); }

    sim::Disk& disk_;
    Checkpoints checkpoints_;
    TopicPartition partition_;
    std::string folder_;
    Uuid topic_id_;
    LogOptions options_;

    std::vector<Segment> segments_;  // by base offset; never empty once open
    LeaderEpochCache epochs_;
    ProducerStates producers_;
    ProducerSnapshots snapshots_;
    Offset log_start_offset_{0};
    Offset log_end_offset_{0};
    Offset recovery_point_{0};
    std::int64_t unflushed_messages_ = 0;                // appended since the last flush began
    std::map<std::uint64_t, Offset> flushes_in_flight_;  // id -> the end that it covers
    std::uint64_t last_flush_ = 0;
    bool has_failed_ = false;
};

struct Log::Opened {
    std::unique_ptr<Log> log;
    LogRecovery recovery;
};

}  // namespace squall::model
