#include "model/protocol/types.h"

#include "sim/base/bytes.h"

namespace squall::model {

std::string to_string(const Uuid& uuid) {
    constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
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

}  // namespace squall::model
