// Requests of other clients, byte for byte: what they encode, ours encodes too, and decodes.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <string>

#include "model/protocol/api_list.h"
#include "model/protocol/record_batch.h"
#include "tests/model/protocol/golden_message.h"

namespace squall::model {
namespace {

MetadataRequest metadata_of_two_topics() {
    MetadataRequest request;
    request.topics.emplace();
    request.topics->push_back({.topic_id = {}, .name = "orders"});
    request.topics->push_back({.topic_id = {}, .name = "payments"});
    return request;
}

TEST(GoldenRequest, OfKafkaPython) {
    Golden golden = read_golden("kafka_python.txt");
    MetadataRequest metadata = metadata_of_two_topics();
    expect_request(golden, "request.Metadata.0", 0, metadata);
    expect_request(golden, "request.Metadata.1", 1, metadata);
    metadata.allow_auto_topic_creation = false;
    expect_request(golden, "request.Metadata.5", 5, metadata);

    expect_request(
        golden, "request.Produce.7", 7,
        ProduceRequest{.transactional_id = std::nullopt,
                       .acks = -1,
                       .timeout_ms = 30000,
                       .topic_data = {{.name = "orders",
                                       .topic_id = {},
                                       .partition_data = {
                                           {.index = 2, .records = golden["batch.one_record"]}}}}});

    FetchRequest fetch;
    fetch.max_wait_ms = 500;
    fetch.min_bytes = 1;
    fetch.max_bytes = 52428800;
    fetch.isolation_level = IsolationLevel::read_committed;
    FetchRequest::Topic& topic = fetch.topics.emplace_back();
    topic.topic = "orders";
    topic.partitions.resize(2);
    topic.partitions[0].fetch_offset = Offset(42);
    topic.partitions[0].partition_max_bytes = 1048576;
    topic.partitions[1].partition = 1;
    topic.partitions[1].fetch_offset = Offset(0);
    topic.partitions[1].partition_max_bytes = 1048576;
    expect_request(golden, "request.Fetch.4", 4, fetch);

    ListOffsetsRequest offsets;
    offsets.topics.push_back({.name = "orders",
                              .partitions = {{.partition_index = 0, .timestamp = -1},
                                             {.partition_index = 1, .timestamp = t0}}});
    expect_request(golden, "request.ListOffsets.1", 1, offsets);

    FindCoordinatorRequest find;
    find.key = "billing";
    expect_request(golden, "request.FindCoordinator.0", 0, find);

    JoinGroupRequest join;
    join.group_id = "billing";
    join.session_timeout_ms = 10000;
    join.rebalance_timeout_ms = 300000;
    join.protocol_type = "consumer";
    join.protocols = {{.name = "range", .metadata = {0, 1}},
                      {.name = "roundrobin", .metadata = {}}};
    expect_request(golden, "request.JoinGroup.2", 2, join);

    SyncGroupRequest sync;
    sync.group_id = "billing";
    sync.generation_id = GenerationId(4);
    sync.member_id = "m-1";
    sync.assignments = {{.member_id = "m-1", .assignment = to_bytes("abc")},
                        {.member_id = "m-2", .assignment = {}}};
    expect_request(golden, "request.SyncGroup.1", 1, sync);

    HeartbeatRequest heartbeat;
    heartbeat.group_id = "billing";
    heartbeat.generation_id = GenerationId(4);
    heartbeat.member_id = "m-1";
    expect_request(golden, "request.Heartbeat.1", 1, heartbeat);

    LeaveGroupRequest leave;
    leave.group_id = "billing";
    leave.member_id = "m-1";
    expect_request(golden, "request.LeaveGroup.1", 1, leave);

    OffsetCommitRequest commit;
    commit.group_id = "billing";
    commit.generation_id_or_member_epoch = GenerationId(4);
    commit.member_id = "m-1";
    OffsetCommitRequest::Topic& committed = commit.topics.emplace_back();
    committed.name = "orders";
    committed.partitions.resize(2);
    committed.partitions[0].committed_offset = Offset(7);
    committed.partitions[0].committed_metadata = "note";
    committed.partitions[1].partition_index = 1;
    committed.partitions[1].committed_offset = Offset(9);
    committed.partitions[1].committed_metadata = "";
    expect_request(golden, "request.OffsetCommit.2", 2, commit);

    OffsetFetchRequest fetch_offsets;
    fetch_offsets.group_id = "billing";
    fetch_offsets.topics.emplace();
    fetch_offsets.topics->push_back(
        {.name = "orders", .topic_id = {}, .partition_indexes = {0, 1}});
    expect_request(golden, "request.OffsetFetch.1", 1, fetch_offsets);

    CreateTopicsRequest create;
    create.timeout_ms = 15000;
    create.validate_only = true;
    create.topics.push_back({.name = "orders",
                             .num_partitions = 3,
                             .replication_factor = 2,
                             .assignments = {},
                             .configs = {{.name = "cleanup.policy", .value = "compact"}}});
    create.topics.push_back(
        {.name = "placed",
         .num_partitions = -1,
         .replication_factor = -1,
         .assignments = {{.partition_index = 0, .broker_ids = {BrokerId(1), BrokerId(2)}}},
         .configs = {}});
    expect_request(golden, "request.CreateTopics.3", 3, create);

    expect_request(golden, "request.ApiVersions.0", 0, ApiVersionsRequest{});
}

// kafka-node and other old clients speak these.
TEST(GoldenRequest, OfTheOldestVersions) {
    Golden golden = read_golden("kafka_python.txt");
    for (const int version : {0, 2}) {
        ProduceRequest produce;
        produce.acks = -1;
        produce.timeout_ms = 30000;
        produce.topic_data.resize(1);
        produce.topic_data[0].name = "orders";
        produce.topic_data[0].partition_data = {
            {.index = 2, .records = golden[version == 0 ? "set.plain.0" : "set.plain.1"]}};
        expect_request(golden, fmt::format("request.Produce.{}", version),
                       static_cast<ApiVersion>(version), produce);
    }
    for (const int version : {0, 1, 2, 3}) {
        FetchRequest fetch;
        fetch.max_wait_ms = 500;
        fetch.min_bytes = 1;
        if (version >= 3) fetch.max_bytes = 52428800;
        fetch.topics.resize(1);
        fetch.topics[0].topic = "orders";
        fetch.topics[0].partitions.resize(1);
        fetch.topics[0].partitions[0].fetch_offset = Offset(42);
        fetch.topics[0].partitions[0].partition_max_bytes = 1048576;
        expect_request(golden, fmt::format("request.Fetch.{}", version),
                       static_cast<ApiVersion>(version), fetch);
    }

    ListOffsetsRequest offsets;
    offsets.topics.push_back(
        {.name = "orders", .partitions = {{.partition_index = 0, .timestamp = -1}}});
    expect_request(golden, "request.ListOffsets.0", 0, offsets);

    OffsetCommitRequest commit;
    commit.group_id = "billing";
    commit.topics.resize(1);
    commit.topics[0].name = "orders";
    commit.topics[0].partitions.resize(1);
    commit.topics[0].partitions[0].committed_offset = Offset(7);
    commit.topics[0].partitions[0].committed_metadata = "note";
    expect_request(golden, "request.OffsetCommit.0", 0, commit);
    commit.generation_id_or_member_epoch = GenerationId(4);
    commit.member_id = "m-1";
    commit.topics[0].partitions[0].commit_timestamp = t0;
    expect_request(golden, "request.OffsetCommit.1", 1, commit);

    OffsetFetchRequest all;
    all.group_id = "billing";
    expect_request(golden, "request.OffsetFetch.3", 3, all);

    JoinGroupRequest join;
    join.group_id = "billing";
    join.session_timeout_ms = 10000;
    join.protocol_type = "consumer";
    join.protocols = {{.name = "range", .metadata = {0, 1}}};
    expect_request(golden, "request.JoinGroup.0", 0, join);
}

TEST(GoldenRequest, OfKafkajs) {
    Golden golden = read_golden("kafkajs.txt");
    MetadataRequest metadata = metadata_of_two_topics();
    metadata.allow_auto_topic_creation = false;
    expect_request(golden, "request.Metadata.6", 6, metadata);

    FetchRequest fetch;
    fetch.max_wait_ms = 500;
    fetch.min_bytes = 1;
    fetch.max_bytes = 10485760;
    fetch.isolation_level = IsolationLevel::read_committed;
    fetch.rack_id = "eu-1a";
    FetchRequest::Topic& topic = fetch.topics.emplace_back();
    topic.topic = "orders";
    topic.partitions.resize(1);
    topic.partitions[0].fetch_offset = Offset(42);
    topic.partitions[0].partition_max_bytes = 1048576;
    expect_request(golden, "request.Fetch.11", 11, fetch);

    ListOffsetsRequest offsets;
    offsets.isolation_level = IsolationLevel::read_committed;
    offsets.topics.push_back({.name = "orders",
                              .partitions = {{.partition_index = 0, .timestamp = -1},
                                             {.partition_index = 1, .timestamp = t0}}});
    expect_request(golden, "request.ListOffsets.3", 3, offsets);

    FindCoordinatorRequest find;
    find.key = "billing";
    expect_request(golden, "request.GroupCoordinator.2", 2, find);

    JoinGroupRequest join;
    join.group_id = "billing";
    join.session_timeout_ms = 30000;
    join.rebalance_timeout_ms = 60000;
    join.group_instance_id = "till-1";
    join.protocol_type = "consumer";
    join.protocols = {{.name = "range", .metadata = {0, 1}}};
    expect_request(golden, "request.JoinGroup.5", 5, join);

    SyncGroupRequest sync;
    sync.group_id = "billing";
    sync.generation_id = GenerationId(4);
    sync.member_id = "m-1";
    sync.assignments = {{.member_id = "m-1", .assignment = to_bytes("abc")}};
    expect_request(golden, "request.SyncGroup.3", 3, sync);

    HeartbeatRequest heartbeat;
    heartbeat.group_id = "billing";
    heartbeat.generation_id = GenerationId(4);
    heartbeat.member_id = "m-1";
    expect_request(golden, "request.Heartbeat.3", 3, heartbeat);

    LeaveGroupRequest leave;
    leave.group_id = "billing";
    leave.members.push_back(
        {.member_id = "m-1", .group_instance_id = "till-1", .reason = std::nullopt});
    expect_request(golden, "request.LeaveGroup.3", 3, leave);

    OffsetCommitRequest commit;
    commit.group_id = "billing";
    commit.generation_id_or_member_epoch = GenerationId(4);
    commit.member_id = "m-1";
    OffsetCommitRequest::Topic& committed = commit.topics.emplace_back();
    committed.name = "orders";
    committed.partitions.resize(2);
    committed.partitions[0].committed_offset = Offset(7);
    committed.partitions[0].committed_metadata = "note";
    committed.partitions[1].partition_index = 1;
    committed.partitions[1].committed_offset = Offset(9);
    committed.partitions[1].committed_metadata = std::nullopt;
    expect_request(golden, "request.OffsetCommit.5", 5, commit);

    OffsetFetchRequest fetch_offsets;
    fetch_offsets.group_id = "billing";
    fetch_offsets.topics.emplace();
    fetch_offsets.topics->push_back(
        {.name = "orders", .topic_id = {}, .partition_indexes = {0, 1}});
    expect_request(golden, "request.OffsetFetch.4", 4, fetch_offsets);

    CreateTopicsRequest create;
    create.timeout_ms = 15000;
    create.validate_only = true;
    create.topics.push_back({.name = "orders",
                             .num_partitions = 3,
                             .replication_factor = 2,
                             .assignments = {},
                             .configs = {{.name = "cleanup.policy", .value = "compact"}}});
    expect_request(golden, "request.CreateTopics.3", 3, create);

    expect_request(golden, "request.ApiVersions.2", 2, ApiVersionsRequest{});
}

TEST(GoldenRequest, OfPlatformaticInFlexibleVersions) {
    Golden golden = read_golden("platformatic.txt");
    expect_body(
        golden, "body.ApiVersions.4", 4,
        ApiVersionsRequest{.client_software_name = "squall", .client_software_version = "1.0.0"});
    expect_body(golden, "body.Metadata.12", 12, metadata_of_two_topics());

    FindCoordinatorRequest find;
    find.coordinator_keys = {"billing", "audit"};
    expect_body(golden, "body.FindCoordinator.6", 6, find);

    // This client writes leader epoch, producer epoch and sequence 0 where it knows none.
    BatchBuilder builder({.partition_leader_epoch = LeaderEpoch(0),
                          .producer_epoch = ProducerEpoch(0),
                          .base_sequence = SequenceNumber(0),
                          .is_transactional = true});
    builder.append(t0, as_bytes("k"), as_bytes("v"));
    ProduceRequest produce;
    produce.transactional_id = "tx-1";
    produce.acks = -1;
    produce.timeout_ms = 30000;
    produce.topic_data = {{.name = "orders",
                           .topic_id = {},
                           .partition_data = {{.index = 2, .records = builder.finish()}}}};
    expect_body(golden, "body.Produce.11", 11, produce);

    FetchRequest fetch;
    fetch.max_wait_ms = 500;
    fetch.min_bytes = 1;
    fetch.max_bytes = 10485760;
    fetch.isolation_level = IsolationLevel::read_committed;
    fetch.rack_id = "eu-1a";
    FetchRequest::Topic& topic = fetch.topics.emplace_back();
    topic.topic_id = orders_id;
    topic.partitions.resize(1);
    topic.partitions[0].current_leader_epoch = LeaderEpoch(3);
    topic.partitions[0].fetch_offset = Offset(42);
    topic.partitions[0].partition_max_bytes = 1048576;
    fetch.forgotten_topics_data.push_back(
        {.topic = {}, .topic_id = orders_id, .partitions = {1, 2}});
    expect_body(golden, "body.Fetch.17", 17, fetch);

    ListOffsetsRequest offsets;
    offsets.isolation_level = IsolationLevel::read_committed;
    offsets.topics.push_back(
        {.name = "orders",
         .partitions = {
             {.partition_index = 0, .current_leader_epoch = LeaderEpoch(3), .timestamp = -1}}});
    expect_body(golden, "body.ListOffsets.9", 9, offsets);

    JoinGroupRequest join;
    join.group_id = "billing";
    join.session_timeout_ms = 30000;
    join.rebalance_timeout_ms = 60000;
    join.protocol_type = "consumer";
    join.protocols = {{.name = "range", .metadata = {0, 1}}};
    join.reason = "started";
    expect_body(golden, "body.JoinGroup.9", 9, join);

    SyncGroupRequest sync;
    sync.group_id = "billing";
    sync.generation_id = GenerationId(4);
    sync.member_id = "m-1";
    sync.protocol_type = "consumer";
    sync.protocol_name = "range";
    sync.assignments = {{.member_id = "m-1", .assignment = to_bytes("abc")}};
    expect_body(golden, "body.SyncGroup.5", 5, sync);

    HeartbeatRequest heartbeat;
    heartbeat.group_id = "billing";
    heartbeat.generation_id = GenerationId(4);
    heartbeat.member_id = "m-1";
    heartbeat.group_instance_id = "till-1";
    expect_body(golden, "body.Heartbeat.4", 4, heartbeat);

    LeaveGroupRequest leave;
    leave.group_id = "billing";
    leave.members.push_back(
        {.member_id = "m-1", .group_instance_id = std::nullopt, .reason = "done"});
    expect_body(golden, "body.LeaveGroup.5", 5, leave);

    OffsetCommitRequest commit;
    commit.group_id = "billing";
    commit.generation_id_or_member_epoch = GenerationId(4);
    commit.member_id = "m-1";
    OffsetCommitRequest::Topic& committed = commit.topics.emplace_back();
    committed.name = "orders";
    committed.partitions.resize(1);
    committed.partitions[0].committed_offset = Offset(7);
    committed.partitions[0].committed_leader_epoch = LeaderEpoch(3);
    committed.partitions[0].committed_metadata = "note";
    expect_body(golden, "body.OffsetCommit.9", 9, commit);

    OffsetFetchRequest fetch_offsets;
    fetch_offsets.require_stable = true;
    OffsetFetchRequest::Group& group = fetch_offsets.groups.emplace_back();
    group.group_id = "billing";
    group.member_id = "m-1";
    group.member_epoch = 5;
    group.topics.emplace();
    group.topics->push_back({.name = "orders", .topic_id = {}, .partition_indexes = {0, 1}});
    expect_body(golden, "body.OffsetFetch.9", 9, fetch_offsets);

    CreateTopicsRequest create;
    create.timeout_ms = 15000;
    create.validate_only = true;
    create.topics.push_back(
        {.name = "orders",
         .num_partitions = 3,
         .replication_factor = 2,
         .assignments = {{.partition_index = 0, .broker_ids = {BrokerId(1), BrokerId(2)}}},
         .configs = {{.name = "cleanup.policy", .value = "compact"}}});
    expect_body(golden, "body.CreateTopics.7", 7, create);
}

}  // namespace
}  // namespace squall::model
