// What administrators ask of a running cluster, through the real network: that it happens, that
// brokers act on it, and how each refusal is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/replica/replica_host.h"
#include "tests/model/broker/broker_world.h"

namespace squall::model {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

const TopicPartition orders{"orders", 0};
const AdminResult ok{.outcome = Outcome::ok, .error = ""};
AdminResult failed(ErrorCode error) {
    return {.outcome = Outcome::failed, .error = std::string(to_string(error))};
}
const ConfigResource orders_settings{ConfigResourceType::topic, "orders"};

NewTopic topic(std::string name, std::int32_t partitions, std::int16_t replication,
               std::map<std::string, std::string> configs = {}) {
    return {.name = std::move(name),
            .partitions = partitions,
            .replication = replication,
            .configs = std::move(configs)};
}

// ---- topics ----

class AdministrationOfTopics : public testing::TestWithParam<CodecMode> {};
INSTANTIATE_TEST_SUITE_P(Codecs, AdministrationOfTopics,
                         testing::Values(CodecMode::move, CodecMode::roundtrip));

TEST_P(AdministrationOfTopics, CreatesGrowsAndDeletesThem) {
    BrokerWorld world({.codec = GetParam()});
    AdminResult created;
    std::map<std::string, AdminResult> grown;
    std::map<std::string, AdminResult> deleted;
    std::map<std::string, TopicDescription> first;
    std::map<std::string, TopicDescription> second;
    std::map<std::string, TopicDescription> last;
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        created = admin.create_topics({topic("orders", 3, 2)});
        admin.await_topics({topic("orders", 3, 2)}, 2, 10s);
        first = admin.describe_topics({"orders"}).value();
        grown = admin.create_partitions({{"orders", {.total = 5, .assignments = std::nullopt}}});
        world.client().sleep_for(2s);
        second = admin.describe_topics({"orders"}).value();
        deleted = admin.delete_topics({"orders"});
        world.client().sleep_for(2s);
        last = admin.describe_topics({"orders"}).value();
    }));
    EXPECT_EQ(created, ok);
    EXPECT_THAT(first.at("orders").partitions, SizeIs(3));
    EXPECT_THAT(grown, ElementsAre(Pair("orders", ok)));
    ASSERT_THAT(second.at("orders").partitions, SizeIs(5));
    for (const auto& partition : second.at("orders").partitions) {
        EXPECT_THAT(partition.replicas, SizeIs(2));
        EXPECT_EQ(partition.isr, partition.replicas);
        EXPECT_NE(partition.leader, no_broker);
    }
    EXPECT_THAT(deleted, ElementsAre(Pair("orders", ok)));
    EXPECT_THAT(last, IsEmpty());
    // The replicas are gone from the disks too.
    EXPECT_EQ(world.count("LogStartAdvanced", "topic deleted"), 10u);
    EXPECT_EQ(world.events("TopicDeleted").size(), 1u);
}

TEST(Administration, RefusesWhatTopicsCannotBe) {
    BrokerWorld world;
    std::vector<AdminResult> results;
    std::map<std::string, TopicDescription> after;
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        admin.create_topics({topic("orders", 3, 2)});
        results.push_back(admin.create_topics({topic("orders", 3, 2)}));
        results.push_back(admin.create_topics({topic("many", 1, 4)}));
        results.push_back(admin.create_topics({topic("none", 0, 1)}));
        results.push_back(admin.create_topics({topic("a/b", 1, 1)}));
        results.push_back(admin.create_topics({topic("odd", 1, 1, {{"colour", "red"}})}));
        const auto grow = [&](const std::string& name, NewPartitions growth) {
            results.push_back(admin.create_partitions({{name, growth}}).at(name));
        };
        grow("orders", {.total = 3, .assignments = std::nullopt});
        grow("orders", {.total = 1, .assignments = std::nullopt});
        grow("orders", {.total = 4, .assignments = {{{BrokerId{1}, BrokerId{9}}}}});
        grow("gone", {.total = 4, .assignments = std::nullopt});
        results.push_back(admin.delete_topics({"gone"}).at("gone"));
        // Only tried out.
        results.push_back(admin.create_topics({topic("later", 1, 1)}, true));
        results.push_back(
            admin.create_partitions({{"orders", {.total = 9, .assignments = std::nullopt}}}, true)
                .at("orders"));
        world.client().sleep_for(1s);
        after = admin.describe_topics({"orders", "later"}).value();
    }));
    EXPECT_THAT(
        results,
        ElementsAre(
            failed(ErrorCode::topic_already_exists), failed(ErrorCode::invalid_replication_factor),
            failed(ErrorCode::invalid_partitions), failed(ErrorCode::invalid_topic_exception),
            failed(ErrorCode::invalid_config), failed(ErrorCode::invalid_partitions),
            failed(ErrorCode::invalid_partitions), failed(ErrorCode::invalid_replica_assignment),
            failed(ErrorCode::unknown_topic_or_partition),
            failed(ErrorCode::unknown_topic_or_partition), ok, ok));
    ASSERT_THAT(after, SizeIs(1));
    EXPECT_THAT(after.at("orders").partitions, SizeIs(3));
}

