// What brokers do with their logs by the clock, in a running cluster.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/client/consumer.h"
#include "tests/model/broker/broker_world.h"

namespace squall::model {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const TopicPartition orders{"orders", 0};

BrokerConfig upkeep_every(std::chrono::milliseconds interval) {
    BrokerConfig config;
    config.replica.upkeep.log_initial_task_delay = interval;
    config.replica.upkeep.log_retention_check_interval = interval;
    config.replica.upkeep.log_cleaner_backoff = interval;
    return config;
}

// Creates "orders" with one partition on three brokers and writes `records` of 1,000 bytes, each
// key in turn.
void fill(BrokerWorld& world, const std::map<std::string, std::string>& configs, int records,
          int keys) {
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        const std::vector<NewTopic> topics{
            {.name = "orders", .partitions = 1, .replication = 3, .configs = configs}};
        admin.create_topics(topics);
        admin.await_topics(topics, 3, 10s);
        const int leader = admin.describe_topic("orders")->partitions[0].leader.value();
        for (int i = 0; i < records; ++i) {
            world.produce(leader, orders, fmt::format("key-{}", i % keys), std::string(1000, 'v'));
        }
    }));
}

TEST(LogUpkeep, DeletesOldSegmentsOnEveryReplicaAndTellsTheLeader) {
    BrokerWorld world({.config = upkeep_every(2s)});
    fill(world, {{"internal.segment.bytes", "5000"}, {"retention.bytes", "10000"}}, 30, 30);
    world.run_for(10s);
    std::map<TopicPartition, Offset> starts;
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        starts = admin.list_offsets({{orders, -2}});
    }));
    EXPECT_GT(starts.at(orders), Offset(10));
    EXPECT_LT(starts.at(orders), Offset(25));
    EXPECT_GE(world.count("LogStartAdvanced", "reason=retention"), 3u);
}

TEST(LogUpkeep, DeletesByTimeWhatIsOlderThanRetention) {
    BrokerWorld world({.config = upkeep_every(2s)});
    fill(world, {{"internal.segment.bytes", "5000"}, {"retention.ms", "20000"}}, 10, 10);
    world.run_for(10s);
    EXPECT_THAT(world.events("LogStartAdvanced"), IsEmpty());
    world.run_for(20s);
    std::map<TopicPartition, Offset> starts;
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        starts = admin.list_offsets({{orders, -2}});
    }));
    EXPECT_EQ(starts.at(orders), Offset(10));
}

TEST(LogUpkeep, CompactsSoThatEveryKeyKeepsItsLastValue) {
    BrokerWorld world({.config = upkeep_every(2s)});
    fill(world,
         {{"cleanup.policy", "compact"},
          {"internal.segment.bytes", "5000"},
          {"min.cleanable.dirty.ratio", "0.01"}},
         60, 3);
    world.run_for(10s);
    EXPECT_GE(world.events("LogCleaned").size(), 3u);
    EXPECT_THAT(world.events("LogStartAdvanced"), IsEmpty());
    std::map<std::string, Offset> last;
    std::size_t read = 0;
    std::unique_ptr<Consumer> consumer;
    ASSERT_TRUE(world.run_client([&] {
        ConsumerOptions options{.client = {.client_id = "reader"}};
        options.enable_auto_commit = false;
        options.auto_offset_reset = "earliest";
        consumer =
            std::make_unique<Consumer>(world.client(), world.fabric(), world.bootstrap(), options);
        consumer->assign({orders});
        while (consumer->position(orders).value() < Offset(60)) {
            const auto records = consumer->poll(1s);
            for (const ConsumerRecord& record : records.value()) {
                last[std::string(as_text(*record.key))] = record.offset;
                ++read;
            }
        }
    }));
    EXPECT_EQ(last, (std::map<std::string, Offset>{
                        {"key-0", Offset(57)}, {"key-1", Offset(58)}, {"key-2", Offset(59)}}));
    EXPECT_LT(read, 30u);
}

TEST(LogUpkeep, LeavesLogsAloneWhereTheCleanerIsOff) {
    BrokerConfig config = upkeep_every(2s);
    config.replica.upkeep.log_cleaner_enable = false;
    BrokerWorld world({.config = config});
    fill(world,
         {{"cleanup.policy", "compact"},
          {"internal.segment.bytes", "5000"},
          {"min.cleanable.dirty.ratio", "0.01"}},
         30, 3);
    world.run_for(10s);
    EXPECT_THAT(world.events("LogCleaned"), IsEmpty());
}

