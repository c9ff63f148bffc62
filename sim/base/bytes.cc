#include "sim/base/bytes.h"

namespace squall {

void ByteWriter::unsigned_varint(std::uint64_t value) {
    while (value >= 0x80) {
        out_.push_back(static_cast<std::uint8_t>(value | 0x80));
        value >>= 7;
    }
    out_.push_back(static_cast<std::uint8_t>(value));
}

void ByteWriter::varint(std::int32_t value) {
    unsigned_varint(zigzag(value));
}
void ByteWriter::varlong(std::int64_t value) {
    unsigned_varint(zigzag(value));
}

std::uint64_t ByteReader::longer_varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        const auto group = integer<std::uint8_t>();
        if (!ok_) return 0;
        // The tenth group holds the last bit of 64: anything above it does not fit.
        if (shift == 63 && group > 1) break;
        value |= static_cast<std::uint64_t>(group & 0x7f) << shift;
        if ((group & 0x80) == 0) return value;
    }
    ok_ = false;
    return 0;
}

std::string to_hex(ByteView bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const std::uint8_t byte : bytes) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

std::string to_hex(std::uint64_t value) {
    std::uint8_t bytes[8];
    store_big_endian(bytes, value);
    return to_hex(ByteView(bytes));
}

}  // namespace squall