TEST(Administration, RefusesTopicsThatAreNamedTwiceAndDeletionWhereItIsDisabled) {
    BrokerWorld world({.config = {.controller = {.delete_topic_enable = false}}});
    DeleteTopicsResponse disabled;
    CreatePartitionsResponse twice;
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        admin.create_topics({topic("orders", 1, 1)});
        DeleteTopicsRequest request;
        request.topics = {{.name = "orders", .topic_id = {}}};
        disabled = world.ask(1, request);
        CreatePartitionsRequest growth;
        growth.topics = {{.name = "orders", .count = 2, .assignments = std::nullopt},
                         {.name = "orders", .count = 3, .assignments = std::nullopt}};
        twice = world.ask(1, growth);
    }));
    ASSERT_THAT(disabled.responses, SizeIs(1));
    EXPECT_EQ(disabled.responses[0].error_code, ErrorCode::topic_deletion_disabled);
    ASSERT_THAT(twice.results, SizeIs(1));
    EXPECT_EQ(twice.results[0].error_code, ErrorCode::invalid_request);
}

TEST(Administration, RefusesAccessRulesAsABrokerWithoutAnAuthorizer) {
    BrokerWorld world;
    DescribeAclsResponse described;
    CreateAclsResponse created;
    DeleteAclsResponse deleted;
    ASSERT_TRUE(world.run_client([&] {
        described = world.ask(1, DescribeAclsRequest{});
        created = world.ask(1, CreateAclsRequest{.creations = {{}, {}}});
        deleted = world.ask(1, DeleteAclsRequest{.filters = {{}}});
    }));
    EXPECT_EQ(described.error_code, ErrorCode::security_disabled);
    EXPECT_THAT(described.resources, IsEmpty());
    ASSERT_THAT(created.results, SizeIs(2));
    EXPECT_EQ(created.results[1].error_code, ErrorCode::security_disabled);
    ASSERT_THAT(deleted.filter_results, SizeIs(1));
    EXPECT_EQ(deleted.filter_results[0].error_code, ErrorCode::security_disabled);
}

TEST(Administration, DescribesTopicsPageByPage) {
    BrokerWorld world;
    std::vector<std::string> seen;
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        admin.create_topics({topic("a", 3, 1), topic("b", 2, 1)});
        world.client().sleep_for(1s);
        DescribeTopicPartitionsRequest request;
        request.response_partition_limit = 2;
        for (;;) {
            const DescribeTopicPartitionsResponse page = world.ask(1, request);
            std::string text;
            for (const auto& topic : page.topics) {
                for (const auto& partition : topic.partitions) {
                    text += fmt::format("{}-{} ", *topic.name, partition.partition_index);
                }
            }
            seen.push_back(text);
            if (!page.next_cursor) break;
            request.cursor = {.topic_name = page.next_cursor->topic_name,
                              .partition_index = page.next_cursor->partition_index};
        }
    }));
    EXPECT_THAT(seen, ElementsAre("a-0 a-1 ", "a-2 b-0 ", "b-1 "));
}

// ---- settings ----

