#include "model/protocol/wire_primitives.h"

#include <limits>

namespace squall::model {
namespace {

constexpr std::size_t longest_string = std::numeric_limits<std::int16_t>::max();
constexpr std::size_t longest = std::numeric_limits<std::int32_t>::max();

}  // namespace

void WireWriter::raw(ByteView bytes) {
    size_ += bytes.size();
    if (out_ != nullptr) ByteWriter(*out_).bytes(bytes);
}

void WireWriter::unsigned_varint(std::uint64_t value) {
    size_ += unsigned_varint_size(value);
    if (out_ != nullptr) ByteWriter(*out_).unsigned_varint(value);
}

void WireWriter::string(std::string_view text) {
    ASSERT(text.size() <= longest_string, "a string of {} bytes", text.size());
    if (is_flexible()) {
        unsigned_varint(text.size() + 1);
    } else {
        integer(static_cast<std::int16_t>(text.size()));
    }
    raw(as_bytes(text));
}

void WireWriter::bytes(ByteView bytes) {
    array_length(bytes.size());
    raw(bytes);
}

void WireWriter::array_length(std::size_t count) {
    ASSERT(count <= longest, "{} elements or bytes", count);
    if (is_flexible()) {
        unsigned_varint(count + 1);
    } else {
        integer(static_cast<std::int32_t>(count));
    }
}

void WireWriter::null_string() {
    if (is_flexible()) {
        unsigned_varint(0);
    } else {
        integer(std::int16_t{-1});
    }
}

void WireWriter::null_array() {
    if (is_flexible()) {
        unsigned_varint(0);
    } else {
        integer(std::int32_t{-1});
    }
}

void WireWriter::null_bytes() {
    null_array();
}

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
