// What administrators ask, as other clients write it, byte for byte.

#include <gtest/gtest.h>

#include <string>

#include "model/protocol/api_list.h"
#include "tests/model/protocol/golden_message.h"

namespace squall::model {
namespace {

DeleteTopicsRequest delete_two_topics() {
    DeleteTopicsRequest request;
    request.topic_names = {"orders", "payments"};
    request.timeout_ms = 15000;
    return request;
}

// Six partitions, the new ones on these brokers.
CreatePartitionsRequest grow_orders(std::vector<std::vector<BrokerId>> placed) {
    CreatePartitionsRequest request;
    request.timeout_ms = 15000;
    request.validate_only = true;
    CreatePartitionsRequest::Topic& topic = request.topics.emplace_back();
    topic.name = "orders";
    topic.count = 6;
    topic.assignments.emplace();
    for (std::vector<BrokerId>& brokers : placed) {
        topic.assignments->push_back({.broker_ids = std::move(brokers)});
    }
    return request;
}

DescribeConfigsRequest describe_retention() {
    DescribeConfigsRequest request;
    DescribeConfigsRequest::Resource& resource = request.resources.emplace_back();
    resource.resource_type = ConfigResourceType::topic;
    resource.resource_name = "orders";
    resource.configuration_keys = {"retention.ms"};
    return request;
}

DescribeConfigsRequest::Resource all_of_broker_1() {
    return {.resource_type = ConfigResourceType::broker,
            .resource_name = "1",
            .configuration_keys = std::nullopt};
}

AlterConfigsRequest alter_retention() {
    return {.resources = {{.resource_type = ConfigResourceType::topic,
                           .resource_name = "orders",
                           .configs = {{.name = "retention.ms", .value = "1000"}}}},
            .validate_only = true};
}

TEST(GoldenAdmin, OfKafkaPython) {
    Golden golden = read_golden("kafka_python.txt");
    expect_request(golden, "request.DeleteTopics.3", 3, delete_two_topics());

    CreatePartitionsRequest grow =
        grow_orders({{BrokerId(1), BrokerId(2)}, {BrokerId(2), BrokerId(3)}});
    grow.topics.push_back({.name = "payments", .count = 4, .assignments = std::nullopt});
    expect_request(golden, "request.CreatePartitions.1", 1, grow);

    DescribeConfigsRequest describe = describe_retention();
    describe.resources.push_back(all_of_broker_1());
    expect_request(golden, "request.DescribeConfigs.0", 0, describe);
    describe.resources.pop_back();
    describe.resources[0].configuration_keys.reset();
    describe.include_synonyms = true;
    expect_request(golden, "request.DescribeConfigs.2", 2, describe);

    AlterConfigsRequest alter = alter_retention();
    alter.resources[0].configs.push_back({.name = "cleanup.policy", .value = std::nullopt});
    expect_request(golden, "request.AlterConfigs.1", 1, alter);

    expect_request(golden, "request.ListGroups.1", 1, ListGroupsRequest{});
    expect_request(golden, "request.DescribeGroups.3", 3,
                   DescribeGroupsRequest{.groups = {"billing", "audit"},
                                         .include_authorized_operations = true});
    expect_request(golden, "request.DeleteGroups.1", 1,
                   DeleteGroupsRequest{.groups_names = {"billing", "audit"}});
}

TEST(GoldenAdmin, OfKafkajs) {
    Golden golden = read_golden("kafkajs.txt");
    expect_request(golden, "request.DeleteTopics.1", 1, delete_two_topics());
    expect_request(golden, "request.DeleteRecords.1", 1,
                   DeleteRecordsRequest{
                       .topics = {{.name = "orders",
                                   .partitions = {{.partition_index = 0, .offset = Offset(42)},
                                                  {.partition_index = 1, .offset = Offset(-1)}}}},
                       .timeout_ms = 15000});
    expect_request(golden, "request.CreatePartitions.1", 1,
                   grow_orders({{BrokerId(1), BrokerId(2)}, {BrokerId(2), BrokerId(3)}}));
    DescribeConfigsRequest describe = describe_retention();
    describe.include_synonyms = true;
    expect_request(golden, "request.DescribeConfigs.2", 2, describe);
    expect_request(golden, "request.AlterConfigs.1", 1, alter_retention());

    AlterPartitionReassignmentsRequest move;
    move.timeout_ms = 15000;
    move.topics.push_back({.name = "orders", .partitions = {}});
    move.topics[0].partitions.resize(1);
    move.topics[0].partitions[0].replicas = {BrokerId(2), BrokerId(3)};
    expect_request(golden, "request.AlterPartitionReassignments.0", 0, move);
    ListPartitionReassignmentsRequest list;
    list.timeout_ms = 15000;
    list.topics.emplace();
    list.topics->push_back({.name = "orders", .partition_indexes = {0, 1}});
    expect_request(golden, "request.ListPartitionReassignments.0", 0, list);

    DescribeGroupsRequest groups;
    groups.groups = {"billing", "audit"};
    expect_request(golden, "request.DescribeGroups.2", 2, groups);
    expect_request(golden, "request.ListGroups.2", 2, ListGroupsRequest{});
    expect_request(golden, "request.DeleteGroups.1", 1,
                   DeleteGroupsRequest{.groups_names = {"billing", "audit"}});
}

TEST(GoldenAdmin, OfTopicsByPlatformatic) {
    Golden golden = read_golden("platformatic.txt");
    DeleteTopicsRequest remove;
    remove.timeout_ms = 15000;
    remove.topics = {{.name = "orders", .topic_id = {}},
                     {.name = std::nullopt, .topic_id = orders_id}};
    expect_body(golden, "body.DeleteTopics.6", 6, remove);
    expect_body(golden, "body.DeleteRecords.2", 2,
                DeleteRecordsRequest{
                    .topics = {{.name = "orders",
                                .partitions = {{.partition_index = 0, .offset = Offset(42)}}}},
                    .timeout_ms = 15000});
    expect_body(golden, "body.CreatePartitions.3", 3, grow_orders({{BrokerId(1), BrokerId(2)}}));

    AlterPartitionReassignmentsRequest move;
    move.timeout_ms = 15000;
    move.allow_replication_factor_change = false;
    move.topics.push_back({.name = "orders", .partitions = {}});
    move.topics[0].partitions.resize(2);
    move.topics[0].partitions[0].replicas = {BrokerId(2), BrokerId(3)};
    move.topics[0].partitions[1].partition_index = 1;
    expect_body(golden, "body.AlterPartitionReassignments.1", 1, move);
    ListPartitionReassignmentsRequest list;
    list.timeout_ms = 15000;
    list.topics.emplace();
    list.topics->push_back({.name = "orders", .partition_indexes = {0, 1}});
    expect_body(golden, "body.ListPartitionReassignments.0", 0, list);

    DescribeTopicPartitionsRequest page;
    page.topics = {{.name = "orders"}};
    page.response_partition_limit = 100;
    page.cursor = {.topic_name = "orders", .partition_index = 4};
    expect_body(golden, "body.DescribeTopicPartitions.0", 0, page);
    DescribeLogDirsRequest directories;
    directories.topics.emplace();
    directories.topics->push_back({.topic = "orders", .partitions = {0, 1}});
    expect_body(golden, "body.DescribeLogDirs.4", 4, directories);
}

TEST(GoldenAdmin, OfSettingsAndTheClusterByPlatformatic) {
    Golden golden = read_golden("platformatic.txt");
    DescribeConfigsRequest describe = describe_retention();
    describe.resources.push_back(all_of_broker_1());
    describe.include_synonyms = true;
    describe.include_documentation = true;
    expect_body(golden, "body.DescribeConfigs.4", 4, describe);
    expect_body(golden, "body.AlterConfigs.2", 2, alter_retention());
    expect_body(golden, "body.IncrementalAlterConfigs.1", 1,
                IncrementalAlterConfigsRequest{
                    .resources = {{.resource_type = ConfigResourceType::topic,
                                   .resource_name = "orders",
                                   .configs = {{.name = "cleanup.policy",
                                                .config_operation = ConfigOperation::append,
                                                .value = "compact"},
                                               {.name = "retention.ms",
                                                .config_operation = ConfigOperation::remove,
                                                .value = std::nullopt}}}},
                    .validate_only = true});

    DescribeClusterRequest cluster;
    cluster.include_cluster_authorized_operations = true;
    cluster.endpoint_type = 2;
    expect_body(golden, "body.DescribeCluster.1", 1, cluster);
    UpdateFeaturesRequest features;
    features.timeout_ms = 15000;
    features.validate_only = true;
    features.feature_updates.resize(1);
    features.feature_updates[0].feature = "metadata.version";
    features.feature_updates[0].max_version_level = 25;
    features.feature_updates[0].upgrade_type = 2;
    expect_body(golden, "body.UpdateFeatures.1", 1, features);
    expect_body(golden, "body.UnregisterBroker.0", 0,
                UnregisterBrokerRequest{.broker_id = BrokerId(3)});
}

TEST(GoldenAdmin, OfGroupsByPlatformatic) {
    Golden golden = read_golden("platformatic.txt");
    expect_body(golden, "body.DescribeGroups.5", 5,
                DescribeGroupsRequest{.groups = {"billing", "audit"},
                                      .include_authorized_operations = true});
    expect_body(
        golden, "body.ListGroups.5", 5,
        ListGroupsRequest{.states_filter = {"Stable"}, .types_filter = {"classic", "consumer"}});
    expect_body(golden, "body.DeleteGroups.2", 2,
                DeleteGroupsRequest{.groups_names = {"billing", "audit"}});
    expect_body(golden, "body.OffsetDelete.0", 0,
                OffsetDeleteRequest{
                    .group_id = "billing",
                    .topics = {{.name = "orders", .partitions = {{.partition_index = 0}}}}});

    ConsumerGroupHeartbeatRequest heartbeat;
    heartbeat.group_id = "billing";
    heartbeat.member_id = "m-1";
    heartbeat.member_epoch = 5;
    expect_body(golden, "body.ConsumerGroupHeartbeat.0", 0, heartbeat);
    heartbeat.instance_id = "till-1";
    heartbeat.rack_id = "eu-1a";
    heartbeat.rebalance_timeout_ms = 60000;
    heartbeat.subscribed_topic_names = {"orders"};
    heartbeat.subscribed_topic_regex = "pay.*";
    heartbeat.server_assignor = "uniform";
    heartbeat.topic_partitions.emplace();
    heartbeat.topic_partitions->push_back({.topic_id = orders_id, .partitions = {0, 1}});
    expect_body(golden, "body.ConsumerGroupHeartbeat.1", 1, heartbeat);
    expect_body(golden, "body.ConsumerGroupDescribe.0", 0,
                ConsumerGroupDescribeRequest{.group_ids = {"billing"},
                                             .include_authorized_operations = true});
}

// ---- access, quotas, credentials ----

TEST(GoldenAdmin, OfAccessByKafkaPython) {
    Golden golden = read_golden("kafka_python.txt");
    DescribeAclsRequest describe;
    describe.resource_type_filter = 2;
    describe.resource_name_filter = "orders";
    describe.host_filter = "*";
    describe.operation = 3;
    describe.permission_type = 1;
    expect_request(golden, "request.DescribeAcls.0", 0, describe);
    describe = {};
    describe.resource_type_filter = 2;
    describe.principal_filter = "User:ann";
    describe.operation = 1;
    describe.permission_type = 3;
    expect_request(golden, "request.DescribeAcls.1", 1, describe);
    expect_request(golden, "request.CreateAcls.1", 1,
                   CreateAclsRequest{.creations = {{.resource_type = 2,
                                                    .resource_name = "orders",
                                                    .resource_pattern_type = 4,
                                                    .principal = "User:ann",
                                                    .host = "*",
                                                    .operation = 3,
                                                    .permission_type = 3}}});
    expect_request(golden, "request.DeleteAcls.1", 1,
                   DeleteAclsRequest{.filters = {{.resource_type_filter = 2,
                                                  .resource_name_filter = "orders",
                                                  .pattern_type_filter = 1,
                                                  .principal_filter = std::nullopt,
                                                  .host_filter = std::nullopt,
                                                  .operation = 1,
                                                  .permission_type = 1}}});
    expect_request(golden, "request.SaslHandshake.1", 1,
                   SaslHandshakeRequest{.mechanism = "PLAIN"});
    Bytes token = to_bytes("-ann-secret");
    token[0] = token[4] = 0;
    expect_request(golden, "request.SaslAuthenticate.1", 1,
                   SaslAuthenticateRequest{.auth_bytes = token});
}

TEST(GoldenAdmin, OfAccessByPlatformatic) {
    Golden golden = read_golden("platformatic.txt");
    DescribeAclsRequest describe;
    describe.resource_type_filter = 2;
    describe.resource_name_filter = "orders";
    describe.host_filter = "*";
    describe.operation = 3;
    describe.permission_type = 3;
    expect_body(golden, "body.DescribeAcls.3", 3, describe);
    expect_body(golden, "body.CreateAcls.3", 3,
                CreateAclsRequest{.creations = {{.resource_type = 2,
                                                 .resource_name = "orders",
                                                 .resource_pattern_type = 4,
                                                 .principal = "User:ann",
                                                 .host = "*",
                                                 .operation = 3,
                                                 .permission_type = 3}}});
    expect_body(golden, "body.DeleteAcls.3", 3,
                DeleteAclsRequest{.filters = {{.resource_type_filter = 2,
                                               .resource_name_filter = "orders",
                                               .pattern_type_filter = 1,
                                               .principal_filter = std::nullopt,
                                               .host_filter = std::nullopt,
                                               .operation = 1,
                                               .permission_type = 1}}});
    AlterClientQuotasRequest quotas;
    quotas.validate_only = true;
    quotas.entries.resize(1);
    quotas.entries[0].entity = {{.entity_type = "user", .entity_name = "ann"},
                                {.entity_type = "client-id", .entity_name = std::nullopt}};
    const DoubleBits a_thousand_and_24_and_a_half(0x4090020000000000);
    quotas.entries[0].ops = {
        {.key = "producer_byte_rate", .value = a_thousand_and_24_and_a_half, .remove = false}};
    expect_body(golden, "body.AlterClientQuotas.1", 1, quotas);

    DescribeUserScramCredentialsRequest users;
    users.users.emplace();
    users.users->push_back({.name = "ann"});
    expect_body(golden, "body.DescribeUserScramCredentials.0", 0, users);
    expect_body(golden, "body.SaslAuthenticate.2", 2,
                SaslAuthenticateRequest{.auth_bytes = to_bytes("secret")});
}

}  // namespace
}  // namespace squall::model
