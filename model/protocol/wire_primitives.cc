#include "model/protocol/wire_primitives.h"

#include <limits>

namespace squall::model {

std::uint32_t WireReader::unsigned_varint() {
    const std::uint64_t value = reader_.unsigned_varint();
    if (value > std::numeric_limits<std::uint32_t>::max()) {
        mark_bad();
        return 0;
    }
    return static_cast<std::uint32_t>(value);
}

std::optional<std::size_t> WireReader::length(Length kind) {
    std::int64_t length = 0;
    if (is_flexible()) {
        length = std::int64_t{unsigned_varint()} - 1;
    } else if (kind == Length::of_string) {
        length = integer<std::int16_t>();
    } else {
        length = integer<std::int32_t>();
    }
    if (!ok() || length == -1) return std::nullopt;
    if (length < 0 || static_cast<std::uint64_t>(length) > remaining()) {
        mark_bad();
        return std::nullopt;
    }
    return static_cast<std::size_t>(length);
}

std::optional<std::string_view> WireReader::string() {
    const std::optional<std::size_t> size = length(Length::of_string);
    if (!size) return std::nullopt;
    return as_text(reader_.bytes(*size));
}

std::optional<ByteView> WireReader::bytes() {
    const std::optional<std::size_t> size = length(Length::of_other);
    if (!size) return std::nullopt;
    return reader_.bytes(*size);
}

std::optional<std::size_t> WireReader::array_length() {
    return length(Length::of_other);
}

WireReader WireReader::part(std::size_t count) {
    WireReader part(encoding_, reader_.bytes(count));
    if (!ok()) part.mark_bad();
    return part;
}

}  // namespace squall::model
