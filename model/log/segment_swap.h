// The crash-safe replacement of segments by a compacted one (Kafka's LocalLog.replaceSegments).
//
//     1  <base>.log.cleaned    is written and flushed; a crash: it is removed at the next start
//     2  renamed to .log.swap  from here on the new segment counts; a crash: steps 3 and 4 are done
//                              at the next start
//     3  the old ones removed  those whose base offset lies in what the new one holds
//     4  renamed to .log
//
// The disk journals renames and removals in order, so what a crash leaves is the state between two
// of the steps, and each of them is finished or undone by finish_interrupted_swaps. An old segment
// behind the last record of the new one survives a crash in step 3: it is not clean, but right.
#pragma once

#include <span>
#include <string_view>

#include "model/log/segment.h"
#include "sim/base/result.h"
#include "sim/base/time.h"
#include "sim/disk/disk.h"

namespace squall::model {

// Steps 1 (its flush) to 4. Requires: `cleaned` was created with suffix::cleaned, at the base
// offset of the first of `old`; `old` is not empty. Errors: io_error, closed; then the files are in
// one of the states above.
Result<Duration> swap_segments(sim::Disk& disk, Segment& cleaned, std::span<Segment> old);

// Before the segments of a folder are opened. Returns how many were interrupted after step 2, and
// are finished now. Errors: io_error, closed.
Result<sim::Costed<std::uint32_t>> finish_interrupted_swaps(sim::Disk& disk,
                                                            std::string_view folder);

}  // namespace squall::model
