#include "model/controller/controller_host.h"

#include <gtest/gtest.h>

#include "model/events/raft_events.h"
#include "tests/model/controller/metadata_world.h"

namespace squall::model {
namespace {

TEST(ControllerHost, BrokersRegisterAreUnfencedAndSeeEachOther) {
    MetadataWorld world(1, 1, 3);
    world.run_for(10s);
    for (int id = 1; id <= 3; ++id) {
        const MetadataImage& image = world.broker(id).image();
        ASSERT_EQ(image.brokers.size(), 3u) << "b" << id;
        for (const auto& [broker, registered] : image.brokers) {
            EXPECT_FALSE(registered.fenced);
            EXPECT_EQ(registered.host, fmt::format("b{}", broker));
        }
        EXPECT_FALSE(world.broker(id).lifecycle().is_fenced());
        EXPECT_EQ(world.broker(id).lifecycle().broker_epoch(),
                  image.find_broker(BrokerId{id})->epoch);
    }
    EXPECT_EQ(world.events<BrokerRegistered>().size(), 3u);
    EXPECT_EQ(world.events<BrokerFenceChanged>().size(), 3u);
}

TEST(ControllerHost, TopicIsCreatedOnceAndReachesEveryBroker) {
    MetadataWorld world(2, 1, 3);
    world.run_for(10s);
    const auto first = world.create_topic(1, "orders", 3, 3);
    const auto invalid = world.create_topic(3, "payments", 1, 4);
    world.run_for(2s);
    const auto second = world.create_topic(2, "orders", 3, 3);
    world.run_for(2s);
    ASSERT_TRUE(*first && *second && *invalid);
    EXPECT_EQ((*first)->error_code, ErrorCode::none);
    EXPECT_EQ((*second)->error_code, ErrorCode::topic_already_exists);
    EXPECT_EQ((*invalid)->error_code, ErrorCode::invalid_replication_factor);
    for (int id = 1; id <= 3; ++id) {
        const TopicImage* topic = world.broker(id).image().find_topic("orders");
        ASSERT_NE(topic, nullptr);
        EXPECT_EQ(topic->id, (*first)->topic_id);
        EXPECT_EQ(topic->partitions.size(), 3u);
    }
    ASSERT_EQ(world.events<TopicCreated>().size(), 1u);
    EXPECT_EQ(world.events<TopicCreated>()[0].replication_factor, 3);
    EXPECT_EQ(world.events<PartitionChanged>().size(), 3u);
}

TEST(ControllerHost, CrashedBrokerIsFencedAfterItsSessionAndItsPartitionsMove) {
    MetadataWorld world(3, 1, 3);
    world.run_for(10s);
    world.create_topic(1, "orders", 3, 3);
    world.run_for(2s);
    const Time crashed_at = world.simulation().now();
    world.node("b2").stop(sim::StopReason::crash);
    world.run_for(15s);
    const MetadataImage& image = world.broker(1).image();
    EXPECT_TRUE(image.find_broker(BrokerId{2})->fenced);
    for (const PartitionImage& partition : image.find_topic("orders")->partitions) {
        EXPECT_FALSE(contains(partition.isr, BrokerId{2}));
        EXPECT_NE(partition.leader, BrokerId{2});
        EXPECT_NE(partition.leader, no_broker);
    }
    Time fenced_at;
    world.simulation().trace().replay([&](const sim::Event& event) {
        const auto* fence = event.as<BrokerFenceChanged>();
        if (fence != nullptr && fence->fenced) fenced_at = event.time;
    });
    EXPECT_GE(fenced_at - crashed_at, 7s);  // the last heartbeat was up to 2 s before
    EXPECT_LE(fenced_at - crashed_at, 9500ms);
}

TEST(ControllerHost, RestartedBrokerWaitsForItsOldSessionAndGetsANewEpoch) {
    MetadataWorld world(4, 1, 3);
    world.run_for(10s);
    const BrokerEpoch before = world.broker(2).lifecycle().broker_epoch();
    world.node("b2").stop(sim::StopReason::crash);
    world.run_for(1s);
    world.node("b2").start();
    world.run_for(3s);
    EXPECT_FALSE(world.broker(2).lifecycle().is_registered());
    world.run_for(15s);
    EXPECT_GT(world.broker(2).lifecycle().broker_epoch(), before);
    EXPECT_FALSE(world.broker(2).lifecycle().is_fenced());
    EXPECT_EQ(world.broker(2).image().digest(), world.broker(1).image().digest());
}

TEST(ControllerHost, ControlledShutdownLetsABrokerGoWithoutLeaderships) {
    MetadataWorld world(5, 1, 3);
    world.run_for(10s);
    world.create_topic(1, "orders", 6, 3);
    world.run_for(2s);
    bool let_go = false;
    world.broker(1).lifecycle().begin_controlled_shutdown([&] { let_go = true; });
    world.run_for(15s);
    EXPECT_TRUE(let_go);
    for (const PartitionImage& partition :
         world.broker(2).image().find_topic("orders")->partitions) {
        EXPECT_NE(partition.leader, BrokerId{1});
        EXPECT_FALSE(contains(partition.isr, BrokerId{1}));
    }
}

TEST(ControllerHost, WhatWasAnsweredSurvivesAPowerLossOfTheOnlyController) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        MetadataWorld world(seed, 1, 3);
        world.run_for(10s);
        const auto answer = world.create_topic(1, "orders", 3, 3);
        for (int i = 0; i < 400 && !*answer; ++i) world.run_for(1ms);
        ASSERT_TRUE(*answer);
        const RaftEpoch before = world.controller(1).host().raft().epoch();
        world.node("c1").stop(sim::StopReason::power_loss);
        world.run_for(2s);
        world.node("c1").start();
        world.run_for(10s);
        EXPECT_EQ(world.controller(1).host().raft().epoch(), before + 1);
        ASSERT_NE(world.controller(1).host().image().find_topic("orders"), nullptr);
        for (int id = 1; id <= 3; ++id) {
            EXPECT_NE(world.broker(id).image().find_topic("orders"), nullptr);
            EXPECT_FALSE(world.broker(id).image().find_broker(BrokerId{id})->fenced);
        }
    }
}

