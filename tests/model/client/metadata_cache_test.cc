#include "model/client/metadata_cache.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

namespace squall::model {
namespace {

using std::chrono::milliseconds;

const TopicPartition orders{.topic = "orders", .partition = 0};

MetadataResponse answer(std::int32_t leader, std::int32_t epoch, Uuid topic_id = {1, 1}) {
    MetadataResponse response;
    for (std::int32_t id = 1; id <= 3; ++id) {
        response.brokers.push_back({.node_id = BrokerId(id),
                                    .host = "b" + std::to_string(id),
                                    .port = 9092,
                                    .rack = std::nullopt});
    }
    MetadataResponse::Partition partition;
    partition.leader_id = BrokerId(leader);
    partition.leader_epoch = LeaderEpoch(epoch);
    MetadataResponse::Topic topic;
    topic.name = "orders";
    topic.topic_id = topic_id;
    topic.partitions = {partition};
    response.topics = {topic};
    return response;
}

struct Cache : MetadataCache {
    Cache() : MetadataCache(ClientOptions{}) { track("orders"); }
    bool take(const MetadataResponse& response, LocalTime now = LocalTime{}) {
        return apply(response, now, jitter);
    }
    Draws jitter{Noise(1), Meaning("jitter")};
};

TEST(MetadataCache, IgnoresAnOlderLeaderEpoch) {
    Cache cache;
    cache.take(answer(2, 5));
    cache.take(answer(1, 4));
    EXPECT_EQ(cache.leader(orders), BrokerId{2});
    EXPECT_EQ(cache.leader_epoch(orders), LeaderEpoch{5});
}

TEST(MetadataCache, RemembersTheEpochWhileTheTopicIsGone) {
    Cache cache;
    cache.take(answer(2, 5));
    MetadataResponse gone = answer(2, 5);
    gone.topics[0].error_code = ErrorCode::unknown_topic_or_partition;
    gone.topics[0].partitions.clear();
    cache.take(gone);
    EXPECT_EQ(cache.leader(orders), no_broker);
    cache.take(answer(1, 4));
    EXPECT_EQ(cache.leader(orders), no_broker) << "an outdated answer is no better than none";
    EXPECT_TRUE(cache.is_refresh_requested());
}

// KAFKA-12257
TEST(MetadataCache, StartsAnewForATopicWithAnotherId) {
    Cache cache;
    cache.take(answer(2, 5, {1, 1}));
    cache.take(answer(1, 0, {1, 2}));
    EXPECT_EQ(cache.leader(orders), BrokerId{1});
    EXPECT_EQ(cache.leader_epoch(orders), LeaderEpoch{0});
}

TEST(MetadataCache, TakesALeaderHintOnlyForANewerEpoch) {
    Cache cache;
    cache.take(answer(2, 5));
    cache.apply_leader_hint(orders, BrokerId{3}, LeaderEpoch{5});
    EXPECT_EQ(cache.leader(orders), BrokerId{2});
    cache.apply_leader_hint(orders, BrokerId{3}, LeaderEpoch{6});
    EXPECT_EQ(cache.leader(orders), BrokerId{3});
    cache.take(answer(2, 5));
    EXPECT_EQ(cache.leader(orders), BrokerId{3});
}

TEST(MetadataCache, AsksAgainForALeaderlessPartitionAfterABackoff) {
    Cache cache;
    cache.begin_refresh();
    cache.take(answer(-1, 5));
    EXPECT_TRUE(cache.is_refresh_requested());
    EXPECT_GE(cache.next_refresh(), LocalTime(milliseconds(80)));
    EXPECT_LE(cache.next_refresh(), LocalTime(milliseconds(120)));
}

TEST(MetadataCache, IsFreshUntilMetadataMaxAge) {
    Cache cache;
    cache.begin_refresh();
    cache.take(answer(1, 1));
    EXPECT_EQ(cache.next_refresh(), LocalTime(milliseconds(300000)));
}

TEST(MetadataCache, AsksAtOnceForATopicTrackedWhileARequestWasOut) {
    Cache cache;
    cache.begin_refresh();
    cache.track("payments");
    cache.take(answer(1, 1));
    EXPECT_EQ(cache.next_refresh(), LocalTime{});
    EXPECT_EQ(cache.begin_refresh().topics->size(), 2u);
}

TEST(MetadataCache, BacksOffLongerWhileAnswersBringNoNews) {
    Cache cache;
    LocalTime now;
    Duration last{};
    for (int i = 0; i < 4; ++i) {
        cache.request_refresh();
        cache.begin_refresh();
        cache.take(answer(1, 1), now);
        cache.request_refresh();
        const Duration wait = cache.next_refresh() - now;
        if (i > 0) {
            EXPECT_GT(wait, last);
        }
        last = wait;
        now = cache.next_refresh();
    }
    EXPECT_GE(last, milliseconds(640));
}

RC_GTEST_PROP(MetadataCache, EndsWithTheHighestEpochWhateverTheOrderOfAnswers,
              (std::vector<std::uint8_t> epochs)) {
    RC_PRE(!epochs.empty());
    Cache cache;
    for (const std::uint8_t epoch : epochs) cache.take(answer(1 + epoch % 3, epoch));
    const std::uint8_t highest = *std::max_element(epochs.begin(), epochs.end());
    RC_ASSERT(cache.leader_epoch(orders) == LeaderEpoch{highest});
    RC_ASSERT(cache.leader(orders) == BrokerId{1 + highest % 3});
}

}  // namespace
}  // namespace squall::model
