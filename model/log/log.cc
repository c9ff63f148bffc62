#include "model/log/log.h"

#include <algorithm>
#include <utility>

#include "model/log/partition_metadata.h"
#include "model/log/retention.h"
#include "model/log/segment_swap.h"
#include "model/protocol/record_batch.h"
#include "sim/base/assert.h"

namespace squall::model {

namespace {

constexpr std::string_view epoch_checkpoint_file = "leader-epoch-checkpoint";

// Adds the cost of a step to `cost`. For functions that return Status and pay into `cost`.
Status pay(const Result<Duration>& step, Duration& cost) {
    if (!step) return step.error();
    cost += *step;
    return success();
}

}  // namespace

// Whole batches in offset order, with the offsets they will have.
struct Log::Incoming {
    ByteView bytes;
    Offset base_offset = no_offset;
    Offset last_offset = no_offset;
    TimestampMs max_timestamp = no_timestamp;
    std::uint32_t last_crc = 0;
    bool has_producers = false;

    static Incoming of(ByteView batches) {
        Incoming incoming{.bytes = batches};
        BatchCursor cursor(batches);
        while (const std::optional<BatchView> batch = cursor.next()) {
            if (incoming.base_offset == no_offset) incoming.base_offset = batch->base_offset();
            incoming.last_offset = batch->last_offset();
            incoming.max_timestamp = std::max(incoming.max_timestamp, batch->max_timestamp());
            incoming.last_crc = batch->crc();
            incoming.has_producers |= batch->has_producer_id();
        }
        return incoming;
    }
};

Log::Log(sim::Disk& disk, Checkpoints checkpoints, const TopicPartition& partition,
         const LogOptions& options)
    : disk_(disk),
      checkpoints_(checkpoints),
      partition_(partition),
      folder_(log_folder(partition)),
      options_(options),
      snapshots_(disk, folder_) {}

std::string Log::path_of(std::string_view file) const {
    return fmt::format("{}/{}", folder_, file);
}

// ---- opening ----

Result<sim::Costed<std::unique_ptr<Log>>> Log::create(sim::Disk& disk, Checkpoints checkpoints,
                                                      const TopicPartition& partition,
                                                      const Uuid& topic_id,
                                                      const LogOptions& options) {
    std::unique_ptr<Log> log(new Log(disk, checkpoints, partition, options));
    ASSERT(std::ranges::all_of(disk.list(log->folder_ + "/"), DeletedFiles::holds),
           "{} has files already", log->folder_);
    log->topic_id_ = topic_id;
    Duration cost{};
    // The topic id first: a folder with records always says whose they are.
    Status status = pay(disk.replace(log->path_of(partition_metadata_file),
                                     as_bytes(encode_partition_metadata(topic_id))),
                        cost);
    if (status) status = log->start_empty_at(Offset(0), cost);
    if (!status) return status.error();
    // What an earlier log of this name left behind would be believed after a crash.
    checkpoints.log_starts.set(partition, Offset(0));
    status = pay(checkpoints.log_starts.store(), cost);
    if (status) status = log->lower_cleaner_offset(Offset(0), cost);
    if (status) status = pay(checkpoints.recovery_points.store(), cost);
    if (!status) return status.error();
    log->check_invariants();
    return sim::Costed<std::unique_ptr<Log>>{.value = std::move(log), .cost = cost};
}

Result<Log::Opened> Log::open(sim::Disk& disk, Checkpoints checkpoints,
                              const TopicPartition& partition, const LogOptions& options,
                              bool after_clean_shutdown) {
    Opened opened{.log = std::unique_ptr<Log>(new Log(disk, checkpoints, partition, options)),
                  .recovery = {}};
    Log& log = *opened.log;
    const Status recovered = log.recover(after_clean_shutdown, opened.recovery);
    if (!recovered) return recovered.error();
    opened.recovery.log_start_offset = log.log_start_offset_;
    opened.recovery.log_end_offset = log.log_end_offset_;
    log.check_invariants();
    return opened;
}

Status Log::recover(bool after_clean_shutdown, LogRecovery& recovery) {
    if (Status loaded = load_metadata(recovery.cost); !loaded) return loaded;
    if (Status loaded = load_epochs(recovery.cost); !loaded) return loaded;
    recovery_point_ = checkpoints_.recovery_points.get(partition_).value_or(Offset(0));
    const Offset checkpointed_start = checkpoints_.log_starts.get(partition_).value_or(Offset(0));
    if (Status loaded = load_segments(after_clean_shutdown, recovery); !loaded) return loaded;
    log_start_offset_ = checkpointed_start;
    if (!segments_.empty()) {
        log_end_offset_ = segments_.back().next_offset();
        log_start_offset_ = std::max(checkpointed_start, segments_.front().base_offset());
    }
    if (segments_.empty() || log_start_offset_ > log_end_offset_) {
        // Everything that is left lies below the log start: it was deleted before the crash.
        Status status = lower_recovery_point(log_start_offset_, recovery.cost);
        if (status) status = cut_segments(Offset(0), recovery.cost);
        if (status) status = start_empty_at(log_start_offset_, recovery.cost);
        if (!status) return status;
    } else {
        epochs_.truncate_from_end(log_end_offset_);
        epochs_.truncate_from_start(log_start_offset_);
        if (Status stored = store_epochs(recovery.cost); !stored) return stored;
    }
    Status status = lower_cleaner_offset(log_end_offset_, recovery.cost);
    if (status) status = pay(snapshots_.remove_beyond(log_end_offset_), recovery.cost);
    if (status) status = rebuild_producers(recovery.cost);
    if (!status) return status;
    // Never beyond what recovery left, in the file too: what is appended next is not flushed.
    return lower_recovery_point(log_end_offset_, recovery.cost);
}

Status Log::load_metadata(Duration& cost) {
    const std::string path = path_of(partition_metadata_file);
    if (!disk_.exists(path)) return success();
    const Result<sim::Costed<Bytes>> text = disk_.read_all(path);
    if (!text) return text.error();
    cost += text->cost;
    const Result<Uuid> topic_id = decode_partition_metadata(as_text(text->value));
    if (topic_id) topic_id_ = *topic_id;
    return success();
}

Status Log::load_epochs(Duration& cost) {
    const std::string path = path_of(epoch_checkpoint_file);
    if (!disk_.exists(path)) return success();
    const Result<sim::Costed<Bytes>> text = disk_.read_all(path);
    if (!text) return text.error();
    cost += text->cost;
    // Unreadable is like absent: the batches say it all again.
    Result<LeaderEpochCache> epochs = LeaderEpochCache::from_checkpoint(as_text(text->value));
    if (epochs) epochs_ = std::move(*epochs);
    return success();
}

Status Log::load_segments(bool after_clean_shutdown, LogRecovery& recovery) {
    const auto swaps = finish_interrupted_swaps(disk_, folder_);
    if (!swaps) return swaps.error();
    recovery.cost += swaps->cost;
    recovery.finished_swaps = swaps->value;
    std::vector<Offset> bases;
    for (const std::string& path : disk_.list(folder_ + "/")) {
        if (const std::optional<Offset> base = segment_base_offset(path)) bases.push_back(*base);
    }
    std::ranges::sort(bases);
    // The checkpoint of epochs may be older or newer than what is left of the log, wherever that
    // was not flushed. Up to there it is right, also about batches that compaction removed.
    if (!after_clean_shutdown) epochs_.truncate_from_end(recovery_point_);
    Segment::Scan scan;
    scan.index_interval_bytes = options_.index_interval_bytes;
    scan.on_batch = [&](const BatchView& batch) {
        const LeaderEpoch epoch = batch.partition_leader_epoch();
        const bool is_appended_again =
            !after_clean_shutdown && batch.base_offset() >= recovery_point_;
        if (epoch > latest_epoch() || (is_appended_again && epoch >= LeaderEpoch(0))) {
            epochs_.assign(epoch, batch.base_offset());
        }
    };
    bool is_broken = false;
    for (std::size_t i = 0; i < bases.size(); ++i) {
        if (is_broken) {
            // What follows a cut does not continue it, whatever it holds.
            const std::string path = segment_path(folder_, bases[i]);
            const Result<std::uint64_t> size = disk_.size(path);
            if (!size) return size.error();
            recovery.truncated_bytes += *size;
            if (Status removed = pay(disk_.remove(path), recovery.cost); !removed) return removed;
            continue;
        }
        const bool is_last = i + 1 == bases.size();
        scan.verify_crc = !after_clean_shutdown && (is_last || bases[i + 1] > recovery_point_);
        Result<sim::Costed<Segment>> segment = Segment::open(disk_, folder_, bases[i], scan);
        if (!segment) return segment.error();
        recovery.cost += segment->cost;
        segments_.push_back(std::move(segment->value));
        is_broken = scan.truncated_bytes > 0;
    }
    recovery.truncated_bytes += scan.truncated_bytes;
    recovery.reason = scan.reason;
    return success();
}

// From the newest snapshot on, by what the log holds. Nothing to do where no producer is known.
Status Log::rebuild_producers(Duration& cost) {
    producers_.clear();
    Result<ProducerSnapshots::Loaded> loaded = snapshots_.load_latest();
    if (!loaded) return loaded.error();
    cost += loaded->cost;
    producers_ = std::move(loaded->states);
    for (const Segment& segment : segments_) {
        if (!segment.has_producers() || segment.next_offset() <= loaded->offset) continue;
        const Result<sim::Costed<Segment::Slice>> slice =
            segment.read(loaded->offset, log_end_offset_, segment.size(), false);
        if (!slice) return slice.error();
        cost += slice->cost;
        BatchCursor cursor(slice->value.bytes);
        while (const std::optional<BatchView> batch = cursor.next()) {
            if (batch->base_offset() >= loaded->offset) (void)producers_.append(*batch);
        }
    }
    return success();
}

// ---- appending ----

Result<AppendInfo> Log::append_as_leader(Bytes& batches, LeaderEpoch epoch, TimestampMs now,
                                         BatchSource source, const ProducerRules& rules) {
    ASSERT(epoch >= latest_epoch(), "{}: append in epoch {} behind epoch {}", partition_, epoch,
           latest_epoch());
    if (const std::optional<Error> refused = refusal()) return *refused;
    AppendInfo info;
    const bool stamps_time = options_.message_timestamp_type == TimestampType::log_append_time;
    BatchCursor cursor(batches);
    while (const std::optional<BatchView> batch = cursor.next()) {
        BatchVerdict verdict = validate_as_leader(*batch, options_, source, now);
        if (!verdict.accepted()) {
            info.error = verdict.error;
            info.message = std::move(verdict.message);
            return info;
        }
    }
    if (cursor.end() != BatchCursor::End::exhausted || batches.empty()) {
        info.error = ErrorCode::corrupt_message;
        info.message = "not whole record batches";
        return info;
    }
    if (batches.size() > static_cast<std::size_t>(options_.effective_segment_bytes())) {
        info.error = ErrorCode::record_list_too_large;
        info.message = fmt::format("{} bytes, segment.bytes is {}", batches.size(),
                                   options_.effective_segment_bytes());
        return info;
    }
    Offset next = log_end_offset_;
    for (std::size_t at = 0; at < batches.size();) {
        const BatchView batch = BatchView::at_front(ByteView(batches).subspan(at)).value();
        const std::span<std::uint8_t> bytes(batches.data() + at, batch.size());
        if (stamps_time) stamp_log_append_time(bytes, now);
        stamp_batch(bytes, next, epoch);
        next = batch.next_offset();
        at += batch.size();
    }
    if (stamps_time) info.log_append_time = now;
    const Incoming incoming = Incoming::of(batches);
    if (incoming.has_producers) {
        ProducerStates::Verdict verdict = producers_.judge(batches, source,
                                                           {.strict_markers = rules.strict_markers,
                                                            .log_start_offset = log_start_offset_,
                                                            .bugs = rules.bugs});
        if (verdict.repeats_marker) {
            // It stands somewhere below the end: whoever waits for it waits for the end.
            info.is_duplicate = true;
            info.base_offset = info.last_offset = log_end_offset_ - 1;
            return info;
        }
        if (verdict.duplicate) {
            info.is_duplicate = true;
            info.base_offset = verdict.duplicate->first_offset;
            info.last_offset = verdict.duplicate->last_offset;
            if (stamps_time) info.log_append_time = verdict.duplicate->timestamp;
            return info;
        }
        if (verdict.error != ErrorCode::none) {
            info.error = verdict.error;
            info.message = std::move(verdict.message);
            return info;
        }
    }
    const Status written = write(incoming, info);
    if (!written) return written.error();
    return info;
}

Result<AppendInfo> Log::append_as_follower(ByteView batches) {
    if (const std::optional<Error> refused = refusal()) return *refused;
    AppendInfo info;
    Offset next = log_end_offset_;
    BatchCursor cursor(batches);
    while (const std::optional<BatchView> batch = cursor.next()) {
        BatchVerdict verdict = validate_as_follower(*batch);
        if (verdict.accepted() && batch->base_offset() < next) {
            verdict = {.error = ErrorCode::offset_out_of_range,
                       .message = fmt::format("batch at offset {}, the log ends at {}",
                                              batch->base_offset(), next)};
        }
        if (!verdict.accepted()) {
            info.error = verdict.error;
            info.message = std::move(verdict.message);
            return info;
        }
        next = batch->next_offset();
    }
    if (cursor.end() == BatchCursor::End::corrupt || cursor.position() == 0) {
        info.error = ErrorCode::corrupt_message;
        info.message = "not a record batch";
        return info;
    }
    const Status written = write(Incoming::of(batches.first(cursor.position())), info);
    if (!written) return written.error();
    return info;
}

Status Log::write(const Incoming& incoming, AppendInfo& info) {
    ASSERT(incoming.base_offset >= log_end_offset_, "{}: append at {} of a log that ends at {}",
           partition_, incoming.base_offset, log_end_offset_);
    info.base_offset = incoming.base_offset;
    info.last_offset = incoming.last_offset;
    info.crc = incoming.last_crc;

    bool epochs_changed = false;
    BatchCursor cursor(incoming.bytes);
    while (const std::optional<BatchView> batch = cursor.next()) {
        const LeaderEpoch epoch = batch->partition_leader_epoch();
        if (epoch >= LeaderEpoch(0)) {
            epochs_changed |= epochs_.assign(epoch, batch->base_offset());
        }
    }
    Status status = success();
    if (epochs_changed) status = store_epochs(info.cost);
    const Segment::RollLimits limits{.segment_bytes = options_.effective_segment_bytes(),
                                     .segment_ms = options_.effective_segment_ms().count(),
                                     .index_bytes = options_.segment_index_bytes};
    if (status && active().should_roll(incoming.bytes.size(), incoming.last_offset,
                                       incoming.max_timestamp, limits)) {
        status = roll(incoming.base_offset, info.cost);
        info.rolled = true;
    }
    if (status) {
        status = pay(active().append(incoming.bytes, options_.index_interval_bytes), info.cost);
    }
    if (!status) {
        has_failed_ = true;
        return status;
    }
    log_end_offset_ = incoming.last_offset.next();
    if (incoming.has_producers) {
        BatchCursor appended(incoming.bytes);
        while (const std::optional<BatchView> batch = appended.next()) {
            if (const auto aborted = producers_.append(*batch)) active().add_aborted(*aborted);
        }
    }
    unflushed_messages_ += incoming.last_offset - incoming.base_offset + 1;
    info.flush_due = unflushed_messages_ >= options_.flush_messages;
    check_invariants();
    return success();
}

Status Log::roll(Offset base_offset, Duration& cost) {
    if (Status flushed = pay(disk_.flush(active().path()), cost); !flushed) return flushed;
    set_recovery_point(log_end_offset_);
    if (!producers_.is_empty() || !snapshots_.is_empty()) {
        const Status stored = pay(snapshots_.store(producers_, log_end_offset_), cost);
        if (!stored) return stored;
    }
    Result<sim::Costed<Segment>> segment = Segment::create(disk_, folder_, base_offset);
    if (!segment) return segment.error();
    cost += segment->cost;
    segments_.push_back(std::move(segment->value));
    return success();
}

Result<Duration> Log::begin_epoch(LeaderEpoch epoch) {
    ASSERT(epoch >= latest_epoch(), "{}: epoch {} begins behind epoch {}", partition_, epoch,
           latest_epoch());
    if (const std::optional<Error> refused = refusal()) return *refused;
    if (!epochs_.assign(epoch, log_end_offset_)) return Duration::zero();
    Duration cost{};
    const Status stored = store_epochs(cost);
    return finish_change(stored, cost);
}

// ---- truncating ----

Result<Duration> Log::truncate_to(Offset offset) {
    ASSERT(offset >= Offset(0), "{}: truncation to {}", partition_, offset);
    if (const std::optional<Error> refused = refusal()) return *refused;
    if (offset >= log_end_offset_) return Duration::zero();
    const Offset end = end_after_truncation(offset);
    // The batch that goes may reach below the log start: what is left of the log is then nothing.
    if (end < log_start_offset_) return truncate_fully_and_start_at(offset);
    if (end == segments_.front().base_offset()) return truncate_fully_and_start_at(end);
    Duration cost{};
    // In this order, which the disk's journal keeps: a crash between any two of them leaves a
    // recovery point that recovery can trust.
    Status status = lower_recovery_point(end, cost);
    if (status) status = lower_cleaner_offset(end, cost);
    if (status) status = pay(snapshots_.remove_beyond(end), cost);
    if (status) status = cut_segments(end, cost);
    if (status) {
        log_end_offset_ = end;
        if (epochs_.truncate_from_end(end)) status = store_epochs(cost);
    }
    const bool knows_producers = !producers_.is_empty() || !snapshots_.is_empty();
    if (status && knows_producers) status = rebuild_producers(cost);
    return finish_change(status, cost);
}

// A batch that holds `offset` goes as a whole; a hole before the first batch that goes stays.
Offset Log::end_after_truncation(Offset offset) const {
    for (const Segment& segment : segments_) {
        const OffsetIndex::Entry* const first_cut = segment.index().at_or_after(offset);
        if (first_cut != nullptr) return std::min(offset, first_cut->base_offset);
    }
    return offset;
}

Result<Duration> Log::truncate_fully_and_start_at(Offset offset) {
    ASSERT(offset >= Offset(0), "{}: start at {}", partition_, offset);
    if (const std::optional<Error> refused = refusal()) return *refused;
    Duration cost{};
    Status status = lower_recovery_point(offset, cost);
    if (status) {
        // Before the records go: a start beyond the new end would swallow what comes.
        checkpoints_.log_starts.set(partition_, offset);
        status = pay(checkpoints_.log_starts.store(), cost);
    }
    if (status) status = lower_cleaner_offset(offset, cost);
    if (status) status = cut_segments(Offset(0), cost);
    if (status) status = start_empty_at(offset, cost);
    return finish_change(status, cost);
}

Status Log::start_empty_at(Offset offset, Duration& cost) {
    ASSERT(segments_.empty(), "{}: an empty log with segments", partition_);
    Result<sim::Costed<Segment>> segment = Segment::create(disk_, folder_, offset);
    if (!segment) return segment.error();
    cost += segment->cost;
    segments_.push_back(std::move(segment->value));
    log_start_offset_ = offset;
    log_end_offset_ = offset;
    set_recovery_point(offset);
    epochs_.clear();
    return store_epochs(cost);
}

// From the end on, so that a crash in between leaves a log without holes.
Status Log::cut_segments(Offset offset, Duration& cost) {
    if (offset == Offset(0)) {
        // Nobody has written anything, then. The snapshots first: see truncate_to.
        producers_.clear();
        if (Status forgot = pay(snapshots_.remove_beyond(no_offset), cost); !forgot) return forgot;
    }
    while (!segments_.empty() && segments_.back().base_offset() >= offset) {
        if (Status removed = pay(segments_.back().remove(), cost); !removed) return removed;
        // What is gone is gone, even if the next step fails.
        log_end_offset_ = std::min(log_end_offset_, segments_.back().base_offset());
        segments_.pop_back();
    }
    for (auto& [id, covered] : flushes_in_flight_) covered = std::min(covered, offset);
    if (segments_.empty()) return success();
    return pay(active().truncate_to(offset), cost);
}

Result<Duration> Log::advance_log_start(Offset offset) {
    ASSERT(offset <= log_end_offset_, "{}: log start {} beyond the end {}", partition_, offset,
           log_end_offset_);
    if (const std::optional<Error> refused = refusal()) return *refused;
    if (offset <= log_start_offset_) return Duration::zero();
    log_start_offset_ = offset;
    checkpoints_.log_starts.set(partition_, offset);
    Duration cost{};
    Status status = success();
    if (epochs_.truncate_from_start(offset)) status = store_epochs(cost);
    return finish_change(status, cost);
}

// ---- retention and compaction ----

Result<Duration> Log::apply_retention(TimestampMs now, Offset high_watermark) {
    if (const std::optional<Error> refused = refusal()) return *refused;
    const RetentionView view{.segments = segments_,
                             .log_start_offset = log_start_offset_,
                             .log_end_offset = log_end_offset_,
                             .high_watermark = high_watermark};
    const std::size_t count = segments_to_delete(view, options_, now);
    if (count == 0) return Duration::zero();
    Duration cost{};
    Status status = success();
    // A log is never without a segment that says where it ends.
    if (count == segments_.size()) status = roll(log_end_offset_, cost);
    if (status) status = delete_segments(count, cost);
    return finish_change(status, cost);
}

// From the front on, so that a crash in between leaves a log without holes.
Status Log::delete_segments(std::size_t count, Duration& cost) {
    ASSERT(count < segments_.size(), "{}: {} of {} segments deleted", partition_, count,
           segments_.size());
    const auto last = segments_.begin() + static_cast<std::ptrdiff_t>(count);
    log_start_offset_ = std::max(log_start_offset_, last->base_offset());
    checkpoints_.log_starts.set(partition_, log_start_offset_);
    for (auto segment = segments_.begin(); segment != last; ++segment) {
        const Result<Duration> buried =
            checkpoints_.deleted_files.bury(segment->path(), options_.file_delete_delay_ms);
        if (Status removed = pay(buried, cost); !removed) return removed;
    }
    segments_.erase(segments_.begin(), last);
    const Offset first = segments_.front().base_offset();
    if (Status forgot = pay(snapshots_.remove_below(first), cost); !forgot) return forgot;
    if (!epochs_.truncate_from_start(log_start_offset_)) return success();
    return store_epochs(cost);
}

Result<sim::Costed<Segment>> Log::create_cleaned_segment(std::size_t first) {
    const Offset base = segments_.at(first).base_offset();
    if (const std::optional<Error> refused = refusal()) return *refused;
    const std::string leftover = segment_path(folder_, base, suffix::cleaned);
    if (disk_.exists(leftover)) {  // a cleaning failed
        if (const Result<Duration> removed = disk_.remove(leftover); !removed) {
            return removed.error();
        }
    }
    return Segment::create(disk_, folder_, base, suffix::cleaned);
}

Result<Duration> Log::replace_segments(std::size_t first, std::size_t count, Segment cleaned) {
    ASSERT(count > 0 && first + count < segments_.size(), "{}: segments {} to {} of {} replaced",
           partition_, first, first + count, segments_.size());
    if (const std::optional<Error> refused = refusal()) return *refused;
    const std::span<Segment> old = std::span(segments_).subspan(first, count);
    ASSERT(cleaned.next_offset() <= segments_[first + count].base_offset(),
           "{}: the compacted segment reaches into the next one", partition_);
    Duration cost{};
    const Status status = pay(swap_segments(disk_, cleaned, old), cost);
    if (status) {
        const auto begin = segments_.begin() + static_cast<std::ptrdiff_t>(first);
        *begin = std::move(cleaned);
        segments_.erase(begin + 1, begin + static_cast<std::ptrdiff_t>(count));
    }
    return finish_change(status, cost);
}

Offset Log::cleaner_offset() const {
    const Offset checkpointed = checkpoints_.cleaner_offsets.get(partition_).value_or(Offset(0));
    return std::max(checkpointed, log_start_offset_);
}

Result<Duration> Log::set_cleaner_offset(Offset offset) {
    ASSERT(offset <= log_end_offset_, "{}: compacted to {} beyond the end {}", partition_, offset,
           log_end_offset_);
    checkpoints_.cleaner_offsets.set(partition_, offset);
    return checkpoints_.cleaner_offsets.store();
}

Status Log::lower_cleaner_offset(Offset offset, Duration& cost) {
    const Offset believed = checkpoints_.cleaner_offsets.get(partition_).value_or(Offset(0));
    if (believed <= offset) return success();
    checkpoints_.cleaner_offsets.set(partition_, offset);
    return pay(checkpoints_.cleaner_offsets.store(), cost);
}

void Log::expire_producers(TimestampMs now) {
    producers_.expire(now, options_.producer_id_expiration_ms.count());
}

Result<Duration> Log::store_producer_snapshot() {
    if (const std::optional<Error> refused = refusal()) return *refused;
    if (producers_.is_empty() && snapshots_.is_empty()) return Duration::zero();
    return snapshots_.store(producers_, log_end_offset_);
}

Result<Duration> Log::remove_files() {
    Duration cost{};
    // Snapshots and records first, from the end; the topic id last, so that a rest can be told from
    // a log.
    if (Status forgot = pay(snapshots_.remove_beyond(no_offset), cost); !forgot) {
        return forgot.error();
    }
    while (!segments_.empty()) {
        const Result<Duration> buried =
            checkpoints_.deleted_files.bury(segments_.back().path(), options_.file_delete_delay_ms);
        if (Status removed = pay(buried, cost); !removed) return removed.error();
        segments_.pop_back();
    }
    const std::string metadata = path_of(partition_metadata_file);
    for (const std::string& path : disk_.list(folder_ + "/")) {
        if (path == metadata || DeletedFiles::holds(path)) continue;
        if (Status removed = pay(disk_.remove(path), cost); !removed) return removed.error();
    }
    if (disk_.exists(metadata)) {
        if (Status removed = pay(disk_.remove(metadata), cost); !removed) return removed.error();
    }
    has_failed_ = true;
    return cost;
}

// ---- what is on disk beside the segments ----

Status Log::store_epochs(Duration& cost) {
    return pay(disk_.replace(path_of(epoch_checkpoint_file), as_bytes(epochs_.to_checkpoint())),
               cost);
}

void Log::set_recovery_point(Offset offset) {
    recovery_point_ = offset;
    checkpoints_.recovery_points.set(partition_, offset);
}

// Raising the recovery point may be stored later, lowering it must be stored at once: until then
// the file vouches for records that are about to be others.
Status Log::lower_recovery_point(Offset offset, Duration& cost) {
    const Offset believed = checkpoints_.recovery_points.get(partition_).value_or(Offset(0));
    set_recovery_point(std::min(recovery_point_, offset));
    if (believed <= recovery_point_) return success();
    return pay(checkpoints_.recovery_points.store(), cost);
}

Result<Duration> Log::finish_change(const Status& status, Duration cost) {
    if (!status) {
        has_failed_ = true;
        return status.error();
    }
    check_invariants();
    return cost;
}

std::optional<Error> Log::refusal() const {
    if (!has_failed_) return std::nullopt;
    return Error{Failure::io_error,
                 fmt::format("log {}: failed earlier, its end is not known", partition_)};
}

// ---- flushing ----

Result<LogFlush> Log::begin_flush() {
    if (const std::optional<Error> refused = refusal()) return *refused;
    LogFlush flush{.id = ++last_flush_, .tickets = {}, .cost = {}};
    for (const Segment& segment : segments_) {
        if (segment.is_empty() || segment.next_offset() <= recovery_point_) continue;
        Result<sim::FlushTicket> ticket = disk_.begin_flush(segment.path());
        if (!ticket) {
            has_failed_ = true;
            return ticket.error();
        }
        flush.cost += ticket->cost;
        flush.tickets.push_back(std::move(*ticket));
    }
    flushes_in_flight_[flush.id] = log_end_offset_;
    unflushed_messages_ = 0;
    return flush;
}

Status Log::finish_flush(const LogFlush& flush) {
    const auto found = flushes_in_flight_.find(flush.id);
    ASSERT(found != flushes_in_flight_.end(), "{}: flush {} was never begun", partition_, flush.id);
    const Offset covered = found->second;
    flushes_in_flight_.erase(found);
    if (const std::optional<Error> refused = refusal()) return *refused;
    for (const sim::FlushTicket& ticket : flush.tickets) {
        Status finished = disk_.finish_flush(ticket);
        if (!finished) {
            // The page cache forgets what it could not write: only what is read back after the
            // next start is known to be there.
            has_failed_ = true;
            return finished;
        }
    }
    set_recovery_point(std::max(recovery_point_, covered));
    check_invariants();
    return success();
}

Result<Duration> Log::flush() {
    const Result<LogFlush> begun = begin_flush();
    if (!begun) return begun.error();
    const Status finished = finish_flush(*begun);
    if (!finished) return finished.error();
    return begun->cost;
}

// ---- reading ----

Result<LogRead> Log::read(Offset from, std::int64_t max_bytes, Offset upper_bound,
                          bool at_least_one) const {
    LogRead result{.error = ErrorCode::none, .records = {}, .next_offset = from, .cost = {}};
    if (from < log_start_offset_ || from > log_end_offset_) {
        result.error = ErrorCode::offset_out_of_range;
        return result;
    }
    const std::uint64_t limit = max_bytes > 0 ? static_cast<std::uint64_t>(max_bytes) : 0;
    auto segment = std::ranges::upper_bound(segments_, from, {}, &Segment::base_offset);
    if (segment != segments_.begin()) --segment;
    for (; segment != segments_.end(); ++segment) {
        if (segment->index().at_or_after(from) == nullptr) continue;  // a hole up to its end
        Result<sim::Costed<Segment::Slice>> slice =
            segment->read(from, upper_bound, limit, at_least_one);
        if (!slice) return slice.error();
        if (slice->value.next_offset == no_offset) break;
        result.records = std::move(slice->value.bytes);
        result.next_offset = slice->value.next_offset;
        result.cost = slice->cost;
        break;
    }
    return result;
}

Result<sim::Costed<std::optional<TimestampAndOffset>>> Log::find_by_timestamp(
    TimestampMs timestamp, Offset upper_bound) const {
    using Found = sim::Costed<std::optional<TimestampAndOffset>>;
    Found found;
    for (const Segment& segment : segments_) {
        const OffsetIndex::Entry* entry = segment.index().first_with_timestamp(timestamp);
        const OffsetIndex::Entry* const end =
            segment.index().entries().data() + segment.index().entries().size();
        // More than one batch only where the first lies below the log start, in whole or in part.
        for (; entry != nullptr && entry != end; ++entry) {
            if (entry->base_offset >= upper_bound) return found;
            if (entry->max_timestamp < timestamp || entry->last_offset < log_start_offset_) {
                continue;
            }
            const Result<sim::Costed<Bytes>> bytes = segment.read_batch(*entry);
            if (!bytes) return bytes.error();
            found.cost += bytes->cost;
            const Result<BatchView> batch = BatchView::at_front(bytes->value);
            if (!batch) return batch.error();
            const auto answer = [&](Offset offset, TimestampMs at) {
                if (offset < upper_bound) {
                    found.value =
                        TimestampAndOffset{.timestamp = at,
                                           .offset = offset,
                                           .leader_epoch = batch->partition_leader_epoch()};
                }
                return found;
            };
            RecordReader reader(*batch);
            RecordView record;
            while (reader.next(record)) {
                if (reader.timestamp(record) >= timestamp &&
                    reader.offset(record) >= log_start_offset_) {
                    return answer(reader.offset(record), reader.timestamp(record));
                }
            }
            if (!reader.status()) return reader.status().error();
        }
    }
    return found;
}

Result<sim::Costed<std::optional<TimestampAndOffset>>> Log::find_max_timestamp(
    Offset upper_bound) const {
    TimestampMs largest = no_timestamp;
    for (const Segment& segment : segments_) {
        for (const OffsetIndex::Entry& entry : segment.index().entries()) {
            if (entry.last_offset >= log_start_offset_) {
                largest = std::max(largest, entry.max_timestamp);
            }
        }
    }
    if (largest == no_timestamp) {
        return sim::Costed<std::optional<TimestampAndOffset>>{};
    }
    return find_by_timestamp(largest, upper_bound);
}

std::vector<AbortedTransaction> Log::aborted_transactions(Offset from, Offset upper_bound) const {
    std::vector<AbortedTransaction> found;
    auto segment = std::ranges::upper_bound(segments_, from, {}, &Segment::base_offset);
    if (segment != segments_.begin()) --segment;
    for (; segment != segments_.end(); ++segment) {
        if (segment->transactions().collect(from, upper_bound, found)) break;
    }
    return found;
}

std::uint64_t Log::size() const {
    std::uint64_t bytes = 0;
    for (const Segment& segment : segments_) bytes += segment.size();
    return bytes;
}

void Log::check_invariants() const {
    ASSERT(!segments_.empty(), "{}: no segment", partition_);
    ASSERT(log_start_offset_ <= log_end_offset_, "{}: log start {} beyond the end {}", partition_,
           log_start_offset_, log_end_offset_);
    ASSERT(segments_.front().base_offset() <= log_start_offset_,
           "{}: log start {} before the first segment {}", partition_, log_start_offset_,
           segments_.front().base_offset());
    ASSERT(segments_.back().next_offset() <= log_end_offset_,
           "{}: records up to {} beyond the end {}", partition_, segments_.back().next_offset(),
           log_end_offset_);
    ASSERT(recovery_point_ <= log_end_offset_, "{}: recovery point {} beyond the end {}",
           partition_, recovery_point_, log_end_offset_);
    if (!epochs_.entries().empty()) {
        ASSERT(epochs_.entries().back().start <= log_end_offset_,
               "{}: epoch {} begins at {} beyond the end {}", partition_, latest_epoch(),
               epochs_.entries().back().start, log_end_offset_);
    }
}

}  // namespace squall::model
