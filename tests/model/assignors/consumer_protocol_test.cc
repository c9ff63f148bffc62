#include "model/assignors/consumer_protocol.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace squall::model {
namespace {

std::vector<TopicPartition> any_partitions() {
    std::vector<TopicPartition> partitions;
    for (int count = *rc::gen::inRange(0, 6); count > 0; --count) {
        const auto topic = *rc::gen::element<std::string>("orders", "payments", "audit");
        const auto partition = *rc::gen::inRange(0, 100);
        partitions.push_back({topic, partition});
    }
    std::ranges::sort(partitions);
    return partitions;
}

std::optional<Bytes> any_user_data() {
    if (!*rc::gen::arbitrary<bool>()) return std::nullopt;
    return *rc::gen::arbitrary<Bytes>();
}

Subscription any_subscription() {
    Subscription subscription;
    subscription.topics = *rc::gen::container<std::vector<std::string>>(
        rc::gen::element<std::string>("orders", "payments", "audit", ""));
    subscription.user_data = any_user_data();
    subscription.owned_partitions = any_partitions();
    subscription.generation_id = GenerationId(*rc::gen::inRange(-1, 1000));
    if (*rc::gen::arbitrary<bool>()) subscription.rack_id = "r1";
    return subscription;
}

RC_GTEST_PROP(ConsumerProtocol, ReturnsTheSubscriptionThatTheVersionCanCarry, ()) {
    Subscription subscription = any_subscription();
    const auto version = *rc::gen::inRange<std::int16_t>(0, 4);
    const Bytes bytes = encode_subscription(subscription, version);
    if (version < 1) subscription.owned_partitions.clear();
    if (version < 2) subscription.generation_id = no_generation;
    if (version < 3) subscription.rack_id.reset();
    RC_ASSERT(decode_subscription(bytes).value() == subscription);
}

RC_GTEST_PROP(ConsumerProtocol, ReturnsTheAssignment, ()) {
    const Assignment assignment{any_partitions(), any_user_data()};
    const auto version = *rc::gen::inRange<std::int16_t>(0, 4);
    RC_ASSERT(decode_assignment(encode_assignment(assignment, version)).value() == assignment);
}

RC_GTEST_PROP(ConsumerProtocol, NoticesEveryMissingByte, ()) {
    const Bytes bytes = encode_subscription(any_subscription());
    const auto kept = *rc::gen::inRange<std::size_t>(0, bytes.size());
    RC_ASSERT(!decode_subscription(ByteView(bytes).first(kept)).ok());
}

RC_GTEST_PROP(ConsumerProtocol, SurvivesAnyBytes, ()) {
    const auto bytes = *rc::gen::arbitrary<Bytes>();
    if (const auto decoded = decode_subscription(bytes); !decoded.ok()) {
        RC_ASSERT(decoded.error().failure == Failure::corrupt);
    }
    if (const auto decoded = decode_assignment(bytes); !decoded.ok()) {
        RC_ASSERT(decoded.error().failure == Failure::corrupt);
    }
}

TEST(ConsumerProtocol, WritesTheSubscriptionOfVersionThreeAsKafkaDoes) {
    Subscription subscription{.topics = {"ab"},
                              .user_data = std::nullopt,
                              .owned_partitions = {{"ab", 1}},
                              .generation_id = GenerationId(7),
                              .rack_id = std::nullopt};
    EXPECT_EQ(to_hex(encode_subscription(subscription)),
              "0003"  // version
              "00000001"
              "0002"
              "6162"      // topics
              "ffffffff"  // user data: null
              "00000001"
              "0002"
              "6162"
              "00000001"
              "00000001"  // owned
              "00000007"  // generation
              "ffff");    // rack: null
}

TEST(ConsumerProtocol, WritesTheAssignmentOfVersionZeroAsKafkaDoes) {
    const Assignment assignment{{{"ab", 0}, {"ab", 2}}, Bytes{0x01}};
    EXPECT_EQ(to_hex(encode_assignment(assignment, 0)),
              "0000"
              "00000001"
              "0002"
              "6162"
              "00000002"
              "00000000"
              "00000002"
              "00000001"
              "01");
}

TEST(ConsumerProtocol, ReadsNewerVersionsAndIgnoresTheirTail) {
    Bytes bytes = encode_subscription(Subscription{.topics = {"orders"}});
    bytes[1] = 9;
    bytes.push_back(0xff);
    EXPECT_EQ(decode_subscription(bytes).value().topics, std::vector<std::string>{"orders"});
}

TEST(ConsumerProtocol, TakesNoBytesForTheEmptyAssignment) {
    EXPECT_TRUE(decode_assignment({}).value().partitions.empty());
}

}  // namespace
}  // namespace squall::model