TEST(Administration, ShowsWhereASettingComesFrom) {
    BrokerWorld world;
    std::map<ConfigResource, AdminResult> altered;
    std::vector<ConfigEntry> retention;
    const ConfigResource b2{ConfigResourceType::broker, "2"};
    const ConfigResource all{ConfigResourceType::broker, ""};
    std::map<ConfigResource, std::map<std::string, ConfigEntry>> brokers;
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        admin.create_topics({topic("orders", 1, 1)});
        const auto look = [&] {
            world.client().sleep_for(1s);
            retention.push_back(admin.describe_configs({orders_settings})
                                    .value()
                                    .at(orders_settings)
                                    .at("retention.ms"));
        };
        look();
        admin.alter_configs({{all, {{ConfigOperation::set, "log.retention.ms", "2000"}}}});
        look();
        altered = admin.alter_configs(
            {{orders_settings, {{ConfigOperation::set, "retention.ms", "1000"}}},
             {b2, {{ConfigOperation::set, "log.retention.ms", "3000"}}}});
        look();
        brokers = admin.describe_configs({b2, all}).value();
        admin.alter_configs(
            {{orders_settings, {{ConfigOperation::remove, "retention.ms", std::nullopt}}}});
        admin.alter_configs({{all, {{ConfigOperation::remove, "log.retention.ms", std::nullopt}}},
                             {b2, {{ConfigOperation::remove, "log.retention.ms", std::nullopt}}}});
        look();
    }));
    EXPECT_THAT(altered, ElementsAre(Pair(orders_settings, ok), Pair(b2, ok)));
    EXPECT_THAT(retention,
                ElementsAre(ConfigEntry{"604800000", ConfigSource::default_config},
                            ConfigEntry{"2000", ConfigSource::dynamic_default_broker_config},
                            ConfigEntry{"1000", ConfigSource::topic_config},
                            ConfigEntry{"604800000", ConfigSource::default_config}));
    EXPECT_EQ(brokers.at(b2).at("log.retention.ms"),
              (ConfigEntry{"3000", ConfigSource::dynamic_broker_config}));
    EXPECT_EQ(brokers.at(b2).at("broker.session.timeout.ms"),
              (ConfigEntry{"9000", ConfigSource::default_config}));
    EXPECT_THAT(brokers.at(all),
                ElementsAre(Pair("log.retention.ms",
                                 ConfigEntry{"2000", ConfigSource::dynamic_default_broker_config}),
                            // Of a new cluster with eligible leader replicas (KIP-966).
                            Pair("min.insync.replicas",
                                 ConfigEntry{"1", ConfigSource::dynamic_default_broker_config})));
}

TEST(Administration, TellsWhatABrokerWasStartedWithFromTheDefault) {
    BrokerConfig config;
    config.logs.log.retention_ms = 5s;
    BrokerWorld world({.config = config});
    std::map<std::string, ConfigEntry> of_topic;
    DescribeConfigsResponse raw;
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        admin.create_topics({topic("orders", 1, 1)});
        world.client().sleep_for(1s);
        of_topic = admin.describe_configs({orders_settings}).value().at(orders_settings);
        DescribeConfigsRequest request;
        request.include_synonyms = true;
        request.resources = {{.resource_type = ConfigResourceType::broker,
                              .resource_name = "1",
                              .configuration_keys = {{"log.retention.ms", "log.cleanup.policy"}}},
                             {.resource_type = ConfigResourceType::topic,
                              .resource_name = "gone",
                              .configuration_keys = std::nullopt},
                             {.resource_type = ConfigResourceType::broker,
                              .resource_name = "2",
                              .configuration_keys = std::nullopt}};
        raw = world.ask(1, request);
    }));
    EXPECT_EQ(of_topic.at("retention.ms"),
              (ConfigEntry{"5000", ConfigSource::static_broker_config}));
    EXPECT_EQ(of_topic.at("cleanup.policy"), (ConfigEntry{"delete", ConfigSource::default_config}));
    EXPECT_FALSE(of_topic.contains("internal.segment.bytes"));
    ASSERT_THAT(raw.results, SizeIs(3));
    ASSERT_THAT(raw.results[0].configs, SizeIs(2));
    EXPECT_EQ(raw.results[0].configs[0].config_type, ConfigType::list);
    EXPECT_FALSE(raw.results[0].configs[0].read_only);
    ASSERT_THAT(raw.results[0].configs[1].synonyms, SizeIs(2));
    EXPECT_EQ(raw.results[0].configs[1].synonyms[0].source, ConfigSource::static_broker_config);
    EXPECT_EQ(raw.results[0].configs[1].synonyms[1].value, "604800000");
    EXPECT_EQ(raw.results[1].error_code, ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(raw.results[2].error_code, ErrorCode::invalid_request);
}

TEST(Administration, SettingsReachTheBrokersThatActOnThem) {
    BrokerWorld world;
    std::vector<ErrorCode> produced;
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        admin.create_topics({topic("orders", 1, 3)});
        admin.await_topics({topic("orders", 1, 3)}, 3, 10s);
        const int leader = admin.describe_topic("orders")->partitions[0].leader.value();
        const std::string large(1000, 'x');
        produced.push_back(world.produce(leader, orders, "k", large));
        admin.alter_configs(
            {{orders_settings, {{ConfigOperation::set, "max.message.bytes", "500"}}}});
        world.client().sleep_for(2s);
        produced.push_back(world.produce(leader, orders, "k", large));
        produced.push_back(world.produce(leader, orders, "k", "small"));
    }));
    EXPECT_THAT(produced,
                ElementsAre(ErrorCode::none, ErrorCode::message_too_large, ErrorCode::none));
    EXPECT_THAT(world.events("ConfigChanged"),
                ElementsAre("resource=topic orders setting=max.message.bytes value=500 "
                            "is_default=false"));
}

