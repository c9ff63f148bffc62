#include "model/log/log_cleaner.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "model/log/batch_cleaner.h"
#include "sim/base/assert.h"

namespace squall::model {

namespace {

constexpr std::int64_t permille = 1000;

// A segment is old enough when its newest record is: as Kafka, by record time.
bool is_within_lag(const Segment& segment, TimestampMs lag_ms, TimestampMs now) {
    return lag_ms > 0 && segment.index().max_timestamp() > now - lag_ms;
}

bool lags_beyond(const Segment& segment, TimestampMs lag_ms, TimestampMs now) {
    if (segment.is_empty()) return false;
    const TimestampMs first = segment.index().entries().front().max_timestamp;
    return first != no_timestamp && now - first > lag_ms;
}

Result<sim::Costed<Bytes>> read_segment(const Segment& segment) {
    if (segment.is_empty()) return sim::Costed<Bytes>{};
    Result<sim::Costed<Segment::Slice>> slice = segment.read(
        segment.base_offset(), segment.next_offset(), segment.size(), /*at_least_one=*/false);
    if (!slice) return slice.error();
    return sim::Costed<Bytes>{.value = std::move(slice->value.bytes), .cost = slice->cost};
}

// One run over a log, up to a segment's base.
class CleaningRun {
  public:
    CleaningRun(Log& log, const CleaningPlan& plan, TimestampMs now, const BugSet* bugs)
        : log_(log),
          plan_(plan),
          cleaner_({.now = now,
                    .delete_retention_ms = log.options().delete_retention_ms.count(),
                    .end = end_of_cleaning(),
                    .producers = &log.producers(),
                    .bugs = bugs},
                   last_offsets_) {}

    Result<Cleaning> run() {
        if (Status read = read_dirty_keys(); !read) return read.error();
        done_.bytes_before = log_.size();
        // A group becomes one segment, so the next one is one further on.
        for (std::size_t first = 0; is_cleanable(first); ++first) {
            if (Status cleaned = clean_group(first, group_size(first)); !cleaned) {
                return cleaned.error();
            }
        }
        const Result<Duration> stored = log_.set_cleaner_offset(plan_.first_uncleanable);
        if (!stored) return stored.error();
        done_.cost += *stored;
        done_.ran = true;
        done_.cleaned_to = plan_.first_uncleanable;
        done_.bytes_after = log_.size();
        return done_;
    }

  private:
    bool is_cleanable(std::size_t segment) const {
        return segment + 1 < log_.segments().size() &&
               log_.segments()[segment].base_offset() < plan_.first_uncleanable;
    }

    // One past the last record that the cleaning sees.
    Offset end_of_cleaning() const {
        Offset end = no_offset;
        for (const Segment& segment : log_.segments()) {
            if (segment.base_offset() >= plan_.first_uncleanable) break;
            if (!segment.is_empty()) end = segment.next_offset();
        }
        return end;
    }

    Status read_dirty_keys() {
        CleanedTransactions transactions;
        transactions.add_aborted(
            log_.aborted_transactions(plan_.first_dirty, plan_.first_uncleanable));
        for (std::size_t i = 0; is_cleanable(i); ++i) {
            const Segment& segment = log_.segments()[i];
            if (segment.next_offset() <= plan_.first_dirty) continue;
            const Result<sim::Costed<Bytes>> bytes = read_segment(segment);
            if (!bytes) return bytes.error();
            done_.cost += bytes->cost;
            BatchCursor cursor(bytes->value);
            while (const std::optional<BatchView> batch = cursor.next()) {
                if (batch->last_offset() < plan_.first_dirty) continue;
                if (batch->attributes().is_control()) {
                    (void)transactions.end_transaction(*batch);
                } else if (!transactions.is_aborted(*batch)) {
                    if (Status added = last_offsets_.add(*batch); !added) return added;
                }
            }
        }
        return success();
    }

    // How many segments from `first` on fit into one, uncompacted.
    std::size_t group_size(std::size_t first) const {
        const std::vector<Segment>& segments = log_.segments();
        const auto limit = static_cast<std::uint64_t>(log_.options().effective_segment_bytes());
        std::uint64_t bytes = segments[first].size();
        std::size_t end = first + 1;
        while (is_cleanable(end) && bytes + segments[end].size() <= limit &&
               segments[end].next_offset() - segments[first].base_offset() <= INT32_MAX) {
            bytes += segments[end].size();
            ++end;
        }
        return end - first;
    }