TEST(LogUpkeep, FlushesByTimeWhereTheSchedulerIsOn) {
    for (const bool scheduled : {true, false}) {
        BrokerConfig config;
        config.replica.upkeep.log_initial_task_delay = 0ms;
        if (scheduled) config.replica.upkeep.log_flush_scheduler_interval = 500ms;
        BrokerWorld world({.config = config});
        fill(world, {{"flush.ms", "1000"}}, 5, 5);
        world.run_for(5s);
        world.node("b1").stop(sim::StopReason::power_loss);
        world.node("b1").start();
        world.run_for(1s);
        const auto opened = world.events("LogOpened");
        ASSERT_FALSE(opened.empty());
        if (scheduled) {
            EXPECT_THAT(opened.back(), HasSubstr("log_end_offset=5"));
        }
    }
}

TEST(LogUpkeep, LeavesTheHighWatermarksForTheNextStartWhenABrokerShutsDown) {
    for (const bool in_order : {true, false}) {
        BrokerConfig config;
        config.replica.replica_high_watermark_checkpoint_interval = 1h;
        BrokerWorld world({.config = config});
        fill(world, {}, 5, 5);
        world.run_for(2s);
        if (in_order) {
            ASSERT_TRUE(world.broker(1).begin_shutdown());
        } else {
            world.node("b1").stop(sim::StopReason::crash);
        }
        world.run_for(20s);
        ASSERT_FALSE(world.node("b1").is_running());
        world.node("b1").start();
        world.run_for(1s);
        ASSERT_FALSE(world.events("LogOpened").empty());
        EXPECT_THAT(world.events("LogOpened").back(),
                    HasSubstr(in_order ? "high_watermark=5" : "high_watermark=0"));
    }
}

// ---- fetch from follower (KIP-392) ----

struct ReadRun {
    std::size_t by_leader = 0;
    std::size_t by_rack = 0;
    std::size_t read = 0;
};

// A consumer in the rack of `reader` reads what b1 leads.
ReadRun read_in_rack(BrokerWorld& world, const std::string& rack, int near) {
    std::unique_ptr<Consumer> consumer;
    ReadRun run;
    const bool done = world.run_client([&] {
        CreateTopicsRequest request;
        CreateTopicsRequest::Topic& topic = request.topics.emplace_back();
        topic.name = "orders";
        topic.num_partitions = -1;
        topic.replication_factor = -1;
        topic.assignments = {
            {.partition_index = 0, .broker_ids = {BrokerId{1}, BrokerId{2}, BrokerId{3}}}};
        request.timeout_ms = 10000;
        world.ask(1, request);
        world.client().sleep_for(3s);
        ConsumerOptions options{.client = {.client_id = "reader"}};
        options.enable_auto_commit = false;
        options.auto_offset_reset = "earliest";
        options.client_rack = rack;
        consumer =
            std::make_unique<Consumer>(world.client(), world.fabric(), world.bootstrap(), options);
        consumer->assign({orders});
        for (int i = 0; i < 20; ++i) {
            world.produce(1, orders, "k", "v");
            run.read += consumer->poll(2s).value().size();
        }
    });
    EXPECT_TRUE(done);
    run.by_leader = world.count("FetchServed", "broker=1 partition=orders-0 replica=-1");
    run.by_rack =
        world.count("FetchServed", fmt::format("broker={} partition=orders-0 replica=-1", near));
    return run;
}

BrokerConfig rack_aware() {
    BrokerConfig config;
    config.replica_selector = ReplicaSelector::rack_aware;
    return config;
}

TEST(FetchFromFollower, ServesConsumersFromTheirOwnRack) {
    BrokerWorld world({.racks = 3, .config = rack_aware()});
    const ReadRun run = read_in_rack(world, "rack-2", 2);
    EXPECT_EQ(run.read, 20u);
    EXPECT_GT(run.by_rack, 10u);
    EXPECT_LE(run.by_leader, 1u);
}