TEST(Administration, RefusesSettingsThatMakeNoSense) {
    BrokerWorld world;
    std::map<std::string, AdminResult> results;
    IncrementalAlterConfigsResponse raw;
    std::map<std::string, ConfigEntry> after;
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        admin.create_topics({topic("orders", 1, 1)});
        const auto alter = [&](std::string name, ConfigResource resource, AlterConfigOp op) {
            results[name] = admin.alter_configs({{resource, {op}}}).at(resource);
        };
        alter("no number", orders_settings, {ConfigOperation::set, "retention.ms", "soon"});
        alter("no setting", orders_settings, {ConfigOperation::set, "colour", "red"});
        alter("no list", orders_settings, {ConfigOperation::append, "retention.ms", "1"});
        alter("no topic", {ConfigResourceType::topic, "gone"},
              {ConfigOperation::set, "retention.ms", "1"});
        alter("no such type", {ConfigResourceType::group, "g"},
              {ConfigOperation::set, "retention.ms", "1"});
        results["tried out"] =
            admin
                .alter_configs({{orders_settings, {{ConfigOperation::set, "retention.ms", "1"}}}},
                               true)
                .at(orders_settings);
        // Asked of the wrong broker, beside something that is right.
        IncrementalAlterConfigsRequest request;
        request.resources = {{.resource_type = ConfigResourceType::broker,
                              .resource_name = "2",
                              .configs = {{.name = "log.retention.ms", .value = "5"}}},
                             {.resource_type = ConfigResourceType::topic,
                              .resource_name = "orders",
                              .configs = {{.name = "segment.ms", .value = "5000"}}}};
        raw = world.ask(1, request);
        world.client().sleep_for(1s);
        after = admin.describe_configs({orders_settings}).value().at(orders_settings);
    }));
    EXPECT_EQ(results["no number"], failed(ErrorCode::invalid_config));
    EXPECT_EQ(results["no setting"], failed(ErrorCode::invalid_config));
    EXPECT_EQ(results["no list"], failed(ErrorCode::invalid_config));
    EXPECT_EQ(results["no topic"], failed(ErrorCode::unknown_topic_or_partition));
    EXPECT_EQ(results["no such type"], failed(ErrorCode::invalid_request));
    EXPECT_EQ(results["tried out"], ok);
    ASSERT_THAT(raw.responses, SizeIs(2));
    EXPECT_EQ(raw.responses[0].error_code, ErrorCode::invalid_request);
    EXPECT_EQ(raw.responses[0].error_message,
              "Unexpected broker id, expected 1 or empty string, but received 2");
    EXPECT_EQ(raw.responses[1].error_code, ErrorCode::none);
    EXPECT_TRUE(after.at("retention.ms").is_default());
    EXPECT_EQ(after.at("segment.ms").value, "5000");
}

TEST(Administration, ReplacesAllSettingsWithTheOldApi) {
    BrokerWorld world;
    std::map<std::string, ConfigEntry> after;
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        admin.create_topics({topic("orders", 1, 1, {{"retention.ms", "1000"}})});
        AlterConfigsRequest request;
        request.resources = {{.resource_type = ConfigResourceType::topic,
                              .resource_name = "orders",
                              .configs = {{.name = "segment.ms", .value = "5000"}}}};
        world.ask(1, request);
        world.client().sleep_for(1s);
        after = admin.describe_configs({orders_settings}).value().at(orders_settings);
    }));
    EXPECT_TRUE(after.at("retention.ms").is_default());
    EXPECT_EQ(after.at("segment.ms").value, "5000");
}

// ---- records ----

TEST(DeleteRecords, MovesTheLogStartOfEveryReplicaBeforeItAnswers) {
    BrokerWorld world;
    DeletedRecords deleted;
    DeletedRecords all;
    std::map<TopicPartition, Offset> starts;
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        admin.create_topics({topic("orders", 1, 3)});
        admin.await_topics({topic("orders", 1, 3)}, 3, 10s);
        const int leader = admin.describe_topic("orders")->partitions[0].leader.value();
        for (int i = 0; i < 10; ++i) world.produce(leader, orders, "k", "v");
        deleted = admin.delete_records({{orders, Offset(4)}}).at(orders);
        starts = admin.list_offsets({{orders, -2}});
    }));
    EXPECT_EQ(deleted.result, ok);
    EXPECT_EQ(deleted.low_watermark, Offset(4));
    EXPECT_EQ(starts.at(orders), Offset(4));
    EXPECT_EQ(world.count("LogStartAdvanced", "to=4"), 3u);
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        all = admin.delete_records({{orders, Offset(-1)}}).at(orders);
    }));
    EXPECT_EQ(all.low_watermark, Offset(10));
}

