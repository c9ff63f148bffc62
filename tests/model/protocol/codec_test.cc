#include "model/protocol/codec.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "model/protocol/api_list.h"
#include "tests/model/protocol/allocation_count.h"
#include "tests/model/protocol/any_message.h"
#include "tests/model/protocol/message_type.h"

namespace squall::model {
namespace {

TEST(EveryMessage, IsUnderTheLaws) {
    std::vector<std::string> expected;
    for_each_api([&](auto api) {
        const std::string name(to_string(decltype(api)::type::api_key));
        expected.push_back(name + "Request");
        expected.push_back(name + "Response");
    });
    std::vector<std::string> names;
    for (const MessageType& message : every_message()) names.push_back(message.name);
    std::ranges::sort(expected);
    std::ranges::sort(names);
    EXPECT_EQ(names, expected);
}

RC_GTEST_PROP(EveryMessage, ComesBackFromTheWireInEveryVersion, ()) {
    for (const MessageType& message : every_message()) {
        const ApiVersion version = message.any_version();
        if (!message.comes_back(version)) RC_FAIL(fmt::format("{} v{}", message.name, version));
    }
}

RC_GTEST_PROP(EveryMessage, IsRefusedWhenCutOffAnywhere, ()) {
    for (const MessageType& message : every_message()) {
        const ApiVersion version = message.any_version();
        const Bytes bytes = message.encode_any(version);
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            const Result<Bytes> read = message.reencode(ByteView(bytes).first(size), version);
            if (read.ok() || read.error().failure != Failure::corrupt) {
                RC_FAIL(fmt::format("{} v{}, {} of {} bytes", message.name, version, size,
                                    bytes.size()));
            }
        }
    }
}

// What is accepted of damaged bytes is a message: it can be said again, and then it stays.
RC_GTEST_PROP(EveryMessage, SurvivesDamage, ()) {
    for (const MessageType& message : every_message()) {
        const ApiVersion version = message.any_version();
        Bytes bytes = message.encode_any(version);
        if (bytes.empty()) continue;
        for (int damage = *rc::gen::inRange(1, 4); damage > 0; --damage) {
            const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
            bytes[at] = *rc::gen::arbitrary<std::uint8_t>();
        }
        const Result<Bytes> once = message.reencode(bytes, version);
        if (!once) continue;
        const Result<Bytes> twice = message.reencode(*once, version);
        if (!twice || *twice != *once) RC_FAIL(fmt::format("{} v{}", message.name, version));
    }
}

RC_GTEST_PROP(EveryMessage, SurvivesBytesThatNobodyWrote, (const Bytes& bytes)) {
    for (const MessageType& message : every_message()) {
        const ApiVersion version = message.any_version();
        const Result<Bytes> once = message.reencode(bytes, version);
        if (!once) continue;
        const Result<Bytes> twice = message.reencode(*once, version);
        if (!twice || *twice != *once) RC_FAIL(fmt::format("{} v{}", message.name, version));
    }
}

// Somewhere in a message stands a length of our own, true or not, and much follows that may be its
// elements: decoding takes memory for what is there. For each byte that is at most its share of a
// vector of strings that grew, the largest thing that so few bytes can make.
RC_GTEST_PROP(EveryMessage, TakesMemoryInProportionToItsBytes, ()) {
    constexpr std::size_t most_per_byte = 200;
    for (const MessageType& message : every_message()) {
        const ApiVersion version = message.any_version();
        Bytes bytes = message.encode_any(version);
        bytes.resize(*rc::gen::inRange<std::size_t>(0, bytes.size() + 1));
        ByteWriter writer(bytes);
        if (message.versions.is_flexible(version)) {
            writer.unsigned_varint(*rc::gen::element<std::uint64_t>(500, 1000, 1u << 31, ~0ull));
        } else {
            writer.integer(*rc::gen::element<std::int32_t>(500, 1000, 0x7fffffff, -2));
        }
        bytes.resize(bytes.size() + 1000, *rc::gen::inRange<std::uint8_t>(0, 3));
        const std::size_t before = bytes_allocated();
        message.decodes(bytes, version);
        const std::size_t taken = bytes_allocated() - before;
        if (taken > most_per_byte * bytes.size()) {
            RC_FAIL(
                fmt::format("{} v{}: {} bytes for {}", message.name, version, taken, bytes.size()));
        }
    }
}

TEST(EveryMessage, IsRefusedWithBytesLeftOver) {
    for (const MessageType& message : every_message()) {
        for (int v = message.versions.min; v <= message.versions.max; ++v) {
            const auto version = static_cast<ApiVersion>(v);
            Bytes bytes = message.encode_default(version);
            bytes.push_back(0);
            EXPECT_FALSE(message.reencode(bytes, version).ok()) << message.name << " v" << v;
        }
    }
}

TEST(EveryMessage, RefusesVersionsItDoesNotHave) {
    for (const MessageType& message : every_message()) {
        for (const int version : {message.versions.min - 1, message.versions.max + 1}) {
            const Result<Bytes> read = message.reencode({}, static_cast<ApiVersion>(version));
            ASSERT_FALSE(read.ok()) << message.name << " v" << version;
            EXPECT_EQ(read.error().failure, Failure::invalid_input);
        }
    }
}

// What is tagged must know its default: a message of defaults ends in an empty tag section.
TEST(EveryMessage, LeavesOutTaggedFieldsThatHaveTheirDefault) {
    for (const MessageType& message : every_message()) {
        for (int v = message.versions.min; v <= message.versions.max; ++v) {
            const auto version = static_cast<ApiVersion>(v);
            if (!message.versions.is_flexible(version)) continue;
            const Bytes bytes = message.encode_default(version);
            ASSERT_FALSE(bytes.empty()) << message.name << " v" << v;
            EXPECT_EQ(bytes.back(), 0) << message.name << " v" << v;
            const Result<Bytes> again = message.reencode(bytes, version);
            ASSERT_TRUE(again.ok()) << message.name << " v" << v;
            EXPECT_EQ(*again, bytes) << message.name << " v" << v;
        }
    }
}

TEST(Codec, SkipsTaggedFieldsFromTheFuture) {
    const HeartbeatResponse heartbeat{.throttle_time_ms = 5, .error_code = ErrorCode::none};
    Bytes bytes = encode(heartbeat, 4);
    ASSERT_EQ(bytes.back(), 0);
    bytes.back() = 2;                                     // two tagged fields:
    bytes.insert(bytes.end(), {7, 3, 0xaa, 0xbb, 0xcc});  // tag 7, three bytes
    bytes.insert(bytes.end(), {9, 0});                    // tag 9, none
    const Result<HeartbeatResponse> decoded = decode<HeartbeatResponse>(bytes, 4);
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(*decoded, heartbeat);
}

TEST(Codec, RefusesTagsOutOfOrder) {
    for (const std::uint8_t second : {std::uint8_t{7}, std::uint8_t{6}}) {
        Bytes bytes = encode(HeartbeatResponse{}, 4);
        bytes.back() = 2;
        bytes.insert(bytes.end(), {7, 0, second, 0});
        EXPECT_FALSE(decode<HeartbeatResponse>(bytes, 4).ok());
    }
}

TEST(Codec, RefusesATaggedFieldThatDoesNotFillItsSize) {
    FetchRequest fetch;
    fetch.cluster_id = "c";
    Bytes bytes = encode(fetch, 12);
    ASSERT_EQ(to_hex(ByteView(bytes).last(5)), "0100020263");  // one field: tag 0, size 2, "c"
    bytes[bytes.size() - 3] = 3;
    bytes.push_back(0);
    EXPECT_FALSE(decode<FetchRequest>(bytes, 12).ok());
}

TEST(Codec, ALengthBombAllocatesNothing) {
    // An array of 2^31 - 1 topics in eleven bytes.
    const Bytes classic{0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0};
    EXPECT_FALSE(decode<MetadataRequest>(classic, 1).ok());
    const Bytes compact{0xff, 0xff, 0xff, 0xff, 0x07, 0, 0, 0, 0, 0, 0};
    EXPECT_FALSE(decode<MetadataRequest>(compact, 12).ok());
    const Bytes negative{0xff, 0xff, 0xff, 0xfe};
    EXPECT_FALSE(decode<MetadataRequest>(negative, 1).ok());
}

TEST(Codec, TellsNullFromEmptyWhereTheVersionCan) {
    MetadataRequest all;
    MetadataRequest none;
    none.topics.emplace();
    for (const ApiVersion version : {ApiVersion{1}, ApiVersion{9}}) {
        EXPECT_FALSE(decode<MetadataRequest>(encode(all, version), version)->topics.has_value());
        EXPECT_TRUE(decode<MetadataRequest>(encode(none, version), version)->topics.has_value());
    }
    EXPECT_EQ(encode(all, 0), encode(none, 0));
    EXPECT_TRUE(decode<MetadataRequest>(encode(all, 0), 0)->asks_for_all(0));
}

TEST(Codec, RefusesNullWhereTheVersionCannotSayIt) {
    const Bytes null_topics{0xff, 0xff, 0xff, 0xff};
    EXPECT_FALSE(decode<MetadataRequest>(null_topics, 0).ok());
    EXPECT_TRUE(decode<MetadataRequest>(null_topics, 1).ok());
}

TEST(Codec, LeavesOutWhatTheVersionDoesNotHave) {
    FetchRequest fetch;
    fetch.rack_id = "eu-1a";
    EXPECT_EQ(decode<FetchRequest>(encode(fetch, 11), 11)->rack_id, "eu-1a");
    EXPECT_EQ(decode<FetchRequest>(encode(fetch, 10), 10)->rack_id, "");
}

// ---- headers ----

RC_GTEST_PROP(RequestHeader, ComesBackFromTheWire, ()) {
    RequestHeader header;
    for_each_api([&](auto api) {
        using Request = typename decltype(api)::type;
        header.api_key = Request::api_key;
        header.api_version = *rc::gen::inRange(Request::versions.min,
                                               static_cast<ApiVersion>(Request::versions.max + 1));
        header.correlation_id = CorrelationId(*rc::gen::arbitrary<std::int32_t>());
        header.client_id.reset();
        if (draw::boolean()) header.client_id = draw::text();
        Bytes bytes;
        ByteWriter writer(bytes);
        write_request_header(writer, header);
        RC_ASSERT(bytes.size() ==
                  request_header_size(header.api_key, header.api_version, header.client_id));
        bytes.push_back(0x5a);
        ByteReader reader(bytes);
        const Result<RequestHeader> read = read_request_header(reader);
        RC_ASSERT(read.ok());
        RC_ASSERT(*read == header);
        RC_ASSERT(reader.remaining() == 1u);
    });
}

RC_GTEST_PROP(RequestHeader, IsRefusedWhenCutOffAnywhere, ()) {
    const RequestHeader header{.api_key = ApiKey::metadata,
                               .api_version = *rc::gen::element<ApiVersion>(8, 9),
                               .correlation_id = CorrelationId(77),
                               .client_id = draw::text()};
    Bytes bytes;
    ByteWriter writer(bytes);
    write_request_header(writer, header);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        ByteReader reader(ByteView(bytes).first(size));
        RC_ASSERT(!read_request_header(reader).ok());
    }
}

