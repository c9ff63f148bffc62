// ReplicaHost in the kernel: what reaches logs, watermarks and callers, in which order, and what
// happens when brokers, disks and leaders go.
#include "model/replica/replica_host.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/model/replica/replica_world.h"

namespace squall::model {
namespace {

const std::vector<BrokerId> all{BrokerId(1), BrokerId(2), BrokerId(3)};

TEST(ReplicaHost, AcknowledgesWhenTheWholeInSyncSetHasTheRecord) {
    ReplicaWorld world;
    const auto produced = world.produce(1, "one");
    world.run_for(2s);

    ASSERT_TRUE(produced->outcome.has_value());
    EXPECT_EQ(produced->outcome->error, ErrorCode::none);
    EXPECT_EQ(produced->outcome->base_offset, Offset(0));
    for (int i = 1; i <= 3; ++i) {
        EXPECT_EQ(world.log(i).log_end_offset(), Offset(1)) << "b" << i;
        EXPECT_EQ(world.replicas(i).high_watermark(orders), Offset(1)) << "b" << i;
    }
    EXPECT_EQ(world.events("BatchAppended").size(), 3u);
    const auto watermarks = world.events("HighWatermarkAdvanced");
    ASSERT_EQ(watermarks.size(), 3u);
    EXPECT_EQ(watermarks[0],
              "broker=1 partition=orders-0 role=leader leader_epoch=0 from=0 to=1 "
              "maximal_isr=[1 2 3] partition_epoch=0");
}

TEST(ReplicaHost, AnswersAtOnceWhenOnlyTheLeadersWordIsAsked) {
    ReplicaWorld world;
    world.network().partition({{world.node(1).id()}, {world.node(2).id(), world.node(3).id()}},
                              "cut");
    const auto all_acks = world.produce(1, "all");
    const auto one_ack = world.produce(1, "one", 1);
    world.run_for(1s);
    EXPECT_FALSE(all_acks->outcome.has_value());
    ASSERT_TRUE(one_ack->outcome.has_value());
    EXPECT_EQ(one_ack->outcome->error, ErrorCode::none);
    EXPECT_EQ(world.replicas(1).high_watermark(orders), Offset(0));
}

TEST(ReplicaHost, DropsALaggingFollowerAndTakesItBackWhenItHasCaughtUp) {
    ReplicaWorld world({.replica_lag_time_max = 2s});
    world.node(3).stop(sim::StopReason::crash);
    const auto produced = world.produce(1, "while b3 is down");
    world.run_for(1s);
    EXPECT_FALSE(produced->outcome.has_value());
    world.run_for(4s);

    ASSERT_TRUE(produced->outcome.has_value());
    EXPECT_EQ(produced->outcome->error, ErrorCode::none);
    EXPECT_EQ(world.partition().isr, (std::vector<BrokerId>{BrokerId(1), BrokerId(2)}));

    world.restart(3);
    world.publish();
    world.run_for(3s);
    EXPECT_EQ(world.partition().isr, all);
    EXPECT_EQ(world.log(3).log_end_offset(), Offset(1));
    EXPECT_EQ(world.events("IsrChangeProposed").size(), 2u);
}

TEST(ReplicaHost, RefusesWritesBelowTheMinimumOfInSyncReplicas) {
    ReplicaWorld world;
    world.elect(1, {BrokerId(1)});
    world.image().brokers[BrokerId(2)].fenced = true;
    world.image().brokers[BrokerId(3)].fenced = true;
    world.publish_to(1);
    world.run_for(10ms);
    const auto produced = world.produce(1, "alone");
    world.run_for(1s);
    ASSERT_TRUE(produced->outcome.has_value());
    EXPECT_EQ(produced->outcome->error, ErrorCode::not_enough_replicas);
    EXPECT_EQ(world.log(1).log_end_offset(), Offset(0));
}

TEST(ReplicaHost, AnswersWaitingProducesAndTruncatesWhenAnotherLeads) {
    ReplicaWorld world;
    const auto committed = world.produce(1, "committed");
    world.run_for(2s);
    ASSERT_TRUE(committed->outcome.has_value());

    // b1 is cut off and goes on believing.
    const auto rules = world.network().isolate(world.node(1).id(), "cut");
    const auto lost = world.produce(1, "lost");
    world.run_for(100ms);
    world.elect(2, {BrokerId(2), BrokerId(3)});
    world.publish_to(2);
    world.publish_to(3);
    world.run_for(10ms);
    const auto other = world.produce(2, "other");
    world.run_for(2s);
    ASSERT_TRUE(other->outcome.has_value());
    EXPECT_EQ(other->outcome->error, ErrorCode::none);
    EXPECT_FALSE(lost->outcome.has_value());

    for (const sim::RuleId rule : rules) world.network().remove_rule(rule);
    world.publish_to(1);
    world.run_for(5s);
    ASSERT_TRUE(lost->outcome.has_value());
    EXPECT_EQ(lost->outcome->error, ErrorCode::not_leader_or_follower);
    const auto truncated = world.events("LogTruncated");
    ASSERT_EQ(truncated.size(), 1u);
    EXPECT_EQ(truncated[0], "broker=1 partition=orders-0 from=2 to=1 reason=divergence");
    EXPECT_EQ(world.log(1).log_end_offset(), Offset(2));
    EXPECT_EQ(world.log(1).latest_epoch(), LeaderEpoch(1));
    EXPECT_EQ(world.partition().isr.size(), 3u);
}

TEST(ReplicaHost, TruncatesToItsHighWatermarkOnlyWithTheBugArmed) {
    for (const bool armed : {false, true}) {
        BugSet bugs;
        if (armed) bugs.arm(Bug::z01_hw_truncate_loss);
        // Followers hear of the high watermark one fetch later: half a second.
        ReplicaWorld world({}, bugs);
        world.produce(1, "one");
        while (world.replicas(1).high_watermark(orders) == Offset(0)) world.run_for(1ms);
        ASSERT_EQ(world.replicas(3).high_watermark(orders), Offset(0));
        world.elect(2, all);
        world.publish_to(3);
        world.run_for(10ms);
        EXPECT_EQ(world.log(3).log_end_offset(), armed ? Offset(0) : Offset(1));
        EXPECT_EQ(bugs.hits(Bug::z01_hw_truncate_loss), armed ? 1u : 0u);
    }
}

TEST(ReplicaHost, GoesOfflineWhenTheDiskFails) {
    ReplicaWorld world;
    world.disk(1).set_faults({.fault_id = "bad", .write_error_per_million = 1'000'000});
    const auto produced = world.produce(1, "one");
    world.run_for(1s);
    ASSERT_TRUE(produced->outcome.has_value());
    EXPECT_EQ(produced->outcome->error, ErrorCode::kafka_storage_error);
    EXPECT_FALSE(world.replicas(1).is_leader(orders));
    EXPECT_EQ(world.replicas(1).fetch(orders, {.fetch_offset = Offset(0)}).error,
              ErrorCode::kafka_storage_error);
}

TEST(ReplicaHost, RemovesTheLogOfADeletedTopic) {
    ReplicaWorld world;
    world.produce(1, "one");
    world.run_for(2s);
    world.image().topics.clear();
    world.publish();
    world.run_for(1s);
    for (int i = 1; i <= 3; ++i) {
        EXPECT_EQ(world.process(i).logs().find(orders), nullptr);
        const std::vector<std::string> left = world.disk(i).list("orders-0/");
        EXPECT_EQ(left.size(), 1u);
        EXPECT_TRUE(std::ranges::all_of(left, DeletedFiles::holds));
    }
    world.run_for(60s);  // file.delete.delay.ms
    for (int i = 1; i <= 3; ++i) EXPECT_TRUE(world.disk(i).list("orders-0/").empty());
    EXPECT_EQ(world.events("LogStartAdvanced").size(), 3u);
    EXPECT_EQ(world.replicas(1).fetch(orders, {.fetch_offset = Offset(0)}).error,
              ErrorCode::unknown_topic_or_partition);
}

TEST(ReplicaHost, StartsFromTheCheckpointedHighWatermark) {
    ReplicaWorld world;
    world.produce(1, "one");
    world.run_for(6s);  // replica.high.watermark.checkpoint.interval.ms is 5 s
    world.produce(1, "two");
    world.run_for(1s);
    EXPECT_EQ(world.replicas(2).high_watermark(orders), Offset(2));
    world.node(2).stop(sim::StopReason::crash);
    world.restart(2);
    const auto opened = world.events("LogOpened");
    ASSERT_EQ(opened.size(), 1u);
    EXPECT_EQ(opened[0],
              "broker=2 partition=orders-0 log_start_offset=0 log_end_offset=2 high_watermark=1 "
              "truncated_bytes=0 finished_swaps=0");
}

TEST(ReplicaHost, DoesNotShowAnEndThatGoesBackAfterAnElection) {
    ReplicaWorld world;
    world.produce(1, "one");
    while (world.replicas(1).high_watermark(orders) == Offset(0)) world.run_for(1ms);
    constexpr TimestampMs latest = -1;
    EXPECT_EQ(world.replicas(1).list_offset(orders, no_leader_epoch, latest, false).offset,
              Offset(1));
    world.node(1).stop(sim::StopReason::crash);
    world.elect(2, {BrokerId(2), BrokerId(3)});
    world.publish_to(2);
    world.run_for(1ms);
    ASSERT_TRUE(world.replicas(2).is_leader(orders));
    EXPECT_EQ(world.replicas(2).list_offset(orders, no_leader_epoch, latest, false).error,
              ErrorCode::offset_not_available);
    world.publish_to(3);
    world.run_for(3s);
    EXPECT_EQ(world.replicas(2).list_offset(orders, no_leader_epoch, latest, false).offset,
              Offset(1));
}

TEST(ReplicaHost, WaitsForTheFlushWhenEveryMessageIsFlushed) {
    ReplicaWorld world({.log_flush_interval_messages = 1});
    const auto produced = world.produce(1, "one", 1);
    world.run_for(2s);
    ASSERT_TRUE(produced->outcome.has_value());
    EXPECT_EQ(produced->outcome->error, ErrorCode::none);
    EXPECT_EQ(world.log(1).recovery_point(), Offset(1));
    EXPECT_EQ(world.log(2).recovery_point(), Offset(1));
}

TEST(ReplicaHost, TellsObserversOfLeadershipAndItsEnd) {
    ReplicaWorld world;
    std::vector<std::string> heard;
    world.replicas(2).observe_leadership([&](const LeadershipChange& change) {
        heard.push_back(fmt::format("{} epoch {} {}", change.partition, change.leader_epoch,
                                    change.is_leader ? "leads" : "follows"));
    });
    world.elect(2, all);
    world.publish();
    world.run_for(100ms);
    world.elect(3, all);
    world.publish();
    world.run_for(100ms);
    EXPECT_EQ(heard,
              (std::vector<std::string>{"orders-0 epoch 1 leads", "orders-0 epoch 2 follows"}));
}

}  // namespace
}  // namespace squall::model
