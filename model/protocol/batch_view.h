// BatchView: the header of one encoded record batch (Kafka's v2 format, magic 2; KIP-98), read in
// place without decoding its records; and the walk over several batches in a row, as segments,
// Produce requests and Fetch answers hold them.
//
//     at  size  field                       at  size  field
//      0     8  base offset                 27     8  base timestamp
//      8     4  length of what follows      35     8  max timestamp
//     12     4  partition leader epoch      43     8  producer id
//     16     1  magic                       51     2  producer epoch
//     17     4  CRC-32C of 21..end          53     4  base sequence
//     21     2  attributes                  57     4  count of records
//     23     4  last offset delta           61        records
//
// Everything is big endian. The CRC covers what the producer wrote; base offset, length, leader
// epoch and magic lie outside it, so that a leader can stamp the first and third without
// recomputing it. Damage there is noticed as far as it can be: a wrong magic is corrupt, a wrong
// length moves the CRC's range or runs past the end; a wrong base offset or leader epoch passes,
// and it is the log that must compare them with their neighbours.
//
// Views do not own: the bytes must outlive them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "model/protocol/types.h"
#include "sim/base/bytes.h"
#include "sim/base/result.h"

namespace squall::model {

// The field positions of the table above.
namespace batch_layout {
inline constexpr std::size_t base_offset = 0;
inline constexpr std::size_t length = 8;
inline constexpr std::size_t partition_leader_epoch = 12;
inline constexpr std::size_t magic = 16;
inline constexpr std::size_t crc = 17;
inline constexpr std::size_t attributes = 21;
inline constexpr std::size_t last_offset_delta = 23;
inline constexpr std::size_t base_timestamp = 27;
inline constexpr std::size_t max_timestamp = 35;
inline constexpr std::size_t producer_id = 43;
inline constexpr std::size_t producer_epoch = 51;
inline constexpr std::size_t base_sequence = 53;
inline constexpr std::size_t count = 57;
inline constexpr std::size_t records = 61;

inline constexpr std::size_t before_length_counts = 12;  // base offset and the length itself
inline constexpr std::int8_t current_magic = 2;
}  // namespace batch_layout

enum class Compression : std::uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };
std::string_view to_string(Compression compression);

enum class TimestampType : std::uint8_t { create_time = 0, log_append_time = 1 };

// The attribute bits of a batch. Bits that Kafka has not given a meaning are carried as they are.
struct BatchAttributes {
    std::int16_t bits = 0;

    // What the lowest three bits say; 5 to 7 name no codec (LogValidator and clients refuse them).
    Compression compression() const { return static_cast<Compression>(bits & 0x07); }
    TimestampType timestamp_type() const {
        return has(0x08) ? TimestampType::log_append_time : TimestampType::create_time;
    }
    bool is_transactional() const { return has(0x10); }
    bool is_control() const { return has(0x20); }
    // Compaction keeps base_timestamp as the time from which tombstones may go (KIP-534).
    bool has_delete_horizon() const { return has(0x40); }

    BatchAttributes& set_compression(Compression compression) {
        bits = static_cast<std::int16_t>((bits & ~0x07) | static_cast<int>(compression));
        return *this;
    }
    BatchAttributes& set_timestamp_type(TimestampType type) {
        return set(0x08, type == TimestampType::log_append_time);
    }
    BatchAttributes& set_transactional(bool on) { return set(0x10, on); }
    BatchAttributes& set_control(bool on) { return set(0x20, on); }
    BatchAttributes& set_delete_horizon(bool on) { return set(0x40, on); }

    bool operator==(const BatchAttributes&) const = default;

  private:
    bool has(int bit) const { return (bits & bit) != 0; }
    BatchAttributes& set(int bit, bool on) {
        bits = static_cast<std::int16_t>(on ? bits | bit : bits & ~bit);
        return *this;
    }
};

class BatchView {
  public:
    // The batch at the front of `bytes`. Corrupt if the batch is not whole, its length or base
    // offset cannot be one, or its magic is not 2. The CRC is not looked at: see check().
    static Result<BatchView> at_front(ByteView bytes);

