// The primitive types of Kafka's wire format, in its two encodings: classic (lengths are int16 for
// strings and int32 for everything else, -1 is null) and flexible (lengths are unsigned varints,
// one more than they say, 0 is null; KIP-482). What messages are made of is in wire_codec.h.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "sim/base/assert.h"
#include "sim/base/bytes.h"

namespace squall::model {

enum class WireEncoding { classic, flexible };

// What is put together from integers, varints and raw bytes. A sizer and a writer run through this
// same code, so that a size can never differ from what is written.
template <class Sink>
class WirePrimitives {
  public:
    explicit WirePrimitives(WireEncoding encoding) : encoding_(encoding) {}

    bool is_flexible() const { return encoding_ == WireEncoding::flexible; }
    WireEncoding encoding() const { return encoding_; }

    void string(std::string_view text) {
        constexpr std::size_t longest = std::numeric_limits<std::int16_t>::max();
        ASSERT(text.size() <= longest, "a string of {} bytes", text.size());
        if (is_flexible()) {
            sink().unsigned_varint(text.size() + 1);
        } else {
            sink().integer(static_cast<std::int16_t>(text.size()));
        }
        sink().raw(as_bytes(text));
    }
    void bytes(ByteView bytes) {
        array_length(bytes.size());
        sink().raw(bytes);
    }
    void array_length(std::size_t count) {
        constexpr std::size_t longest = std::numeric_limits<std::int32_t>::max();
        ASSERT(count <= longest, "{} elements or bytes", count);
        if (is_flexible()) {
            sink().unsigned_varint(count + 1);
        } else {
            sink().integer(static_cast<std::int32_t>(count));
        }
    }
    void null_string() { null<std::int16_t>(); }
    void null_bytes() { null_array(); }
    void null_array() { null<std::int32_t>(); }

  private:
    Sink& sink() { return static_cast<Sink&>(*this); }
    template <class Length>
    void null() {
        if (is_flexible()) {
            sink().unsigned_varint(0);
        } else {
            sink().integer(Length{-1});
        }
    }

    WireEncoding encoding_;
};

// Counts bytes without writing them: what bandwidth is taken by, for every frame.
class WireSizer : public WirePrimitives<WireSizer> {
  public:
    using WirePrimitives::WirePrimitives;

    std::size_t size() const { return size_; }

    template <class T>
    void integer(T) {
        size_ += sizeof(T);
    }
    void unsigned_varint(std::uint64_t value) { size_ += unsigned_varint_size(value); }
    void raw(ByteView bytes) { size_ += bytes.size(); }

  private:
    std::size_t size_ = 0;
};

// Appends to `out`, which must outlive the writer.
class WireWriter : public WirePrimitives<WireWriter> {
  public:
    WireWriter(WireEncoding encoding, Bytes& out) : WirePrimitives(encoding), out_(out) {}

    template <class T>
    void integer(T value) {
        out_.integer(value);
    }
    void unsigned_varint(std::uint64_t value) { out_.unsigned_varint(value); }
    void raw(ByteView bytes) { out_.bytes(bytes); }

  private:
    ByteWriter out_;
};

// Reads what WireWriter writes. As ByteReader, it turns bad for good at the first thing that does
// not fit. A length is never believed further than the bytes that are left.
class WireReader {
  public:
    WireReader(WireEncoding encoding, ByteView bytes) : encoding_(encoding), reader_(bytes) {}

    bool is_flexible() const { return encoding_ == WireEncoding::flexible; }
    bool ok() const { return reader_.ok(); }
    void mark_bad() { reader_.mark_bad(); }
    std::size_t position() const { return reader_.position(); }
    std::size_t remaining() const { return reader_.remaining(); }

    template <class T>
    T integer() {
        return reader_.integer<T>();
    }
    std::uint32_t unsigned_varint();
    // nullopt: null. Check ok() too.
    std::optional<std::string_view> string();
    std::optional<ByteView> bytes();
    std::optional<std::size_t> array_length();
    // A reader of the next `count` bytes, which this one steps over.
    WireReader part(std::size_t count);
    void skip(std::size_t count) { reader_.skip(count); }

  private:
    enum class Length { of_string, of_other };
    // At most what is left; nullopt for null.
    std::optional<std::size_t> length(Length kind);

    WireEncoding encoding_;
    ByteReader reader_;
};

}  // namespace squall::model
