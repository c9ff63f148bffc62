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

#include "model/log/index_fill.h"
#include "model/log/offset_index.h"
#include "model/log/producer_state.h"
#include "model/log/transaction_index.h"
#include "model/protocol/batch_view.h"
#include "model/protocol/types.h"
#include "sim/base/bytes.h"
#include "sim/base/result.h"
#include "sim/base/time.h"
#include "sim/disk/disk.h"

namespace squall::model {

// What stands behind ".log" while a segment replaces others (segment_swap.h).
namespace suffix {
inline constexpr std::string_view none = "";
inline constexpr std::string_view cleaned = ".cleaned";
inline constexpr std::string_view swap = ".swap";
}  // namespace suffix

// "orders-0/00000000000000000120.log"
std::string segment_path(std::string_view folder, Offset base_offset,
                         std::string_view suffix = suffix::none);
// The base offset in such a path; nullopt if it is the path of something else.
std::optional<Offset> segment_base_offset(std::string_view path,
                                          std::string_view suffix = suffix::none);
// The same for any file that is named by an offset: "<folder>/<offset, 20 digits><ending>".
std::string offset_path(std::string_view folder, Offset offset, std::string_view ending);
std::optional<Offset> offset_in_path(std::string_view path, std::string_view ending);

class Segment {
  public:
    static Result<sim::Costed<Segment>> create(sim::Disk& disk, std::string_view folder,
                                               Offset base_offset,
                                               std::string_view suffix = suffix::none);

    // How a segment that lies on disk is taken: batch by batch, as long as each is whole, has magic
    // 2 and begins at or after the end of the one before; and, if asked for, has the right CRC.
    struct Scan {
        bool verify_crc = false;
        std::function<void(const BatchView&)> on_batch;  // for each batch taken
        std::int32_t index_interval_bytes = 4096;
        ProducerStates producers;           // of the batches so far
        Offset next_offset{0};              // the end of the batch before
        std::uint64_t truncated_bytes = 0;  // cut off behind the last one taken
        std::string reason;                 // why; empty if nothing was
    };
    // Reads the file and cuts off what is not to be taken; carries `scan` on to the next segment.
    // Errors: not_found, io_error, closed.
    static Result<sim::Costed<Segment>> open(sim::Disk& disk, std::string_view folder,
                                             Offset base_offset, Scan& scan);

    // Appends whole batches in order. Requires: they follow next_offset(). Errors: io_error,
    // no_space, closed.
    Result<Duration> append(ByteView batches, std::int32_t index_interval_bytes = 4096);
    // The marker of this transaction was appended.
    void add_aborted(const AbortedTransaction& transaction) { transactions_.append(transaction); }
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
    // The file is named so from now on, in place of what was.
    Result<Duration> change_suffix(std::string_view suffix);

    const std::string& path() const { return path_; }
    Offset base_offset() const { return base_offset_; }
    // One past the last record; base_offset() if empty.
    Offset next_offset() const;
    std::uint64_t size() const { return size_; }
    bool is_empty() const { return index_.is_empty(); }
    const OffsetIndex& index() const { return index_; }
    const TransactionIndex& transactions() const { return transactions_; }
    // Whether a batch names its producer (or did, before a truncation).
    bool has_producers() const { return has_producers_; }

    // Whether `bytes` more, the last record of which is at `last_offset` and the newest from
    // `timestamp`, belong into a new segment: this one would grow beyond segment.bytes, an offset
    // would not fit into 32 bits relative to the base, an index file of Kafka's would be full, or
    // the first batch is older than segment.ms by record time. (Kafka takes the segment's age where
    // records have no timestamps.)
    struct RollLimits {
        std::int64_t segment_bytes;
        std::int64_t segment_ms;
        std::int32_t index_bytes = INT32_MAX;
    };
    bool should_roll(std::uint64_t bytes, Offset last_offset, TimestampMs timestamp,
                     const RollLimits& limits) const;

  private:
    Segment(sim::Disk& disk, std::string_view folder, Offset base_offset, std::string_view suffix);
    void add(const BatchView& batch, std::int32_t index_interval_bytes);

    sim::Disk* disk_;  // never null; a pointer so that segments can move in their vector
    std::string folder_;
    std::string path_;
    Offset base_offset_;
    std::uint64_t size_ = 0;
    OffsetIndex index_;
    IndexFill index_fill_;
    TransactionIndex transactions_;
    bool has_producers_ = false;
};

}  // namespace squall::model
