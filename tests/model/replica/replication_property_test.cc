// Laws of replication under arbitrary schedules: crashes without loss of the disk, stale metadata,
// lost answers, clean elections, lagging followers.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/base/rng.h"
#include "tests/model/replica/tiny_cluster.h"

namespace squall::model {
namespace {

// One step of a schedule: what happens, and to whom.
void perform(TinyCluster& cluster, std::uint32_t choice) {
    const int who = static_cast<int>(choice % TinyCluster::size);
    const std::uint32_t what = choice / TinyCluster::size % 64;
    const std::uint32_t detail = choice / (TinyCluster::size * 64);
    if (what < 12) return cluster.produce(who);
    if (what < 36) return cluster.fetch(who, 1 + detail % 4);
    if (what < 38) return cluster.fetch(who, 100, true);
    if (what < 46) return cluster.deliver_metadata(who);
    if (what < 54) {
        constexpr TinyCluster::Delivery ways[] = {
            TinyCluster::Delivery::both, TinyCluster::Delivery::both,
            TinyCluster::Delivery::answer_lost, TinyCluster::Delivery::request_lost};
        return cluster.deliver_proposal(ways[detail % 4]);
    }
    if (what < 57) return cluster.checkpoint(who);
    if (what < 60) return cluster.advance(detail % 16 == 0 ? Duration(31s) : Duration(1s));
    if (what < 61) return cluster.tick(who);
    if (what < 63) return cluster.elect(who);
    return cluster.crash(who);
}

rc::Gen<std::vector<std::uint32_t>> schedules() {
    return rc::gen::resize(500, rc::gen::container<std::vector<std::uint32_t>>(
                                    rc::gen::inRange<std::uint32_t>(0, 1u << 31)));
}

// Where a random schedule with this bug armed first breaks a law; empty if it does not.
std::string first_violation(std::uint64_t seed, int steps, const BugSet* bugs) {
    TinyCluster cluster(bugs);
    Draws draws(Noise(seed), Meaning("schedule"));
    for (int step = 0; step < steps; ++step) {
        perform(cluster, static_cast<std::uint32_t>(draws.below(1u << 31)));
        if (const std::string violation = cluster.violation(); !violation.empty()) {
            return violation;
        }
    }
    return "";
}

RC_GTEST_PROP(Replication, KeepsEveryAcknowledgedRecordInTheWholeInSyncSet, ()) {
    const std::vector<std::uint32_t> schedule = *schedules();
    TinyCluster cluster;
    for (const std::uint32_t choice : schedule) {
        perform(cluster, choice);
        RC_ASSERT(cluster.violation() == "");
    }
}

RC_GTEST_PROP(Replication, ConvergesToTheLeadersLogWhenFaultsEnd, ()) {
    const std::vector<std::uint32_t> schedule = *schedules();
    TinyCluster cluster;
    for (const std::uint32_t choice : schedule) perform(cluster, choice);
    cluster.settle();
    RC_ASSERT(cluster.violation() == "");
    RC_ASSERT(cluster.unsettled() == "");
}

TEST(Replication, SurvivesLongRandomSchedules) {
    std::size_t acknowledged = 0;
    std::size_t truncations = 0;
    std::size_t isr_changes = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        TinyCluster cluster;
        Draws draws(Noise(seed), Meaning("schedule"));
        for (int step = 0; step < 2000; ++step) {
            perform(cluster, static_cast<std::uint32_t>(draws.below(1u << 31)));
            ASSERT_EQ(cluster.violation(), "") << "seed " << seed << " step " << step;
        }
        cluster.settle();
        ASSERT_EQ(cluster.violation(), "") << "seed " << seed;
        ASSERT_EQ(cluster.unsettled(), "") << "seed " << seed;
        acknowledged += cluster.acknowledged().size();
        truncations += cluster.truncations();
        isr_changes += cluster.isr_changes();
    }
    // The schedules are worth something.
    EXPECT_GT(acknowledged, 1000u);
    EXPECT_GT(truncations, 30u);
    EXPECT_GT(isr_changes, 100u);
}

TEST(Replication, LosesAnAcknowledgedRecordByTruncatingToTheHighWatermark) {
    BugSet bugs;
    bugs.arm(Bug::z01_hw_truncate_loss);
    TinyCluster cluster(&bugs);

    // The record is on all replicas, and committed; no follower has heard so.
    cluster.produce(0);
    cluster.fetch(1);
    cluster.fetch(2);
    cluster.fetch(1);
    cluster.fetch(2);
    ASSERT_EQ(cluster.acknowledged().size(), 1u);
    ASSERT_EQ(cluster.replica(2).follower->high_watermark(), Offset(0));

    // The leader dies and comes back, the third replica follows the second: both cut what they
    // hold ...
    cluster.crash(0);
    cluster.deliver_metadata(1);
    cluster.deliver_metadata(2);
    EXPECT_EQ(bugs.hits(Bug::z01_hw_truncate_loss), 2u);
    // ... and the third, still in sync, is elected before it fetched again.
    cluster.crash(1);

    ASSERT_EQ(cluster.controllers_leader(), BrokerId(3));
    ASSERT_EQ(cluster.losses().size(), 1u);
    EXPECT_EQ(cluster.losses().front(), "leader 3 of epoch 2 lacks acknowledged offset 0");
}

TEST(Replication, KeepsThatRecordWithoutTheBug) {
    TinyCluster cluster;
    cluster.produce(0);
    for (int round = 0; round < 2; ++round) {
        cluster.fetch(1);
        cluster.fetch(2);
    }
    cluster.crash(0);
    cluster.deliver_metadata(1);
    cluster.deliver_metadata(2);
    cluster.crash(1);
    ASSERT_EQ(cluster.controllers_leader(), BrokerId(3));
    EXPECT_TRUE(cluster.losses().empty());
    cluster.settle();
    EXPECT_EQ(cluster.unsettled(), "");
}

TEST(Replication, RandomSchedulesFindTheHighWatermarkTruncation) {
    int found = 0;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        BugSet bugs;
        bugs.arm(Bug::z01_hw_truncate_loss);
        if (first_violation(seed, 1000, &bugs).empty()) continue;
        EXPECT_GT(bugs.hits(Bug::z01_hw_truncate_loss), 0u) << "seed " << seed;
        ++found;
    }
    EXPECT_GE(found, 25);
}