TEST(DeleteRecords, WaitsForReplicasThatLiveAndForNoOthers) {
    BrokerWorld world;
    int leader = 0;
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        admin.create_topics({topic("orders", 1, 3)});
        admin.await_topics({topic("orders", 1, 3)}, 3, 10s);
        leader = admin.describe_topic("orders")->partitions[0].leader.value();
        for (int i = 0; i < 10; ++i) world.produce(leader, orders, "k", "v");
    }));
    world.node(fmt::format("b{}", leader % 3 + 1)).stop(sim::StopReason::crash);
    DeleteRecordsRequest request;
    request.topics = {
        {.name = "orders", .partitions = {{.partition_index = 0, .offset = Offset(4)}}}};
    request.timeout_ms = 2000;
    DeleteRecordsResponse early;
    DeleteRecordsResponse late;
    // Nobody knows yet that it is down.
    ASSERT_TRUE(world.run_client([&] { early = world.ask(leader, request); }));
    world.run_for(20s);
    // Fenced now: it will find the new log start when it comes back.
    ASSERT_TRUE(world.run_client([&] { late = world.ask(leader, request); }));
    EXPECT_EQ(early.topics.at(0).partitions.at(0).error_code, ErrorCode::request_timed_out);
    EXPECT_EQ(late.topics.at(0).partitions.at(0).error_code, ErrorCode::none);
    EXPECT_EQ(late.topics.at(0).partitions.at(0).low_watermark, Offset(4));
}

TEST(DeleteRecords, RefusesWhatMustNotGo) {
    BrokerWorld world;
    std::map<std::string, ErrorCode> errors;
    const TopicPartition table{"table", 0};
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        const std::vector<NewTopic> topics{topic("orders", 1, 3),
                                           topic("table", 1, 3, {{"cleanup.policy", "compact"}})};
        admin.create_topics(topics);
        admin.await_topics(topics, 3, 10s);
        const int leader = admin.describe_topic("orders")->partitions[0].leader.value();
        const int other = leader % 3 + 1;
        world.produce(leader, orders, "k", "v");
        const auto ask = [&](int broker, TopicPartition partition, Offset offset) {
            DeleteRecordsRequest request;
            request.timeout_ms = 1000;
            request.topics = {
                {.name = partition.topic,
                 .partitions = {{.partition_index = partition.partition, .offset = offset}}}};
            return world.ask(broker, request).topics.at(0).partitions.at(0).error_code;
        };
        errors["beyond the high watermark"] = ask(leader, orders, Offset(2));
        errors["before everything"] = ask(leader, orders, Offset(-2));
        errors["not the leader"] = ask(other, orders, Offset(1));
        errors["no such partition"] = ask(leader, {"orders", 7}, Offset(1));
        const int table_leader = admin.describe_topic("table")->partitions[0].leader.value();
        errors["compacted"] = ask(table_leader, table, Offset(0));
    }));
    EXPECT_EQ(errors["beyond the high watermark"], ErrorCode::offset_out_of_range);
    EXPECT_EQ(errors["before everything"], ErrorCode::offset_out_of_range);
    EXPECT_EQ(errors["not the leader"], ErrorCode::not_leader_or_follower);
    EXPECT_EQ(errors["no such partition"], ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(errors["compacted"], ErrorCode::policy_violation);
}

// ---- leaders and replicas ----

// b1 holds the preferred replica, and was away.
void let_b1_lose_its_leadership(BrokerWorld& world) {
    ASSERT_TRUE(world.administer([&](AdminClient&) {
        CreateTopicsRequest request;
        CreateTopicsRequest::Topic& topic = request.topics.emplace_back();
        topic.name = "orders";
        topic.num_partitions = -1;
        topic.replication_factor = -1;
        topic.assignments = {{.partition_index = 0, .broker_ids = {BrokerId{1}, BrokerId{2}}}};
        request.timeout_ms = 10000;
        world.ask(1, request);
    }));
    world.run_for(2s);
    world.node("b1").stop(sim::StopReason::crash);
    world.run_for(15s);
    world.node("b1").start();
    world.run_for(15s);
}

