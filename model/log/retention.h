// Which of a log's oldest segments may be deleted: the rules of cleanup.policy=delete.
//
// Deletion goes from the front, never past the high watermark (KAFKA-5634), and never the active
// segment while it is empty. Each rule answers how many segments from the front it gives up; the
// log deletes what the largest answer says. Pure.
#pragma once

#include <cstddef>
#include <span>

#include "model/log/log_options.h"
#include "model/log/segment.h"
#include "model/protocol/types.h"

namespace squall::model {

struct RetentionView {
    std::span<const Segment> segments;
    Offset log_start_offset;
    Offset log_end_offset;
    Offset high_watermark;
};

// How many segments from the front lie below the high watermark entirely and hold something.
std::size_t segments_that_may_go(const RetentionView& log);
// retention.ms, by the largest record timestamp of a segment. One whose records have no timestamp
// stays (Kafka takes its file's time); one that compaction emptied goes.
std::size_t segments_expired_by_time(const RetentionView& log, TimestampMs retention_ms,
                                     TimestampMs now);
// retention.bytes: as many as leave at least that much.
std::size_t segments_expired_by_size(const RetentionView& log, std::int64_t retention_bytes);
// Segments below the log start offset, whatever the policy.
std::size_t segments_below_log_start(const RetentionView& log);
// What cleanup.policy and the settings make of the four.
std::size_t segments_to_delete(const RetentionView& log, const LogOptions& options,
                               TimestampMs now);

}  // namespace squall::model
