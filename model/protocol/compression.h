// Compression: the codecs in which Kafka's record batches carry their records (KIP-110 for zstd).
//
//     gzip     RFC 1952; written without a time, so that the same records give the same bytes
//     snappy   written as xerial's framing, which Java clients write; read so or as one raw block
//     lz4      the LZ4 frame format (KIP-57), with independent blocks
//     zstd     RFC 8878 frames
//
// Reading is bounded: a few bytes can claim to be gigabytes, and who claims so gets an error, not
// the memory. Everything that a client can send is an error here, never an assertion. Writing gives
// the bytes that Debian's libraries give; other encoders' bytes differ and mean the same.
#pragma once

#include <cstddef>

#include "model/protocol/batch_view.h"
#include "sim/base/bytes.h"
#include "sim/base/result.h"

namespace squall::model {

// More than any batch that max.message.bytes lets through holds in earnest.
inline constexpr std::size_t max_decompressed_bytes = 128u << 20;

// Requires: a codec of the enumeration. `none` copies.
Bytes compress(Compression codec, ByteView bytes);
// Corrupt if these are no such bytes, or more than `max_bytes` come out; invalid_input if no codec
// has that number.
Result<Bytes> decompress(Compression codec, ByteView bytes,
                         std::size_t max_bytes = max_decompressed_bytes);

}  // namespace squall::model