TEST(ControllerHost, OfThreeControllersAnotherTakesOverWithEverythingThatWasAnswered) {
    for (std::uint64_t seed = 10; seed < 15; ++seed) {
        MetadataWorld world(seed, 3, 3);
        world.run_for(15s);
        const int first = world.active_controller();
        ASSERT_NE(first, 0) << "seed " << seed;
        const auto answer = world.create_topic(1, "orders", 3, 3);
        for (int i = 0; i < 1000 && !*answer; ++i) world.run_for(1ms);
        ASSERT_TRUE(*answer) << "seed " << seed;
        world.node(fmt::format("c{}", first)).stop(sim::StopReason::power_loss);
        world.run_for(20s);
        const int second = world.active_controller();
        ASSERT_NE(second, 0) << "seed " << seed;
        EXPECT_NE(second, first);
        EXPECT_NE(world.controller(second).host().image().find_topic("orders"), nullptr);
        const auto later = world.create_topic(2, "payments", 3, 3);
        world.node(fmt::format("c{}", first)).start();
        world.run_for(10s);
        ASSERT_TRUE(*later);
        EXPECT_EQ((*later)->error_code, ErrorCode::none);
        for (int id = 1; id <= 3; ++id) {
            EXPECT_NE(world.broker(id).image().find_topic("payments"), nullptr) << "seed " << seed;
        }
    }
}