    Status clean_group(std::size_t first, std::size_t count) {
        Result<sim::Costed<Segment>> created = log_.create_cleaned_segment(first);
        if (!created) return created.error();
        done_.cost += created->cost;
        Segment cleaned = std::move(created->value);
        for (std::size_t i = first; i < first + count; ++i) {
            if (Status status = clean_into(log_.segments()[i], cleaned); !status) return status;
        }
        const Result<Duration> replaced = log_.replace_segments(first, count, std::move(cleaned));
        if (!replaced) return replaced.error();
        done_.cost += *replaced;
        return success();
    }

    Status clean_into(const Segment& segment, Segment& cleaned) {
        cleaner_.transactions().add_aborted(
            log_.aborted_transactions(segment.base_offset(), segment.next_offset()));
        const Result<sim::Costed<Bytes>> bytes = read_segment(segment);
        if (!bytes) return bytes.error();
        done_.cost += bytes->cost;
        BatchCursor cursor(bytes->value);
        while (const std::optional<BatchView> batch = cursor.next()) {
            const Result<BatchCleaner::Cleaned> kept = cleaner_.clean(*batch);
            if (!kept) return kept.error();
            if (!kept->bytes.empty()) {
                const Result<Duration> appended =
                    cleaned.append(kept->bytes, log_.options().index_interval_bytes);
                if (!appended) return appended.error();
                done_.cost += *appended;
            }
            if (kept->aborted) cleaned.add_aborted(*kept->aborted);
        }
        return success();
    }

    Log& log_;
    CleaningPlan plan_;
    KeyOffsets last_offsets_;
    BatchCleaner cleaner_;
    Cleaning done_;
};

}  // namespace

bool CleaningPlan::is_due(Permille min_dirty_ratio) const {
    if (dirty_bytes == 0) return false;
    if (lags_too_long) return true;
    const auto dirty = static_cast<std::int64_t>(dirty_bytes);
    const auto all = static_cast<std::int64_t>(clean_bytes + dirty_bytes);
    return dirty * permille > all * min_dirty_ratio.value;
}

// What is above the high watermark may yet be replaced by another leader's records: taken for the
// newest of its key, it would take the committed value with it (KAFKA-13194).
Offset cleaning_bound(Log& log, Offset high_watermark, const BugSet* bugs) {
    const Offset bound = log.last_stable_offset(high_watermark);
    if (bugs == nullptr) return bound;
    const Offset without_high_watermark = bound == high_watermark ? log.log_end_offset() : bound;
    return bugs->deviate(Bug::z93_compact_beyond_hw, bound, without_high_watermark);
}

CleaningPlan plan_cleaning(const Log& log, Offset bound, TimestampMs now) {
    const LogOptions& options = log.options();
    CleaningPlan plan{.first_dirty = log.cleaner_offset(), .first_uncleanable = Offset(0)};
    const std::vector<Segment>& segments = log.segments();
    plan.first_uncleanable = segments.front().base_offset();
    for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
        const Segment& segment = segments[i];
        const Offset end = segments[i + 1].base_offset();
        if (end > bound) break;
        const bool is_clean = end <= plan.first_dirty;
        if (!is_clean && is_within_lag(segment, options.min_compaction_lag_ms.count(), now)) break;
        plan.first_uncleanable = end;
        (is_clean ? plan.clean_bytes : plan.dirty_bytes) += segment.size();
        if (!is_clean && options.max_compaction_lag_ms != LogOptions::never) {
            plan.lags_too_long |= lags_beyond(segment, options.max_compaction_lag_ms.count(), now);
        }
    }
    return plan;
}

Result<Cleaning> clean_if_due(Log& log, Offset high_watermark, TimestampMs now,
                              const BugSet* bugs) {
    ASSERT(log.options().cleanup_policy.compacts, "{} is not compacted", log.partition());
    const CleaningPlan plan = plan_cleaning(log, cleaning_bound(log, high_watermark, bugs), now);
    if (!plan.is_due(log.options().min_cleanable_dirty_ratio)) return Cleaning{};
    return CleaningRun(log, plan, now, bugs).run();
}

}  // namespace squall::model
