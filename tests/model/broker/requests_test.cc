// Requests as clients of others may make them: what brokers answer to what is wrong, misdirected,
// or out of the ordinary.
#include <gtest/gtest.h>

#include <string>

#include "model/client/producer.h"
#include "tests/model/broker/broker_world.h"

namespace squall::model {
namespace {

Bytes one_batch(BrokerWorld& world, std::string_view value) {
    BatchBuilder builder;
    builder.append(world.client().wall_now().ms(), as_bytes("key"), as_bytes(value));
    return builder.finish();
}

ProduceResponse::Partition produced(BrokerWorld& world, int broker, const TopicPartition& to,
                                    Bytes records, ApiVersion version = 12,
                                    std::int16_t acks = -1) {
    ProduceRequest request;
    request.acks = acks;
    request.timeout_ms = 5'000;
    ProduceRequest::Topic& topic = request.topic_data.emplace_back();
    topic.name = to.topic;
    topic.partition_data.push_back({.index = to.partition, .records = std::move(records)});
    return world.ask(broker, std::move(request), version).responses.at(0).partition_responses.at(0);
}

// "orders" with one partition; the broker that leads it, and another one.
struct Led {
    int leader = 0;
    int other = 0;
};

Led make_orders(BrokerWorld& world) {
    EXPECT_TRUE(world.administer([&](AdminClient& admin) {
        admin.create_topics({{.name = "orders", .partitions = 1, .replication = 2}});
        admin.await_topics({{.name = "orders", .partitions = 1, .replication = 2}}, 3, 60s);
    }));
    const PartitionImage& partition = world.partition(1, {"orders", 0});
    int other = 1;
    while (std::ranges::find(partition.replicas, BrokerId{other}) != partition.replicas.end()) {
        ++other;
    }
    return {partition.leader.value(), other};
}

// KIP-951.
TEST(Requests, TheWrongBrokerNamesTheRightOneAndWhereItIs) {
    BrokerWorld world;
    const Led led = make_orders(world);
    ProduceResponse produce;
    ProduceResponse old_produce;
    FetchResponse fetch;
    ASSERT_TRUE(world.run_client([&] {
        ProduceRequest request;
        request.acks = -1;
        ProduceRequest::Topic& topic = request.topic_data.emplace_back();
        topic.name = "orders";
        topic.partition_data.push_back({.index = 0, .records = one_batch(world, "v")});
        produce = world.ask(led.other, request, 12);
        old_produce = world.ask(led.other, request, 9);
        FetchRequest asked;
        asked.max_bytes = 1000;
        FetchRequest::Topic& of = asked.topics.emplace_back();
        of.topic = "orders";
        of.topic_id = world.broker(1).image().find_topic("orders")->id;
        FetchRequest::Partition& partition = of.partitions.emplace_back();
        partition.partition = 0;
        partition.fetch_offset = Offset(0);
        partition.partition_max_bytes = 1000;
        fetch = world.ask(led.other, asked);
    }));
    const auto& refused = produce.responses.at(0).partition_responses.at(0);
    EXPECT_EQ(refused.error_code, ErrorCode::not_leader_or_follower);
    EXPECT_EQ(refused.current_leader.leader_id, BrokerId{led.leader});
    EXPECT_EQ(refused.current_leader.leader_epoch, LeaderEpoch(0));
    ASSERT_EQ(produce.node_endpoints.size(), 1u);
    EXPECT_EQ(produce.node_endpoints[0].node_id, BrokerId{led.leader});
    EXPECT_EQ(produce.node_endpoints[0].host, fmt::format("b{}", led.leader));
    EXPECT_EQ(produce.node_endpoints[0].port, Broker::port);
    EXPECT_TRUE(old_produce.node_endpoints.empty());
    const auto& not_read = fetch.responses.at(0).partitions.at(0);
    EXPECT_EQ(not_read.error_code, ErrorCode::not_leader_or_follower);
    EXPECT_EQ(not_read.current_leader.leader_id, BrokerId{led.leader});
    EXPECT_EQ(fetch.node_endpoints, produce.node_endpoints);
}

TEST(Requests, ProduceTellsWhatIsWrongWithTheRecordsAsKafkaDoes) {
    BrokerWorld world;
    const Led led = make_orders(world);
    const TopicPartition orders{"orders", 0};
    ASSERT_TRUE(world.run_client([&] {
        const Bytes good = one_batch(world, "v");
        EXPECT_EQ(produced(world, led.leader, orders, {}).error_code, ErrorCode::invalid_record);
        Bytes two = good;
        two.insert(two.end(), good.begin(), good.end());
        EXPECT_EQ(produced(world, led.leader, orders, two).error_code, ErrorCode::invalid_record);
        Bytes of_magic_1 = good;
        of_magic_1[batch_layout::magic] = 1;
        EXPECT_EQ(produced(world, led.leader, orders, of_magic_1).error_code,
                  ErrorCode::invalid_record);
        Bytes damaged = good;
        damaged.back() ^= 1;
        EXPECT_EQ(produced(world, led.leader, orders, damaged).error_code,
                  ErrorCode::corrupt_message);
        Bytes with_offset = good;
        with_offset[7] = 5;  // the base offset lies outside the checksum
        EXPECT_EQ(produced(world, led.leader, orders, with_offset).error_code,
                  ErrorCode::invalid_record);
        // The topic is looked at before the records, and these before acks.
        EXPECT_EQ(produced(world, led.leader, {"nothing", 0}, {}).error_code,
                  ErrorCode::unknown_topic_or_partition);
        EXPECT_EQ(produced(world, led.leader, {"orders", 7}, {}).error_code,
                  ErrorCode::unknown_topic_or_partition);
        EXPECT_EQ(produced(world, led.leader, orders, two, 12, 7).error_code,
                  ErrorCode::invalid_record);
        EXPECT_EQ(produced(world, led.leader, orders, good, 12, 7).error_code,
                  ErrorCode::invalid_required_acks);
        EXPECT_EQ(produced(world, led.leader, orders, good).error_code, ErrorCode::none);
    }));
}

TEST(Requests, OnlyCoordinatorsWriteToTheTopicsOfCoordinators) {
    BrokerConfig config;
    config.groups.offsets_topic_num_partitions = 1;
    BrokerWorld world({.config = config});
    ASSERT_TRUE(world.run_client([&] {
        FindCoordinatorRequest request;
        request.key = "g";
        request.coordinator_keys = {"g"};
        while (world.broker(1).image().find_topic(offsets_topic) == nullptr) {
            world.ask(1, request);
            world.client().sleep_for(100ms);
        }
        world.client().sleep_for(1s);
        const TopicPartition offsets{offsets_topic, 0};
        const int leader = world.partition(1, offsets).leader.value();
        EXPECT_EQ(produced(world, leader, offsets, one_batch(world, "v")).error_code,
                  ErrorCode::invalid_topic_exception);
    }));
}

// Who waits for a topic of that name to appear waits for ever.
TEST(Requests, MetadataTellsANameThatNoTopicCanHaveFromOneThatNoneHas) {
    BrokerWorld world;
    MetadataResponse response;
    ASSERT_TRUE(world.run_client([&] {
        MetadataRequest request;
        request.allow_auto_topic_creation = true;
        request.topics.emplace();
        for (const char* name : {"no topic", "some"}) {
            request.topics->emplace_back().name = name;
        }
        response = world.ask(1, request);
        world.client().sleep_for(2s);
    }));
    ASSERT_EQ(response.topics.size(), 2u);
    EXPECT_EQ(response.topics[0].error_code, ErrorCode::invalid_topic_exception);
    EXPECT_EQ(response.topics[1].error_code, ErrorCode::unknown_topic_or_partition);
    EXPECT_NE(world.broker(1).image().find_topic("some"), nullptr);
    EXPECT_EQ(world.broker(1).image().find_topic("no topic"), nullptr);
}

TEST(Requests, ListOffsetsAnswersNoPartitionTwice) {
    BrokerWorld world;
    const Led led = make_orders(world);
    ListOffsetsResponse response;
    ASSERT_TRUE(world.run_client([&] {
        ListOffsetsRequest request;
        ListOffsetsRequest::Topic& topic = request.topics.emplace_back();
        topic.name = "orders";
        for (const std::int32_t partition : {0, 0, 1}) {
            ListOffsetsRequest::Partition& asked = topic.partitions.emplace_back();
            asked.partition_index = partition;
            asked.timestamp = -1;
        }
        response = world.ask(led.leader, request);
    }));
    const auto& partitions = response.topics.at(0).partitions;
    ASSERT_EQ(partitions.size(), 3u);
    EXPECT_EQ(partitions[0].error_code, ErrorCode::invalid_request);
    EXPECT_EQ(partitions[1].error_code, ErrorCode::invalid_request);
    EXPECT_EQ(partitions[2].error_code, ErrorCode::unknown_topic_or_partition);
}

// What may not come at all is not waited for.
TEST(Requests, AFetchWaitsForNoMoreBytesThanItMayGet) {
    BrokerConfig config;
    config.fetch_max_bytes = 1024;
    BrokerWorld world({.config = config});
    const Led led = make_orders(world);
    Duration took{};
    std::size_t bytes = 0;
    ASSERT_TRUE(world.run_client([&] {
        for (int i = 0; i < 4; ++i) {
            world.produce(led.leader, {"orders", 0}, "key", std::string(600, 'x'));
        }
        FetchRequest request;
        request.max_wait_ms = 10'000;
        request.min_bytes = 1'000'000;
        request.max_bytes = 50'000'000;
        FetchRequest::Topic& topic = request.topics.emplace_back();
        topic.topic = "orders";
        topic.topic_id = world.broker(1).image().find_topic("orders")->id;
        FetchRequest::Partition& partition = topic.partitions.emplace_back();
        partition.fetch_offset = Offset(0);
        partition.partition_max_bytes = 50'000'000;
        const LocalTime began = world.client().now();
        const FetchResponse response = world.ask(led.leader, request);
        took = world.client().now() - began;
        bytes = response.responses.at(0).partitions.at(0).records.size();
    }));
    EXPECT_LT(took, 1s);
    EXPECT_GE(bytes, 600u);
    EXPECT_LE(bytes, 1024u);
}

TEST(Requests, AFetchWaitsForItsMinimumEvenIfThereIsSomething) {
    BrokerWorld world;
    const Led led = make_orders(world);
    const auto produce = [&] {
        return world.produce(led.leader, {"orders", 0}, "key", std::string(600, 'x'));
    };
    const auto fetch = [&](int min_bytes) {
        FetchRequest request;
        request.max_wait_ms = 2'000;
        request.min_bytes = min_bytes;
        request.max_bytes = 50'000;
        FetchRequest::Topic& topic = request.topics.emplace_back();
        topic.topic = "orders";
        topic.topic_id = world.broker(1).image().find_topic("orders")->id;
        FetchRequest::Partition& partition = topic.partitions.emplace_back();
        partition.fetch_offset = Offset(0);
        partition.partition_max_bytes = 50'000;
        return world.ask(led.leader, request).responses.at(0).partitions.at(0).records.size();
    };
    ASSERT_TRUE(world.run_client([&] {
        EXPECT_EQ(produce(), ErrorCode::none);
        LocalTime began = world.client().now();
        EXPECT_GE(fetch(600), 600u);
        EXPECT_LT(world.client().now() - began, 100ms);

        began = world.client().now();
        EXPECT_LT(fetch(1'000), 1'000u);
        EXPECT_GE(world.client().now() - began, 2s);

        began = world.client().now();
        // Over a connection of its own: on one connection the next request waits for the answer.
        Producer producer(world.client(), world.fabric(), world.bootstrap(), {});
        world.client().spawn("another", [&] {
            world.client().sleep_for(500ms);
            ProducerRecord record;
            record.topic = "orders";
            record.value = Bytes(600, std::uint8_t{'x'});
            producer.send(std::move(record));
        });
        EXPECT_GE(fetch(1'000), 1'200u);
        EXPECT_GE(world.client().now() - began, 500ms);
        EXPECT_LT(world.client().now() - began, 1s);
    }));
}

// As `kafka-metadata-quorum.sh --bootstrap-server` asks; this quorum is static.
TEST(Requests, BrokersForwardChangesOfVoters) {
    BrokerWorld world;
    AdminResult added;
    AdminResult removed;
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        added = admin.add_raft_voter(BrokerId{1002}, {1, 1}, "c2", ControllerServer::port);
        removed = admin.remove_raft_voter(BrokerId{1001}, {1, 1});
    }));
    EXPECT_EQ(removed.error, "UNSUPPORTED_VERSION");
    EXPECT_FALSE(added.ok());
}

}  // namespace
}  // namespace squall::model
