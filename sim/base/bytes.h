// Bytes, and cursors that write and read them in network byte order (big endian), Kafka's order.
//
// ByteReader never reads past its end and never throws: a read that does not fit makes the reader
// bad for good and returns zero values, so that a decoder checks `ok()` once at the end.
// Varints are Kafka's: base-128 groups, least significant first; signed ones are zigzag-coded.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace squall {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes to_bytes(std::string_view text) {
    return Bytes(text.begin(), text.end());
}

namespace detail {

template <class T>
constexpr T swapped_bytes(T value) {
    if constexpr (sizeof(T) == 8) {
        return __builtin_bswap64(value);
    } else if constexpr (sizeof(T) == 4) {
        return __builtin_bswap32(value);
    } else if constexpr (sizeof(T) == 2) {
        return __builtin_bswap16(value);
    } else {
        return value;
    }
}

}  // namespace detail

// Big-endian load and store of one integer at `at`. Requires: sizeof(T) bytes there. An instruction
// or two: nothing is done so often to a log as to read the head of a batch.
template <class T>
T load_big_endian(const std::uint8_t* at) {
    std::make_unsigned_t<T> value = 0;
    std::memcpy(&value, at, sizeof value);
    if constexpr (std::endian::native == std::endian::little) value = detail::swapped_bytes(value);
    return static_cast<T>(value);
}

template <class T>
void store_big_endian(std::uint8_t* at, T integer) {
    auto value = static_cast<std::make_unsigned_t<T>>(integer);
    if constexpr (std::endian::native == std::endian::little) value = detail::swapped_bytes(value);
    std::memcpy(at, &value, sizeof value);
}

// The number that `count` bytes make, lowest first. Requires: at most 8.
inline std::uint64_t load_little_endian(const void* from, std::size_t count) {
    const auto* const at = static_cast<const std::uint8_t*>(from);
    const auto load = [](const std::uint8_t* bytes, auto value) {
        std::memcpy(&value, bytes, sizeof value);
        if constexpr (std::endian::native == std::endian::big) value = detail::swapped_bytes(value);
        return std::uint64_t{value};
    };
    if (count == 8) return load(at, std::uint64_t{});
    // Two loads that overlap: where they do, they agree.
    if (count >= 4) {
        return load(at, std::uint32_t{}) | load(at + count - 4, std::uint32_t{}) << 8 * (count - 4);
    }
    if (count == 0) return 0;
    return std::uint64_t{at[0]} | std::uint64_t{at[count / 2]} << 8 * (count / 2) |
           std::uint64_t{at[count - 1]} << 8 * (count - 1);
}

class ByteWriter {
  public:
    // Appends to `out`, which must outlive the writer.
    explicit ByteWriter(Bytes& out) : out_(out) {}

    template <class T>
    void integer(T value) {
        const std::size_t at = out_.size();
        out_.resize(at + sizeof(T));
        store_big_endian(out_.data() + at, value);
    }
    void boolean(bool value) { out_.push_back(value ? 1 : 0); }
    void bytes(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
    void unsigned_varint(std::uint64_t value);
    void varint(std::int32_t value);
    void varlong(std::int64_t value);

    std::size_t size() const { return out_.size(); }
    // Overwrites an integer written before. Requires: it lies within what was written.
    template <class T>
    void patch(std::size_t at, T value) {
        store_big_endian(out_.data() + at, value);
    }

  private:
    Bytes& out_;
};

class ByteReader {
  public:
    explicit ByteReader(ByteView bytes) : bytes_(bytes) {}

    template <class T>
    T integer() {
        if (!has(sizeof(T))) return {};
        const T value = load_big_endian<T>(bytes_.data() + position_);
        position_ += sizeof(T);
        return value;
    }
    bool boolean() { return integer<std::uint8_t>() != 0; }
    // A view into the underlying bytes, which must outlive it.
    ByteView bytes(std::size_t count) {
        if (!has(count)) return {};
        const ByteView view = bytes_.subspan(position_, count);
        position_ += count;
        return view;
    }
    std::uint64_t unsigned_varint() {
        // Nearly all are of one byte.
        if (ok_ && remaining() > 0 && bytes_[position_] < 0x80) return bytes_[position_++];
        return longer_varint();
    }
    std::int32_t varint() {
        const std::uint64_t raw = unsigned_varint();
        if (raw > 0xffff'ffffu) {
            ok_ = false;
            return 0;
        }
        const auto bits = static_cast<std::uint32_t>(raw);
        return static_cast<std::int32_t>((bits >> 1) ^ (~(bits & 1) + 1));
    }
    std::int64_t varlong() {
        const std::uint64_t bits = unsigned_varint();
        return static_cast<std::int64_t>((bits >> 1) ^ (~(bits & 1) + 1));
    }
    void skip(std::size_t count) { bytes(count); }

    bool ok() const { return ok_; }
    void mark_bad() { ok_ = false; }
    std::size_t position() const { return position_; }
    std::size_t remaining() const { return bytes_.size() - position_; }

  private:
    std::uint64_t longer_varint();
    bool has(std::size_t count) {
        if (!ok_ || remaining() < count) {
            ok_ = false;
            return false;
        }
        return true;
    }

    ByteView bytes_;
    std::size_t position_ = 0;
    bool ok_ = true;
};

// The encoded length of a varint, without writing it.
inline std::size_t unsigned_varint_size(std::uint64_t value) {
    std::size_t size = 1;
    while (value >= 0x80) {
        value >>= 7;
        ++size;
    }
    return size;
}
constexpr std::uint32_t zigzag(std::int32_t value) {
    return (static_cast<std::uint32_t>(value) << 1) ^ static_cast<std::uint32_t>(value >> 31);
}
constexpr std::uint64_t zigzag(std::int64_t value) {
    return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

// Lower-case hex, two digits a byte.
std::string to_hex(ByteView bytes);
std::string to_hex(std::uint64_t value);  // always 16 digits

}  // namespace squall
