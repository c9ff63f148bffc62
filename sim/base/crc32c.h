// CRC-32C (Castagnoli, polynomial 0x1EDC6F41 reflected), as Kafka's v2 record batches carry it.
// RFC 3720 section B.4 has the test vectors. By the processor's instruction where it has one (SSE
// 4.2), else by tables; the same result either way.
#pragma once

#include <cstdint>

#include "sim/base/bytes.h"

namespace squall {

// The CRC of `bytes`; pass an earlier result as `seed` to continue it over more bytes.
std::uint32_t crc32c(ByteView bytes, std::uint32_t seed = 0);
// What processors without the instruction do.
std::uint32_t crc32c_by_tables(ByteView bytes, std::uint32_t seed = 0);

}  // namespace squall