TEST(ElectLeaders, BringsLeadershipBackToThePreferredReplica) {
    BrokerWorld world;
    let_b1_lose_its_leadership(world);
    ASSERT_EQ(world.partition(3, orders).leader, BrokerId{2});
    std::map<TopicPartition, AdminResult> first;
    std::map<TopicPartition, AdminResult> again;
    std::map<TopicPartition, AdminResult> unclean;
    std::map<TopicPartition, AdminResult> unknown;
    std::map<TopicPartition, AdminResult> all;
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        first = admin.elect_leaders(ElectionType::preferred, {orders});
        again = admin.elect_leaders(ElectionType::preferred, {orders});
        unclean = admin.elect_leaders(ElectionType::unclean, {orders});
        unknown = admin.elect_leaders(ElectionType::preferred, {{"gone", 0}});
        all = admin.elect_leaders(ElectionType::preferred, {});
    }));
    world.run_for(2s);
    EXPECT_THAT(first, ElementsAre(Pair(orders, ok)));
    EXPECT_EQ(world.partition(3, orders).leader, BrokerId{1});
    EXPECT_THAT(again, ElementsAre(Pair(orders, failed(ErrorCode::election_not_needed))));
    EXPECT_THAT(unclean, ElementsAre(Pair(orders, failed(ErrorCode::election_not_needed))));
    EXPECT_THAT(unknown, ElementsAre(Pair(TopicPartition{"gone", 0},
                                          failed(ErrorCode::unknown_topic_or_partition))));
    EXPECT_THAT(all, IsEmpty());
}

TEST(ElectLeaders, TellsThatNobodyIsThereToLead) {
    BrokerWorld world;
    let_b1_lose_its_leadership(world);
    world.node("b1").stop(sim::StopReason::crash);
    world.run_for(15s);
    std::map<TopicPartition, AdminResult> preferred;
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        preferred = admin.elect_leaders(ElectionType::preferred, {orders});
    }));
    EXPECT_THAT(preferred,
                ElementsAre(Pair(orders, failed(ErrorCode::preferred_leader_not_available))));
    world.node("b2").stop(sim::StopReason::crash);
    world.run_for(15s);
    std::map<TopicPartition, AdminResult> unclean;
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        unclean = admin.elect_leaders(ElectionType::unclean, {orders});
    }));
    EXPECT_THAT(unclean,
                ElementsAre(Pair(orders, failed(ErrorCode::eligible_leaders_not_available))));
}

TEST(LeaderBalance, TheControllerDoesTheSameByItselfFromTimeToTime) {
    for (const bool enabled : {true, false}) {
        BrokerWorld world({.config = {.controller = {.auto_leader_rebalance_enable = enabled,
                                                     .leader_imbalance_check_interval = 5s}}});
        let_b1_lose_its_leadership(world);
        world.run_for(10s);
        EXPECT_EQ(world.partition(3, orders).leader, BrokerId{enabled ? 1 : 2});
        EXPECT_EQ(world.count("PartitionChanged", "preferred leader"), enabled ? 1u : 0u);
    }
}

TEST(Reassignment, MovesAPartitionAndTakesItsRecordsAlong) {
    BrokerWorld world;
    std::map<TopicPartition, AdminResult> moved;
    std::map<TopicPartition, PartitionReassignment> after;
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        admin.create_topics({topic("orders", 1, 2)});
        admin.await_topics({topic("orders", 1, 2)}, 2, 10s);
        const PartitionMetadata before = admin.describe_topic("orders")->partitions[0];
        for (int i = 0; i < 5; ++i) world.produce(before.leader.value(), orders, "k", "v");
        std::vector<BrokerId> target;
        for (int i = 1; i <= 3; ++i) {
            if (BrokerId{i} != before.leader) target.push_back(BrokerId{i});
        }
        moved = admin.alter_partition_reassignments({{orders, target}});
        world.client().sleep_for(10s);
        after = admin.list_partition_reassignments().value();
    }));
    EXPECT_THAT(moved, ElementsAre(Pair(orders, ok)));
    EXPECT_THAT(after, IsEmpty());
    const PartitionImage& partition = world.partition(1, orders);
    EXPECT_THAT(partition.replicas, SizeIs(2));
    EXPECT_THAT(partition.isr, SizeIs(2));
    for (const BrokerId replica : partition.replicas) {
        const auto end = world.broker(replica.value()).replicas().high_watermark(orders);
        EXPECT_EQ(end, Offset(5)) << "b" << replica.value();
    }
}

