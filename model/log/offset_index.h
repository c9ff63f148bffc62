// OffsetIndex: where in its segment's file a batch lies, by offset and by timestamp.
//
// Rebuilt when the segment is opened; every batch has an entry, so a lookup needs no scan of the
// file. Pure. Offsets are strictly increasing, with holes where compaction or an unclean history
// left them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/protocol/batch_view.h"
#include "model/protocol/types.h"

namespace squall::model {

class OffsetIndex {
  public:
    struct Entry {
        Offset base_offset;
        Offset last_offset;
        std::uint64_t position = 0;  // in the file
        std::uint64_t size = 0;
        TimestampMs max_timestamp = no_timestamp;

        std::uint64_t end() const { return position + size; }
        bool operator==(const Entry&) const = default;
    };

    // Requires: `batch` follows the last entry, in offset and position.
    void append(const BatchView& batch, std::uint64_t position);
    // The first batch that ends at or after `offset`: the one that holds it, or the next one if it
    // fell into a hole. nullptr if there is none.
    const Entry* at_or_after(Offset offset) const;
    // The first batch with a timestamp at or after `timestamp`.
    const Entry* first_with_timestamp(TimestampMs timestamp) const;
    // Entries whose batches do not lie below `offset` entirely go. Returns the file's size then.
    std::uint64_t truncate(Offset offset);

    bool is_empty() const { return entries_.empty(); }
    const std::vector<Entry>& entries() const { return entries_; }
    TimestampMs max_timestamp() const;

  private:
    std::vector<Entry> entries_;
    // running_max_[i] is the largest timestamp of entries 0..i: non-decreasing, so it can be
    // searched, although timestamps themselves come in any order.
    std::vector<TimestampMs> running_max_;
};

}  // namespace squall::model
