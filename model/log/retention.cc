#include "model/log/retention.h"

#include <algorithm>

namespace squall::model {

namespace {

Offset end_of(const RetentionView& log, std::size_t segment) {
    return segment + 1 < log.segments.size() ? log.segments[segment + 1].base_offset()
                                             : log.log_end_offset;
}

bool is_expired(const Segment& segment, TimestampMs retention_ms, TimestampMs now) {
    if (segment.is_empty()) return true;
    const TimestampMs newest = segment.index().max_timestamp();
    return newest != no_timestamp && now - newest > retention_ms;
}

}  // namespace

std::size_t segments_that_may_go(const RetentionView& log) {
    std::size_t count = 0;
    while (count < log.segments.size() && end_of(log, count) <= log.high_watermark) {
        const bool is_active = count + 1 == log.segments.size();
        if (is_active && log.segments[count].is_empty()) break;
        ++count;
    }
    return count;
}

std::size_t segments_expired_by_time(const RetentionView& log, TimestampMs retention_ms,
                                     TimestampMs now) {
    if (retention_ms < 0) return 0;
    std::size_t count = 0;
    while (count < log.segments.size() && is_expired(log.segments[count], retention_ms, now)) {
        ++count;
    }
    return count;
}

std::size_t segments_expired_by_size(const RetentionView& log, std::int64_t retention_bytes) {
    if (retention_bytes < 0) return 0;
    std::int64_t excess = -retention_bytes;
    for (const Segment& segment : log.segments) excess += static_cast<std::int64_t>(segment.size());
    std::size_t count = 0;
    while (count < log.segments.size()) {
        excess -= static_cast<std::int64_t>(log.segments[count].size());
        if (excess < 0) break;
        ++count;
    }
    return count;
}

std::size_t segments_below_log_start(const RetentionView& log) {
    std::size_t count = 0;
    while (count + 1 < log.segments.size() && end_of(log, count) <= log.log_start_offset) ++count;
    return count;
}

std::size_t segments_to_delete(const RetentionView& log, const LogOptions& options,
                               TimestampMs now) {
    std::size_t count = segments_below_log_start(log);
    if (options.cleanup_policy.deletes) {
        count = std::max(count, segments_expired_by_size(log, options.retention_bytes));
        count = std::max(count, segments_expired_by_time(log, options.retention_ms.count(), now));
    }
    return std::min(count, segments_that_may_go(log));
}

}  // namespace squall::model
