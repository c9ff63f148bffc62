#include "model/protocol/message_set.h"

#include <fmt/core.h>
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "model/protocol/lz4_header.h"
#include "model/protocol/record_batch.h"
#include "sim/base/assert.h"

namespace squall::model {
namespace {

constexpr std::size_t before_length_counts = 12;  // offset and the length itself
constexpr std::size_t magic_position = 16;
// CRC, magic, attributes, and the lengths of key and value.
constexpr std::int32_t smallest_message = 4 + 1 + 1 + 4 + 4;

constexpr std::uint8_t codec_bits = 0x07;
constexpr std::uint8_t log_append_time_bit = 0x08;

// A message read in place; perhaps a wrapper.
struct MessageView {
    Offset offset{0};
    MessageFormat format = MessageFormat::magic_0;
    std::uint8_t attributes = 0;
    TimestampMs timestamp = no_timestamp;
    std::optional<ByteView> key;
    std::optional<ByteView> value;

    Compression compression() const { return static_cast<Compression>(attributes & codec_bits); }
    // The bit means nothing in magic 0.
    TimestampType timestamp_type() const {
        return format == MessageFormat::magic_1 && (attributes & log_append_time_bit) != 0
                   ? TimestampType::log_append_time
                   : TimestampType::create_time;
    }
    LegacyRecord to_record() const {
        const auto copy = [](const std::optional<ByteView>& view) {
            return view ? std::optional<Bytes>(std::in_place, view->begin(), view->end())
                        : std::nullopt;
        };
        return {.offset = offset,
                .timestamp = timestamp,
                .timestamp_type = timestamp_type(),
                .key = copy(key),
                .value = copy(value)};
    }
};

// Message sets came before zstd (KIP-110), and other numbers are no codec at all.
bool has_codec(Compression compression) {
    return compression <= Compression::lz4;
}

std::uint32_t crc32_of(ByteView bytes) {
    ASSERT(bytes.size() <= std::numeric_limits<uInt>::max(), "{} bytes", bytes.size());
    return static_cast<std::uint32_t>(::crc32(0, bytes.data(), static_cast<uInt>(bytes.size())));
}

Error corrupt(Offset offset, std::string_view what) {
    return {Failure::corrupt, fmt::format("message at offset {}: {}", offset, what)};
}

// ---- reading ----

std::optional<ByteView> read_message_bytes(ByteReader& reader) {
    const auto length = reader.integer<std::int32_t>();
    if (length == -1) return std::nullopt;
    if (length < 0) {
        reader.mark_bad();
        return std::nullopt;
    }
    return reader.bytes(static_cast<std::size_t>(length));
}

// What stands behind the length: all of `bytes`.
Result<MessageView> read_message(Offset offset, ByteView bytes) {
    ByteReader reader(bytes);
    MessageView message{.offset = offset, .key = std::nullopt, .value = std::nullopt};
    const auto crc = reader.integer<std::uint32_t>();
    const auto magic = reader.integer<std::int8_t>();
    if (magic != 0 && magic != 1) {
        return Error{Failure::invalid_input,
                     fmt::format("message at offset {}: magic {}", offset, magic)};
    }
    if (crc != crc32_of(bytes.subspan(sizeof(crc)))) return corrupt(offset, "wrong CRC");
    message.format = static_cast<MessageFormat>(magic);
    message.attributes = reader.integer<std::uint8_t>();
    if (message.format == MessageFormat::magic_1) message.timestamp = reader.integer<TimestampMs>();
    message.key = read_message_bytes(reader);
    message.value = read_message_bytes(reader);
    if (!reader.ok() || reader.remaining() > 0) {
        return corrupt(offset, "key and value do not fill it");
    }
    if (!has_codec(message.compression())) {
        return Error{Failure::invalid_input,
                     fmt::format("message at offset {}: compressed as {}, which its format lacks",
                                 offset, to_string(message.compression()))};
    }
    return message;
}

// Walks the messages of a set, wrappers as they are.
class MessageCursor {
  public:
    explicit MessageCursor(ByteView bytes) : reader_(bytes) {}

