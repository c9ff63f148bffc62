// Clients from before Kafka 0.11 write and read message sets (magic 0 and 1). Brokers keep batches:
// what such clients wrote is read by everybody, and what anybody wrote is read by them.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "model/protocol/compression.h"
#include "model/protocol/message_set.h"
#include "model/protocol/messages/add_offsets_to_txn.h"
#include "model/protocol/messages/add_partitions_to_txn.h"
#include "model/protocol/messages/end_txn.h"
#include "model/protocol/messages/find_coordinator.h"
#include "model/protocol/messages/init_producer_id.h"
#include "tests/gateway/outside_client.h"

namespace squall::gateway {
namespace {

using namespace squall::model;

constexpr TimestampMs written_at = 1'735'689'600'000;
constexpr ApiVersion newest_fetch_by_name = 12;

LegacyRecord message(std::int64_t offset, std::string_view key, std::string_view value,
                     MessageFormat format) {
    return {.offset = Offset(offset),
            .timestamp = format == MessageFormat::magic_1 ? written_at + offset : no_timestamp,
            .timestamp_type = TimestampType::create_time,
            .key = to_bytes(key),
            .value = to_bytes(value)};
}

std::vector<LegacyRecord> three_messages(MessageFormat format) {
    return {message(0, "a", "one", format), message(1, "b", "two", format),
            message(2, "a", "three", format)};
}

ErrorCode produced(ServedCluster& cluster, ConnectionNumber leader, Bytes records,
                   ApiVersion version) {
    const auto answer =
        cluster.call(leader, produce_of("orders", std::move(records)), version, 200ms);
    if (!answer) return ErrorCode::unknown_server_error;
    return answer->responses.at(0).partition_responses.at(0).error_code;
}

FetchResponse::Partition fetched(ServedCluster& cluster, ConnectionNumber leader,
                                 ApiVersion version, Offset from = Offset(0)) {
    FetchRequest request = fetch_of("orders");
    request.topics[0].partitions[0].fetch_offset = from;
    const auto answer = cluster.call(leader, request, version, 200ms);
    return answer ? answer->responses.at(0).partitions.at(0)
                  : FetchResponse::Partition{.error_code = ErrorCode::unknown_server_error};
}

std::vector<std::string> values_of(const std::vector<LegacyRecord>& records) {
    std::vector<std::string> values;
    for (const LegacyRecord& record : records) values.emplace_back(as_text(*record.value));
    return values;
}

const std::vector<std::string> one_two_three = {"one", "two", "three"};

// Everybody reads what every old version wrote, in every codec, and the run is judged.
TEST(OldClients, WriteWhatEverybodyReads) {
    for (const Compression codec :
         {Compression::none, Compression::gzip, Compression::snappy, Compression::lz4}) {
        for (ApiVersion version = 0; version <= 2; ++version) {
            SCOPED_TRACE(fmt::format("Produce {} in {}", version, to_string(codec)));
            const MessageFormat format =
                version < 2 ? MessageFormat::magic_0 : MessageFormat::magic_1;
            ServedCluster cluster;
            const ConnectionNumber leader = connect_to_leader(cluster, "orders");
            ASSERT_EQ(produced(cluster, leader,
                               encode_message_set(three_messages(format), format, codec), version),
                      ErrorCode::none);
            const FetchResponse::Partition batches = fetched(cluster, leader, newest_fetch_by_name);
            const RecordBatch batch = decode_batch(batches.records).value();
            ASSERT_EQ(batch.records.size(), 3u);
            EXPECT_EQ(batch.attributes.compression(), codec);
            EXPECT_EQ(as_text(*batch.records[2].value), "three");
            EXPECT_EQ(batch.base_timestamp,
                      format == MessageFormat::magic_1 ? written_at : no_timestamp);
            for (ApiVersion old = 0; old <= 3; ++old) {
                const FetchResponse::Partition part = fetched(cluster, leader, old);
                ASSERT_EQ(part.error_code, ErrorCode::none);
                EXPECT_EQ(part.high_watermark, Offset(3));
                const MessageSet set = decode_message_set(part.records).value();
                EXPECT_EQ(values_of(set.records), one_two_three);
                EXPECT_EQ(set.records[2].offset, Offset(2));
                EXPECT_EQ(set.compression, codec);
            }
            const scenarios::RunResult result = cluster.end();
            EXPECT_EQ(result.verdict, scenarios::Verdict::pass) << result.why;
            EXPECT_EQ(result.operations.at("send").ok, 3u);
            EXPECT_GE(result.operations.at("poll").ok, 5u);
        }
    }
}

TEST(OldClients, AreSentTheMagicOfTheirVersion) {
    ServedCluster cluster;
    const ConnectionNumber leader = connect_to_leader(cluster, "orders");
    ASSERT_EQ(produced(cluster, leader, batch_of({"one", "two", "three"}), 7), ErrorCode::none);
    constexpr std::size_t magic_at = 16;
    EXPECT_EQ(fetched(cluster, leader, 0).records.at(magic_at), 0);
    EXPECT_EQ(fetched(cluster, leader, 1).records.at(magic_at), 0);
    EXPECT_EQ(fetched(cluster, leader, 2).records.at(magic_at), 1);
    EXPECT_EQ(fetched(cluster, leader, 3).records.at(magic_at), 1);
    EXPECT_EQ(fetched(cluster, leader, 4).records.at(magic_at), 2);
    // From within the batch on: messages in the plain begin where they were asked for.
    const MessageSet rest =
        decode_message_set(fetched(cluster, leader, 2, Offset(1)).records).value();
    EXPECT_EQ(values_of(rest.records), (std::vector<std::string>{"two", "three"}));
    EXPECT_EQ(rest.records[0].timestamp, written_at);
    EXPECT_TRUE(fetched(cluster, leader, 2, Offset(3)).records.empty());
    EXPECT_EQ(cluster.end().verdict, scenarios::Verdict::pass);
}

// They do not know headers, and the checkers still know the record.
TEST(OldClients, ReadRecordsWithHeadersWithoutThem) {
    ServedCluster cluster;
    const ConnectionNumber leader = connect_to_leader(cluster, "orders");
    BatchBuilder builder;
    const std::vector<RecordHeader> headers = {{.key = "trace", .value = to_bytes("42")}};
    builder.append(written_at, as_bytes("key"), as_bytes("value"), headers);
    ASSERT_EQ(produced(cluster, leader, builder.finish(), 7), ErrorCode::none);
    const MessageSet set = decode_message_set(fetched(cluster, leader, 0).records).value();
    EXPECT_EQ(values_of(set.records), std::vector<std::string>{"value"});
    const scenarios::RunResult result = cluster.end();
    EXPECT_EQ(result.verdict, scenarios::Verdict::pass) << result.why;
    EXPECT_EQ(result.operations.at("poll").ok, 1u);
}

TEST(OldClients, AreRefusedWhatMakesNoSense) {
    ServedCluster cluster;
    const ConnectionNumber leader = connect_to_leader(cluster, "orders");
    const auto messages = three_messages(MessageFormat::magic_1);
    const Bytes plain = encode_message_set(messages, MessageFormat::magic_1);
    const Bytes wrapped = encode_message_set(messages, MessageFormat::magic_1, Compression::gzip);

    Bytes damaged = plain;
    damaged.back() ^= 1;
    EXPECT_EQ(produced(cluster, leader, damaged, 2), ErrorCode::corrupt_message);
    EXPECT_EQ(produced(cluster, leader, Bytes(plain.begin(), plain.end() - 1), 2),
              ErrorCode::corrupt_message);
    EXPECT_EQ(produced(cluster, leader, Bytes(7, 0), 2), ErrorCode::corrupt_message);
    Bytes from_the_future = plain;
    from_the_future[16] = 3;
    EXPECT_EQ(produced(cluster, leader, from_the_future, 2), ErrorCode::corrupt_message);
    Bytes twice = wrapped;
    twice.insert(twice.end(), wrapped.begin(), wrapped.end());
    EXPECT_EQ(produced(cluster, leader, twice, 2), ErrorCode::invalid_record);
    // From version 3 on, there are batches and nothing else; before, nothing may be written.
    EXPECT_EQ(produced(cluster, leader, plain, 3), ErrorCode::invalid_record);
    EXPECT_EQ(produced(cluster, leader, {}, 3), ErrorCode::invalid_record);
    EXPECT_EQ(produced(cluster, leader, {}, 2), ErrorCode::none);
    EXPECT_TRUE(fetched(cluster, leader, newest_fetch_by_name).records.empty());
    // The connection and the log are as good as before.
    EXPECT_EQ(produced(cluster, leader, wrapped, 2), ErrorCode::none);
    EXPECT_EQ(fetched(cluster, leader, 2).high_watermark, Offset(3));
    const scenarios::RunResult result = cluster.end();
    EXPECT_EQ(result.verdict, scenarios::Verdict::pass) << result.why;
}

TEST(OldClients, AreRefusedZstd) {
    ServedCluster cluster;
    const ConnectionNumber leader = connect_to_leader(cluster, "orders");
    const Bytes batch = compressed(batch_of({"value"}), Compression::zstd);
    EXPECT_EQ(produced(cluster, leader, batch, 6), ErrorCode::unsupported_compression_type);
    ASSERT_EQ(produced(cluster, leader, batch, 7), ErrorCode::none);
    const FetchResponse::Partition part = fetched(cluster, leader, 3);
    EXPECT_EQ(part.error_code, ErrorCode::unsupported_compression_type);
    EXPECT_EQ(part.high_watermark, no_offset);
    EXPECT_TRUE(part.records.empty());
    EXPECT_EQ(fetched(cluster, leader, newest_fetch_by_name).error_code, ErrorCode::none);
    EXPECT_EQ(cluster.end().verdict, scenarios::Verdict::pass);
}

// Whatever stands where a message set should: an answer, and everybody else is served on.
// PRODUCER_FENCED is known from version 4 of InitProducerId and 2 of the others on (KIP-588).
TEST(OldClients, AreToldOfAFencedProducerInWordsThatTheyKnow) {
    ServedCluster cluster;
    connect_to_leader(cluster, "orders");
    const ConnectionNumber any = cluster.connect(0);
    const auto connect_to_coordinator = [&](CoordinatorType type, const std::string& key) {
        FindCoordinatorRequest request{.key = key, .key_type = type, .coordinator_keys = {}};
        cluster.call(any, request, 3);  // its topic comes to be
        const auto found = cluster.call(any, request, 3);
        return cluster.connect(static_cast<std::uint32_t>(found->node_id.value()) - 1);
    };
    connect_to_coordinator(CoordinatorType::group, "readers");
    const ConnectionNumber coordinator =
        connect_to_coordinator(CoordinatorType::transaction, "payment");
    InitProducerIdRequest init;
    init.transactional_id = "payment";
    init.transaction_timeout_ms = 10'000;
    std::optional<InitProducerIdResponse> fenced = cluster.call(coordinator, init, 1);
    // The coordinator has no producer ids yet.
    if (fenced->error_code == ErrorCode::coordinator_load_in_progress) {
        fenced = cluster.call(coordinator, init, 1);
    }
    ASSERT_EQ(fenced->error_code, ErrorCode::none);
    for (int i = 0; i < 2; ++i) {
        ASSERT_EQ(cluster.call(coordinator, init, 1)->error_code, ErrorCode::none);
    }

    init.producer_id = fenced->producer_id;
    init.producer_epoch = fenced->producer_epoch;
    EXPECT_EQ(cluster.call(coordinator, init, 3)->error_code, ErrorCode::invalid_producer_epoch);
    EXPECT_EQ(cluster.call(coordinator, init, 4)->error_code, ErrorCode::producer_fenced);
    AddPartitionsToTxnRequest partitions;
    partitions.v3_and_below_transactional_id = "payment";
    partitions.v3_and_below_producer_id = fenced->producer_id;
    partitions.v3_and_below_producer_epoch = fenced->producer_epoch;
    partitions.v3_and_below_topics.push_back({.name = "orders", .partitions = {0}});
    const AddOffsetsToTxnRequest offsets{.transactional_id = "payment",
                                         .producer_id = fenced->producer_id,
                                         .producer_epoch = fenced->producer_epoch,
                                         .group_id = "readers"};
    const EndTxnRequest end{.transactional_id = "payment",
                            .producer_id = fenced->producer_id,
                            .producer_epoch = fenced->producer_epoch,
                            .committed = true};
    for (const ApiVersion version : {ApiVersion(0), ApiVersion(1), ApiVersion(2), ApiVersion(3)}) {
        const ErrorCode told =
            version < 2 ? ErrorCode::invalid_producer_epoch : ErrorCode::producer_fenced;
        EXPECT_EQ(cluster.call(coordinator, partitions, version)
                      ->results_by_topic_v3_and_below.at(0)
                      .results_by_partition.at(0)
                      .partition_error_code,
                  told)
            << version;
        EXPECT_EQ(cluster.call(coordinator, offsets, version)->error_code, told) << version;
        EXPECT_EQ(cluster.call(coordinator, end, version)->error_code, told) << version;
    }
}

RC_GTEST_PROP(OldClients, AreAnsweredWhateverTheyWrite, ()) {
    ServedCluster cluster;
    const ConnectionNumber leader = connect_to_leader(cluster, "orders");
    const auto messages = three_messages(MessageFormat::magic_1);
    Bytes records = encode_message_set(messages, MessageFormat::magic_1,
                                       *rc::gen::element(Compression::none, Compression::gzip,
                                                         Compression::snappy, Compression::lz4));
    const auto changes =
        *rc::gen::container<std::vector<std::pair<std::size_t, std::uint8_t>>>(rc::gen::pair(
            rc::gen::inRange<std::size_t>(0, records.size()), rc::gen::arbitrary<std::uint8_t>()));
    for (const auto& [at, value] : changes) records[at] = value;
    records.resize(*rc::gen::inRange<std::size_t>(0, records.size() + 1));
    const auto version = *rc::gen::inRange<ApiVersion>(0, 4);
    const auto answer = cluster.call(leader, produce_of("orders", records), version, 200ms);
    RC_ASSERT(answer);
    RC_ASSERT(produced(cluster, leader, batch_of({"after"}), 7) == ErrorCode::none);
    RC_ASSERT(fetched(cluster, leader, 1).error_code == ErrorCode::none);
    RC_ASSERT(cluster.end().verdict == scenarios::Verdict::pass);
}

}  // namespace
}  // namespace squall::gateway
