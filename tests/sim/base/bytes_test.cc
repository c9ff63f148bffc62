#include "sim/base/bytes.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "sim/base/hash.h"

namespace squall {
namespace {

Bytes written(auto&& write) {
    Bytes out;
    ByteWriter writer(out);
    write(writer);
    return out;
}

TEST(ByteWriter, WritesIntegersInNetworkOrder) {
    const Bytes out = written([](ByteWriter& writer) {
        writer.integer(std::int8_t{-1});
        writer.integer(std::int16_t{0x0102});
        writer.integer(std::int32_t{0x03040506});
        writer.integer(std::int64_t{-2});
        writer.boolean(true);
    });
    EXPECT_EQ(to_hex(ByteView(out)), "ff010203040506fffffffffffffffe01");
}

TEST(ByteWriter, PatchesWhatItWrote) {
    Bytes out;
    ByteWriter writer(out);
    writer.integer(std::int32_t{0});
    writer.bytes(as_bytes("abc"));
    writer.patch(0, static_cast<std::int32_t>(writer.size() - 4));
    EXPECT_EQ(to_hex(ByteView(out)), "00000003616263");
}

TEST(Varint, IsZigzagInGroupsOfSeven) {
    struct Case {
        std::int32_t value;
        std::string_view hex;
    };
    const Case cases[] = {{0, "00"},
                          {-1, "01"},
                          {1, "02"},
                          {63, "7e"},
                          {-64, "7f"},
                          {64, "8001"},
                          {8191, "fe7f"},
                          {std::numeric_limits<std::int32_t>::max(), "feffffff0f"},
                          {std::numeric_limits<std::int32_t>::min(), "ffffffff0f"}};
    for (const Case& c : cases) {
        const Bytes out = written([&](ByteWriter& writer) { writer.varint(c.value); });
        EXPECT_EQ(to_hex(ByteView(out)), c.hex) << c.value;
    }
}

RC_GTEST_PROP(ByteReader, ReadsBackWhatWasWritten, ()) {
    const auto a = *rc::gen::arbitrary<std::int16_t>();
    const auto b = *rc::gen::arbitrary<std::int32_t>();
    // All lengths, where RapidCheck alone would prefer small numbers.
    const auto c = static_cast<std::int64_t>(mix(*rc::gen::arbitrary<std::uint64_t>()) >>
                                             *rc::gen::inRange(0, 64));
    const auto d = *rc::gen::arbitrary<std::uint64_t>();
    const auto text = *rc::gen::arbitrary<std::string>();
    const Bytes out = written([&](ByteWriter& writer) {
        writer.integer(a);
        writer.varint(b);
        writer.varlong(c);
        writer.unsigned_varint(d);
        writer.bytes(as_bytes(text));
    });
    ByteReader reader{ByteView(out)};
    RC_ASSERT(reader.integer<std::int16_t>() == a);
    RC_ASSERT(reader.varint() == b);
    RC_ASSERT(reader.varlong() == c);
    const std::size_t before = reader.position();
    RC_ASSERT(reader.unsigned_varint() == d);
    RC_ASSERT(reader.position() - before == unsigned_varint_size(d));
    RC_ASSERT(as_text(reader.bytes(text.size())) == text);
    RC_ASSERT(reader.ok());
    RC_ASSERT(reader.remaining() == 0u);
}

RC_GTEST_PROP(ByteReader, NeverReadsPastItsEndAndStaysBad, ()) {
    const auto in = *rc::gen::arbitrary<Bytes>();
    ByteReader reader{ByteView(in)};
    bool was_bad = false;
    for (const int step : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 6))) {
        const std::size_t before = reader.position();
        switch (step) {
            case 0:
                reader.integer<std::int64_t>();
                break;
            case 1:
                reader.varint();
                break;
            case 2:
                reader.varlong();
                break;
            case 3:
                reader.unsigned_varint();
                break;
            case 4:
                reader.bytes(5);
                break;
            default:
                reader.bytes(std::numeric_limits<std::size_t>::max());
        }
        RC_ASSERT(reader.position() <= in.size());
        if (was_bad) {
            RC_ASSERT(!reader.ok());
            RC_ASSERT(reader.position() == before);
        }
        was_bad = !reader.ok();
    }
}

TEST(ByteReader, RefusesVarintsThatDoNotFit) {
    const Bytes endless(20, 0x80);
    ByteReader bomb{ByteView(endless)};
    EXPECT_EQ(bomb.unsigned_varint(), 0u);
    EXPECT_FALSE(bomb.ok());

    const Bytes most = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
    ByteReader fits{ByteView(most)};
    EXPECT_EQ(fits.unsigned_varint(), std::numeric_limits<std::uint64_t>::max());
    EXPECT_TRUE(fits.ok());

    const Bytes more = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02};
    ByteReader overflows{ByteView(more)};
    overflows.unsigned_varint();
    EXPECT_FALSE(overflows.ok());

    const Bytes wide = {0x80, 0x80, 0x80, 0x80, 0x10};  // 2^32: no varint of 32 bits
    ByteReader too_wide{ByteView(wide)};
    EXPECT_EQ(too_wide.varint(), 0);
    EXPECT_FALSE(too_wide.ok());
}

TEST(ByteReader, GivesZerosOnceItIsBad) {
    const Bytes in = {1, 2, 3};
    ByteReader reader{ByteView(in)};
    EXPECT_EQ(reader.integer<std::int32_t>(), 0);
    EXPECT_FALSE(reader.ok());
    EXPECT_EQ(reader.integer<std::int8_t>(), 0);
    EXPECT_TRUE(reader.bytes(1).empty());
    EXPECT_EQ(reader.position(), 0u);
}

RC_GTEST_PROP(LittleEndian, LoadsAnyNumberOfBytesUpToEight, (std::uint64_t value)) {
    std::uint8_t bytes[8];
    for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
    for (std::size_t count = 0; count <= 8; ++count) {
        const std::uint64_t mask =
            count == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * count)) - 1;
        // Behind what is loaded nothing may be touched.
        const Bytes exact(bytes, bytes + count);
        RC_ASSERT(load_little_endian(exact.data(), count) == (value & mask));
    }
}

TEST(Hex, WritesTwoDigitsForEachByte) {
    EXPECT_EQ(to_hex(as_bytes("\x01\xab")), "01ab");
    EXPECT_EQ(to_hex(std::uint64_t{0xabc}), "0000000000000abc");
}

}  // namespace
}  // namespace squall
