#include "model/protocol/lz4_header.h"

#include <bit>
#include <cstddef>
#include <cstdint>

#include "sim/base/assert.h"

namespace squall::model {
namespace {

constexpr std::size_t frame_magic_bytes = 4;
constexpr std::uint8_t has_content_size = 0x08;
constexpr std::uint8_t has_dictionary_id = 0x01;

// Where the checksum is, or 0 if the frame is too short to have one.
std::size_t checksum_position(ByteView frame) {
    if (frame.size() < frame_magic_bytes + 1) return 0;
    const std::uint8_t flags = frame[frame_magic_bytes];
    const std::size_t descriptor =
        2u + ((flags & has_content_size) != 0 ? 8 : 0) + ((flags & has_dictionary_id) != 0 ? 4 : 0);
    const std::size_t position = frame_magic_bytes + descriptor;
    return position < frame.size() ? position : 0;
}

std::uint32_t little_endian(const std::uint8_t* at) {
    return std::uint32_t{at[0]} | std::uint32_t{at[1]} << 8 | std::uint32_t{at[2]} << 16 |
           std::uint32_t{at[3]} << 24;
}

// XXH32 with seed 0 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md) of fewer than 16 bytes, which
// spares it its four lanes.
std::uint32_t xxh32_of_few(ByteView bytes) {
    constexpr std::uint32_t prime_1 = 2654435761u;
    constexpr std::uint32_t prime_2 = 2246822519u;
    constexpr std::uint32_t prime_3 = 3266489917u;
    constexpr std::uint32_t prime_4 = 668265263u;
    constexpr std::uint32_t prime_5 = 374761393u;
    ASSERT(bytes.size() < 16, "{} bytes", bytes.size());
    std::uint32_t hash = prime_5 + static_cast<std::uint32_t>(bytes.size());
    std::size_t at = 0;
    for (; at + 4 <= bytes.size(); at += 4) {
        hash = std::rotl(hash + little_endian(bytes.data() + at) * prime_3, 17) * prime_4;
    }
    for (; at < bytes.size(); ++at) hash = std::rotl(hash + bytes[at] * prime_5, 11) * prime_1;
    hash = (hash ^ (hash >> 15)) * prime_2;
    hash = (hash ^ (hash >> 13)) * prime_3;
    return hash ^ (hash >> 16);
}

std::uint8_t checksum_of(ByteView descriptor) {
    return static_cast<std::uint8_t>(xxh32_of_few(descriptor) >> 8);
}

}  // namespace

void mend_lz4_header(Bytes& frame) {
    const std::size_t position = checksum_position(frame);
    if (position == 0) return;
    frame[position] =
        checksum_of(ByteView(frame).subspan(frame_magic_bytes, position - frame_magic_bytes));
}

void break_lz4_header(Bytes& frame) {
    const std::size_t position = checksum_position(frame);
    ASSERT(position != 0, "no frame in {} bytes", frame.size());
    frame[position] = checksum_of(ByteView(frame).first(position));
}

}  // namespace squall::model
