#include "model/log/offset_index.h"

#include <algorithm>

#include "sim/base/assert.h"

namespace squall::model {

void OffsetIndex::append(const BatchView& batch, std::uint64_t position) {
    if (!entries_.empty()) {
        const Entry& last = entries_.back();
        ASSERT(batch.base_offset() > last.last_offset, "batch at {} behind offset {}",
               batch.base_offset(), last.last_offset);
        ASSERT(position == last.end(), "batch at position {} behind {}", position, last.end());
    }
    ASSERT(batch.last_offset() >= batch.base_offset(), "batch from {} to {}", batch.base_offset(),
           batch.last_offset());
    running_max_.push_back(std::max(max_timestamp(), batch.max_timestamp()));
    entries_.push_back(Entry{.base_offset = batch.base_offset(),
                             .last_offset = batch.last_offset(),
                             .position = position,
                             .size = batch.size(),
                             .max_timestamp = batch.max_timestamp()});
}

const OffsetIndex::Entry* OffsetIndex::at_or_after(Offset offset) const {
    const auto found = std::ranges::lower_bound(entries_, offset, {}, &Entry::last_offset);
    return found == entries_.end() ? nullptr : &*found;
}

const OffsetIndex::Entry* OffsetIndex::first_with_timestamp(TimestampMs timestamp) const {
    const auto found = std::ranges::lower_bound(running_max_, timestamp);
    if (found == running_max_.end()) return nullptr;
    return &entries_[static_cast<std::size_t>(found - running_max_.begin())];
}

std::uint64_t OffsetIndex::truncate(Offset offset) {
    const auto first_cut = std::ranges::lower_bound(entries_, offset, {}, &Entry::last_offset);
    entries_.erase(first_cut, entries_.end());
    running_max_.resize(entries_.size());
    return entries_.empty() ? 0 : entries_.back().end();
}

TimestampMs OffsetIndex::max_timestamp() const {
    return running_max_.empty() ? no_timestamp : running_max_.back();
}

}  // namespace squall::model
