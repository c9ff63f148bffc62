#include "model/protocol/batch_view.h"

#include <fmt/core.h>

#include <limits>

#include "sim/base/crc32c.h"

namespace squall::model {
namespace {

constexpr std::size_t smallest_length = batch_layout::records - batch_layout::before_length_counts;

// So that no offset of a batch can overflow, whatever its header claims.
constexpr std::int64_t largest_offset =
    std::numeric_limits<std::int64_t>::max() - std::numeric_limits<std::int32_t>::max() - 1;

// Why no whole batch stands where one was looked for.
struct NoBatch {
    bool is_corrupt = false;  // or its end is missing
    std::string reason;
};

std::size_t size_of_length(std::int32_t length) {
    return batch_layout::before_length_counts + static_cast<std::size_t>(length);
}

// The size of the whole batch at the front of `bytes`; 0: there is none. Every look at a log starts
// with this question, and its answer is nearly always yes.
std::size_t whole_size(ByteView bytes) {
    if (bytes.size() <= batch_layout::magic) return 0;
    const auto length = load_big_endian<std::int32_t>(bytes.data() + batch_layout::length);
    const auto magic = static_cast<std::int8_t>(bytes[batch_layout::magic]);
    const auto base_offset = load_big_endian<std::int64_t>(bytes.data());
    const bool makes_sense = length >= static_cast<std::int32_t>(smallest_length) &&
                             magic == batch_layout::current_magic && base_offset >= 0 &&
                             base_offset <= largest_offset;
    if (!makes_sense || bytes.size() < size_of_length(length)) return 0;
    return size_of_length(length);
}

// A length or magic that is there already speaks, even if the rest of the batch is missing.
// Requires: whole_size(bytes) == 0.
NoBatch why_not_whole(ByteView bytes) {
    if (bytes.size() < batch_layout::before_length_counts) {
        return {false, fmt::format("{} bytes hold no batch length", bytes.size())};
    }
    const auto length = load_big_endian<std::int32_t>(bytes.data() + batch_layout::length);
    if (length < static_cast<std::int32_t>(smallest_length)) {
        return {true, fmt::format("batch length {} is below {}", length, smallest_length)};
    }
    if (bytes.size() > batch_layout::magic) {
        const auto magic = static_cast<std::int8_t>(bytes[batch_layout::magic]);
        if (magic != batch_layout::current_magic) {
            return {true, fmt::format("batch magic is {}, not 2", magic)};
        }
    }
    const auto base_offset = load_big_endian<std::int64_t>(bytes.data());
    if (base_offset < 0 || base_offset > largest_offset) {
        return {true, fmt::format("batch base offset {} cannot be", base_offset)};
    }
    return {false,
            fmt::format("batch of {} bytes has only {}", size_of_length(length), bytes.size())};
}

void require_whole(ByteView batch) {
    ASSERT(whole_size(batch) == batch.size(), "{} bytes, of which {} are one whole batch",
           batch.size(), whole_size(batch));
}

}  // namespace

std::string_view to_string(Compression compression) {
    switch (compression) {
        case Compression::none:
            return "none";
        case Compression::gzip:
            return "gzip";
        case Compression::snappy:
            return "snappy";
        case Compression::lz4:
            return "lz4";
        case Compression::zstd:
            return "zstd";
    }
    return "unknown";
}

Result<BatchView> BatchView::at_front(ByteView bytes) {
    if (const std::size_t size = whole_size(bytes); size > 0) return BatchView(bytes.first(size));
    return Error{Failure::corrupt, why_not_whole(bytes).reason};
}

SequenceNumber BatchView::last_sequence() const {
    if (base_sequence() < SequenceNumber(0) || last_offset_delta() < 0) return no_sequence;
    return sequence_after(base_sequence(), last_offset_delta());
}

std::uint32_t BatchView::computed_crc() const {
    return crc32c(bytes_.subspan(batch_layout::attributes));
}

Status BatchView::check() const {
    const std::uint32_t computed = computed_crc();
    if (computed != crc()) {
        return Error{Failure::corrupt,
                     fmt::format("batch at offset {}: crc {:08x} stored, {:08x} computed",
                                 base_offset(), crc(), computed)};
    }
    if (last_offset_delta() < 0 || count() < 0 || count() - 1 > last_offset_delta()) {
        return Error{Failure::corrupt,
                     fmt::format("batch at offset {}: {} records with last offset delta {}",
                                 base_offset(), count(), last_offset_delta())};
    }
    return success();
}

std::optional<BatchView> BatchCursor::next() {
    if (end_ != End::open) return std::nullopt;
    const ByteView rest = bytes_.subspan(position_);
    if (rest.empty()) {
        end_ = End::exhausted;
        return std::nullopt;
    }
    const std::size_t size = whole_size(rest);
    if (size == 0) {
        end_ = why_not_whole(rest).is_corrupt ? End::corrupt : End::truncated;
        return std::nullopt;
    }
    position_ += size;
    return BatchView(rest.first(size));
}

void stamp_batch(std::span<std::uint8_t> batch, Offset base_offset, LeaderEpoch leader_epoch) {
    require_whole(batch);
    store_big_endian(batch.data() + batch_layout::base_offset, base_offset.value());
    store_big_endian(batch.data() + batch_layout::partition_leader_epoch, leader_epoch.value());
}

void stamp_log_append_time(std::span<std::uint8_t> batch, TimestampMs now) {
    require_whole(batch);
    BatchAttributes attributes{
        load_big_endian<std::int16_t>(batch.data() + batch_layout::attributes)};
    attributes.set_timestamp_type(TimestampType::log_append_time);
    store_big_endian(batch.data() + batch_layout::attributes, attributes.bits);
    store_big_endian(batch.data() + batch_layout::max_timestamp, now);
    store_big_endian(batch.data() + batch_layout::crc,
                     crc32c(ByteView(batch).subspan(batch_layout::attributes)));
}

void stamp_producer(std::span<std::uint8_t> batch, ProducerId id, ProducerEpoch epoch,
                    SequenceNumber base_sequence, bool is_transactional) {
    require_whole(batch);
    BatchAttributes attributes{
        load_big_endian<std::int16_t>(batch.data() + batch_layout::attributes)};
    attributes.set_transactional(is_transactional);
    store_big_endian(batch.data() + batch_layout::attributes, attributes.bits);
    store_big_endian(batch.data() + batch_layout::producer_id, id.value());
    store_big_endian(batch.data() + batch_layout::producer_epoch, epoch.value());
    store_big_endian(batch.data() + batch_layout::base_sequence, base_sequence.value());
    store_big_endian(batch.data() + batch_layout::crc,
                     crc32c(ByteView(batch).subspan(batch_layout::attributes)));
}

SequenceNumber sequence_after(SequenceNumber sequence, std::int32_t distance) {
    ASSERT(sequence >= SequenceNumber(0), "sequence {}", sequence);
    ASSERT(distance >= 0, "distance {}", distance);
    constexpr std::int64_t sequences = std::int64_t{1} << 31;
    return SequenceNumber(
        static_cast<std::int32_t>((std::int64_t{sequence.value()} + distance) % sequences));
}

}  // namespace squall::model
