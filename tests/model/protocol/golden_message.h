// What golden bytes of messages are held to: ours are the same, and they decode to the same
// message.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "model/protocol/codec.h"
#include "model/protocol/types.h"
#include "tests/model/protocol/golden.h"

namespace squall::model {

// The time and the topic id in the golden bytes.
inline constexpr TimestampMs t0 = 1'700'000'000'000;
inline constexpr Uuid orders_id{0x0123abcd456789ef, 0x8123456789abcdef};

// The golden bytes are the body alone.
template <class Message>
void expect_body(Golden& golden, const std::string& name, ApiVersion version,
                 const Message& message) {
    SCOPED_TRACE(name);
    const Bytes& expected = golden[name];
    ASSERT_FALSE(expected.empty());
    EXPECT_EQ(to_hex(encode(message, version)), to_hex(expected));
    const Result<Message> decoded = decode<Message>(expected, version);
    ASSERT_TRUE(decoded.ok()) << to_string(decoded.error());
    EXPECT_EQ(*decoded, message);
}

// The golden bytes are header and body of `request`, from client "squall".
template <class Request>
void expect_request(Golden& golden, const std::string& name, ApiVersion version,
                    const Request& request) {
    SCOPED_TRACE(name);
    const Bytes& expected = golden[name];
    ASSERT_FALSE(expected.empty());
    const RequestHeader header{.api_key = Request::api_key,
                               .api_version = version,
                               .correlation_id = CorrelationId(17),
                               .client_id = "squall"};
    Bytes bytes;
    ByteWriter writer(bytes);
    write_request_header(writer, header);
    writer.bytes(encode(request, version));
    EXPECT_EQ(to_hex(bytes), to_hex(expected));

    ByteReader reader(expected);
    EXPECT_EQ(read_request_header(reader).value(), header);
    const Result<Request> decoded =
        decode<Request>(ByteView(expected).subspan(reader.position()), version);
    ASSERT_TRUE(decoded.ok()) << to_string(decoded.error());
    EXPECT_EQ(*decoded, request);
}

}  // namespace squall::model