// Bits flip between the flush of what it fetched and the moment when it is committed and read.
TEST(ControllerHost, StandbyThatReadsSpoiltMetadataHaltsAndTheOthersGoOn) {
    MetadataWorld world(16, 3, 3);
    world.run_for(15s);
    const int standby = world.active_controller() == 1 ? 2 : 1;
    const auto answer = world.create_topic(1, "orders", 30, 3);
    for (int i = 0; i < 500; ++i) {
        world.disk_of_controller(standby).rot("__cluster_metadata", 2000, fmt::format("{}", i));
        world.run_for(200us);
    }
    const auto halted = world.events<RaftHalted>();
    ASSERT_EQ(halted.size(), 1u);
    EXPECT_TRUE(halted.front().why.starts_with("corrupt: ")) << halted.front().why;
    EXPECT_FALSE(world.node(fmt::format("c{}", standby)).is_running());
    ASSERT_TRUE(*answer);
    EXPECT_EQ((*answer)->error_code, ErrorCode::none);
    EXPECT_NE(world.broker(1).image().find_topic("orders"), nullptr);
}

TEST(ControllerHost, LeaderDescribesVotersAndObserversOfItsQuorum) {
    MetadataWorld world(50, 3, 2);
    world.run_for(10s);
    const int active = world.active_controller();
    ASSERT_NE(active, 0);
    DescribeQuorumRequest request;
    request.topics.push_back({.topic_name = metadata_topic, .partitions = {{0}}});
    for (int id = 1; id <= 3; ++id) {
        const auto response = world.controller(id).host().raft().handle(request);
        const auto& partition = response.topics.at(0).partitions.at(0);
        EXPECT_EQ(partition.leader_id, BrokerId{1000 + active});
        if (id != active) {
            EXPECT_EQ(partition.error_code, ErrorCode::not_leader_or_follower);
            continue;
        }
        EXPECT_EQ(partition.error_code, ErrorCode::none);
        EXPECT_EQ(partition.current_voters.size(), 3u);
        EXPECT_EQ(partition.observers.size(), 2u);
        EXPECT_GT(partition.high_watermark, Offset{5});
        for (const auto& voter : partition.current_voters) {
            EXPECT_GE(voter.log_end_offset, partition.high_watermark - 1);
            EXPECT_GE(voter.last_caught_up_timestamp, voter.last_fetch_timestamp - 1000);
        }
    }
}

RaftOptions frequent_snapshots() {
    RaftOptions raft;
    raft.max_record_bytes_between_snapshots = 1000;
    raft.max_retention_bytes = 1500;
    return raft;
}

TEST(ControllerHost, BrokerThatWasAwayLoadsASnapshotAndSeesWhatTheOthersSee) {
    MetadataWorld world(20, 3, 3, CodecMode::roundtrip, frequent_snapshots());
    world.run_for(10s);
    world.node("b3").stop(sim::StopReason::crash);
    for (int i = 0; i < 8; ++i) {
        world.create_topic(1, fmt::format("orders-{}", i), 6, 2);
        world.run_for(2s);
    }
    world.node("b3").start();
    world.run_for(15s);
    const auto loaded = world.events<RaftSnapshotLoaded>();
    EXPECT_TRUE(std::ranges::any_of(
        loaded, [](const RaftSnapshotLoaded& event) { return event.replica == BrokerId{3}; }));
    EXPECT_EQ(world.broker(3).image().topics.size(), 8u);
    EXPECT_EQ(world.broker(3).image().topics, world.broker(1).image().topics);
    EXPECT_FALSE(world.broker(3).lifecycle().is_fenced());
}

