// Clients from outside in a simulated cluster, without sockets: what they are told, what becomes of
// nonsense, and that what happened can be repeated.
#include <gtest/gtest.h>

#include <algorithm>

#include "model/assignors/consumer_protocol.h"
#include "model/protocol/messages/api_versions.h"
#include "model/protocol/messages/fetch.h"
#include "model/protocol/messages/find_coordinator.h"
#include "model/protocol/messages/join_group.h"
#include "model/protocol/messages/metadata.h"
#include "model/protocol/messages/offset_commit.h"
#include "model/protocol/messages/produce.h"
#include "model/protocol/messages/sync_group.h"
#include "model/protocol/record_batch.h"
#include "tests/gateway/outside_client.h"

namespace squall::gateway {
namespace {

using namespace squall::model;

// A client that makes a topic, writes to it and reads it back.
void write_and_read(ServedCluster& cluster) {
    const ConnectionNumber leader = connect_to_leader(cluster, "orders");
    const auto produced = cluster.call(leader, produce_of("orders", batch_of({"one", "two"})), 7);
    ASSERT_TRUE(produced);
    EXPECT_EQ(produced->responses.at(0).partition_responses.at(0).error_code, ErrorCode::none);
    EXPECT_EQ(produced->responses[0].partition_responses[0].base_offset, Offset(0));
    const auto fetched = cluster.call(leader, fetch_of("orders"), 11);
    ASSERT_TRUE(fetched);
    const FetchResponse::Partition& partition = fetched->responses.at(0).partitions.at(0);
    const RecordBatch batch = decode_batch(partition.records).value();
    ASSERT_EQ(batch.records.size(), 2u);
    EXPECT_EQ(as_text(*batch.records[1].value), "two");
}

TEST(ServedRun, LetsAClientWriteAndRead) {
    ServedCluster cluster;
    write_and_read(cluster);
    const scenarios::RunResult result = cluster.end();
    EXPECT_EQ(result.verdict, scenarios::Verdict::pass) << result.why;
    EXPECT_EQ(result.operations.at("send").ok, 2u);
    EXPECT_GE(result.operations.at("poll").ok, 1u);
}

TEST(ServedRun, TellsClientsTheAddressesOutside) {
    ServedCluster cluster;
    const auto metadata = cluster.call(cluster.connect(1), MetadataRequest{}, 5);
    ASSERT_TRUE(metadata);
    ASSERT_EQ(metadata->brokers.size(), 3u);
    for (const auto& broker : metadata->brokers) {
        EXPECT_EQ(broker.host, "outside.example");
        EXPECT_EQ(broker.port, 19091 + broker.node_id.value());
    }
}

TEST(ServedRun, IsRepeatedBitForBitWithoutItsClients) {
    ServedCluster cluster;
    write_and_read(cluster);
    // Two at one moment, before anything else happens.
    const ConnectionNumber first = cluster.connect(0);
    const ConnectionNumber second = cluster.connect(0);
    cluster.ask(first, ApiVersionsRequest{}, 0);
    cluster.ask(second, ApiVersionsRequest{}, 0);
    for (int step = 0; step < 100; ++step) cluster.pass(1ms);
    cluster.take_in(Disconnected{first});
    const scenarios::RunResult served = cluster.end();
    const scenarios::RunResult again = replay(cluster.scenario, cluster.events, cluster.options());
    EXPECT_EQ(again.hash, served.hash);
    EXPECT_EQ(again.events, served.events);
    EXPECT_EQ(again.verdict, served.verdict);
}

// KIP-511: a version nobody knows is answered in version 0, with the range that is known.
TEST(ServedRun, AnswersAnUnknownVersionOfApiVersions) {
    ServedCluster cluster;
    const ConnectionNumber connection = cluster.connect(0);
    // Key 18, version 99, correlation id 7, no client id, no tags, and a body from the future.
    const Bytes frame = {0, 0, 0, 12, 0, 18, 0, 99, 0, 0, 0, 7, 0xff, 0xff, 0, 9};
    cluster.take_in(Received{connection, frame});
    cluster.pass(1s);
    const auto answer = cluster.answer<ApiVersionsResponse>(connection, 0);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->error_code, ErrorCode::unsupported_version);
    ASSERT_EQ(answer->api_keys.size(), 1u);
    EXPECT_EQ(answer->api_keys[0].api_key, ApiKey::api_versions);
    const auto known = cluster.call(connection, ApiVersionsRequest{}, 0);
    ASSERT_TRUE(known);
    EXPECT_GT(known->api_keys.size(), 20u);
}

// As brokers do: librdkafka 2.12 asks for all topics with three zero bytes too many.
TEST(ServedRun, IgnoresBytesBehindARequest) {
    ServedCluster cluster;
    const ConnectionNumber connection = cluster.connect(0);
    // Metadata 13, correlation id 7, no client id; null for all topics, the three, the two flags.
    const Bytes frame = {0, 0,    0,    18, 0,    3, 0, 13, 0, 0, 0,
                         7, 0xff, 0xff, 0,  0x00, 0, 0, 0,  1, 0, 0};
    cluster.take_in(Received{connection, frame});
    cluster.pass(1s);
    const auto answer = cluster.answer<MetadataResponse>(connection, 13);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->brokers.size(), 3u);
    EXPECT_FALSE(cluster.outlet.closed.contains(connection));
}

