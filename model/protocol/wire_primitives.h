// The primitive types of Kafka's wire format, in its two encodings: classic (lengths are int16 for
// strings and int32 for everything else, -1 is null) and flexible (lengths are unsigned varints,
// one more than they say, 0 is null; KIP-482). What messages are made of is in wire_codec.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "sim/base/assert.h"
#include "sim/base/bytes.h"

namespace squall::model {

enum class WireEncoding { classic, flexible };

// Writes, or only counts: a sizer and a writer run through the same code, so that a size can never
// differ from what is written.
class WireWriter {
  public:
    // Counts bytes without writing them.
    explicit WireWriter(WireEncoding encoding) : encoding_(encoding) {}
    // Appends to `out`, which must outlive the writer.
    WireWriter(WireEncoding encoding, Bytes& out) : encoding_(encoding), out_(&out) {}

    bool is_flexible() const { return encoding_ == WireEncoding::flexible; }
    // Bytes written or counted so far.
    std::size_t size() const { return size_; }
    WireWriter sizer() const { return WireWriter(encoding_); }

    template <class T>
    void integer(T value) {
        size_ += sizeof(T);
        if (out_ != nullptr) ByteWriter(*out_).integer(value);
    }
    void unsigned_varint(std::uint64_t value);
    void string(std::string_view text);
    void bytes(ByteView bytes);
    void array_length(std::size_t count);
    void null_string();
    void null_bytes();
    void null_array();

  private:
    void raw(ByteView bytes);

    WireEncoding encoding_;
    Bytes* out_ = nullptr;
    std::size_t size_ = 0;
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
