// Message sets: the two formats that records had before batches (magic 0, and magic 1 of KIP-32),
// which old clients still write and read. A broker keeps batches only: it takes a message set apart
// when it is produced and makes one when it is fetched.
//
//     at  size  field
//      0     8  offset
//      8     4  length of what follows
//     12     4  CRC-32 of 16..end (not the CRC-32C of batches)
//     16     1  magic: 0 or 1
//     17     1  attributes: codec in the lowest three bits; 0x08, since magic 1: LogAppendTime
//     18     8  timestamp, since magic 1
//            4  length of the key, -1 for null, and the key
//            4  length of the value, -1 for null, and the value
//
// A compressed message is a wrapper: its value is a message set in its codec, and its offset that
// of the last message within. There, offsets are absolute in magic 0 and count from 0 in magic 1
// (KIP-31). A wrapper's LogAppendTime holds for all messages within. Its codec is none, gzip,
// snappy or lz4; wrappers do not nest.
//
// Old clients have no headers, no transactions, no zstd: what they are given lacks the first, holds
// no control records, and is refused for the third.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "model/protocol/batch_view.h"
#include "model/protocol/compression.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"
#include "sim/base/bytes.h"
#include "sim/base/result.h"

namespace squall::model {

enum class MessageFormat : std::int8_t { magic_0 = 0, magic_1 = 1 };

// A message in the plain: out of its wrapper, with its absolute offset.
struct LegacyRecord {
    Offset offset{0};
    TimestampMs timestamp = no_timestamp;  // none in magic 0
    TimestampType timestamp_type = TimestampType::create_time;
    std::optional<Bytes> key;
    std::optional<Bytes> value;

    bool operator==(const LegacyRecord&) const = default;
};

struct MessageSet {
    std::vector<LegacyRecord> records;
    // The codec of its wrapper, none without. Of several wrappers, the last one's.
    Compression compression = Compression::none;
    // Whether other messages stand beside a wrapper.
    bool has_wrapper_in_company = false;
    // Whether a part of a message follows: the end of a Fetch answer may cut one.
    bool is_truncated = false;
};

// Whether records begin like a message set. Batches have their magic in the same place.
bool is_message_set(ByteView records);
// What an answer to Fetch of that version holds; none: batches, as they are.
std::optional<MessageFormat> format_fetched_by(ApiVersion version);

// All messages of `bytes`, of either format. Corrupt if a CRC, a length or a wrapper is wrong, or
// more than `max_bytes` come out of all wrappers together; invalid_input for a magic other than 0
// and 1, and for a codec that message sets do not have.
Result<MessageSet> decode_message_set(ByteView bytes,
                                      std::size_t max_bytes = max_decompressed_bytes);

// The messages in that format: each by itself, or all in one wrapper. Requires: offsets that go up,
// one type of timestamp if compressed, a codec that message sets have. Magic 0 loses timestamps.
Bytes encode_message_set(std::span<const LegacyRecord> records, MessageFormat format,
                         Compression compression = Compression::none);

// ---- conversion ----

// One batch of what a producer sent as a message set, under the same codec. Offsets count from 0,
// whatever the producer wrote: the log gives the true ones. Messages of magic 0 stay without a
// timestamp. Errors: as decode_message_set; corrupt also if a message is cut off;
// invalid_input without any message, and if a wrapper is not alone (as Kafka's LogValidator).
Result<Bytes> batch_of_message_set(ByteView bytes);

// What a consumer of an old version is sent for batches that lie in the log: their records from
// `first_offset` on, without headers, each batch as its own messages or wrapper. Wrappers are
// whole, with records before first_offset too, as batches are. Control batches are left out, and so
// is a batch that the end cuts off. Corrupt if a batch is; invalid_input at a batch in zstd
// (UNSUPPORTED_COMPRESSION_TYPE, KIP-110).
Result<Bytes> message_set_of_batches(ByteView batches, MessageFormat format, Offset first_offset);

}  // namespace squall::model
