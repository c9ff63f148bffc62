// CRC-32C (Castagnoli, polynomial 0x1EDC6F41 reflected), as Kafka's v2 record batches carry it.
// RFC 3720 section B.4 has the test vectors.
#pragma once

#include <cstdint>

#include "sim/base/bytes.h"

namespace squall {

// The CRC of `bytes`; pass an earlier result as `seed` to continue it over more bytes.
std::uint32_t crc32c(ByteView bytes, std::uint32_t seed = 0);

}  // namespace squall