TEST(Reassignment, IsListedWhileItLastsAndCanBeGivenUp) {
    BrokerWorld world;
    std::map<TopicPartition, PartitionReassignment> under_way;
    std::map<TopicPartition, AdminResult> cancelled;
    std::map<TopicPartition, AdminResult> nothing;
    std::vector<BrokerId> before;
    BrokerId newcomer;
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        admin.create_topics({topic("orders", 1, 2)});
        admin.await_topics({topic("orders", 1, 2)}, 2, 10s);
        before = admin.describe_topic("orders")->partitions[0].replicas;
        for (int i = 1; i <= 3; ++i) {
            if (!contains(before, BrokerId{i})) newcomer = BrokerId{i};
        }
    }));
    world.node(fmt::format("b{}", newcomer)).stop(sim::StopReason::crash);
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        admin.alter_partition_reassignments({{orders, std::vector{before[0], newcomer}}});
        under_way = admin.list_partition_reassignments().value();
        cancelled = admin.alter_partition_reassignments({{orders, std::nullopt}});
        nothing = admin.alter_partition_reassignments({{orders, std::nullopt}});
    }));
    ASSERT_THAT(under_way, SizeIs(1));
    EXPECT_THAT(under_way.at(orders).adding_replicas, ElementsAre(newcomer));
    EXPECT_THAT(under_way.at(orders).removing_replicas, ElementsAre(before[1]));
    EXPECT_THAT(cancelled, ElementsAre(Pair(orders, ok)));
    EXPECT_THAT(nothing, ElementsAre(Pair(orders, failed(ErrorCode::no_reassignment_in_progress))));
    world.run_for(1s);
    EXPECT_EQ(world.partition(before[0].value(), orders).replicas, before);
}

TEST(Reassignment, RefusesTargetsThatCannotBe) {
    BrokerWorld world;
    std::map<std::string, AdminResult> results;
    AlterPartitionReassignmentsResponse raw;
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        admin.create_topics({topic("orders", 1, 2)});
        const auto move = [&](std::string name, TopicPartition partition,
                              std::vector<BrokerId> target) {
            results[name] =
                admin.alter_partition_reassignments({{partition, target}}).at(partition);
        };
        move("nobody", orders, {});
        move("a stranger", orders, {BrokerId{1}, BrokerId{9}});
        move("twice the same", orders, {BrokerId{1}, BrokerId{1}});
        move("no such partition", {"orders", 4}, {BrokerId{1}});
        AlterPartitionReassignmentsRequest request;
        request.allow_replication_factor_change = false;
        request.topics = {{.name = "orders",
                           .partitions = {{.partition_index = 0, .replicas = {{BrokerId{1}}}}}}};
        raw = world.ask(1, request);
    }));
    EXPECT_EQ(results["nobody"], failed(ErrorCode::invalid_replica_assignment));
    EXPECT_EQ(results["a stranger"], failed(ErrorCode::invalid_replica_assignment));
    EXPECT_EQ(results["twice the same"], failed(ErrorCode::invalid_replica_assignment));
    EXPECT_EQ(results["no such partition"], failed(ErrorCode::unknown_topic_or_partition));
    EXPECT_EQ(raw.responses.at(0).partitions.at(0).error_code,
              ErrorCode::invalid_replication_factor);
}

// ---- the cluster ----

TEST(Administration, DescribesTheCluster) {
    BrokerWorld world({.controllers = 3, .racks = 3});
    ClusterDescription cluster;
    ClusterDescription with_fenced;
    QuorumDescription quorum;
    std::map<BrokerId, std::vector<LogDirDescription>> directories;
    DescribeClusterResponse wrong_type;
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        admin.create_topics({topic("orders", 1, 3)});
        admin.await_topics({topic("orders", 1, 3)}, 3, 10s);
        const int leader = admin.describe_topic("orders")->partitions[0].leader.value();
        world.produce(leader, orders, "k", std::string(5000, 'x'));
        quorum = admin.describe_quorum().value();
        directories = admin.describe_log_dirs({BrokerId{1}, BrokerId{2}});
        DescribeClusterRequest request;
        request.endpoint_type = 2;
        wrong_type = world.ask(1, request);
    }));
    world.node("b3").stop(sim::StopReason::crash);
    world.run_for(15s);
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        cluster = admin.describe_cluster().value();
        with_fenced = admin.describe_cluster(true).value();
    }));
    EXPECT_THAT(cluster.nodes, SizeIs(2));
    EXPECT_EQ(cluster.nodes.at(BrokerId{2}).rack, "rack-2");
    ASSERT_THAT(with_fenced.nodes, SizeIs(3));
    EXPECT_TRUE(with_fenced.nodes.at(BrokerId{3}).is_fenced);
    EXPECT_EQ(wrong_type.error_code, ErrorCode::mismatched_endpoint_type);
    EXPECT_THAT(quorum.voters, SizeIs(3));
    EXPECT_THAT(quorum.observers, SizeIs(3));
    EXPECT_THAT(quorum.voters,
                testing::Contains(testing::Field(&QuorumDescription::Replica::id, quorum.leader)));
    EXPECT_GT(quorum.high_watermark, Offset(0));
    ASSERT_THAT(directories, SizeIs(2));
    const LogDirDescription& directory = directories.at(BrokerId{1}).at(0);
    EXPECT_GT(directory.replicas.at(orders).size, 5000);
    EXPECT_EQ(directory.replicas.at(orders).offset_lag, 0);
    EXPECT_GT(directory.usable_bytes, 0);
    EXPECT_LT(directory.usable_bytes, directory.total_bytes);
}