RC_GTEST_PROP(RequestHeader, SurvivesBytesThatNobodyWrote, (Bytes bytes)) {
    if (bytes.size() >= 4) {  // of an API with tags in its header
        store_big_endian(bytes.data(), static_cast<std::int16_t>(ApiKey::metadata));
        store_big_endian(bytes.data() + 2, ApiVersion{12});
    }
    const std::size_t before = bytes_allocated();
    ByteReader reader(bytes);
    const bool reads = read_request_header(reader).ok();
    RC_ASSERT(bytes_allocated() - before <= 500 + bytes.size());
    RC_ASSERT(reads == reader.ok());
    ByteReader response(bytes);
    const bool is_answer = read_response_header(response, ApiKey::metadata, 12).ok();
    RC_ASSERT(is_answer == response.ok());
}

TEST(RequestHeader, MayHaveNoClientButNoOtherNegativeLength) {
    Bytes bytes{0, 3, 0, 8, 0, 0, 0, 1, 0xff, 0xff};
    ByteReader none(bytes);
    EXPECT_EQ(read_request_header(none)->client_id, std::nullopt);
    bytes.back() = 0xfe;
    ByteReader negative(bytes);
    EXPECT_FALSE(read_request_header(negative).ok());
}

TEST(ResponseHeader, HasTagsInFlexibleVersionsButNeverForApiVersions) {
    EXPECT_EQ(response_header_version(ApiKey::metadata, 8), 0);
    EXPECT_EQ(response_header_version(ApiKey::metadata, 9), 1);
    EXPECT_EQ(response_header_version(ApiKey::api_versions, 4), 0);
    EXPECT_EQ(request_header_version(ApiKey::api_versions, 4), 2);
    for (const ApiVersion version : {ApiVersion{8}, ApiVersion{9}}) {
        Bytes bytes;
        ByteWriter writer(bytes);
        write_response_header(writer, ApiKey::metadata, version, CorrelationId(77));
        EXPECT_EQ(bytes.size(), response_header_size(ApiKey::metadata, version));
        ByteReader reader(bytes);
        EXPECT_EQ(*read_response_header(reader, ApiKey::metadata, version), CorrelationId(77));
    }
}

