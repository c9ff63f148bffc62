#include "model/client/partitioner.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>

namespace squall::model {
namespace {

std::int32_t signed_murmur2(std::string_view text) {
    return static_cast<std::int32_t>(murmur2(as_bytes(text)));
}

// Kafka's own vectors (UtilsTest.testMurmur2).
TEST(Murmur2, GivesTheHashesOfKafkasClients) {
    EXPECT_EQ(signed_murmur2("21"), -973932308);
    EXPECT_EQ(signed_murmur2("foobar"), -790332482);
    EXPECT_EQ(signed_murmur2("a-little-bit-long-string"), -985981536);
    EXPECT_EQ(signed_murmur2("a-little-bit-longer-string"), -1486304829);
    EXPECT_EQ(signed_murmur2("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), -58897971);
    EXPECT_EQ(signed_murmur2("abc"), 479470107);
}

TEST(Partitioner, MasksTheSignBitOfNegativeHashes) {
    EXPECT_EQ(partition_for_key(as_bytes("foobar"), 3), (-790332482 & 0x7fffffff) % 3);
}

RC_GTEST_PROP(Partitioner, KeepsEqualKeysTogetherInsideTheTopic, (const std::string& key)) {
    const auto count = *rc::gen::inRange(1, 50);
    const std::int32_t partition = partition_for_key(as_bytes(key), count);
    RC_ASSERT(partition >= 0);
    RC_ASSERT(partition < count);
    RC_ASSERT(partition == partition_for_key(as_bytes(std::string(key)), count));
}

TEST(StickyPartitioner, StaysUntilABatchOfBytesWentThere) {
    Draws draws(Noise(7), Meaning("test"));
    StickyPartitioner sticky(100);
    const std::int32_t first = sticky.current(1000, {}, draws);
    sticky.appended(99, true);
    EXPECT_EQ(sticky.current(1000, {}, draws), first);
    sticky.appended(1, true);
    EXPECT_FALSE(sticky.chosen());
    EXPECT_NE(sticky.current(1000, {}, draws), first);  // one in a thousand; this seed moves
}

TEST(StickyPartitioner, FillsItsLastBatchBeforeItMovesOn) {
    Draws draws(Noise(7), Meaning("test"));
    StickyPartitioner sticky(100);
    sticky.current(10, {}, draws);
    sticky.appended(150, false);
    EXPECT_TRUE(sticky.chosen());
    sticky.appended(50, false);
    EXPECT_FALSE(sticky.chosen());
}

TEST(StickyPartitioner, ChoosesOnlyPartitionsThatHaveALeader) {
    Draws draws(Noise(7), Meaning("test"));
    for (int i = 0; i < 100; ++i) {
        StickyPartitioner sticky(100);
        const std::int32_t chosen = sticky.current(10, {2, 5}, draws);
        EXPECT_TRUE(chosen == 2 || chosen == 5) << chosen;
    }
}

TEST(StickyPartitioner, PrefersShortQueues) {
    Draws draws(Noise(7), Meaning("test"));
    std::map<std::int32_t, int> chosen;
    for (int i = 0; i < 1000; ++i) {
        StickyPartitioner sticky(100);
        sticky.update_load({{.partition = 0, .queued_batches = 9},
                            {.partition = 1, .queued_batches = 0},
                            {.partition = 2, .queued_batches = 9}},
                           3);
        ++chosen[sticky.current(3, {0, 1, 2}, draws)];
    }
    // Weights 1, 10, 1.
    EXPECT_GT(chosen[1], 750);
    EXPECT_GT(chosen[0], 40);
    EXPECT_GT(chosen[2], 40);
}

}  // namespace
}  // namespace squall::model