    Offset base_offset() const { return Offset(read<std::int64_t>(batch_layout::base_offset)); }
    LeaderEpoch partition_leader_epoch() const {
        return LeaderEpoch(read<std::int32_t>(batch_layout::partition_leader_epoch));
    }
    std::uint32_t crc() const { return read<std::uint32_t>(batch_layout::crc); }
    BatchAttributes attributes() const { return {read<std::int16_t>(batch_layout::attributes)}; }
    std::int32_t last_offset_delta() const {
        return read<std::int32_t>(batch_layout::last_offset_delta);
    }
    TimestampMs base_timestamp() const { return read<std::int64_t>(batch_layout::base_timestamp); }
    TimestampMs max_timestamp() const { return read<std::int64_t>(batch_layout::max_timestamp); }
    ProducerId producer_id() const {
        return ProducerId(read<std::int64_t>(batch_layout::producer_id));
    }
    ProducerEpoch producer_epoch() const {
        return ProducerEpoch(read<std::int16_t>(batch_layout::producer_epoch));
    }
    SequenceNumber base_sequence() const {
        return SequenceNumber(read<std::int32_t>(batch_layout::base_sequence));
    }
    // Records in the batch. Compaction leaves holes: offsets go by last_offset_delta, not by this.
    std::int32_t count() const { return read<std::int32_t>(batch_layout::count); }

    Offset last_offset() const { return base_offset() + last_offset_delta(); }
    Offset next_offset() const { return last_offset().next(); }
    // The sequence of the last record, wrapped (see sequence_after); no_sequence if there is none.
    SequenceNumber last_sequence() const;
    bool has_producer_id() const { return producer_id() != no_producer_id; }

    std::size_t size() const { return bytes_.size(); }
    ByteView bytes() const { return bytes_; }
    // The encoded (perhaps compressed) records.
    ByteView records() const { return bytes_.subspan(batch_layout::records); }

    std::uint32_t computed_crc() const;
    // Whether the batch is what its producer wrote: its CRC holds and its counts can be. Corrupt
    // otherwise. Does not decode records.
    Status check() const;

  private:
    friend class BatchCursor;
    explicit BatchView(ByteView bytes) : bytes_(bytes) {}

    template <class T>
    T read(std::size_t at) const {
        return load_big_endian<T>(bytes_.data() + at);
    }

    ByteView bytes_;
};

// Walks the batches of a row of bytes. The last one may be cut off, as it is at the end of a Fetch
// answer or of a segment after a power loss; that ends the walk without being an error.
//
//     BatchCursor cursor(records);
//     while (const auto batch = cursor.next()) ...
//     if (cursor.end() == BatchCursor::End::corrupt) ...
class BatchCursor {
  public:
    enum class End {
        open,       // next() has not come to an end yet
        exhausted,  // the bytes ended with a batch
        truncated,  // a part of a batch is left
        corrupt,    // what is left cannot be a batch
    };

    explicit BatchCursor(ByteView bytes) : bytes_(bytes) {}

    // The next whole batch, or nullopt at the end. CRCs are not looked at.
    std::optional<BatchView> next();
    End end() const { return end_; }
    // Where the next batch begins: the length of all batches returned so far.
    std::size_t position() const { return position_; }

  private:
    ByteView bytes_;
    std::size_t position_ = 0;
    End end_ = End::open;
};

// Gives an encoded batch its place in the log. The CRC stays right. Requires: a whole batch.
void stamp_batch(std::span<std::uint8_t> batch, Offset base_offset, LeaderEpoch leader_epoch);
// Sets the batch's time and type for a topic with LogAppendTime, and recomputes the CRC. Requires:
// a whole batch.
void stamp_log_append_time(std::span<std::uint8_t> batch, TimestampMs now);
// Says who wrote an encoded batch, and which number its first record has (KIP-98), and recomputes
// the CRC: for a producer, which numbers a batch when it is sent. Requires: a whole batch.
void stamp_producer(std::span<std::uint8_t> batch, ProducerId id, ProducerEpoch epoch,
                    SequenceNumber base_sequence, bool is_transactional);

// Sequences wrap from 2^31 - 1 to 0. Requires: sequence >= 0, distance >= 0.
SequenceNumber sequence_after(SequenceNumber sequence, std::int32_t distance);

}  // namespace squall::model