TEST(FetchFromFollower, StaysWithTheLeaderWithoutASelectorOrARack) {
    {
        BrokerWorld world({.racks = 3});
        EXPECT_EQ(read_in_rack(world, "rack-2", 2).by_rack, 0u);
    }
    {
        BrokerWorld world({.racks = 3, .config = rack_aware()});
        const ReadRun run = read_in_rack(world, "rack-9", 2);
        EXPECT_EQ(run.by_rack, 0u);
        EXPECT_EQ(run.read, 20u);
    }
}

TEST(FetchFromFollower, GoesBackToTheLeaderWhenTheFollowerIsGone) {
    BrokerWorld world({.racks = 3, .config = rack_aware()});
    world.simulation().control_at(world.simulation().now() + 8s,
                                  [&] { world.node("b2").stop(sim::StopReason::crash); });
    const ReadRun run = read_in_rack(world, "rack-2", 2);
    EXPECT_EQ(run.read, 20u);
    EXPECT_GT(run.by_rack, 0u);
    EXPECT_GT(run.by_leader, 1u);
}

TEST(FetchFromFollower, AnswersOutOfRangeAndWhatIsNotCommittedYet) {
    BrokerWorld world({.racks = 3, .config = rack_aware()});
    read_in_rack(world, "rack-1", 1);
    std::map<std::string, FetchResponse::Partition> answers;
    ASSERT_TRUE(world.run_client([&] {
        const auto fetch = [&](int broker, Offset offset, LeaderEpoch epoch) {
            FetchRequest request;
            request.rack_id = "rack-2";
            FetchRequest::Topic& topic = request.topics.emplace_back();
            topic.topic = "orders";
            topic.topic_id = world.broker(1).image().find_topic("orders")->id;
            FetchRequest::Partition& partition = topic.partitions.emplace_back();
            partition.fetch_offset = offset;
            partition.current_leader_epoch = epoch;
            partition.partition_max_bytes = 1 << 20;
            return world.ask(broker, request).responses.at(0).partitions.at(0);
        };
        const LeaderEpoch epoch = world.partition(1, orders).leader_epoch;
        answers["at the end"] = fetch(2, Offset(20), epoch);
        answers["beyond the end"] = fetch(2, Offset(21), epoch);
        answers["in range"] = fetch(2, Offset(0), epoch);
        answers["newer epoch"] = fetch(2, Offset(0), epoch.next());
        answers["at the leader"] = fetch(1, Offset(0), epoch);
    }));
    EXPECT_EQ(answers["at the end"].error_code, ErrorCode::none);
    EXPECT_TRUE(answers["at the end"].records.empty());
    EXPECT_EQ(answers["beyond the end"].error_code, ErrorCode::offset_out_of_range);
    EXPECT_FALSE(answers["in range"].records.empty());
    EXPECT_EQ(answers["newer epoch"].error_code, ErrorCode::unknown_leader_epoch);
    EXPECT_EQ(answers["at the leader"].preferred_read_replica, BrokerId{2});
    EXPECT_TRUE(answers["at the leader"].records.empty());
}

TEST(FetchFromFollower, AnswersAWaitingConsumerAsSoonAsTheFollowerKnowsOfTheCommit) {
    BrokerWorld world({.racks = 3, .config = rack_aware()});
    read_in_rack(world, "rack-1", 1);
    FetchResponse::Partition answer;
    Duration waited{};
    ASSERT_TRUE(world.run_client([&] {
        world.client().spawn("produce", [&] {
            world.client().sleep_for(1s);
            world.produce(1, orders, "k", "v");
        });
        FetchRequest request;
        request.rack_id = "rack-2";
        request.max_wait_ms = 20'000;
        request.min_bytes = 1;
        FetchRequest::Topic& topic = request.topics.emplace_back();
        topic.topic = "orders";
        topic.topic_id = world.broker(1).image().find_topic("orders")->id;
        FetchRequest::Partition& partition = topic.partitions.emplace_back();
        partition.fetch_offset = Offset(20);
        partition.partition_max_bytes = 1 << 20;
        const LocalTime began = world.client().now();
        answer = world.ask(2, request).responses.at(0).partitions.at(0);
        waited = world.client().now() - began;
    }));
    EXPECT_FALSE(answer.records.empty());
    EXPECT_LT(waited, 3s);
}

}  // namespace
}  // namespace squall::model