TEST(ControllerHost, ControllersThatLostPowerComeBackFromSnapshotAndLog) {
    for (std::uint64_t seed = 30; seed < 35; ++seed) {
        MetadataWorld world(seed, 3, 3, CodecMode::move, frequent_snapshots());
        world.run_for(10s);
        std::vector<std::string> answered;
        for (int i = 0; i < 6; ++i) {
            const std::string name = fmt::format("orders-{}", i);
            const auto answer = world.create_topic(1, name, 6, 2);
            world.run_for(500ms);
            if (*answer && (*answer)->error_code == ErrorCode::none) answered.push_back(name);
        }
        EXPECT_FALSE(answered.empty());
        for (const char* name : {"c1", "c2", "c3"}) {
            world.node(name).stop(sim::StopReason::power_loss);
        }
        world.run_for(1s);
        for (const char* name : {"c1", "c2", "c3"}) world.node(name).start();
        world.run_for(15s);
        const int active = world.active_controller();
        ASSERT_NE(active, 0) << "seed " << seed;
        EXPECT_FALSE(world.events<RaftSnapshotTaken>().empty());
        for (const std::string& name : answered) {
            EXPECT_NE(world.controller(active).host().image().find_topic(name), nullptr)
                << name << ", seed " << seed;
        }
    }
}

// Z33: cut off for longer than a session, a controller of the right kind has long given up its
// office; the other one takes the silence for the death of all brokers, and acts on it.
TEST(ControllerHost, ZombieFencesBrokersThatTheQuorumKnowsToBeAlive) {
    const auto decisions_of_the_deposed = [](const BugSet* bugs) {
        MetadataWorld world(40, 3, 3, CodecMode::move, {}, bugs);
        world.run_for(10s);
        const int first = world.active_controller();
        EXPECT_NE(first, 0);
        const auto cut = world.network().isolate(world.node(fmt::format("c{}", first)).id(), "cut");
        world.run_for(30s);
        EXPECT_GT(cut.size(), 0u);
        int decisions = 0;
        bool leads = true;
        world.simulation().trace().replay([&](const sim::Event& event) {
            if (event.node != world.node(fmt::format("c{}", first)).id()) return;
            if (const auto* role = event.as<RaftRoleChanged>()) leads = role->role == "leader";
            if (!leads && event.as<BrokerFenceChanged>() != nullptr) ++decisions;
        });
        return decisions;
    };
    EXPECT_EQ(decisions_of_the_deposed(nullptr), 0);
    BugSet bugs;
    bugs.arm(Bug::z33_zombie_controller);
    EXPECT_EQ(decisions_of_the_deposed(&bugs), 3);
    EXPECT_GT(bugs.hits(Bug::z33_zombie_controller), 0u);
}

// Every broker's image at an offset is the same image.
TEST(ControllerHost, ImagesOfEqualOffsetsAreEqual) {
    MetadataWorld world(7, 1, 3);
    world.run_for(8s);
    world.create_topic(1, "orders", 3, 3);
    world.node("b3").stop(sim::StopReason::crash);
    world.run_for(12s);
    world.node("b3").start();
    world.run_for(12s);
    std::map<Offset, std::uint64_t> digests;
    std::size_t compared = 0;
    for (const MetadataApplied& applied : world.events<MetadataApplied>()) {
        const auto [at, fresh] = digests.try_emplace(applied.offset, applied.digest);
        EXPECT_EQ(at->second, applied.digest) << "offset " << applied.offset.value();
        if (!fresh) ++compared;
    }
    EXPECT_GT(compared, 20u);
}

TEST(ControllerHost, SameSeedGivesTheSameTraceHowEverMessagesTravel) {
    const auto hash = [](std::uint64_t seed, CodecMode codec) {
        MetadataWorld world(seed, 3, 3, codec);
        world.run_for(12s);
        world.create_topic(1, "orders", 3, 3);
        world.run_for(5s);
        world.simulation().finish();
        return world.simulation().trace().hash();
    };
    EXPECT_EQ(hash(1, CodecMode::move), hash(1, CodecMode::move));
    EXPECT_EQ(hash(1, CodecMode::move), hash(1, CodecMode::roundtrip));
    EXPECT_NE(hash(1, CodecMode::move), hash(2, CodecMode::move));
}

}  // namespace
}  // namespace squall::model
