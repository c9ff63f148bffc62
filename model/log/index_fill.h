// IndexFill: how full Kafka's index files of a segment would be.
//
// Ours are in memory and know every batch (offset_index.h); Kafka's are sparse files of a fixed
// size, segment.index.bytes, and one that is full rolls the segment. An entry of the offset index
// (8 bytes) is written when more than index.interval.bytes went by since the last, and with it one
// of the time index (12 bytes) if the largest timestamp has grown. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

#include "model/protocol/types.h"

namespace squall::model {

class IndexFill {
  public:
    void add(std::uint64_t batch_bytes, TimestampMs max_timestamp, std::int32_t interval_bytes) {
        max_timestamp_ = std::max(max_timestamp_, max_timestamp);
        if (bytes_since_entry_ > static_cast<std::uint64_t>(interval_bytes)) {
            ++offset_entries_;
            if (max_timestamp_ > last_time_entry_) {
                ++time_entries_;
                last_time_entry_ = max_timestamp_;
            }
            bytes_since_entry_ = 0;
        }
        bytes_since_entry_ += batch_bytes;
    }
    // The time index keeps a place for the entry that closing the segment writes.
    bool is_full(std::int32_t index_bytes) const {
        return offset_entries_ >= index_bytes / offset_entry_bytes ||
               time_entries_ >= index_bytes / time_entry_bytes - 1;
    }

  private:
    static constexpr std::int32_t offset_entry_bytes = 8;
    static constexpr std::int32_t time_entry_bytes = 12;

    std::uint64_t bytes_since_entry_ = 0;
    std::int32_t offset_entries_ = 0;
    std::int32_t time_entries_ = 0;
    TimestampMs max_timestamp_ = no_timestamp;
    TimestampMs last_time_entry_ = no_timestamp;
};

}  // namespace squall::model
