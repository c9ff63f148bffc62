#include "sim/base/hash.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <set>

#include "sim/base/crc32c.h"

namespace squall {
namespace {

TEST(Crc32c, MatchesTheVectorsOfRfc3720) {
    Bytes ascending(32);
    Bytes descending(32);
    for (std::size_t i = 0; i < 32; ++i) {
        ascending[i] = static_cast<std::uint8_t>(i);
        descending[i] = static_cast<std::uint8_t>(31 - i);
    }
    const Bytes scsi_read = {0x01, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                             0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00,
                             0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00,
                             0x00, 0x18, 0x28, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                             0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};
    EXPECT_EQ(crc32c(Bytes(32, 0x00)), 0x8a9136aau);
    EXPECT_EQ(crc32c(Bytes(32, 0xff)), 0x62a8ab43u);
    EXPECT_EQ(crc32c(ascending), 0x46dd794eu);
    EXPECT_EQ(crc32c(descending), 0x113fdb5cu);
    EXPECT_EQ(crc32c(scsi_read), 0xd9963a56u);
    EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283u);
    EXPECT_EQ(crc32c({}), 0u);
}

RC_GTEST_PROP(Crc32c, ContinuesOverPieces, (const Bytes& bytes)) {
    const auto cut = *rc::gen::inRange<std::size_t>(0, bytes.size() + 1);
    const ByteView whole(bytes);
    RC_ASSERT(crc32c(whole.subspan(cut), crc32c(whole.first(cut))) == crc32c(whole));
}

RC_GTEST_PROP(Crc32c, IsTheSameByInstructionAndByTables, (const Bytes& bytes, std::uint32_t seed)) {
    RC_ASSERT(crc32c(bytes, seed) == crc32c_by_tables(bytes, seed));
}

RC_GTEST_PROP(Crc32c, NoticesEveryFlippedBit, (Bytes bytes)) {
    RC_PRE(!bytes.empty());
    const std::uint32_t before = crc32c(bytes);
    const auto bit = *rc::gen::inRange<std::size_t>(0, bytes.size() * 8);
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    RC_ASSERT(crc32c(bytes) != before);
}

TEST(Hash, IsTheSameOnEveryMachine) {
    EXPECT_EQ(hash_text(""), 17402544733862870101u);
    EXPECT_EQ(hash_text("Fetch"), 1052215921388361453u);
    EXPECT_EQ(hash_text("a text of more than sixteen bytes", 7), 284204864574775501u);
    EXPECT_EQ(mix(1), 10451216379200822465u);
    EXPECT_EQ(combine(1, 2), 9495427177287531250u);
}

RC_GTEST_PROP(Hash, DoesNotDependOnAlignment, (const Bytes& bytes, std::uint64_t seed)) {
    Bytes shifted(bytes.size() + 1);
    std::copy(bytes.begin(), bytes.end(), shifted.begin() + 1);
    RC_ASSERT(hash_bytes(ByteView(shifted).subspan(1), seed) == hash_bytes(bytes, seed));
}

TEST(Hash, TellsLengthsSeedsAndPositionsApart) {
    std::set<std::uint64_t> hashes;
    for (std::size_t size = 0; size < 100; ++size) {
        hashes.insert(hash_bytes(Bytes(size, 0)));
        hashes.insert(hash_bytes({}, size + 1));
        for (std::size_t at = 0; at < size; ++at) {
            Bytes one_set(size, 0);
            one_set[at] = 1;
            hashes.insert(hash_bytes(one_set));
        }
    }
    EXPECT_EQ(hashes.size(), 100u + 100u + 99u * 100u / 2u);
}

TEST(Mix, MovesAboutHalfOfTheBitsForEachBit) {
    for (int bit = 0; bit < 64; ++bit) {
        int moved = 0;
        for (std::uint64_t x = 0; x < 256; ++x) {
            moved += std::popcount(mix(x) ^ mix(x ^ (std::uint64_t{1} << bit)));
        }
        EXPECT_NEAR(moved / 256.0, 32.0, 2.0) << "bit " << bit;
    }
}

}  // namespace
}  // namespace squall