TEST(RequestHeader, OfAnApiVersionsRequestFromTheFutureCanBeRead) {
    // Key 18, version 99, correlation id 1, client id "c", no tags, and a body nobody knows.
    const Bytes bytes{0, 18, 0, 99, 0, 0, 0, 1, 0, 1, 'c', 0, 0xde, 0xad};
    ByteReader reader(bytes);
    const Result<RequestHeader> header = read_request_header(reader);
    ASSERT_TRUE(header.ok());
    EXPECT_EQ(header->api_version, 99);
    EXPECT_EQ(reader.remaining(), 2u);
}

// ---- the list ----

TEST(ApiList, IsInTheOrderOfItsKeysAndNamesThem) {
    std::vector<std::int16_t> keys;
    for_each_api([&](auto api) {
        using Request = typename decltype(api)::type;
        keys.push_back(static_cast<std::int16_t>(Request::api_key));
        EXPECT_EQ(Request::api_key, Request::Response::api_key);
        EXPECT_NE(to_string(Request::api_key), "UnknownApi");
    });
    EXPECT_TRUE(std::ranges::is_sorted(keys));
    EXPECT_EQ(std::ranges::adjacent_find(keys), keys.end());
    EXPECT_EQ(to_string(ApiKey::offset_for_leader_epoch), "OffsetForLeaderEpoch");
    EXPECT_EQ(supported_versions(ApiKey::fetch).max, 18);
    EXPECT_FALSE(supported_versions(ApiKey::stop_replica).contains(0));
}

}  // namespace
}  // namespace squall::model