TEST(ServedRun, HangsUpOnNonsenseAndOnNobodyElse) {
    ServedCluster cluster;
    const ConnectionNumber sound = cluster.connect(0);
    ASSERT_TRUE(cluster.call(sound, ApiVersionsRequest{}, 0));
    const std::vector<Bytes> nonsense = {
        {'G', 'E', 'T', ' ', '/', ' ', 'H', 'T', 'T', 'P'},    // a length of a gigabyte
        {0xff, 0xff, 0xff, 0xff},                              // a negative one
        {0, 0, 0, 2, 0, 3},                                    // half a header
        {0, 0, 0, 10, 0x7f, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff},  // an API that is none
        {0, 0, 0, 10, 0, 3, 0, 99, 0, 0, 0, 1, 0xff, 0xff},    // a version that is none
        {0, 0, 0, 10, 0, 52, 0, 0, 0, 0, 0, 1, 0xff, 0xff},    // Vote: not for clients
        {0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff},  // 2^31 topics
    };
    for (const Bytes& bytes : nonsense) {
        const ConnectionNumber connection = cluster.connect(0);
        cluster.take_in(Received{connection, bytes});
        cluster.pass(10ms);
        EXPECT_TRUE(cluster.outlet.closed.contains(connection)) << to_hex(bytes);
    }
    EXPECT_EQ(cluster.outlet.lines.size(), nonsense.size());
    EXPECT_TRUE(cluster.call(sound, ApiVersionsRequest{}, 0));
    EXPECT_FALSE(cluster.outlet.closed.contains(sound));
}

TEST(ServedRun, ClosesThePortOfABrokerThatCrashedAndHangsUp) {
    ServedCluster cluster({{.id = "down",
                            .kind = "crash",
                            .target = "b2",
                            .at = Duration(8s),
                            .heal_after = Duration(4s)}});
    const ConnectionNumber connection = cluster.connect(1);
    ASSERT_TRUE(cluster.call(connection, ApiVersionsRequest{}, 0, 1s));
    EXPECT_TRUE(cluster.outlet.ports.at(1));
    cluster.pass(3s);
    EXPECT_FALSE(cluster.outlet.ports.at(1));
    EXPECT_TRUE(cluster.outlet.ports.at(0));
    EXPECT_TRUE(cluster.outlet.closed.contains(connection));
    cluster.pass(10s);
    EXPECT_TRUE(cluster.outlet.ports.at(1));
    EXPECT_TRUE(cluster.call(cluster.connect(1), ApiVersionsRequest{}, 0));
}

// kafkajs gives up on a topic that a broker says it does not know.
TEST(ServedRun, KnowsItsTopicsWhenABrokerIsBack) {
    ServedCluster cluster({{.id = "down",
                            .kind = "crash",
                            .target = "b2",
                            .at = Duration(12s),
                            .heal_after = Duration(500ms)}});
    ASSERT_NE(connect_to_leader(cluster, "orders"), ConnectionNumber(0));
    while (cluster.served.now() <= Time(12s)) cluster.pass(10ms);
    ASSERT_FALSE(cluster.outlet.ports.at(1));
    while (!cluster.outlet.ports.at(1)) cluster.pass(1ms);
    const ConnectionNumber back = cluster.connect(1);
    cluster.ask(back, metadata_of("orders"), 5);
    // Until its last life's session is over, it cannot register.
    cluster.pass(12s);
    const auto metadata = cluster.answer<MetadataResponse>(back, 5);
    ASSERT_TRUE(metadata);
    EXPECT_EQ(metadata->topics.at(0).error_code, ErrorCode::none);
    EXPECT_EQ(metadata->topics[0].partitions.size(), 1u);
}

TEST(ServedRun, AnswersPipelinedRequestsInTheirOrderAndNothingToAcksZero) {
    ServedCluster cluster;
    const ConnectionNumber leader = connect_to_leader(cluster, "orders");
    ProduceRequest unanswered = produce_of("orders", batch_of({"zero"}));
    unanswered.acks = 0;
    cluster.ask(leader, ApiVersionsRequest{}, 0);
    cluster.ask(leader, unanswered, 7);
    cluster.ask(leader, metadata_of("orders"), 1);
    cluster.pass(2s);
    EXPECT_TRUE(cluster.answer<ApiVersionsResponse>(leader, 0));
    const auto metadata = cluster.answer<MetadataResponse>(leader, 1);
    ASSERT_TRUE(metadata);
    EXPECT_EQ(metadata->topics.at(0).name, "orders");
    EXPECT_TRUE(cluster.outlet.sent[leader].empty());
}