// ---- a leader and a follower whose logs are any two histories of epochs ----

// Random histories that obey log matching: both logs start from a common prefix, then each went
// through epochs of its own (an epoch has one leader, so no epoch is in both suffixes).
struct Pair {
    TinyLog leader;
    TinyLog follower;
    std::int32_t last_epoch = 0;
};

Pair random_pair(const std::vector<std::uint8_t>& shared, const std::vector<std::uint8_t>& steps) {
    Pair pair;
    std::int32_t epoch = 0;
    std::uint64_t value = 0;
    for (const std::uint8_t step : shared) {
        if (step % 4 == 0) ++epoch;
        const TinyRecord record{LeaderEpoch(epoch), ++value};
        pair.leader.append(record);
        pair.follower.append(record);
    }
    // Each epoch belongs to one of the two, and may end without a record.
    bool leaders_turn = true;
    for (const std::uint8_t step : steps) {
        if (step % 4 == 0) {
            ++epoch;
            leaders_turn = step % 8 == 0;
            (leaders_turn ? pair.leader : pair.follower).begin_epoch(LeaderEpoch(epoch));
            continue;
        }
        TinyLog& log = leaders_turn ? pair.leader : pair.follower;
        if (epoch > 0) log.append({LeaderEpoch(epoch), ++value});
    }
    pair.last_epoch = epoch;
    return pair;
}

RC_GTEST_PROP(Divergence, EndsInTheLeadersPrefixAndKeepsTheCommonOne,
              (const std::vector<std::uint8_t>& shared, const std::vector<std::uint8_t>& steps)) {
    Pair pair = random_pair(shared, steps);
    // The first epoch of the steps could be a continuation of the shared one in one log only.
    const TinyLog before = pair.follower;
    const LeaderEpoch now_epoch(pair.last_epoch + 1);
    pair.leader.begin_epoch(now_epoch);

    LocalTime now{1s};
    PartitionLeader leader(
        LeaderOptions{.self = BrokerId(1), .self_epoch = BrokerEpoch(1)},
        PartitionLeader::Election{
            .view = {.leader_epoch = now_epoch,
                     .partition_epoch = PartitionEpoch(0),
                     .replicas = {BrokerId(1), BrokerId(2)},
                     .isr = {BrokerId(1)},
                     .standings = {{BrokerId(2), {.broker_epoch = BrokerEpoch(2)}}}},
            .log_start_offset = Offset(0),
            .log_end_offset = pair.leader.end(),
            .high_watermark = Offset(0)},
        now);
    PartitionFollower follower(FollowerOptions{}, pair.follower.state(), Offset(0));
    follower.step(PartitionFollower::LeaderChanged{BrokerId(1), now_epoch}, now);

    std::size_t common = 0;
    while (common < before.records.size() && common < pair.leader.records.size() &&
           before.records[common] == pair.leader.records[common]) {
        ++common;
    }
    Offset shortest = before.end();
    // Each round either ends the divergence or drops at least one epoch of the follower.
    std::size_t rounds = 0;
    for (; rounds <= before.epochs.size() + 1; ++rounds) {
        const auto asked = follower.next_fetch(now);
        RC_ASSERT(asked.has_value());
        const auto answer = leader.answer_fetch(
            FetchTarget{.replica = BrokerId(2),
                        .replica_epoch = BrokerEpoch(2),
                        .current_leader_epoch = now_epoch,
                        .fetch_offset = asked->fetch_offset,
                        .last_fetched_epoch = asked->last_fetched_epoch,
                        .log_start_offset = Offset(0)},
            {.end_of_last_fetched_epoch = pair.leader.end_offset_for(asked->last_fetched_epoch)});
        RC_ASSERT(answer.error == ErrorCode::none);
        if (!answer.diverging) break;
        PartitionFollower::FetchAnswered answered{.asked = *asked,
                                                  .diverging_epoch = answer.diverging};
        answered.own_end_of_diverging_epoch = pair.follower.end_offset_for(answer.diverging->epoch);
        const auto output = follower.step(answered, now);
        RC_ASSERT(output.truncate_to.has_value());
        RC_ASSERT(!output.leader_high_watermark.has_value());
        pair.follower.truncate(*output.truncate_to);
        shortest = std::min(shortest, pair.follower.end());
        follower.step(PartitionFollower::LogChanged{pair.follower.state()}, now);
    }
    RC_ASSERT(pair.follower.is_prefix_of(pair.leader));
    RC_ASSERT(shortest >= Offset(static_cast<std::int64_t>(common)));
    RC_TAG(rounds);
}

}  // namespace
}  // namespace squall::model
