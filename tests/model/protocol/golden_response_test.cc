// Answers, as kafka-python would write them, byte for byte.

#include <gtest/gtest.h>

#include <string>

#include "model/protocol/api_list.h"
#include "tests/model/protocol/golden_message.h"

namespace squall::model {
namespace {

class GoldenResponse : public testing::Test {
  protected:
    template <class Response>
    void expect(const std::string& name, ApiVersion version, Response response) {
        expect_body(golden_, "response." + name, version, response);
    }

    Golden golden_ = read_golden("kafka_python.txt");
};

TEST_F(GoldenResponse, OfMetadata) {
    MetadataResponse metadata;
    metadata.throttle_time_ms = 7;
    metadata.brokers = {{.node_id = BrokerId(1), .host = "b1", .port = 9092, .rack = "eu-1a"},
                        {.node_id = BrokerId(2), .host = "b2", .port = 9093, .rack = {}}};
    metadata.cluster_id = "cluster";
    metadata.controller_id = BrokerId(1);
    MetadataResponse::Topic& topic = metadata.topics.emplace_back();
    topic.name = "orders";
    topic.partitions.resize(2);
    topic.partitions[0].leader_id = BrokerId(1);
    topic.partitions[0].replica_nodes = {BrokerId(1), BrokerId(2)};
    topic.partitions[0].isr_nodes = {BrokerId(1)};
    topic.partitions[0].offline_replicas = {BrokerId(2)};
    topic.partitions[1].error_code = ErrorCode::leader_not_available;
    topic.partitions[1].partition_index = 1;
    topic.partitions[1].replica_nodes = {BrokerId(2)};
    topic.partitions[1].isr_nodes = {BrokerId(2)};
    expect("Metadata.5", 5, metadata);

    MetadataResponse oldest;
    oldest.brokers = {{.node_id = BrokerId(1), .host = "b1", .port = 9092, .rack = {}}};
    oldest.topics.resize(1);
    oldest.topics[0].error_code = ErrorCode::unknown_topic_or_partition;
    oldest.topics[0].name = "nowhere";
    expect("Metadata.0", 0, oldest);

    ApiVersionsResponse versions;
    versions.api_keys = {{.api_key = ApiKey::api_versions, .min_version = 0, .max_version = 4},
                         {.api_key = ApiKey::metadata, .min_version = 0, .max_version = 13}};
    versions.throttle_time_ms = 7;
    expect("ApiVersions.1", 1, versions);
}

TEST_F(GoldenResponse, OfRecords) {
    ProduceResponse produced;
    produced.responses.resize(1);
    produced.responses[0].name = "orders";
    produced.responses[0].partition_responses.resize(1);
    ProduceResponse::Partition& partition = produced.responses[0].partition_responses[0];
    partition.index = 2;
    partition.base_offset = Offset(40);
    expect("Produce.0", 0, produced);
    produced.throttle_time_ms = 7;
    partition.log_start_offset = Offset(3);
    expect("Produce.5", 5, produced);

    FetchResponse oldest;
    oldest.responses.resize(1);
    oldest.responses[0].topic = "orders";
    oldest.responses[0].partitions.resize(1);
    oldest.responses[0].partitions[0].high_watermark = Offset(43);
    oldest.responses[0].partitions[0].records = golden_["set.plain.1"];
    expect("Fetch.0", 0, oldest);

    FetchResponse fetched;
    fetched.throttle_time_ms = 7;
    fetched.responses.resize(1);
    fetched.responses[0].topic = "orders";
    fetched.responses[0].partitions.resize(2);
    FetchResponse::Partition& whole = fetched.responses[0].partitions[0];
    whole.high_watermark = Offset(43);
    whole.last_stable_offset = Offset(41);
    whole.aborted_transactions.emplace();
    whole.aborted_transactions->push_back(
        {.producer_id = ProducerId(4711), .first_offset = Offset(12)});
    whole.aborted_transactions->push_back(
        {.producer_id = ProducerId(4712), .first_offset = Offset(30)});
    whole.records = golden_["batch.one_record"];
    FetchResponse::Partition& gone = fetched.responses[0].partitions[1];
    gone.partition_index = 1;
    gone.error_code = ErrorCode::unknown_topic_or_partition;
    expect("Fetch.4", 4, fetched);
}

TEST_F(GoldenResponse, OfOffsets) {
    ListOffsetsResponse oldest;
    oldest.topics.resize(1);
    oldest.topics[0].name = "orders";
    oldest.topics[0].partitions.resize(2);
    oldest.topics[0].partitions[0].old_style_offsets = {Offset(43), Offset(0)};
    oldest.topics[0].partitions[1].partition_index = 1;
    oldest.topics[0].partitions[1].error_code = ErrorCode::unknown_topic_or_partition;
    expect("ListOffsets.0", 0, oldest);

    ListOffsetsResponse listed;
    listed.throttle_time_ms = 7;
    listed.topics.resize(1);
    listed.topics[0].name = "orders";
    listed.topics[0].partitions.resize(1);
    listed.topics[0].partitions[0].timestamp = t0;
    listed.topics[0].partitions[0].offset = Offset(42);
    expect("ListOffsets.2", 2, listed);

    OffsetFetchResponse committed;
    committed.throttle_time_ms = 7;
    committed.topics.resize(1);
    committed.topics[0].name = "orders";
    committed.topics[0].partitions.resize(2);
    committed.topics[0].partitions[0].committed_offset = Offset(7);
    committed.topics[0].partitions[0].metadata = "note";
    committed.topics[0].partitions[1].partition_index = 1;
    committed.topics[0].partitions[1].metadata = "";
    expect("OffsetFetch.3", 3, committed);
}

TEST_F(GoldenResponse, OfGroups) {
    JoinGroupResponse joined;
    joined.throttle_time_ms = 7;
    joined.generation_id = GenerationId(4);
    joined.protocol_name = "range";
    joined.leader = "m-1";
    joined.member_id = "m-1";
    joined.members.resize(2);
    joined.members[0].member_id = "m-1";
    joined.members[0].metadata = {0, 1};
    joined.members[1].member_id = "m-2";
    expect("JoinGroup.2", 2, joined);

    SyncGroupResponse synced;
    synced.throttle_time_ms = 7;
    synced.assignment = to_bytes("abc");
    expect("SyncGroup.1", 1, synced);

    FindCoordinatorResponse found;
    found.error_code = ErrorCode::coordinator_not_available;
    found.port = -1;
    expect("FindCoordinator.0", 0, found);

    ListGroupsResponse listed;
    listed.throttle_time_ms = 7;
    listed.groups.resize(1);
    listed.groups[0].group_id = "billing";
    listed.groups[0].protocol_type = "consumer";
    expect("ListGroups.1", 1, listed);

    DescribeGroupsResponse described;
    described.throttle_time_ms = 7;
    described.groups.resize(1);
    described.groups[0].group_id = "billing";
    described.groups[0].group_state = "Stable";
    described.groups[0].protocol_type = "consumer";
    described.groups[0].protocol_data = "range";
    described.groups[0].members.resize(1);
    DescribeGroupsResponse::Member& member = described.groups[0].members[0];
    member.member_id = "m-1";
    member.client_id = "c";
    member.client_host = "/127.0.0.1";
    member.member_metadata = {0, 1};
    member.member_assignment = to_bytes("abc");
    expect("DescribeGroups.2", 2, described);

    DeleteGroupsResponse deleted;
    deleted.throttle_time_ms = 7;
    deleted.results = {{.group_id = "billing", .error_code = ErrorCode::none},
                       {.group_id = "audit", .error_code = ErrorCode::non_empty_group}};
    expect("DeleteGroups.1", 1, deleted);
}

TEST_F(GoldenResponse, OfAdministration) {
    CreateTopicsResponse created;
    created.throttle_time_ms = 7;
    created.topics.resize(2);
    created.topics[0].name = "orders";
    created.topics[1].name = "payments";
    created.topics[1].error_code = ErrorCode::topic_already_exists;
    created.topics[1].error_message = "there already";
    expect("CreateTopics.3", 3, created);

    DeleteTopicsResponse deleted;
    deleted.throttle_time_ms = 7;
    deleted.responses.resize(2);
    deleted.responses[0].name = "orders";
    deleted.responses[1].name = "payments";
    deleted.responses[1].error_code = ErrorCode::unknown_topic_or_partition;
    expect("DeleteTopics.3", 3, deleted);

    DescribeConfigsResponse described;
    described.throttle_time_ms = 7;
    described.results.resize(1);
    described.results[0].resource_type = ConfigResourceType::topic;
    described.results[0].resource_name = "orders";
    described.results[0].configs.resize(1);
    described.results[0].configs[0].name = "retention.ms";
    described.results[0].configs[0].value = "1000";
    described.results[0].configs[0].is_default = true;
    expect("DescribeConfigs.0", 0, described);

    AlterConfigsResponse altered;
    altered.throttle_time_ms = 7;
    altered.responses = {{.error_code = ErrorCode::invalid_config,
                          .error_message = "no such setting",
                          .resource_type = ConfigResourceType::topic,
                          .resource_name = "orders"}};
    expect("AlterConfigs.1", 1, altered);

    DescribeAclsResponse rules;
    rules.throttle_time_ms = 7;
    rules.error_code = ErrorCode::security_disabled;
    rules.error_message = "no authorizer";
    rules.resources.resize(1);
    rules.resources[0].resource_type = 2;
    rules.resources[0].resource_name = "orders";
    rules.resources[0].acls = {
        {.principal = "User:ann", .host = "*", .operation = 3, .permission_type = 3}};
    expect("DescribeAcls.1", 1, rules);

    expect("SaslHandshake.1", 1,
           SaslHandshakeResponse{.error_code = ErrorCode::illegal_sasl_state,
                                 .mechanisms = {"PLAIN"}});
}

}  // namespace
}  // namespace squall::model