// The only member of a group, by hand.
struct LoneMember {
    explicit LoneMember(ServedCluster& its_cluster)
        : cluster(its_cluster), coordinator(find_coordinator()) {
        const Subscription subscription{.topics = {"orders"},
                                        .user_data = std::nullopt,
                                        .owned_partitions = {},
                                        .generation_id = no_generation,
                                        .rack_id = std::nullopt};
        JoinGroupRequest join;
        join.group_id = "payment";
        join.session_timeout_ms = 30'000;
        join.rebalance_timeout_ms = 30'000;
        join.protocol_type = "consumer";
        join.protocols.push_back({"range", encode_subscription(subscription)});
        const auto joined = cluster.call(coordinator, join, 2, 8s);
        if (!joined) return;
        member_id = joined->member_id;
        generation = joined->generation_id;
        SyncGroupRequest sync;
        sync.group_id = join.group_id;
        sync.generation_id = generation;
        sync.member_id = member_id;
        sync.assignments.push_back(
            {member_id, encode_assignment({.partitions = {{"orders", 0}}, .user_data = {}})});
        const auto synced = cluster.call(coordinator, sync, 1);
        is_member = synced && synced->error_code == ErrorCode::none;
    }

    ConnectionNumber find_coordinator() {
        FindCoordinatorRequest request;
        request.key = "payment";
        const ConnectionNumber any = cluster.connect(0);
        for (int attempt = 0; attempt < 10; ++attempt) {
            const auto found = cluster.call(any, request, 1);
            if (!found || found->error_code != ErrorCode::none) continue;
            return cluster.connect(static_cast<std::uint32_t>(found->node_id.value()) - 1);
        }
        return any;
    }
    ErrorCode commit(int offset) {
        OffsetCommitRequest request;
        request.group_id = "payment";
        request.generation_id_or_member_epoch = generation;
        request.member_id = member_id;
        OffsetCommitRequest::Topic& topic = request.topics.emplace_back();
        topic.name = "orders";
        topic.partitions.emplace_back().committed_offset = Offset(offset);
        const auto answer = cluster.call(coordinator, request, 2);
        return answer ? answer->topics.at(0).partitions.at(0).error_code
                      : ErrorCode::network_exception;
    }

    ServedCluster& cluster;
    ConnectionNumber coordinator;
    std::string member_id;
    GenerationId generation = no_generation;
    bool is_member = false;
};

// kafkajs does so under auto commit: from there it reads again.
TEST(ServedRun, TakesACommitOfLessThanBeforeForASeekBack) {
    ServedCluster cluster;
    const ConnectionNumber leader = connect_to_leader(cluster, "orders");
    ASSERT_TRUE(cluster.call(leader, produce_of("orders", batch_of({"one", "two"})), 7));
    LoneMember member(cluster);
    ASSERT_TRUE(member.is_member);
    ASSERT_TRUE(cluster.call(leader, fetch_of("orders"), 11));
    EXPECT_EQ(member.commit(2), ErrorCode::none);
    EXPECT_EQ(member.commit(1), ErrorCode::none);
    const scenarios::RunResult result = cluster.end();
    EXPECT_EQ(result.verdict, scenarios::Verdict::pass) << result.why;
    const auto report =
        std::ranges::find(result.checkers, "committed-offset", &checkers::CheckerReport::checker);
    ASSERT_NE(report, result.checkers.end());
    EXPECT_GE(report->judged, 4u) << "two commits, asked for and effective";
}

TEST(ServedRun, TakesACommitOfMoreThanItReadForASeekWhereItReadsOn) {
    ServedCluster cluster;
    const ConnectionNumber leader = connect_to_leader(cluster, "orders");
    ASSERT_TRUE(cluster.call(leader, produce_of("orders", batch_of({"one", "two"})), 7));
    LoneMember member(cluster);
    ASSERT_TRUE(member.is_member);
    EXPECT_EQ(member.commit(1), ErrorCode::none);
    FetchRequest fetch = fetch_of("orders");
    fetch.topics[0].partitions[0].fetch_offset = Offset(1);
    ASSERT_TRUE(cluster.call(leader, fetch, 11));
    const scenarios::RunResult result = cluster.end();
    EXPECT_EQ(result.verdict, scenarios::Verdict::pass) << result.why;
    const auto report =
        std::ranges::find(result.checkers, "committed-offset", &checkers::CheckerReport::checker);
    ASSERT_NE(report, result.checkers.end());
    EXPECT_EQ(report->allowed_count, 1u);
}

TEST(ServedRun, ObjectsToACommitOfWhatNobodyWasHanded) {
    ServedCluster cluster;
    const ConnectionNumber leader = connect_to_leader(cluster, "orders");
    ASSERT_TRUE(cluster.call(leader, produce_of("orders", batch_of({"one", "two"})), 7));
    LoneMember member(cluster);
    ASSERT_TRUE(member.is_member);
    EXPECT_EQ(member.commit(2), ErrorCode::none);
    EXPECT_EQ(cluster.end().verdict, scenarios::Verdict::fail);
}

}  // namespace
}  // namespace squall::gateway
