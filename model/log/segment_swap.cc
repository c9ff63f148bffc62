#include "model/log/segment_swap.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/assert.h"

namespace squall::model {

namespace {

// One past the last offset in the file of a segment; its base offset if it holds none.
Result<sim::Costed<Offset>> end_of_file(sim::Disk& disk, const std::string& path, Offset base) {
    const Result<sim::Costed<Bytes>> content = disk.read_all(path);
    if (!content) return content.error();
    Offset end = base;
    BatchCursor cursor(content->value);
    while (const std::optional<BatchView> batch = cursor.next()) end = batch->next_offset();
    return sim::Costed<Offset>{.value = end, .cost = content->cost};
}

}  // namespace

Result<Duration> swap_segments(sim::Disk& disk, Segment& cleaned, std::span<Segment> old) {
    ASSERT(!old.empty(), "{} replaces nothing", cleaned.path());
    ASSERT(cleaned.base_offset() == old.front().base_offset(), "{} replaces a segment at {}",
           cleaned.path(), old.front().base_offset());
    Result<Duration> step = disk.flush(cleaned.path());
    if (!step) return step;
    Duration cost = *step;
    step = cleaned.change_suffix(suffix::swap);
    if (!step) return step;
    cost += *step;
    for (Segment& segment : old.subspan(1)) {
        step = segment.remove();
        if (!step) return step;
        cost += *step;
    }
    step = cleaned.change_suffix(suffix::none);  // over the first of the old ones
    if (!step) return step;
    // What comes next may be cleaned on the strength of this swap.
    const Result<Duration> committed = disk.flush(cleaned.path());
    if (!committed) return committed;
    return cost + *step + *committed;
}

Result<sim::Costed<std::uint32_t>> finish_interrupted_swaps(sim::Disk& disk,
                                                            std::string_view folder) {
    Duration cost{};
    std::uint32_t finished = 0;
    const std::vector<std::string> paths = disk.list(fmt::format("{}/", folder));
    for (const std::string& path : paths) {
        if (!segment_base_offset(path, suffix::cleaned)) continue;
        const Result<Duration> removed = disk.remove(path);
        if (!removed) return removed.error();
        cost += *removed;
    }
    for (const std::string& path : paths) {
        const std::optional<Offset> base = segment_base_offset(path, suffix::swap);
        if (!base) continue;
        const Result<sim::Costed<Offset>> end = end_of_file(disk, path, *base);
        if (!end) return end.error();
        cost += end->cost;
        for (const std::string& other : paths) {
            const std::optional<Offset> replaced = segment_base_offset(other);
            if (!replaced || *replaced <= *base || *replaced >= end->value) continue;
            const Result<Duration> removed = disk.remove(other);
            if (!removed) return removed.error();
            cost += *removed;
        }
        const Result<Duration> renamed = disk.rename(path, segment_path(folder, *base));
        if (!renamed) return renamed.error();
        cost += *renamed;
        ++finished;
    }
    return sim::Costed<std::uint32_t>{.value = finished, .cost = cost};
}

}  // namespace squall::model
