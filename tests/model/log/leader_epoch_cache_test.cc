#include "model/log/leader_epoch_cache.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <vector>

namespace squall::model {
namespace {

LeaderEpochCache cache_of(const std::vector<std::pair<int, int>>& entries) {
    LeaderEpochCache cache;
    for (const auto& [epoch, start] : entries) cache.assign(LeaderEpoch(epoch), Offset(start));
    return cache;
}

OffsetAndEpoch answer(int offset, int epoch) {
    return {.offset = Offset(offset), .epoch = LeaderEpoch(epoch)};
}

TEST(LeaderEpochCache, KnowsWhereAnEpochEnds) {
    const LeaderEpochCache cache = cache_of({{2, 10}, {4, 30}, {7, 50}});
    const Offset end(80);
    EXPECT_EQ(cache.end_offset_for(LeaderEpoch(7), end), answer(80, 7));
    EXPECT_EQ(cache.end_offset_for(LeaderEpoch(4), end), answer(50, 4));
    EXPECT_EQ(cache.end_offset_for(LeaderEpoch(6), end), answer(50, 4));
    EXPECT_EQ(cache.end_offset_for(LeaderEpoch(2), end), answer(30, 2));
    EXPECT_EQ(cache.end_offset_for(LeaderEpoch(1), end), answer(10, 1));
    EXPECT_EQ(cache.end_offset_for(LeaderEpoch(8), end), answer(-1, -1));
    EXPECT_EQ(cache.end_offset_for(no_leader_epoch, end), answer(-1, -1));
    EXPECT_EQ(LeaderEpochCache().end_offset_for(LeaderEpoch(0), end), answer(-1, -1));
}

TEST(LeaderEpochCache, AnEpochBeginsWhereItWasFirstSeen) {
    LeaderEpochCache cache = cache_of({{2, 10}});
    EXPECT_FALSE(cache.assign(LeaderEpoch(2), Offset(15)));
    EXPECT_TRUE(cache.assign(LeaderEpoch(2), Offset(5)));
    EXPECT_EQ(cache, cache_of({{2, 5}}));
}

TEST(LeaderEpochCache, AnEpochWithoutRecordsGivesWayToTheNext) {
    EXPECT_EQ(cache_of({{1, 0}, {2, 10}, {3, 10}}), cache_of({{1, 0}, {3, 10}}));
}

TEST(LeaderEpochCache, IsCutAtBothEnds) {
    LeaderEpochCache cache = cache_of({{2, 10}, {4, 30}, {7, 50}});
    EXPECT_FALSE(cache.truncate_from_end(Offset(51)));
    EXPECT_TRUE(cache.truncate_from_end(Offset(50)));
    EXPECT_EQ(cache, cache_of({{2, 10}, {4, 30}}));
    EXPECT_FALSE(cache.truncate_from_start(Offset(9)));
    EXPECT_TRUE(cache.truncate_from_start(Offset(20)));
    EXPECT_EQ(cache, cache_of({{2, 20}, {4, 30}}));
    EXPECT_TRUE(cache.truncate_from_start(Offset(30)));
    EXPECT_EQ(cache, cache_of({{4, 30}}));
    EXPECT_FALSE(cache.truncate_from_start(Offset(30)));
}

TEST(LeaderEpochCache, IsStoredInKafkasFormat) {
    EXPECT_EQ(cache_of({{3, 0}, {5, 120}}).to_checkpoint(), "0\n2\n3 0\n5 120\n");
    EXPECT_EQ(LeaderEpochCache().to_checkpoint(), "0\n0\n");
}

TEST(LeaderEpochCache, RefusesACheckpointThatIsNotOne) {
    for (const char* text :
         {"", "0", "0\n", "0\n1\n", "1\n0\n", "0\n1\n3 0", "0\n1\n3\n", "0\n1\n3 0 1\n",
          "0\n1\n3 x\n", "0\n1\n-1 0\n", "0\n2\n3 0\n", "0\n1\n3 0\n4 1\n", "0\n2\n3 0\n3 5\n",
          "0\n2\n3 5\n4 5\n", "0\n-1\n", "0\n1\n99999999999 0\n"}) {
        EXPECT_EQ(LeaderEpochCache::from_checkpoint(text).error().failure, Failure::corrupt)
            << text;
    }
}

RC_GTEST_PROP(LeaderEpochCache, ReadsBackWhatItStores,
              (const std::vector<std::pair<std::uint8_t, std::uint8_t>>& entries)) {
    LeaderEpochCache cache;
    for (const auto& [epoch, start] : entries) cache.assign(LeaderEpoch(epoch), Offset(start));
    RC_ASSERT(LeaderEpochCache::from_checkpoint(cache.to_checkpoint()).value() == cache);
}

// The reference is the log itself: the epoch of every record. Appends, truncations at both ends;
// after each the cache must answer as a scan of the records does.
RC_GTEST_PROP(LeaderEpochCache, AnswersAsAScanOfTheRecordsDoes, ()) {
    LeaderEpochCache cache;
    std::map<std::int64_t, std::int32_t> epoch_at;  // record -> epoch
    std::int64_t start = 0, end = 0;
    std::int32_t epoch = 0;
    const int steps = *rc::gen::inRange(0, 40);
    for (int i = 0; i < steps; ++i) {
        switch (*rc::gen::inRange(0, 6)) {
            case 0:
                epoch += *rc::gen::inRange(1, 4);
                [[fallthrough]];
            case 1:
            case 2:
                for (int n = *rc::gen::inRange(1, 4); n > 0; --n) {
                    cache.assign(LeaderEpoch(epoch), Offset(end));
                    epoch_at[end++] = epoch;
                }
                break;
            case 3:
                end = *rc::gen::inRange<std::int64_t>(start, end + 1);
                cache.truncate_from_end(Offset(end));
                epoch_at.erase(epoch_at.lower_bound(end), epoch_at.end());
                break;
            case 4:
                if (end == start) break;
                start = *rc::gen::inRange<std::int64_t>(start, end);
                cache.truncate_from_start(Offset(start));
                epoch_at.erase(epoch_at.begin(), epoch_at.lower_bound(start));
                break;
            default:
                break;
        }
        for (std::int32_t asked = 0; asked <= epoch + 1; ++asked) {
            OffsetAndEpoch expected;
            if (!epoch_at.empty() && asked <= epoch_at.rbegin()->second) {
                // The first record of a later epoch ends it; its own epoch is that of the last
                // record before, or what was asked if all such records are gone.
                expected = {.offset = Offset(end), .epoch = LeaderEpoch(asked)};
                for (const auto& [offset, at] : epoch_at) {
                    if (at > asked) {
                        expected.offset = Offset(offset);
                        break;
                    }
                    expected.epoch = LeaderEpoch(at);
                }
            }
            RC_ASSERT(cache.end_offset_for(LeaderEpoch(asked), Offset(end)) == expected);
        }
        for (const auto& [offset, at] : epoch_at) {
            RC_ASSERT(cache.epoch_at(Offset(offset)) == LeaderEpoch(at));
        }
    }
}

}  // namespace
}  // namespace squall::model