    // Null at the end. Errors: as decode_message_set.
    Result<std::optional<MessageView>> next() {
        if (reader_.remaining() < before_length_counts) return end();
        const Offset offset(reader_.integer<std::int64_t>());
        const auto length = reader_.integer<std::int32_t>();
        if (length < smallest_message) return corrupt(offset, "a length that is none");
        if (reader_.remaining() < static_cast<std::size_t>(length)) return end();
        Result<MessageView> message =
            read_message(offset, reader_.bytes(static_cast<std::size_t>(length)));
        if (!message) return message.error();
        at_message_end_ = reader_.position();
        return std::optional<MessageView>(*message);
    }
    // Whether a part of a message is left. Requires: next() came to the end.
    bool is_truncated() const { return at_message_end_ < reader_.position() + reader_.remaining(); }

  private:
    std::optional<MessageView> end() const { return std::nullopt; }

    ByteReader reader_;
    std::size_t at_message_end_ = 0;
};

Result<Bytes> unwrapped(const MessageView& wrapper, std::size_t max_bytes) {
    if (!wrapper.value) return corrupt(wrapper.offset, "a wrapper of nothing");
    const bool has_broken_header =
        wrapper.format == MessageFormat::magic_0 && wrapper.compression() == Compression::lz4;
    Result<Bytes> inside = [&] {
        if (!has_broken_header) {
            return decompress(wrapper.compression(), *wrapper.value, max_bytes);
        }
        Bytes frame(wrapper.value->begin(), wrapper.value->end());
        mend_lz4_header(frame);
        return decompress(wrapper.compression(), frame, max_bytes);
    }();
    if (!inside) return corrupt(wrapper.offset, inside.error().detail);
    return inside;
}

// What to add to the offsets within a wrapper (KIP-31). Some producers leave a wrapper's own offset
// 0, whatever it holds: the broker counts anew anyway.
Result<std::int64_t> base_within(const MessageView& wrapper, Offset last_within) {
    if (wrapper.format == MessageFormat::magic_0 || wrapper.offset == Offset(0)) {
        return std::int64_t{0};
    }
    if (wrapper.offset < last_within) {
        return corrupt(wrapper.offset, fmt::format("a wrapper of offsets up to {}", last_within));
    }
    return wrapper.offset - last_within;
}

// Appends the messages in a wrapper, whose decompressed value `inside` is.
Status open_wrapper(const MessageView& wrapper, ByteView inside,
                    std::vector<LegacyRecord>& records) {
    const std::size_t first = records.size();
    MessageCursor cursor(inside);
    for (;;) {
        const Result<std::optional<MessageView>> read = cursor.next();
        if (!read) return read.error();
        if (!*read) break;
        const MessageView& message = **read;
        if (message.format != wrapper.format) {
            return corrupt(wrapper.offset, "a wrapper of another format's messages");
        }
        if (message.compression() != Compression::none) {
            return corrupt(wrapper.offset, "a wrapper within a wrapper");
        }
        if (message.offset < Offset(0)) return corrupt(wrapper.offset, "a negative offset within");
        LegacyRecord record = message.to_record();
        if (wrapper.timestamp_type() == TimestampType::log_append_time) {
            record.timestamp = wrapper.timestamp;
        }
        record.timestamp_type = wrapper.timestamp_type();
        records.push_back(std::move(record));
    }
    if (records.size() == first) return corrupt(wrapper.offset, "a wrapper without messages");
    if (cursor.is_truncated()) return corrupt(wrapper.offset, "a wrapper that is cut off within");
    const Result<std::int64_t> base = base_within(wrapper, records.back().offset);
    if (!base) return base.error();
    for (std::size_t i = first; i < records.size(); ++i) {
        if (records[i].offset.value() > std::numeric_limits<std::int64_t>::max() - *base) {
            return corrupt(wrapper.offset, "offsets beyond all offsets");
        }
        records[i].offset = records[i].offset + *base;
    }
    return success();
}

// ---- writing ----

void write_nullable(ByteWriter& writer, const std::optional<Bytes>& bytes) {
    if (!bytes) {
        writer.integer(std::int32_t{-1});
        return;
    }
    ASSERT(bytes->size() <= std::numeric_limits<std::int32_t>::max(), "{} bytes", bytes->size());
    writer.integer(static_cast<std::int32_t>(bytes->size()));
    writer.bytes(*bytes);
}

void append_message(Bytes& set, const LegacyRecord& record, MessageFormat format,
                    Compression compression) {
    auto attributes = static_cast<std::uint8_t>(compression);
    if (format == MessageFormat::magic_1 &&
        record.timestamp_type == TimestampType::log_append_time) {
        attributes |= log_append_time_bit;
    }
    ByteWriter writer(set);
    writer.integer(record.offset.value());
    const std::size_t length_at = writer.size();
    writer.integer(std::int32_t{0});
    const std::size_t crc_at = writer.size();
    writer.integer(std::uint32_t{0});
    writer.integer(static_cast<std::int8_t>(format));
    writer.integer(attributes);
    if (format == MessageFormat::magic_1) writer.integer(record.timestamp);
    write_nullable(writer, record.key);
    write_nullable(writer, record.value);
    const std::size_t length = writer.size() - crc_at;
    ASSERT(length <= std::numeric_limits<std::int32_t>::max(), "a message of {} bytes", length);
    writer.patch(length_at, static_cast<std::int32_t>(length));
    writer.patch(crc_at, crc32_of(ByteView(set).subspan(crc_at + sizeof(std::uint32_t))));
}

// One message that holds all of `records`.
Bytes wrapper_of(std::span<const LegacyRecord> records, MessageFormat format,
                 Compression compression) {
    const Offset first = records.front().offset;
    LegacyRecord wrapper{.offset = records.back().offset,
                         .timestamp = no_timestamp,
                         .timestamp_type = records.front().timestamp_type,
                         .key = std::nullopt,
                         .value = std::nullopt};
    Bytes inside;
    for (const LegacyRecord& record : records) {
        ASSERT(record.timestamp_type == wrapper.timestamp_type, "two types of timestamp");
        LegacyRecord within = record;
        if (format == MessageFormat::magic_1) within.offset = Offset(record.offset - first);
        append_message(inside, within, format, Compression::none);
        wrapper.timestamp = std::max(wrapper.timestamp, record.timestamp);
    }
    wrapper.value = compress(compression, inside);
    if (format == MessageFormat::magic_0 && compression == Compression::lz4) {
        break_lz4_header(*wrapper.value);
    }
    Bytes set;
    append_message(set, wrapper, format, compression);
    return set;
}

}  // namespace

bool is_message_set(ByteView records) {
    return records.size() > magic_position && records[magic_position] <= 1;
}

// KIP-31 and KIP-32 came with version 2, batches (KIP-98) with version 4.
std::optional<MessageFormat> format_fetched_by(ApiVersion version) {
    if (version >= 4) return std::nullopt;
    return version >= 2 ? MessageFormat::magic_1 : MessageFormat::magic_0;
}

Result<MessageSet> decode_message_set(ByteView bytes, std::size_t max_bytes) {
    MessageSet set;
    std::size_t wrappers = 0;
    std::size_t messages = 0;
    MessageCursor cursor(bytes);
    for (;;) {
        const Result<std::optional<MessageView>> read = cursor.next();
        if (!read) return read.error();
        if (!*read) break;
        const MessageView& message = **read;
        ++messages;
        if (message.compression() == Compression::none) {
            set.records.push_back(message.to_record());
            continue;
        }
        ++wrappers;
        const Result<Bytes> inside = unwrapped(message, max_bytes);
        if (!inside) return inside.error();
        max_bytes -= inside->size();
        if (const Status opened = open_wrapper(message, *inside, set.records); !opened) {
            return opened.error();
        }
        set.compression = message.compression();
    }
    set.is_truncated = cursor.is_truncated();
    set.has_wrapper_in_company = wrappers > 0 && messages > 1;
    return set;
}

Bytes encode_message_set(std::span<const LegacyRecord> records, MessageFormat format,
                         Compression compression) {
    ASSERT(has_codec(compression), "no message set in {}", to_string(compression));
    for (std::size_t i = 1; i < records.size(); ++i) {
        ASSERT(records[i - 1].offset < records[i].offset, "offset {} before {}",
               records[i - 1].offset, records[i].offset);
    }
    if (compression != Compression::none && !records.empty()) {
        return wrapper_of(records, format, compression);
    }
    Bytes set;
    for (const LegacyRecord& record : records) {
        append_message(set, record, format, Compression::none);
    }
    return set;
}

// ---- conversion ----

Result<Bytes> batch_of_message_set(ByteView bytes) {
    Result<MessageSet> set = decode_message_set(bytes);
    if (!set) return set.error();
    if (set->is_truncated) return Error{Failure::corrupt, "a message set that is cut off"};
    if (set->records.empty()) return Error{Failure::invalid_input, "a message set of nothing"};
    if (set->has_wrapper_in_company) {
        return Error{Failure::invalid_input, "a compressed message that is not alone"};
    }
    RecordBatch batch;
    batch.attributes.set_compression(set->compression);
    batch.last_offset_delta = static_cast<std::int32_t>(set->records.size() - 1);
    batch.base_timestamp = set->records.front().timestamp;
    batch.max_timestamp = batch.base_timestamp;
    batch.records.reserve(set->records.size());
    for (LegacyRecord& message : set->records) {
        Record& record = batch.records.emplace_back();
        record.offset_delta = static_cast<std::int32_t>(batch.records.size() - 1);
        // Timestamps are the producer's word: a nonsensical pair must not overflow.
        record.timestamp_delta =
            static_cast<std::int64_t>(static_cast<std::uint64_t>(message.timestamp) -
                                      static_cast<std::uint64_t>(batch.base_timestamp));
        record.key = std::move(message.key);
        record.value = std::move(message.value);
        batch.max_timestamp = std::max(batch.max_timestamp, message.timestamp);
        // Not a producer's to say; the log refuses it (LogValidator).
        if (message.timestamp_type == TimestampType::log_append_time) {
            batch.attributes.set_timestamp_type(TimestampType::log_append_time);
        }
    }
    return encode_batch(batch);
}

Result<Bytes> message_set_of_batches(ByteView batches, MessageFormat format, Offset first_offset) {
    Bytes set;
    BatchCursor cursor(batches);
    while (const std::optional<BatchView> batch = cursor.next()) {
        if (batch->attributes().is_control()) continue;
        const Compression compression = batch->attributes().compression();
        if (!has_codec(compression)) {
            return Error{Failure::invalid_input,
                         fmt::format("batch at offset {}: compressed as {}, which old clients lack",
                                     batch->base_offset(), to_string(compression))};
        }
        std::vector<LegacyRecord> messages;
        RecordReader reader(*batch);
        RecordView view;
        while (reader.next(view)) {
            const Offset offset = reader.offset(view);
            if (!messages.empty() && offset <= messages.back().offset) {
                return corrupt(offset, "not after the one before it");
            }
            if (compression == Compression::none && offset < first_offset) continue;
            Record record = view.to_record();
            messages.push_back({.offset = offset,
                                .timestamp = reader.timestamp(view),
                                .timestamp_type = batch->attributes().timestamp_type(),
                                .key = std::move(record.key),
                                .value = std::move(record.value)});
        }
        if (!reader.status()) return reader.status().error();
        const Bytes messages_of_batch = encode_message_set(messages, format, compression);
        set.insert(set.end(), messages_of_batch.begin(), messages_of_batch.end());
    }
    if (cursor.end() == BatchCursor::End::corrupt) {
        return Error{Failure::corrupt,
                     fmt::format("no batch at byte {} of {}", cursor.position(), batches.size())};
    }
    return set;
}

}  // namespace squall::model
