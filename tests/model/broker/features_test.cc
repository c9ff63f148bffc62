// Features from end to end: whole brokers and clients while a level changes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/client/producer.h"
#include "model/events/transaction_events.h"
#include "model/protocol/messages/api_versions.h"
#include "model/protocol/messages/consumer_group_describe.h"
#include "model/protocol/messages/consumer_group_heartbeat.h"
#include "tests/model/broker/broker_world.h"

namespace squall::model {
namespace {

using testing::Contains;
using testing::SizeIs;

BrokerConfig with_levels(FeatureLevel transaction, FeatureLevel group) {
    BrokerConfig config;
    config.controller.features.transaction = transaction;
    config.controller.features.group = group;
    config.transactions.state_topic_num_partitions = 2;
    return config;
}

FeatureUpdate to_level(std::int16_t level, FeatureUpgradeType type = FeatureUpgradeType::upgrade) {
    return {.level = level, .type = type};
}

TEST(Features, AreToldWithTheEpochOfTheBrokersOwnImage) {
    BrokerWorld world({.config = with_levels(1, 0)});
    FeatureMetadata before;
    FeatureMetadata after;
    AdminResult raised;
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        before = admin.describe_features().value();
        raised = admin.update_features({{"transaction.version", to_level(2)}});
        world.client().sleep_for(2s);
        after = admin.describe_features().value();
    }));
    EXPECT_TRUE(raised.ok()) << raised.error;
    EXPECT_EQ(before.finalized,
              (std::map<std::string, std::int16_t>{{"eligible.leader.replicas.version", 1},
                                                   {"metadata.version", 29},
                                                   {"transaction.version", 1}}));
    EXPECT_EQ(before.supported.at("group.version"), (FeatureMetadata::Range{0, 1}));
    EXPECT_EQ(before.supported.at("kraft.version"), (FeatureMetadata::Range{0, 1}));
    EXPECT_EQ(after.finalized.at("transaction.version"), 2);
    EXPECT_GT(after.epoch, before.epoch);
    EXPECT_LT(after.epoch, world.broker(1).image().next_offset.value());
    EXPECT_EQ(world.count("FeatureLevelChanged", "features updated"), 1u);
    EXPECT_EQ(world.count("FeatureLevelChanged", "bootstrap"), 3u);
}

TEST(Features, AreRefusedByTheControllerThroughEveryBroker) {
    BrokerWorld world({.config = with_levels(2, 1)});
    std::vector<AdminResult> results;
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        const auto ask = [&](const char* feature, FeatureUpdate update, bool tries = false) {
            results.push_back(admin.update_features({{feature, update}}, tries));
        };
        ask("transaction.version", to_level(3));
        ask("transaction.version", to_level(1));
        ask("no.such.version", to_level(1));
        ask("metadata.version", to_level(22, FeatureUpgradeType::unsafe_downgrade));
        ask("transaction.version", to_level(1, FeatureUpgradeType::safe_downgrade), true);
    }));
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(results[i].outcome, Outcome::failed);
        EXPECT_EQ(results[i].error, "INVALID_UPDATE_VERSION");
    }
    EXPECT_TRUE(results[4].ok()) << results[4].error;
    EXPECT_EQ(world.broker(2).image().feature_level(feature::transaction_version), 2);
}

// KAFKA-17492: clients before version 4 cannot read a range that begins at 0.
TEST(Features, AreShownToOldClientsWithoutRangesFromZero) {
    BrokerWorld world;
    ApiVersionsResponse old_answer;
    ApiVersionsResponse answer;
    ASSERT_TRUE(world.run_client([&] {
        old_answer = world.ask(1, ApiVersionsRequest{}, 3);
        answer = world.ask(1, ApiVersionsRequest{});
    }));
    const auto names = [](const ApiVersionsResponse& response) {
        std::vector<std::string> found;
        for (const auto& feature : response.supported_features) found.push_back(feature.name);
        return found;
    };
    EXPECT_THAT(names(answer), Contains("transaction.version"));
    EXPECT_THAT(names(answer), Contains("metadata.version"));
    EXPECT_EQ(names(old_answer), std::vector<std::string>{"metadata.version"});
    EXPECT_EQ(old_answer.finalized_features, answer.finalized_features);
}

