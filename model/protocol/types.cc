#include "model/protocol/types.h"

#include "sim/base/bytes.h"

namespace squall::model {

namespace {
constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
}  // namespace

std::string to_string(const Uuid& uuid) {
    std::uint8_t bytes[16];
    store_big_endian(bytes, uuid.high);
    store_big_endian(bytes + 8, uuid.low);
    std::string text;
    for (std::size_t i = 0; i < 16; i += 3) {
        std::uint32_t group = static_cast<std::uint32_t>(bytes[i]) << 16;
        if (i + 1 < 16) group |= static_cast<std::uint32_t>(bytes[i + 1]) << 8;
        if (i + 2 < 16) group |= bytes[i + 2];
        text += alphabet[group >> 18];
        text += alphabet[(group >> 12) & 63];
        if (i + 1 < 16) text += alphabet[(group >> 6) & 63];
        if (i + 2 < 16) text += alphabet[group & 63];
    }
    return text;
}

// 22 digits of 6 bits for 128 bits, the last 4 bits zero.
std::optional<Uuid> parse_uuid(std::string_view text) {
    if (text.size() != 22) return std::nullopt;
    Uuid id;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::size_t digit = alphabet.find(text[i]);
        if (digit == std::string_view::npos) return std::nullopt;
        const bool is_last = i + 1 == text.size();
        if (is_last && (digit & 0xf) != 0) return std::nullopt;
        const int bits = is_last ? 2 : 6;
        id.high = (id.high << bits) | (id.low >> (64 - bits));
        id.low = (id.low << bits) | (is_last ? digit >> 4 : digit);
    }
    return id;
}

}  // namespace squall::model
