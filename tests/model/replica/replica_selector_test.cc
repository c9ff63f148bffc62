// Which replica a consumer is sent to (KIP-392).
#include "model/replica/replica_selector.h"

#include <gtest/gtest.h>

namespace squall::model {
namespace {

LocatedCandidate follower(int id, std::string rack, std::int64_t end, Duration behind = {}) {
    return {.candidate = {.broker = BrokerId(id),
                          .log_end_offset = Offset(end),
                          .since_caught_up = behind},
            .rack = std::move(rack)};
}

std::optional<BrokerId> select(std::string_view client_rack, std::optional<std::string> leader_rack,
                               const std::vector<LocatedCandidate>& followers) {
    return select_read_replica(ReplicaSelector::rack_aware, client_rack, leader_rack, followers);
}

TEST(ReplicaSelector, PrefersAFollowerInTheClientsRack) {
    EXPECT_EQ(select("b", "a", {follower(2, "b", 5), follower(3, "c", 9)}), BrokerId(2));
}

TEST(ReplicaSelector, StaysWithALeaderInTheClientsRack) {
    EXPECT_EQ(select("a", "a", {follower(2, "a", 9)}), std::nullopt);
}

TEST(ReplicaSelector, StaysWithTheLeaderWhereNobodyIsNear) {
    EXPECT_EQ(select("z", "a", {follower(2, "b", 5)}), std::nullopt);
    EXPECT_EQ(select("", "a", {follower(2, "", 5)}), std::nullopt);
    EXPECT_EQ(select("b", std::nullopt, {}), std::nullopt);
}

TEST(ReplicaSelector, TakesTheOneWithMoreOfTheLogThenTheOneCaughtUpLater) {
    EXPECT_EQ(select("b", "a", {follower(2, "b", 5), follower(3, "b", 6)}), BrokerId(3));
    EXPECT_EQ(select("b", "a", {follower(2, "b", 6), follower(3, "b", 5)}), BrokerId(2));
    EXPECT_EQ(select("b", "a", {follower(2, "b", 5, 1s), follower(3, "b", 5, 2s)}), BrokerId(2));
    EXPECT_EQ(select("b", "a", {follower(2, "b", 5, 1s), follower(3, "b", 5, 1s)}), BrokerId(3));
}

TEST(ReplicaSelector, IsAskedForByKafkasClassNames) {
    ReplicaSelector selector = ReplicaSelector::leader;
    EXPECT_EQ(read_setting("org.apache.kafka.common.replica.RackAwareReplicaSelector", selector),
              std::nullopt);
    EXPECT_EQ(selector, ReplicaSelector::rack_aware);
    EXPECT_EQ(select_read_replica(ReplicaSelector::leader, "b", "a", {follower(2, "b", 5)}),
              std::nullopt);
    EXPECT_TRUE(read_setting("rack-aware", selector).has_value());
}

}  // namespace
}  // namespace squall::model
