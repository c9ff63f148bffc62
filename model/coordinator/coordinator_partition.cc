#include "model/coordinator/coordinator_partition.h"

#include <limits>

#include "sim/base/assert.h"

namespace squall::model {
namespace {

constexpr std::uint32_t replacement_character = 0xfffd;

// Takes one code point off the front of `text`. Requires: !text.empty().
std::uint32_t take_code_point(std::string_view& text) {
    const auto lead = static_cast<std::uint8_t>(text.front());
    const std::size_t length = lead < 0x80             ? 1
                               : (lead & 0xe0) == 0xc0 ? 2
                               : (lead & 0xf0) == 0xe0 ? 3
                               : (lead & 0xf8) == 0xf0 ? 4
                                                       : 0;
    if (length == 0 || length > text.size()) {
        text.remove_prefix(1);
        return replacement_character;
    }
    std::uint32_t code_point = length == 1 ? lead : lead & (0x7fu >> length);
    for (std::size_t i = 1; i < length; ++i) {
        const auto next = static_cast<std::uint8_t>(text[i]);
        if ((next & 0xc0) != 0x80) {
            text.remove_prefix(1);
            return replacement_character;
        }
        code_point = (code_point << 6) | (next & 0x3fu);
    }
    text.remove_prefix(length);
    return code_point;
}

}  // namespace

std::int32_t java_string_hash(std::string_view text) {
    std::uint32_t hash = 0;
    while (!text.empty()) {
        const std::uint32_t code_point = take_code_point(text);
        if (code_point < 0x10000) {
            hash = hash * 31 + code_point;
        } else {
            const std::uint32_t rest = code_point - 0x10000;
            hash = hash * 31 + (0xd800 + (rest >> 10));
            hash = hash * 31 + (0xdc00 + (rest & 0x3ff));
        }
    }
    return static_cast<std::int32_t>(hash);
}

std::int32_t coordinator_partition(std::string_view id, std::int32_t partitions) {
    ASSERT(partitions > 0, "{} partitions", partitions);
    const std::int32_t hash = java_string_hash(id);
    // Kafka's Utils.abs: the one value without an absolute counts as 0.
    if (hash == std::numeric_limits<std::int32_t>::min()) return 0;
    return (hash < 0 ? -hash : hash) % partitions;
}

}  // namespace squall::model
