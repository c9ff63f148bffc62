// File: the content of one file, as the page cache has it and as the device has it.
//
// The two are kept as differences. Files only grow at their end and are cut there, so:
//
//     content      what reads return
//     clean size   content[0, clean) is on the device too, but for the holes
//     holes        ranges below the clean size that a failed flush did not write and that the page
//                  cache believes clean all the same (fsyncgate): zeros on the device
//     stale tail   what the device has beyond the clean size: bytes cut from the page cache by a
//                  truncation that the journal has not committed
//
// A flush in flight covers the size at its begin, lowered by later truncations. Knows no names, no
// costs and no faults.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "sim/base/bytes.h"
#include "sim/disk/crash_model.h"

namespace squall::sim {

class File {
  public:
    File() = default;
    // Content that is on the device as soon as its name is (see Disk::replace).
    static File written_through(ByteView content);

    ByteView content() const { return content_; }
    std::uint64_t size() const { return content_.size(); }
    std::uint64_t clean_size() const { return clean_size_; }

    void append(ByteView bytes) { content_.insert(content_.end(), bytes.begin(), bytes.end()); }
    // Requires: size <= this->size().
    void truncate(std::uint64_t size);
    // The journal has committed an earlier truncate(size).
    void commit_truncation(std::uint64_t size);

    void begin_flush(std::uint64_t ticket) { flushes_in_flight_[ticket] = size(); }
    // Requires: begin_flush(ticket), and every truncation before it committed.
    void finish_flush(std::uint64_t ticket);
    // As finish_flush, but only what `fates` says reached the device. Returns how many bytes did
    // not.
    std::uint64_t fail_flush(std::uint64_t ticket, const SectorFates& fates);
    void forget_flushes() { flushes_in_flight_.clear(); }

    struct Loss {
        std::uint64_t lost_bytes = 0;
        std::uint64_t torn_sectors = 0;
    };
    // The page cache is gone. `limit`: the smallest size that a truncation lost with the journal
    // had cut this file to; what was appended after it cannot be on the device either.
    Loss lose_power(const SectorFates& fates, std::uint64_t limit);

    // How many bytes are at rest on the device, and one bit of the n-th of them turned over.
    std::uint64_t resting_bytes() const;
    void flip_bit(std::uint64_t nth_resting_byte, unsigned bit);
    std::uint8_t resting_byte(std::uint64_t n) const { return content_[position_of(n)]; }
    void set_resting_byte(std::uint64_t n, std::uint8_t value) { content_[position_of(n)] = value; }

  private:
    struct Range {
        std::uint64_t begin = 0, end = 0;
    };

    std::uint64_t position_of(std::uint64_t nth_resting_byte) const;
    std::uint64_t take_covered(std::uint64_t ticket);
    void cut_holes(std::uint64_t size);
    void check_invariants() const;

    Bytes content_;
    std::uint64_t clean_size_ = 0;
    std::vector<Range> holes_;  // ascending, disjoint, not empty
    Bytes stale_tail_;
    std::map<std::uint64_t, std::uint64_t> flushes_in_flight_;  // ticket -> covered size
};

}  // namespace squall::sim
