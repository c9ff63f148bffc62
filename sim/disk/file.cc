#include "sim/disk/file.h"

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"

namespace squall::sim {

namespace {

std::ptrdiff_t at(std::uint64_t position) {
    return static_cast<std::ptrdiff_t>(position);
}

// Calls visit(begin, end, bytes kept from `begin` on) for the part of each sector that lies within
// [begin, end).
template <class Visit>
void for_each_sector(std::uint64_t begin, std::uint64_t end, const SectorFates& fates,
                     Visit visit) {
    while (begin < end) {
        const std::uint64_t sector = begin / sector_bytes;
        const std::uint64_t sector_end = std::min(end, (sector + 1) * sector_bytes);
        const std::uint64_t reached = sector * sector_bytes + fates.bytes_kept(sector);
        visit(begin, sector_end, std::clamp(reached, begin, sector_end) - begin);
        begin = sector_end;
    }
}

}  // namespace

File File::written_through(ByteView content) {
    File file;
    file.append(content);
    file.clean_size_ = content.size();
    return file;
}

void File::truncate(std::uint64_t size) {
    ASSERT(size <= content_.size(), "truncation to {} of a file of {} bytes", size,
           content_.size());
    if (size < clean_size_) {
        // Older stale bytes lie behind these: together they are the device's view of the tail. A
        // hole among them is zeros there.
        for (const Range& hole : holes_) {
            const std::uint64_t begin = std::max(hole.begin, size);
            if (begin < hole.end) {
                std::fill(content_.begin() + at(begin), content_.begin() + at(hole.end),
                          std::uint8_t{0});
            }
        }
        stale_tail_.insert(stale_tail_.begin(), content_.begin() + at(size),
                           content_.begin() + at(clean_size_));
        clean_size_ = size;
        cut_holes(size);
    }
    content_.resize(size);
    for (auto& [ticket, covered] : flushes_in_flight_) covered = std::min(covered, size);
    check_invariants();
}

void File::commit_truncation(std::uint64_t size) {
    ASSERT(size >= clean_size_, "truncation to {} committed after {} bytes became clean", size,
           clean_size_);
    if (stale_tail_.size() > size - clean_size_) stale_tail_.resize(size - clean_size_);
}

std::uint64_t File::take_covered(std::uint64_t ticket) {
    const auto found = flushes_in_flight_.find(ticket);
    ASSERT(found != flushes_in_flight_.end(), "flush {} was never begun", ticket);
    const std::uint64_t covered = found->second;
    flushes_in_flight_.erase(found);
    return covered;
}

void File::finish_flush(std::uint64_t ticket) {
    const std::uint64_t covered = take_covered(ticket);
    if (covered <= clean_size_) return;  // an overlapping flush was faster, or it was cut meanwhile
    // A truncation committed since may have left the device's tail; these bytes replace it.
    ASSERT(stale_tail_.empty(), "a flush over {} stale bytes", stale_tail_.size());
    clean_size_ = covered;
    check_invariants();
}

std::uint64_t File::fail_flush(std::uint64_t ticket, const SectorFates& fates) {
    const std::uint64_t covered = take_covered(ticket);
    if (covered <= clean_size_) return 0;
    ASSERT(stale_tail_.empty(), "a flush over {} stale bytes", stale_tail_.size());
    std::uint64_t unwritten = 0;
    for_each_sector(clean_size_, covered, fates,
                    [&](std::uint64_t begin, std::uint64_t end, std::uint64_t kept) {
                        if (begin + kept == end) return;
                        holes_.push_back(Range{.begin = begin + kept, .end = end});
                        unwritten += end - begin - kept;
                    });
    clean_size_ = covered;
    check_invariants();
    return unwritten;
}

File::Loss File::lose_power(const SectorFates& fates, std::uint64_t limit) {
    Loss loss;
    flushes_in_flight_.clear();
    const std::uint64_t written = content_.size();
    const auto zero = [&](std::uint64_t begin, std::uint64_t end) {
        std::fill(content_.begin() + at(begin), content_.begin() + at(end), std::uint8_t{0});
        loss.lost_bytes += end - begin;
    };
    for (const Range& hole : holes_) zero(hole.begin, hole.end);
    holes_.clear();
    if (!stale_tail_.empty()) {
        ASSERT(limit <= clean_size_, "stale bytes behind {} without a lost truncation to it",
               clean_size_);
        loss.lost_bytes += written - clean_size_;
        content_.resize(clean_size_);
        content_.insert(content_.end(), stale_tail_.begin(), stale_tail_.end());
    } else {
        const std::uint64_t reachable = std::max(clean_size_, std::min(limit, written));
        const std::uint64_t size = fates.surviving_size(clean_size_, reachable);
        loss.lost_bytes += written - size;
        content_.resize(size);
        for_each_sector(clean_size_, size, fates,
                        [&](std::uint64_t begin, std::uint64_t end, std::uint64_t kept) {
                            if (begin + kept == end) return;
                            if (kept > 0) ++loss.torn_sectors;
                            zero(begin + kept, end);
                        });
    }
    stale_tail_.clear();
    clean_size_ = content_.size();
    check_invariants();
    return loss;
}

std::uint64_t File::resting_bytes() const {
    std::uint64_t bytes = clean_size_;
    for (const Range& hole : holes_) bytes -= hole.end - hole.begin;
    return bytes;
}

void File::flip_bit(std::uint64_t nth_resting_byte, unsigned bit) {
    ASSERT(bit < 8, "bit {} of a byte", bit);
    std::uint8_t& byte = content_[position_of(nth_resting_byte)];
    byte = static_cast<std::uint8_t>(byte ^ (1u << bit));
}

std::uint64_t File::position_of(std::uint64_t nth_resting_byte) const {
    ASSERT(nth_resting_byte < resting_bytes(), "byte {} of {} at rest", nth_resting_byte,
           resting_bytes());
    std::uint64_t position = nth_resting_byte;
    for (const Range& hole : holes_) {
        if (hole.begin > position) break;
        position += hole.end - hole.begin;
    }
    return position;
}

void File::cut_holes(std::uint64_t size) {
    std::erase_if(holes_, [&](const Range& hole) { return hole.begin >= size; });
    if (!holes_.empty()) holes_.back().end = std::min(holes_.back().end, size);
}

void File::check_invariants() const {
    ASSERT(clean_size_ <= content_.size(), "clean size {} beyond size {}", clean_size_,
           content_.size());
    if (!holes_.empty()) {
        ASSERT(holes_.back().end <= clean_size_, "a hole up to {} beyond the clean size {}",
               holes_.back().end, clean_size_);
    }
}

}  // namespace squall::sim
