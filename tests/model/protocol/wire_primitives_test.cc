#include "model/protocol/wire_primitives.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace squall::model {
namespace {

constexpr WireEncoding encodings[] = {WireEncoding::classic, WireEncoding::flexible};

RC_GTEST_PROP(WireSizer, CountsWhatAWriterWrites,
              (const std::string& text, const Bytes& content, std::uint32_t number)) {
    for (const WireEncoding encoding : encodings) {
        Bytes bytes;
        WireWriter writer(encoding, bytes);
        WireSizer sizer(encoding);
        const auto write = [&](auto& each) {
            each.string(text);
            each.bytes(content);
            each.array_length(number / 2);
            each.unsigned_varint(number);
            each.integer(static_cast<std::int16_t>(number));
            each.null_string();
            each.null_bytes();
            each.null_array();
        };
        write(writer);
        write(sizer);
        RC_ASSERT(sizer.size() == bytes.size());
    }
}

RC_GTEST_PROP(WireReader, ReadsWhatTheWriterWrote,
              (const std::string& text, const Bytes& content, std::uint32_t number)) {
    for (const WireEncoding encoding : encodings) {
        Bytes bytes;
        WireWriter writer(encoding, bytes);
        writer.string(text);
        writer.bytes(content);
        writer.null_string();
        writer.null_bytes();
        writer.null_array();
        writer.array_length(3);
        writer.unsigned_varint(number);
        bytes.resize(bytes.size() + 3);  // room for the three elements
        WireReader reader(encoding, bytes);
        RC_ASSERT(reader.string() == std::string_view(text));
        const std::optional<ByteView> read = reader.bytes();
        RC_ASSERT(read.has_value() && Bytes(read->begin(), read->end()) == content);
        RC_ASSERT(reader.string() == std::nullopt);
        RC_ASSERT(!reader.bytes().has_value());
        RC_ASSERT(reader.array_length() == std::nullopt);
        RC_ASSERT(reader.array_length() == std::size_t{3});
        RC_ASSERT(reader.unsigned_varint() == number);
        RC_ASSERT(reader.ok());
        RC_ASSERT(reader.remaining() == 3u);
    }
}

TEST(WireReader, BelievesALengthNoFurtherThanItsBytes) {
    for (const Bytes& bytes : {Bytes{0x7f, 0xff, 0xff, 0xff, 1, 2}, Bytes{0, 0, 0, 3, 1, 2}}) {
        WireReader array(WireEncoding::classic, bytes);
        EXPECT_EQ(array.array_length(), std::nullopt);
        EXPECT_FALSE(array.ok());
        WireReader content(WireEncoding::classic, bytes);
        EXPECT_FALSE(content.bytes().has_value());
        EXPECT_FALSE(content.ok());
    }
    const Bytes compact{4, 1, 2};
    WireReader array(WireEncoding::flexible, compact);
    EXPECT_EQ(array.array_length(), std::nullopt);
    EXPECT_FALSE(array.ok());
    const Bytes fits{3, 1, 2};
    WireReader whole(WireEncoding::flexible, fits);
    EXPECT_EQ(whole.array_length(), std::size_t{2});
}

TEST(WireReader, RefusesNegativeLengthsButNull) {
    const Bytes minus_two{0xff, 0xff, 0xff, 0xfe};
    WireReader array(WireEncoding::classic, minus_two);
    EXPECT_EQ(array.array_length(), std::nullopt);
    EXPECT_FALSE(array.ok());
    WireReader text(WireEncoding::classic, ByteView(minus_two).last(2));
    EXPECT_EQ(text.string(), std::nullopt);
    EXPECT_FALSE(text.ok());
}

TEST(WireReader, RefusesVarintsOfMoreThan32Bits) {
    const Bytes largest{0xff, 0xff, 0xff, 0xff, 0x0f};
    WireReader fits(WireEncoding::flexible, largest);
    EXPECT_EQ(fits.unsigned_varint(), 0xffffffffu);
    EXPECT_TRUE(fits.ok());
    const Bytes larger{0xff, 0xff, 0xff, 0xff, 0x1f};
    WireReader overflows(WireEncoding::flexible, larger);
    EXPECT_EQ(overflows.unsigned_varint(), 0u);
    EXPECT_FALSE(overflows.ok());
}

TEST(WireReader, APartEndsWhereItEnds) {
    const Bytes bytes{1, 2, 3, 4};
    WireReader reader(WireEncoding::flexible, bytes);
    WireReader part = reader.part(3);
    EXPECT_EQ(reader.remaining(), 1u);
    EXPECT_EQ(part.integer<std::int16_t>(), 0x0102);
    EXPECT_EQ(part.remaining(), 1u);
    part.integer<std::int16_t>();
    EXPECT_FALSE(part.ok());
    EXPECT_TRUE(reader.ok());
    EXPECT_FALSE(reader.part(2).ok());
    EXPECT_FALSE(reader.ok());
}

}  // namespace
}  // namespace squall::model
