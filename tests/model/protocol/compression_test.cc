// The codecs: what is written is read again, what is not theirs is refused, and a bomb does not go
// off.
#include "model/protocol/compression.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace squall::model {
namespace {

constexpr Compression codecs[] = {Compression::none, Compression::gzip, Compression::snappy,
                                  Compression::lz4, Compression::zstd};

class Codec : public testing::TestWithParam<Compression> {};

TEST_P(Codec, ReadsWhatItWrote) {
    Bytes bytes;
    // Across the blocks of snappy's framing (32 KiB), and incompressible in places.
    for (std::size_t i = 0; bytes.size() < 200'000; ++i) {
        bytes.push_back(
            static_cast<std::uint8_t>(i % 1000 < 500 ? 7 : (i * i * 2654435761u) >> 13));
    }
    const Result<Bytes> read = decompress(GetParam(), compress(GetParam(), bytes));
    ASSERT_TRUE(read.ok()) << to_string(read.error());
    EXPECT_TRUE(*read == bytes);
}

TEST_P(Codec, CarriesNothingToo) {
    EXPECT_EQ(decompress(GetParam(), compress(GetParam(), {})).value(), Bytes{});
}

TEST_P(Codec, StopsABombAtItsLimit) {
    const Bytes bytes(1'000'000, 0);
    const Bytes bomb = compress(GetParam(), bytes);
    EXPECT_TRUE(decompress(GetParam(), bomb, bytes.size()).ok());
    const Result<Bytes> refused = decompress(GetParam(), bomb, bytes.size() - 1);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().failure, Failure::corrupt);
}

TEST_P(Codec, RefusesWhatIsCutShort) {
    if (GetParam() == Compression::none) return;
    const Bytes whole = compress(GetParam(), to_bytes(std::string(3000, 'a') + "the end"));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        // A framed snappy stream of no blocks is whole, and empty.
        if (GetParam() == Compression::snappy && size == 16) continue;
        EXPECT_FALSE(decompress(GetParam(), ByteView(whole).first(size)).ok()) << size;
    }
}

INSTANTIATE_TEST_SUITE_P(All, Codec, testing::ValuesIn(codecs),
                         [](const auto& codec) { return std::string(to_string(codec.param)); });

RC_GTEST_PROP(CodecProperty, AnyBytesAreReadOrRefusedWithinTheLimit, (const Bytes& bytes)) {
    for (const Compression codec : codecs) {
        const Result<Bytes> read = decompress(codec, bytes, 1000);
        if (read) RC_ASSERT(read->size() <= 1000u);
    }
}

TEST(Snappy, ReadsARawBlockAsOtherClientsWriteIt) {
    // Length 3, a literal of three bytes.
    EXPECT_EQ(decompress(Compression::snappy, Bytes{3, 2 << 2, 'a', 'b', 'c'}).value(),
              to_bytes("abc"));
}

TEST(Snappy, RefusesABlockThatClaimsGigabytes) {
    const Bytes claim{0xff, 0xff, 0xff, 0xff, 0x0f, 0, 'a'};
    EXPECT_FALSE(decompress(Compression::snappy, claim).ok());
}

TEST(Gzip, GivesTheSameBytesEveryTime) {
    EXPECT_EQ(compress(Compression::gzip, to_bytes("again")),
              compress(Compression::gzip, to_bytes("again")));
}

}  // namespace
}  // namespace squall::model
