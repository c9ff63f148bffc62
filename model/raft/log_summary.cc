#include "model/raft/log_summary.h"

#include <algorithm>

#include "sim/base/assert.h"

namespace squall::model::raft {

void LogSummary::append(RaftEpoch epoch, std::int64_t count) {
    ASSERT(epoch > no_epoch, "records of epoch {}", epoch);
    ASSERT(epoch >= last_epoch(), "epoch {} after epoch {}", epoch, last_epoch());
    ASSERT(count > 0, "{} records", count);
    if (epoch > last_epoch()) epochs_.push_back({epoch, log_end_});
    log_end_ = log_end_ + count;
}

void LogSummary::truncate(Offset to) {
    ASSERT(to >= start_.offset, "truncation to {} before the start {}", to, start_.offset);
    ASSERT(to <= log_end_, "truncation to {} beyond the end {}", to, log_end_);
    log_end_ = to;
    flushed_end_ = std::min(flushed_end_, to);
    while (!epochs_.empty() && epochs_.back().start >= to) epochs_.pop_back();
}

void LogSummary::drop_before(const LogPosition& start) {
    ASSERT(contains(start), "no position {} of epoch {}", start.offset, start.epoch);
    start_ = start;
    std::erase_if(epochs_, [&](const EpochStart& e) { return e.start < start.offset; });
}

void LogSummary::restart_at(const LogPosition& start) {
    *this = {};
    start_ = start;
    log_end_ = start.offset;
    flushed_end_ = start.offset;
}

void LogSummary::mark_flushed(Offset end) {
    flushed_end_ = std::max(flushed_end_, std::min(end, log_end_));
}

LogPosition LogSummary::end_of_epoch(RaftEpoch epoch) const {
    if (epoch < start_.epoch) return {Offset{0}, no_epoch};
    const auto after =
        std::ranges::find_if(epochs_, [&](const EpochStart& e) { return e.epoch > epoch; });
    const Offset end = after == epochs_.end() ? log_end_ : after->start;
    return {end, after == epochs_.begin() ? start_.epoch : std::prev(after)->epoch};
}

bool LogSummary::contains(const LogPosition& position) const {
    if (position.offset < start_.offset) return false;
    const LogPosition end = end_of_epoch(position.epoch);
    return end.epoch == position.epoch && position.offset <= end.offset;
}

RaftEpoch LogSummary::epoch_before(Offset end) const {
    ASSERT(end >= start_.offset, "offset {} before the start {}", end, start_.offset);
    ASSERT(end <= log_end_, "offset {} beyond the end {}", end, log_end_);
    const auto at =
        std::ranges::find_if(epochs_, [&](const EpochStart& e) { return e.start >= end; });
    return at == epochs_.begin() ? start_.epoch : std::prev(at)->epoch;
}

}  // namespace squall::model::raft
