// All that other clients can say, in all the versions that they have, and what other brokers
// answer: what ours decodes of it, ours encodes to the same bytes. That each field stands where it
// should is for golden_request_test.cc and golden_response_test.cc, which name them; that none is
// missing, and none in too many versions, is seen here.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/protocol/codec.h"
#include "tests/model/protocol/golden.h"
#include "tests/model/protocol/message_type.h"

namespace squall::model {
namespace {

using MessageVersion = std::pair<std::string, ApiVersion>;  // "FetchRequest", 11

// A line of golden bytes: "request.Fetch.11", "body.Fetch.11", "response.Fetch.11", and what tells
// it from others of the same.
struct Said {
    std::string kind;
    MessageVersion message;
};

Said parse_name(const std::string& name) {
    std::vector<std::string> words(1);
    for (const char each : name) {
        if (each == '.') {
            words.emplace_back();
        } else {
            words.back() += each;
        }
    }
    const std::string api = words.at(1) == "GroupCoordinator" ? "FindCoordinator" : words.at(1);
    const bool is_response = words.at(0) == "response";
    return {.kind = words.at(0),
            .message = {api + (is_response ? "Response" : "Request"),
                        static_cast<ApiVersion>(std::stoi(words.at(2)))}};
}

class GoldenEvery : public testing::Test {
  protected:
    GoldenEvery() {
        for (MessageType& type : every_message()) types_.emplace(type.name, std::move(type));
    }

    // Holds every line of `file` against the law. Returns which messages it had.
    std::set<MessageVersion> hold(const std::string& file) {
        std::set<MessageVersion> held;
        for (const auto& [name, bytes] : read_golden(file)) {
            SCOPED_TRACE(file + ": " + name);
            const auto [kind, message] = parse_name(name);
            const auto type = types_.find(message.first);
            if (type == types_.end() || !type->second.versions.contains(message.second)) {
                ADD_FAILURE() << "no such message";
                continue;
            }
            ByteView body = bytes;
            if (kind == "request") {
                ByteReader reader(body);
                const Result<RequestHeader> header = read_request_header(reader);
                if (!header) {
                    ADD_FAILURE() << to_string(header.error());
                    continue;
                }
                EXPECT_EQ(std::string(to_string(header->api_key)) + "Request", message.first);
                EXPECT_EQ(header->api_version, message.second);
                Bytes again;
                ByteWriter writer(again);
                write_request_header(writer, *header);
                EXPECT_EQ(to_hex(again), to_hex(body.first(reader.position())));
                body = body.subspan(reader.position());
            }
            const Result<Bytes> again = type->second.reencode(body, message.second);
            if (!again) {
                ADD_FAILURE() << to_string(again.error());
                continue;
            }
            EXPECT_EQ(to_hex(*again), to_hex(body));
            held.insert(message);
        }
        return held;
    }

    std::map<std::string, MessageType> types_;
};

// How many messages, each version counted, an implementation has said at least: a file that is not
// there says none.
struct Witness {
    const char* file;
    std::size_t requests, responses;
};

constexpr Witness witnesses[] = {
    {"every_kafka_python.txt", 86, 86},
    {"every_kafkajs.txt", 110, 0},
    {"every_platformatic.txt", 97, 0},
    {"every_librdkafka.txt", 30, 40},
};

TEST_F(GoldenEvery, IsEncodedByUsToTheSameBytes) {
    std::set<MessageVersion> all;
    for (const Witness& witness : witnesses) {
        const std::set<MessageVersion> held = hold(witness.file);
        const auto requests = static_cast<std::size_t>(std::ranges::count_if(
            held, [](const auto& message) { return message.first.ends_with("Request"); }));
        EXPECT_GE(requests, witness.requests) << witness.file;
        EXPECT_GE(held.size() - requests, witness.responses) << witness.file;
        all.insert(held.begin(), held.end());
    }
    EXPECT_GE(all.size(), 300u);
}

}  // namespace
}  // namespace squall::model
