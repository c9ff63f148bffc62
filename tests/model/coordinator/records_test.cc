#include "model/coordinator/group/records.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "model/coordinator/coordinator_partition.h"

namespace squall::model {
namespace {

std::string any_text() {
    return *rc::gen::container<std::string>(rc::gen::inRange<char>('a', 'z'));
}

std::optional<std::string> any_nullable_text() {
    if (!*rc::gen::arbitrary<bool>()) return std::nullopt;
    return any_text();
}

GroupRecord any_offset_commit() {
    OffsetCommitRecord record;
    record.group = any_text();
    record.partition.topic = any_text();
    record.partition.partition = *rc::gen::inRange(0, 1000);
    if (*rc::gen::inRange(0, 5) == 0) return record;
    CommittedOffset value;
    value.offset = Offset(*rc::gen::inRange<std::int64_t>(0, INT64_MAX));
    value.metadata = any_text();
    value.commit_timestamp = *rc::gen::inRange<std::int64_t>(0, INT64_MAX);
    if (*rc::gen::arbitrary<bool>()) {
        value.expire_timestamp = *rc::gen::inRange<std::int64_t>(0, INT64_MAX);
    } else {
        value.leader_epoch = LeaderEpoch(*rc::gen::inRange(-1, 1000));
    }
    record.value = value;
    return record;
}

GroupRecord any_group_metadata() {
    GroupMetadataRecord record;
    record.group = any_text();
    if (*rc::gen::inRange(0, 5) == 0) return record;
    GroupMetadata value;
    value.protocol_type = any_text();
    value.generation = GenerationId(*rc::gen::inRange(0, 1000));
    value.protocol = any_nullable_text();
    value.leader = any_nullable_text();
    value.current_state_timestamp = *rc::gen::inRange<std::int64_t>(-1, INT64_MAX);
    for (int count = *rc::gen::inRange(0, 4); count > 0; --count) {
        MemberMetadata member;
        member.member_id = any_text();
        member.group_instance_id = any_nullable_text();
        member.client_id = any_text();
        member.client_host = any_text();
        member.rebalance_timeout = std::chrono::milliseconds(*rc::gen::inRange(0, 100000));
        member.session_timeout = std::chrono::milliseconds(*rc::gen::inRange(0, 100000));
        member.subscription = *rc::gen::arbitrary<Bytes>();
        member.assignment = *rc::gen::arbitrary<Bytes>();
        value.members.push_back(member);
    }
    record.value = value;
    return record;
}

GroupRecord any_record() {
    return *rc::gen::arbitrary<bool>() ? any_offset_commit() : any_group_metadata();
}

Result<std::optional<GroupRecord>> decode(const KeyAndValue& bytes) {
    std::optional<ByteView> value;
    if (bytes.value) value = ByteView(*bytes.value);
    return decode_group_record(bytes.key, value);
}

RC_GTEST_PROP(GroupRecords, ReturnWhatWasWritten, ()) {
    const GroupRecord record = any_record();
    const auto decoded = decode(encode_group_record(record));
    RC_ASSERT(decoded.ok());
    RC_ASSERT(decoded.value() == std::optional(record));
}

RC_GTEST_PROP(GroupRecords, NoticeEveryMissingByte, ()) {
    KeyAndValue bytes = encode_group_record(any_record());
    Bytes& cut = bytes.value && *rc::gen::arbitrary<bool>() ? *bytes.value : bytes.key;
    cut.resize(*rc::gen::inRange<std::size_t>(0, cut.size()));
    RC_ASSERT(!decode(bytes).ok());
}

RC_GTEST_PROP(GroupRecords, SurviveAnyBytes, ()) {
    KeyAndValue bytes{*rc::gen::arbitrary<Bytes>(), *rc::gen::arbitrary<Bytes>()};
    if (*rc::gen::arbitrary<bool>()) {
        bytes.key.insert(bytes.key.begin(), {0, *rc::gen::inRange<std::uint8_t>(0, 3)});
    }
    if (const auto decoded = decode(bytes); !decoded.ok()) {
        RC_ASSERT(decoded.error().failure == Failure::corrupt);
    }
}

TEST(GroupRecords, WriteAnOffsetCommitAsKafkaDoes) {
    CommittedOffset value;
    value.offset = Offset(42);
    value.leader_epoch = LeaderEpoch(7);
    value.metadata = "m";
    value.commit_timestamp = 258;
    const KeyAndValue bytes = encode_group_record(OffsetCommitRecord{"g", {"ab", 3}, value});
    EXPECT_EQ(to_hex(bytes.key),
              "0001"
              "000167"
              "00026162"
              "00000003");
    EXPECT_EQ(to_hex(*bytes.value),
              "0003"
              "000000000000002a"
              "00000007"
              "00016d"
              "0000000000000102");
}

TEST(GroupRecords, WriteAnOffsetThatExpiresInVersionOne) {
    CommittedOffset value;
    value.offset = Offset(1);
    value.commit_timestamp = 2;
    value.expire_timestamp = 3;
    EXPECT_EQ(to_hex(*encode_group_record(OffsetCommitRecord{"g", {"t", 0}, value}).value),
              "0001"
              "0000000000000001"
              "0000"
              "0000000000000002"
              "0000000000000003");
}

TEST(GroupRecords, WriteGroupMetadataAsKafkaDoes) {
    GroupMetadata value;
    value.protocol_type = "consumer";
    value.generation = GenerationId(5);
    value.protocol = "range";
    value.leader = "m";
    value.current_state_timestamp = 9;
    MemberMetadata member;
    member.member_id = "m";
    member.client_id = "c";
    member.client_host = "h";
    member.rebalance_timeout = std::chrono::milliseconds(1);
    member.session_timeout = std::chrono::milliseconds(2);
    member.subscription = {0xaa};
    value.members = {member};
    const KeyAndValue bytes = encode_group_record(GroupMetadataRecord{"g", value});
    EXPECT_EQ(to_hex(bytes.key), "0002000167");
    EXPECT_EQ(to_hex(*bytes.value),
              "0003"
              "0008636f6e73756d6572"
              "00000005"
              "000572616e6765"
              "00016d"
              "0000000000000009"
              "00000001"
              "00016d"
              "ffff"
              "000163"
              "000168"
              "00000001"
              "00000002"
              "00000001aa"
              "00000000");
}

TEST(GroupRecords, PassOverTypesAndVersionsOfLaterReleases) {
    EXPECT_EQ(decode({{0, 30, 0, 1, 'g'}, Bytes{0, 0}}).value(), std::nullopt);
    EXPECT_EQ(decode({{0, 2, 0, 1, 'g'}, Bytes{0, 4, 1, 2, 3}}).value(), std::nullopt);
}

// The hashes are those that Java prints for "...".hashCode().
TEST(CoordinatorPartition, HashesAsJavaDoes) {
    EXPECT_EQ(java_string_hash(""), 0);
    EXPECT_EQ(java_string_hash("a"), 97);
    EXPECT_EQ(java_string_hash("hello"), 99162322);
    EXPECT_EQ(java_string_hash("polygenelubricants"), INT32_MIN);
    EXPECT_EQ(java_string_hash("\xc3\xa9"), 0xe9);
    EXPECT_EQ(java_string_hash("\xf0\x9f\x98\x80"), 0xd83d * 31 + 0xde00);
}

TEST(CoordinatorPartition, TakesTheAbsoluteHashAndZeroForTheOneWithoutAbsolute) {
    EXPECT_EQ(coordinator_partition("hello", 50), 22);
    EXPECT_EQ(coordinator_partition("polygenelubricants", 50), 0);
    for (const char* id : {"payment", "inventory", "notification", "analytics", "audit"}) {
        const std::int32_t partition = coordinator_partition(id, 50);
        EXPECT_TRUE(partition >= 0 && partition < 50) << id;
    }
}

}  // namespace
}  // namespace squall::model
