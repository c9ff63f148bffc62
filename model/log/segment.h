// Segment: one file of a partition's log, "<folder>/<base offset, 20 digits>.log": whole record
// batches in the order of their offsets, nothing else.
//
// Appends go to the page cache. The file is created with the segment, so that a log which starts at
// some offset and is empty still has a place on disk that says so. Errors are the disk's; after a
// failed change the file's end is not to be trusted any more (Log refuses further changes).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "model/log/offset_index.h"
#include "model/protocol/batch_view.h"
#include "model/protocol/types.h"
#include "sim/base/bytes.h"
#include "sim/base/result.h"
#include "sim/base/time.h"
#include "sim/disk/disk.h"

namespace squall::model {

// "orders-0/00000000000000000120.log"
std::string segment_path(std::string_view folder, Offset base_offset);
// The base offset in such a path; nullopt if it is the path of something else.
std::optional<Offset> segment_base_offset(std::string_view path);

class Segment {
  public:
    static Result<sim::Costed<Segment>> create(sim::Disk& disk, std::string_view folder,
                                               Offset base_offset);

    // How a segment that lies on disk is taken: batch by batch, as long as each is whole, has magic
    // 2 and begins at or after the end of the one before; and, if asked for, has the right CRC.
    struct Scan {
        bool verify_crc = false;
        std::function<void(const BatchView&)> on_batch;  // for each batch taken
        Offset next_offset{0};                           // the end of the batch before
        std::uint64_t truncated_bytes = 0;               // cut off behind the last one taken
        std::string reason;                              // why; empty if nothing was
    };
    // Reads the file and cuts off what is not to be taken; carries `scan` on to the next segment.
    // Errors: not_found, io_error, closed.
    static Result<sim::Costed<Segment>> open(sim::Disk& disk, std::string_view folder,
                                             Offset base_offset, Scan& scan);

    // Appends whole batches in order. Requires: they follow next_offset(). Errors: io_error,
    // no_space, closed.
    Result<Duration> append(ByteView batches);
    // The bytes of whole batches from the one at or after `from`: as many as end at or below
    // `upper_bound` and fit into `max_bytes`; the first one even if it does not fit, when
    // `at_least_one`. Empty if there is none. Errors: io_error, closed.
    struct Slice {
        Bytes bytes;
        Offset next_offset = no_offset;  // one past the last batch; no_offset if empty
    };
    Result<sim::Costed<Slice>> read(Offset from, Offset upper_bound, std::uint64_t max_bytes,
                                    bool at_least_one) const;
    // The bytes of one batch of the index. Errors: io_error, closed.
    Result<sim::Costed<Bytes>> read_batch(const OffsetIndex::Entry& entry) const;
    // Cuts off every batch that does not lie below `offset` entirely.
    Result<Duration> truncate_to(Offset offset);
    Result<Duration> remove();

    const std::string& path() const { return path_; }
    Offset base_offset() const { return base_offset_; }
    // One past the last record; base_offset() if empty.
    Offset next_offset() const;
    std::uint64_t size() const { return size_; }
    bool is_empty() const { return index_.is_empty(); }
    const OffsetIndex& index() const { return index_; }

    // Whether `bytes` more, the last record of which is at `last_offset` and the newest from
    // `timestamp`, belong into a new segment: this one would grow beyond segment.bytes, an offset
    // would not fit into 32 bits relative to the base, or the first batch is older than segment.ms
    // by record time. (Kafka takes the segment's age where records have no timestamps.)
    struct RollLimits {
        std::int64_t segment_bytes;
        std::int64_t segment_ms;
    };
    bool should_roll(std::uint64_t bytes, Offset last_offset, TimestampMs timestamp,
                     const RollLimits& limits) const;

  private:
    Segment(sim::Disk& disk, std::string_view folder, Offset base_offset);

    sim::Disk* disk_;  // never null; a pointer so that segments can move in their vector
    std::string path_;
    Offset base_offset_;
    std::uint64_t size_ = 0;
    OffsetIndex index_;
};

}  // namespace squall::model
