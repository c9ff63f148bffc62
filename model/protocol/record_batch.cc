#include "model/protocol/record_batch.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "model/protocol/compression.h"
#include "sim/base/crc32c.h"
#include "sim/base/hash.h"

namespace squall::model {
namespace {

// Length, attributes, two deltas, two lengths and the header count: a byte each at least.
constexpr std::size_t smallest_record = 7;
constexpr std::size_t smallest_header = 2;

std::size_t varint_size(std::int64_t value) {
    return unsigned_varint_size(zigzag(value));
}

// Timestamps are the producer's word: a nonsensical pair must not overflow.
TimestampMs wrapping_sum(TimestampMs base, std::int64_t delta) {
    return static_cast<TimestampMs>(static_cast<std::uint64_t>(base) +
                                    static_cast<std::uint64_t>(delta));
}

std::optional<ByteView> view_of(const std::optional<Bytes>& bytes) {
    return bytes ? std::optional<ByteView>(*bytes) : std::nullopt;
}
std::optional<ByteView> view_of(const std::optional<ByteView>& bytes) {
    return bytes;
}

std::size_t nullable_size(const std::optional<ByteView>& bytes) {
    if (!bytes) return varint_size(-1);
    return varint_size(static_cast<std::int64_t>(bytes->size())) + bytes->size();
}

void write_nullable(ByteWriter& writer, const std::optional<ByteView>& bytes) {
    if (!bytes) {
        writer.varint(-1);
        return;
    }
    writer.varint(static_cast<std::int32_t>(bytes->size()));
    writer.bytes(*bytes);
}

// A null is -1; any other negative length, or one beyond the end, makes the reader bad.
std::optional<ByteView> read_nullable(ByteReader& reader) {
    const std::int32_t length = reader.varint();
    if (length == -1) return std::nullopt;
    if (length < 0) {
        reader.mark_bad();
        return std::nullopt;
    }
    return reader.bytes(static_cast<std::size_t>(length));
}

// What a record is made of, wherever key and value lie.
struct RecordParts {
    std::int8_t attributes = 0;
    std::int64_t timestamp_delta = 0;
    std::int32_t offset_delta = 0;
    std::optional<ByteView> key;
    std::optional<ByteView> value;
    std::span<const RecordHeader> headers;
};

std::size_t body_size(const RecordParts& record) {
    std::size_t size = 1 + varint_size(record.timestamp_delta) + varint_size(record.offset_delta) +
                       nullable_size(record.key) + nullable_size(record.value) +
                       varint_size(static_cast<std::int64_t>(record.headers.size()));
    for (const RecordHeader& header : record.headers) {
        size += varint_size(static_cast<std::int64_t>(header.key.size())) + header.key.size() +
                nullable_size(view_of(header.value));
    }
    return size;
}

std::size_t record_size(const RecordParts& record) {
    const std::size_t body = body_size(record);
    return varint_size(static_cast<std::int64_t>(body)) + body;
}

void write_record(ByteWriter& writer, const RecordParts& record) {
    const std::size_t body = body_size(record);
    ASSERT(body <= std::numeric_limits<std::int32_t>::max(), "record of {} bytes", body);
    writer.varint(static_cast<std::int32_t>(body));
    writer.integer(record.attributes);
    writer.varlong(record.timestamp_delta);
    writer.varint(record.offset_delta);
    write_nullable(writer, record.key);
    write_nullable(writer, record.value);
    writer.varint(static_cast<std::int32_t>(record.headers.size()));
    for (const RecordHeader& header : record.headers) {
        writer.varint(static_cast<std::int32_t>(header.key.size()));
        writer.bytes(as_bytes(header.key));
        write_nullable(writer, view_of(header.value));
    }
}

// Fills in the header over the first 61 bytes; the records stand behind it already.
void write_header(Bytes& bytes, const RecordBatch& batch, std::int32_t count) {
    ASSERT(bytes.size() >= batch_layout::records, "only {} bytes", bytes.size());
    const std::size_t length = bytes.size() - batch_layout::before_length_counts;
    ASSERT(length <= std::numeric_limits<std::int32_t>::max(), "batch of {} bytes", length);
    std::uint8_t* const at = bytes.data();
    store_big_endian(at + batch_layout::base_offset, batch.base_offset.value());
    store_big_endian(at + batch_layout::length, static_cast<std::int32_t>(length));
    store_big_endian(at + batch_layout::partition_leader_epoch,
                     batch.partition_leader_epoch.value());
    store_big_endian(at + batch_layout::magic, batch_layout::current_magic);
    store_big_endian(at + batch_layout::attributes, batch.attributes.bits);
    store_big_endian(at + batch_layout::last_offset_delta, batch.last_offset_delta);
    store_big_endian(at + batch_layout::base_timestamp, batch.base_timestamp);
    store_big_endian(at + batch_layout::max_timestamp, batch.max_timestamp);
    store_big_endian(at + batch_layout::producer_id, batch.producer_id.value());
    store_big_endian(at + batch_layout::producer_epoch, batch.producer_epoch.value());
    store_big_endian(at + batch_layout::base_sequence, batch.base_sequence.value());
    store_big_endian(at + batch_layout::count, count);
    store_big_endian(at + batch_layout::crc,
                     crc32c(ByteView(bytes).subspan(batch_layout::attributes)));
}

std::uint64_t hash_part(std::uint64_t hash, const std::optional<ByteView>& part) {
    return part ? hash_bytes(*part, combine(hash, part->size())) : combine(hash, ~0ull);
}

template <class Headers>
RecordId hash_record(const std::optional<ByteView>& key, const std::optional<ByteView>& value,
                     const Headers& headers) {
    std::uint64_t hash = hash_part(hash_part(0, key), value);
    for (const auto& header : headers) {
        hash = hash_part(hash, as_bytes(header.key));
        hash = hash_part(hash, view_of(header.value));
    }
    return RecordId(hash);
}

}  // namespace

// ---- reading ----

Record RecordView::to_record() const {
    const auto copy = [](const std::optional<ByteView>& view) {
        return view ? std::optional<Bytes>(std::in_place, view->begin(), view->end())
                    : std::nullopt;
    };
    Record record{.attributes = attributes,
                  .timestamp_delta = timestamp_delta,
                  .offset_delta = offset_delta,
                  .key = copy(key),
                  .value = copy(value),
                  .headers = {}};
    record.headers.reserve(headers.size());
    for (const HeaderView& header : headers) {
        record.headers.push_back({std::string(header.key), copy(header.value)});
    }
    return record;
}

RecordReader::RecordReader(const BatchView& batch)
    : batch_(batch), reader_(batch.records()), left_(batch.count()) {
    const Compression codec = batch.attributes().compression();
    if (left_ < 0) {
        fail("negative count of records");
    } else if (codec != Compression::none && left_ > 0) {
        Result<Bytes> decompressed = decompress(codec, batch.records());
        if (!decompressed) {
            left_ = 0;
            status_ = Error{decompressed.error().failure,
                            fmt::format("batch at offset {}: {}", batch.base_offset(),
                                        decompressed.error().detail)};
            return;
        }
        decompressed_ = std::move(*decompressed);
        reader_ = ByteReader(decompressed_);
    }
}

bool RecordReader::fail(std::string_view what) {
    left_ = 0;
    status_ = Error{Failure::corrupt,
                    fmt::format("batch at offset {}: {} at byte {}", batch_.base_offset(), what,
                                batch_layout::records + reader_.position())};
    return false;
}

bool RecordReader::next(RecordView& record) {
    if (!status_) return false;
    if (left_ == 0) {
        if (reader_.remaining() > 0) return fail("bytes after the last record");
        return false;
    }
    const std::int32_t length = reader_.varint();
    if (!reader_.ok() || length < 0 || static_cast<std::size_t>(length) > reader_.remaining()) {
        return fail("record length does not fit");
    }
    const std::size_t end = reader_.position() + static_cast<std::size_t>(length);

    record.attributes = reader_.integer<std::int8_t>();
    record.timestamp_delta = reader_.varlong();
    record.offset_delta = reader_.varint();
    record.key = read_nullable(reader_);
    record.value = read_nullable(reader_);
    const std::int32_t headers = reader_.varint();
    record.headers.clear();
    if (headers < 0 || static_cast<std::size_t>(headers) > reader_.remaining() / smallest_header) {
        return fail("count of record headers does not fit");
    }
    record.headers.reserve(static_cast<std::size_t>(headers));
    for (std::int32_t i = 0; i < headers && reader_.ok(); ++i) {
        const std::optional<ByteView> key = read_nullable(reader_);
        if (!key) return fail("header without a key");
        const std::optional<ByteView> value = read_nullable(reader_);
        record.headers.push_back({as_text(*key), value});
    }
    if (!reader_.ok() || reader_.position() != end)
        return fail("record does not end at its length");
    --left_;
    return true;
}

TimestampMs RecordReader::timestamp(const RecordView& record) const {
    if (batch_.attributes().timestamp_type() == TimestampType::log_append_time) {
        return batch_.max_timestamp();
    }
    return wrapping_sum(batch_.base_timestamp(), record.timestamp_delta);
}

// ---- whole batches ----

TimestampMs RecordBatch::timestamp_of(const Record& record) const {
    return attributes.timestamp_type() == TimestampType::log_append_time
               ? max_timestamp
               : wrapping_sum(base_timestamp, record.timestamp_delta);
}

Bytes encode_batch(const RecordBatch& batch) {
    ASSERT(batch.records.size() <= std::numeric_limits<std::int32_t>::max(), "{} records",
           batch.records.size());
    Bytes bytes(batch_layout::records);
    ByteWriter writer(bytes);
    for (const Record& record : batch.records) {
        write_record(writer, {record.attributes, record.timestamp_delta, record.offset_delta,
                              view_of(record.key), view_of(record.value), record.headers});
    }
    const Compression codec = batch.attributes.compression();
    if (codec != Compression::none && !batch.records.empty()) {
        const Bytes compressed = compress(codec, ByteView(bytes).subspan(batch_layout::records));
        bytes.resize(batch_layout::records);
        writer.bytes(compressed);
    }
    write_header(bytes, batch, static_cast<std::int32_t>(batch.records.size()));
    return bytes;
}

Result<RecordBatch> decode_batch(const BatchView& view) {
    if (const Status status = view.check(); !status) return status.error();
    RecordBatch batch{.base_offset = view.base_offset(),
                      .partition_leader_epoch = view.partition_leader_epoch(),
                      .attributes = view.attributes(),
                      .last_offset_delta = view.last_offset_delta(),
                      .base_timestamp = view.base_timestamp(),
                      .max_timestamp = view.max_timestamp(),
                      .producer_id = view.producer_id(),
                      .producer_epoch = view.producer_epoch(),
                      .base_sequence = view.base_sequence(),
                      .records = {}};
    // A count is only a claim until the records are read: reserve what the bytes could hold.
    batch.records.reserve(
        std::min(static_cast<std::size_t>(view.count()), view.records().size() / smallest_record));
    RecordReader reader(view);
    RecordView record;
    while (reader.next(record)) batch.records.push_back(record.to_record());
    if (!reader.status()) return reader.status().error();
    return batch;
}

Result<RecordBatch> decode_batch(ByteView bytes) {
    const Result<BatchView> view = BatchView::at_front(bytes);
    if (!view) return view.error();
    return decode_batch(*view);
}

BatchBuilder::BatchBuilder() : BatchBuilder(Options{}) {}

BatchBuilder::BatchBuilder(const Options& options)
    : options_(options), bytes_(batch_layout::records) {}

void BatchBuilder::append(TimestampMs timestamp, std::optional<ByteView> key,
                          std::optional<ByteView> value, std::span<const RecordHeader> headers) {
    if (count_ == 0) {
        base_timestamp_ = timestamp;
        max_timestamp_ = timestamp;
    }
    max_timestamp_ = std::max(max_timestamp_, timestamp);
    ByteWriter writer(bytes_);
    write_record(writer, {0, timestamp - base_timestamp_, count_, key, value, headers});
    ++count_;
}

std::size_t BatchBuilder::size_with(TimestampMs timestamp, std::optional<ByteView> key,
                                    std::optional<ByteView> value,
                                    std::span<const RecordHeader> headers) const {
    const TimestampMs base = count_ == 0 ? timestamp : base_timestamp_;
    return bytes_.size() + record_size({0, timestamp - base, count_, key, value, headers});
}

void BatchBuilder::set_producer(ProducerId id, ProducerEpoch epoch, SequenceNumber base_sequence,
                                bool is_transactional) {
    options_.producer_id = id;
    options_.producer_epoch = epoch;
    options_.base_sequence = base_sequence;
    options_.is_transactional = is_transactional;
}

Bytes BatchBuilder::finish() {
    ASSERT(count_ > 0, "a batch without records");
    RecordBatch header{.base_offset = options_.base_offset,
                       .partition_leader_epoch = options_.partition_leader_epoch,
                       .attributes = {},
                       .last_offset_delta = count_ - 1,
                       .base_timestamp = base_timestamp_,
                       .max_timestamp = max_timestamp_,
                       .producer_id = options_.producer_id,
                       .producer_epoch = options_.producer_epoch,
                       .base_sequence = options_.base_sequence,
                       .records = {}};
    header.attributes.set_timestamp_type(options_.timestamp_type)
        .set_transactional(options_.is_transactional)
        .set_control(options_.is_control);
    write_header(bytes_, header, count_);
    count_ = 0;
    base_timestamp_ = no_timestamp;
    max_timestamp_ = no_timestamp;
    return std::exchange(bytes_, Bytes(batch_layout::records));
}

Bytes compressed(Bytes batch, Compression codec) {
    if (codec == Compression::none) return batch;
    Result<RecordBatch> decoded = decode_batch(ByteView(batch));
    ASSERT(decoded.ok(), "a batch to be compressed does not decode: {}",
           to_string(decoded.error()));
    decoded->attributes.set_compression(codec);
    return encode_batch(*decoded);
}

// ---- identity ----

RecordId record_id(std::optional<ByteView> key, std::optional<ByteView> value,
                   std::span<const HeaderView> headers) {
    return hash_record(key, value, headers);
}

RecordId record_id(const RecordView& record) {
    return hash_record(record.key, record.value, record.headers);
}

RecordId record_id(const Record& record) {
    return hash_record(view_of(record.key), view_of(record.value), record.headers);
}

}  // namespace squall::model