TEST(Features, OfGroupsAtZeroRefuseTheConsumerProtocolUntilTheImageSaysOtherwise) {
    BrokerWorld world({.config = with_levels(2, 0)});
    ErrorCode before{};
    ErrorCode described{};
    ErrorCode after{};
    ASSERT_TRUE(world.run_client([&] {
        ConsumerGroupHeartbeatRequest heartbeat;
        heartbeat.group_id = "g";
        ConsumerGroupDescribeRequest describe;
        describe.group_ids = {"g"};
        before = world.ask(1, heartbeat).error_code;
        described = world.ask(1, describe).groups.at(0).error_code;
        world.admin().update_features({{"group.version", to_level(1)}});
        world.client().sleep_for(2s);
        after = world.ask(1, heartbeat).error_code;
    }));
    EXPECT_EQ(before, ErrorCode::unsupported_version);
    EXPECT_EQ(described, ErrorCode::unsupported_version);
    EXPECT_NE(after, ErrorCode::unsupported_version);
}

// A producer goes on by version 1 until a new connection tells it of version 2, ends the
// transaction that is open as it began, and takes a new epoch for the first one of version 2.
TEST(Features, TransactionVersionTwoIsMetByARunningProducer) {
    BrokerWorld world({.config = with_levels(1, 1)});
    std::vector<TransactionBegan> began;
    std::vector<TransactionEndCompleted> ended;
    world.simulation().trace().observe([&](const sim::Event& event) {
        if (const auto* e = event.as<TransactionBegan>()) began.push_back(*e);
        if (const auto* e = event.as<TransactionEndCompleted>()) ended.push_back(*e);
    });
    ProducerOptions options;
    options.client.client_id = "app";
    options.transactional_id = "payments";
    Producer producer(world.client(), world.fabric(), world.bootstrap(), options);
    const auto send_some = [&producer] {
        for (int key = 0; key < 4; ++key) {
            ProducerRecord record;
            record.topic = "orders";
            record.key = to_bytes(std::to_string(key));
            record.value = to_bytes("paid");
            producer.send(record);
        }
    };
    const auto run_some = [&](int transactions) {
        for (int i = 0; i < transactions; ++i) {
            producer.begin_transaction();
            send_some();
            if (i % 3 == 1) {
                producer.abort_transaction();
            } else {
                producer.commit_transaction();
            }
        }
    };
    bool is_raised = false;
    ASSERT_TRUE(world.run_client([&] {
        const NewTopic topic{.name = "orders", .partitions = 3, .replication = 3, .configs = {}};
        world.admin().create_topics({topic});
        world.admin().await_topics({topic}, 3, 60s);
        producer.init_transactions();
        run_some(3);
        producer.begin_transaction();
        send_some();
        is_raised = world.admin().update_features({{"transaction.version", to_level(2)}}).ok();
        world.client().sleep_for(2s);
        producer.commit_transaction();
        run_some(2);
    }));
    ASSERT_TRUE(is_raised);
    const std::size_t before = began.size();
    ASSERT_EQ(before, 6u);
    // Nobody told the producer.
    for (const TransactionBegan& transaction : began) {
        EXPECT_EQ(transaction.transaction_version, 1);
        EXPECT_EQ(transaction.producer_epoch, began.front().producer_epoch);
    }
    for (const char* name : {"b1", "b2", "b3"}) {
        world.node(name).stop(sim::StopReason::crash);
        world.node(name).start();
        world.run_for(15s);
    }
    ASSERT_TRUE(world.run_client([&] { run_some(4); }, 240s));
    ASSERT_THAT(began, SizeIs(10));
    EXPECT_EQ(began.back().transaction_version, 2);
    for (std::size_t i = before; i < began.size(); ++i) {
        EXPECT_GE(began[i].transaction_version, began[i - 1].transaction_version);
        if (began[i].transaction_version == 2) {
            EXPECT_GT(began[i].producer_epoch, began[i - 1].producer_epoch);
        }
    }
    ASSERT_THAT(ended, SizeIs(10));
    for (const TransactionEndCompleted& end : ended) EXPECT_EQ(end.outcome, Outcome::ok);
}

}  // namespace
}  // namespace squall::model
