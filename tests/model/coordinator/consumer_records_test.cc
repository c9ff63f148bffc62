// The records of groups of the consumer protocol: Kafka's bytes, there and back.
#include "model/coordinator/group/consumer_records.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "model/coordinator/group/records.h"

namespace squall::model {
namespace {

template <class Value>
KeyAndValue encoded(std::string member_id, std::optional<Value> value) {
    return encode_group_record(ConsumerGroupRecord(
        ConsumerStateRecord<Value>{"g", std::move(member_id), std::move(value)}));
}

std::optional<GroupRecord> decoded(const KeyAndValue& bytes) {
    std::optional<ByteView> value;
    if (bytes.value) value = ByteView(*bytes.value);
    return decode_group_record(bytes.key, value).value();
}

Bytes bytes_of(std::string_view hex) {
    Bytes bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes.push_back(
            static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
    }
    return bytes;
}

IdPartitions any_partitions() {
    IdPartitions partitions;
    for (int count = *rc::gen::inRange(0, 6); count > 0; --count) {
        partitions.insert({Uuid{.high = *rc::gen::inRange<std::uint64_t>(0, 3), .low = 1},
                           *rc::gen::inRange(0, 9)});
    }
    return partitions;
}

RC_GTEST_PROP(ConsumerRecords, ReturnWhatWasWritten, ()) {
    CurrentAssignment current{
        .member_epoch = *rc::gen::inRange(-2, 1000),
        .previous_member_epoch = *rc::gen::inRange(-1, 1000),
        .state = *rc::gen::element(MemberState::stable, MemberState::unrevoked_partitions,
                                   MemberState::unreleased_partitions),
        .assigned = any_partitions(),
        .pending_revocation = any_partitions()};
    ConsumerMemberMetadata member;
    if (*rc::gen::arbitrary<bool>()) member.instance_id = "pod";
    if (*rc::gen::arbitrary<bool>()) member.server_assignor = "range";
    if (*rc::gen::arbitrary<bool>()) {
        member.classic = {.session_timeout = std::chrono::milliseconds(*rc::gen::inRange(0, 60000)),
                          .protocols = {{"range", *rc::gen::arbitrary<Bytes>()}, {"sticky", {}}}};
    }
    if (*rc::gen::arbitrary<bool>()) member.subscribed_topic_regex = "ord.*";
    member.client_id = "app";
    member.subscribed_topic_names = {"orders", "payments"};
    member.rebalance_timeout = std::chrono::milliseconds(*rc::gen::inRange(0, 300000));
    const std::vector<ConsumerGroupRecord> records = {
        ConsumerStateRecord<CurrentAssignment>{"g", "m", current},
        ConsumerStateRecord<TargetAssignment>{"g", "m", TargetAssignment{any_partitions()}},
        ConsumerStateRecord<ConsumerMemberMetadata>{"g", "m", member},
        ConsumerStateRecord<ConsumerGroupEpoch>{
            "g", "", ConsumerGroupEpoch{5, *rc::gen::arbitrary<std::int64_t>()}},
        ConsumerStateRecord<TargetAssignmentEpoch>{"g", "", TargetAssignmentEpoch{5}},
        ConsumerStateRecord<CurrentAssignment>{"g", "m", std::nullopt},
        ConsumerStateRecord<ResolvedExpression>{
            "g", "ord.*",
            ResolvedExpression{{"orders", "ordinals"},
                               *rc::gen::arbitrary<std::int64_t>(),
                               *rc::gen::arbitrary<std::int64_t>()}},
        ConsumerStateRecord<ResolvedExpression>{"g", "ord.*", std::nullopt},
    };
    for (const ConsumerGroupRecord& record : records) {
        RC_ASSERT(decoded(encode_group_record(record)) == GroupRecord(record));
    }
}

// Written by hand from Kafka's schemas: type, group, member; version, fields, tag section.
TEST(ConsumerRecords, AreInKafkasBytes) {
    const KeyAndValue epoch = encoded<ConsumerGroupEpoch>("", ConsumerGroupEpoch{.epoch = 5});
    EXPECT_EQ(epoch.key, bytes_of("0003"
                                  "0001"
                                  "67"));
    EXPECT_EQ(epoch.value, bytes_of("0000"
                                    "00000005"
                                    "00"));
    EXPECT_EQ(encoded<ConsumerGroupEpoch>("", ConsumerGroupEpoch{5, 1}).value,
              bytes_of("0000"
                       "00000005"
                       "01"
                       "00"
                       "08"
                       "0000000000000001"));

    const KeyAndValue current = encoded<CurrentAssignment>(
        "m", CurrentAssignment{
                 .member_epoch = 7,
                 .previous_member_epoch = 6,
                 .state = MemberState::unrevoked_partitions,
                 .assigned = {{Uuid{.high = 1, .low = 2}, 0}, {Uuid{.high = 1, .low = 2}, 3}}});
    EXPECT_EQ(current.key, bytes_of("0008"
                                    "0001"
                                    "67"
                                    "0001"
                                    "6d"));
    EXPECT_EQ(current.value, bytes_of("0000"
                                      "00000007"
                                      "00000006"
                                      "01"
                                      "02"
                                      "00000000000000010000000000000002"
                                      "03"
                                      "00000000"
                                      "00000003"
                                      "00"
                                      "01"
                                      "00"));
    EXPECT_EQ(encoded<TargetAssignmentEpoch>("", std::nullopt).value, std::nullopt);

    const KeyAndValue expression = encoded<ResolvedExpression>(
        "o.", ResolvedExpression{.topics = {"o1"}, .version = 9, .timestamp = 256});
    EXPECT_EQ(expression.key, bytes_of("0010"
                                       "0001"
                                       "67"
                                       "0002"
                                       "6f2e"));
    EXPECT_EQ(expression.value, bytes_of("0000"
                                         "02"
                                         "036f31"
                                         "0000000000000009"
                                         "0000000000000100"
                                         "00"));
}

// A member of the classic protocol says so in a tagged field: tag 0, 13 bytes, there, 10 s, one
// protocol "r" with two bytes.
TEST(ConsumerRecords, KeepWhatAClassicMemberSaidInATaggedField) {
    ConsumerMemberMetadata member;
    member.rebalance_timeout = std::chrono::milliseconds(1);
    member.classic = {.session_timeout = std::chrono::milliseconds(10000),
                      .protocols = {{"r", {0xab, 0xcd}}}};
    EXPECT_EQ(encoded<ConsumerMemberMetadata>("m", member).value, bytes_of("0000"
                                                                           "00"
                                                                           "00"
                                                                           "01"
                                                                           "01"
                                                                           "01"
                                                                           "01"
                                                                           "00000001"
                                                                           "00"
                                                                           "01"
                                                                           "00"
                                                                           "0d"
                                                                           "01"
                                                                           "00002710"
                                                                           "02"
                                                                           "0272"
                                                                           "03abcd"
                                                                           "00"
                                                                           "00"));
}

TEST(ConsumerRecords, TellWhatDoesNotParse) {
    const Bytes key = encoded<ConsumerGroupEpoch>("", std::nullopt).key;
    EXPECT_FALSE(decode_group_record(key, ByteView(bytes_of("0000"
                                                            "0000")))
                     .ok());
    EXPECT_EQ(decode_group_record(key, ByteView(bytes_of("0001"
                                                         "00")))
                  .value(),
              std::nullopt);
}

}  // namespace
}  // namespace squall::model
