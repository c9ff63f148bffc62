#include "model/protocol/codec.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>

#include "any_message.h"
#include "model/protocol/api_list.h"

namespace squall::model {
namespace {

template <class Message>
class EveryMessage : public testing::Test {};

template <class List>
struct MessagesOf;
template <class... Requests>
struct MessagesOf<TypeList<Requests...>> {
    using Types = testing::Types<Requests..., typename Requests::Response...>;
};

struct NameOfMessage {
    template <class Message>
    static std::string GetName(int) {
        constexpr bool is_request = requires {
            typename Message::Response;
        };
        return std::string(to_string(Message::api_key)) + (is_request ? "Request" : "Response");
    }
};

TYPED_TEST_SUITE(EveryMessage, MessagesOf<Apis>::Types, NameOfMessage);

TYPED_TEST(EveryMessage, ComesBackFromTheWireInEveryVersion) {
    EXPECT_TRUE(rc::check("decode(encode(x)) == x, and the size is known before", [] {
        const ApiVersion version = any_version<TypeParam>();
        const auto message = any_message<TypeParam>(version);
        const Bytes bytes = encode(message, version);
        RC_ASSERT(encoded_size(message, version) == bytes.size());
        const Result<TypeParam> decoded = decode<TypeParam>(bytes, version);
        RC_ASSERT(decoded.ok());
        RC_ASSERT(*decoded == message);
    }));
}

TYPED_TEST(EveryMessage, IsRefusedWhenCutOffAnywhere) {
    EXPECT_TRUE(rc::check("a prefix of a message is no message", [] {
        const ApiVersion version = any_version<TypeParam>();
        const Bytes bytes = encode(any_message<TypeParam>(version), version);
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            const Result<TypeParam> decoded =
                decode<TypeParam>(ByteView(bytes).first(size), version);
            RC_ASSERT(!decoded.ok());
            RC_ASSERT(decoded.error().failure == Failure::corrupt);
        }
    }));
}

TYPED_TEST(EveryMessage, IsRefusedWithBytesLeftOver) {
    for (ApiVersion version = TypeParam::versions.min; version <= TypeParam::versions.max;
         ++version) {
        Bytes bytes = encode(TypeParam{}, version);
        bytes.push_back(0);
        EXPECT_FALSE(decode<TypeParam>(bytes, version).ok()) << "version " << version;
    }
}

TYPED_TEST(EveryMessage, SurvivesNonsense) {
    EXPECT_TRUE(rc::check("damaged bytes are refused or are another message", [] {
        const ApiVersion version = any_version<TypeParam>();
        Bytes bytes = encode(any_message<TypeParam>(version), version);
        if (bytes.empty()) return;
        const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
        bytes[at] = *rc::gen::arbitrary<std::uint8_t>();
        const Result<TypeParam> decoded = decode<TypeParam>(bytes, version);
        // What was accepted must be sayable again.
        if (decoded) {
            RC_ASSERT(decode<TypeParam>(encode(*decoded, version), version).ok());
        }
    }));
}

TYPED_TEST(EveryMessage, RefusesVersionsItDoesNotHave) {
    for (const int version : {TypeParam::versions.min - 1, TypeParam::versions.max + 1}) {
        const Result<TypeParam> decoded = decode<TypeParam>({}, static_cast<ApiVersion>(version));
        ASSERT_FALSE(decoded.ok());
        EXPECT_EQ(decoded.error().failure, Failure::invalid_input);
    }
}

// A message whose fields all have their defaults has an empty tag section: what is tagged must know
// its default.
TYPED_TEST(EveryMessage, LeavesOutTaggedFieldsThatHaveTheirDefault) {
    const VersionRange versions = TypeParam::versions;
    for (ApiVersion version = versions.min; version <= versions.max; ++version) {
        if (!versions.is_flexible(version)) continue;
        const Bytes bytes = encode(TypeParam{}, version);
        ASSERT_FALSE(bytes.empty());
        EXPECT_EQ(bytes.back(), 0) << "version " << version;
        const Result<TypeParam> decoded = decode<TypeParam>(bytes, version);
        ASSERT_TRUE(decoded.ok());
        EXPECT_EQ(encode(*decoded, version), bytes);
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
        header.api_version = any_version<Request>();
        header.correlation_id = CorrelationId(*rc::gen::arbitrary<std::int32_t>());
        header.client_id = any_optional<std::string>();
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
    EXPECT_EQ(supported_versions(ApiKey::fetch).max, 17);
    EXPECT_FALSE(supported_versions(ApiKey::stop_replica).contains(0));
}

}  // namespace
}  // namespace squall::model
