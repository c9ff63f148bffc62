#include "model/log/leader_epoch_cache.h"

#include <algorithm>

#include "model/log/checkpoint_text.h"
#include "sim/base/assert.h"

namespace squall::model {

bool LeaderEpochCache::assign(LeaderEpoch epoch, Offset start) {
    ASSERT(epoch >= LeaderEpoch(0), "leader epoch {} assigned", epoch);
    ASSERT(start >= Offset(0), "epoch {} assigned from offset {}", epoch, start);
    if (!entries_.empty() && entries_.back().epoch == epoch && entries_.back().start <= start) {
        return false;
    }
    std::erase_if(entries_,
                  [&](const Entry& entry) { return entry.epoch >= epoch || entry.start >= start; });
    entries_.push_back(Entry{.epoch = epoch, .start = start});
    check_invariants();
    return true;
}

OffsetAndEpoch LeaderEpochCache::end_offset_for(LeaderEpoch epoch, Offset log_end) const {
    constexpr OffsetAndEpoch undefined{.offset = no_offset, .epoch = no_leader_epoch};
    if (epoch == no_leader_epoch || entries_.empty() || epoch > latest()) return undefined;
    if (epoch == latest()) return {.offset = log_end, .epoch = epoch};
    const auto next = std::ranges::upper_bound(entries_, epoch, {}, &Entry::epoch);
    // The log's first records may be gone, and with them what it knew of this epoch: it ended
    // before what is left begins.
    if (next == entries_.begin()) return {.offset = next->start, .epoch = epoch};
    return {.offset = next->start, .epoch = std::prev(next)->epoch};
}

std::optional<LeaderEpoch> LeaderEpochCache::epoch_at(Offset offset) const {
    const auto next = std::ranges::upper_bound(entries_, offset, {}, &Entry::start);
    if (next == entries_.begin()) return std::nullopt;
    return std::prev(next)->epoch;
}

LeaderEpoch LeaderEpochCache::latest() const {
    return entries_.empty() ? no_leader_epoch : entries_.back().epoch;
}

std::optional<LeaderEpoch> LeaderEpochCache::before(LeaderEpoch epoch) const {
    const auto found = std::ranges::lower_bound(entries_, epoch, {}, &Entry::epoch);
    if (found == entries_.begin()) return std::nullopt;
    return std::prev(found)->epoch;
}

bool LeaderEpochCache::truncate_from_end(Offset end) {
    return std::erase_if(entries_, [&](const Entry& entry) { return entry.start >= end; }) > 0;
}

bool LeaderEpochCache::truncate_from_start(Offset start) {
    const auto next = std::ranges::upper_bound(entries_, start, {}, &Entry::start);
    if (next == entries_.begin()) return false;
    const auto spanning = std::prev(next);
    if (spanning == entries_.begin() && spanning->start == start) return false;
    spanning->start = start;
    entries_.erase(entries_.begin(), spanning);
    check_invariants();
    return true;
}

std::string LeaderEpochCache::to_checkpoint() const {
    std::string text = checkpoint_header(entries_.size());
    for (const Entry& entry : entries_) text += fmt::format("{} {}\n", entry.epoch, entry.start);
    return text;
}

Result<LeaderEpochCache> LeaderEpochCache::from_checkpoint(std::string_view text) {
    CheckpointLines lines(text);
    LeaderEpochCache cache;
    while (const auto words = lines.next(2)) {
        const auto epoch = parse_number((*words)[0]);
        const auto start = parse_number((*words)[1]);
        if (!epoch || !start || *epoch < 0 || *epoch > INT32_MAX || *start < 0) {
            return lines.corrupt("not an epoch and an offset");
        }
        const Entry entry{.epoch = LeaderEpoch(static_cast<std::int32_t>(*epoch)),
                          .start = Offset(*start)};
        if (!cache.entries_.empty() && (entry.epoch <= cache.entries_.back().epoch ||
                                        entry.start <= cache.entries_.back().start)) {
            return lines.corrupt("not in order");
        }
        cache.entries_.push_back(entry);
    }
    if (!lines.is_complete()) return lines.corrupt("not as many entries as it says");
    return cache;
}

void LeaderEpochCache::check_invariants() const {
    for (std::size_t i = 1; i < entries_.size(); ++i) {
        ASSERT(entries_[i - 1].epoch < entries_[i].epoch, "epoch {} before {}",
               entries_[i - 1].epoch, entries_[i].epoch);
        ASSERT(entries_[i - 1].start < entries_[i].start, "epoch {} from {} before {} from {}",
               entries_[i - 1].epoch, entries_[i - 1].start, entries_[i].epoch, entries_[i].start);
    }
}

}  // namespace squall::model