TEST(Administration, ForgetsABrokerThatWillNotComeBack) {
    BrokerWorld world;
    world.node("b3").stop(sim::StopReason::crash);
    world.run_for(15s);
    AdminResult gone;
    AdminResult again;
    ClusterDescription cluster;
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        gone = admin.unregister_broker(BrokerId{3});
        again = admin.unregister_broker(BrokerId{3});
        world.client().sleep_for(1s);
        cluster = admin.describe_cluster(true).value();
    }));
    EXPECT_EQ(gone, ok);
    EXPECT_EQ(again, failed(ErrorCode::broker_id_not_registered));
    EXPECT_THAT(cluster.nodes, SizeIs(2));
    EXPECT_EQ(world.events("BrokerUnregistered").size(), 1u);
}

TEST(Administration, FindsTheNextControllerWhenTheActiveOneGoes) {
    BrokerWorld world({.controllers = 3});
    AdminResult created;
    QuorumDescription before;
    QuorumDescription after;
    ASSERT_TRUE(
        world.administer([&](AdminClient& admin) { before = admin.describe_quorum().value(); }));
    world.node(fmt::format("c{}", before.leader.value() - 1000)).stop(sim::StopReason::crash);
    ASSERT_TRUE(world.administer([&](AdminClient& admin) {
        created = admin.create_topics({topic("orders", 1, 3)});
        after = admin.describe_quorum().value();
    }));
    EXPECT_EQ(created, ok);
    EXPECT_NE(after.leader, before.leader);
    EXPECT_GT(after.leader_epoch, before.leader_epoch);
}

TEST(Administration, SaysThatItCannotTellWhenNoControllerAnswers) {
    BrokerWorld world;
    ASSERT_TRUE(world.administer([&](AdminClient& admin) { admin.describe_cluster().value(); }));
    world.node("c1").stop(sim::StopReason::crash);
    AdminResult created;
    ASSERT_TRUE(world.administer(
        [&](AdminClient& admin) { created = admin.create_topics({topic("orders", 1, 3)}); }));
    EXPECT_EQ(created.outcome, Outcome::unknown);
}

// ---- by epoch ----

TEST(OffsetForLeaderEpoch, SaysWhereAnEpochEnded) {
    BrokerWorld world;
    let_b1_lose_its_leadership(world);
    std::vector<OffsetForLeaderEpochResponse::EpochEndOffset> answers;
    LeaderEpoch now;
    ASSERT_TRUE(world.administer([&](AdminClient&) {
        now = world.partition(2, orders).leader_epoch;
        world.produce(2, orders, "k", "v");
        const auto ask = [&](int broker, LeaderEpoch current, LeaderEpoch epoch) {
            OffsetForLeaderEpochRequest request;
            request.topics = {
                {.topic = "orders",
                 .partitions = {
                     {.partition = 0, .current_leader_epoch = current, .leader_epoch = epoch}}}};
            answers.push_back(world.ask(broker, request).topics.at(0).partitions.at(0));
        };
        ask(2, now, now);
        ask(2, now, LeaderEpoch(0));
        ask(2, LeaderEpoch(now.value() - 1), now);
        ask(1, now, now);
    }));
    EXPECT_EQ(answers[0].end_offset, Offset(1));
    EXPECT_EQ(answers[1].error_code, ErrorCode::none);
    EXPECT_EQ(answers[2].error_code, ErrorCode::fenced_leader_epoch);
    EXPECT_EQ(answers[3].error_code, ErrorCode::not_leader_or_follower);
}

}  // namespace
}  // namespace squall::model
