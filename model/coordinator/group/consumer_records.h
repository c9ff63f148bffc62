// The records of __consumer_offsets that groups of the consumer protocol consist of (KIP-848), in
// Kafka's bytes. The key is an int16 type, the group, and for what belongs to one member its id;
// the value an int16 version (0), then fields in the flexible encoding:
//
//   3 ConsumerGroupMetadata                  epoch | tag 0: metadata_hash (KIP-1101)
//   5 ConsumerGroupMemberMetadata            instance_id | rack_id | client_id | client_host
//                                            | subscribed_topic_names | subscribed_topic_regex
//                                            | rebalance_timeout_ms | server_assignor
//                                            | tag 0: classic_member_metadata
//   6 ConsumerGroupTargetAssignmentMetadata  assignment_epoch
//   7 ConsumerGroupTargetAssignmentMember    topic_partitions
//   8 ConsumerGroupCurrentMemberAssignment   member_epoch | previous_member_epoch | state
//                                            | assigned_partitions | partitions_pending_revocation
//  16 ConsumerGroupRegularExpression         topics | version | timestamp
//
// Where a record of a member has the member's id in its key, one of a regular expression has its
// text. A null value is a tombstone. Partitions go by topic id. A member's share of the target, and
// what it holds, have records of their own, so that a rebalance writes only what it changes.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/protocol/messages/join_group.h"
#include "model/protocol/types.h"
#include "sim/base/bytes.h"
#include "sim/base/result.h"

namespace squall::model {

struct IdPartition {
    Uuid topic_id;
    std::int32_t partition = 0;

    auto operator<=>(const IdPartition&) const = default;
};
using IdPartitions = std::set<IdPartition>;

// Kafka's numbers.
enum class MemberState : std::int8_t {
    stable = 0,                 // holds its target, as far as the coordinator knows
    unrevoked_partitions = 1,   // has to give up some of what it holds
    unreleased_partitions = 2,  // waits for what others have not given up
};
std::string_view to_string(MemberState state);

struct ConsumerGroupEpoch {
    static constexpr std::int16_t record_type = 3;
    std::int32_t epoch = 0;
    std::int64_t metadata_hash = 0;

    bool operator==(const ConsumerGroupEpoch&) const = default;
};

// What a member said that speaks the classic protocol in a group of the consumer protocol.
struct ClassicMemberMetadata {
    std::chrono::milliseconds session_timeout{};
    std::vector<JoinGroupRequest::Protocol> protocols;  // in the member's order of preference

    bool operator==(const ClassicMemberMetadata&) const = default;
};

struct ConsumerMemberMetadata {
    static constexpr std::int16_t record_type = 5;
    std::optional<std::string> instance_id;
    std::optional<std::string> rack_id;
    std::string client_id;
    std::string client_host;
    std::vector<std::string> subscribed_topic_names;  // sorted
    std::string subscribed_topic_regex;               // "": none
    std::chrono::milliseconds rebalance_timeout{-1};
    std::optional<std::string> server_assignor;
    std::optional<ClassicMemberMetadata> classic;  // nullopt: it speaks the consumer protocol

    bool operator==(const ConsumerMemberMetadata&) const = default;
};

struct TargetAssignmentEpoch {
    static constexpr std::int16_t record_type = 6;
    std::int32_t assignment_epoch = 0;

    bool operator==(const TargetAssignmentEpoch&) const = default;
};

struct TargetAssignment {
    static constexpr std::int16_t record_type = 7;
    IdPartitions partitions;

    bool operator==(const TargetAssignment&) const = default;
};

struct CurrentAssignment {
    static constexpr std::int16_t record_type = 8;
    std::int32_t member_epoch = 0;
    std::int32_t previous_member_epoch = -1;
    MemberState state = MemberState::stable;
    IdPartitions assigned;
    IdPartitions pending_revocation;

    bool operator==(const CurrentAssignment&) const = default;
};

// What a regular expression of a subscription stands for, as far as it is known.
struct ResolvedExpression {
    static constexpr std::int16_t record_type = 16;
    std::set<std::string> topics;
    std::int64_t version = 0;  // the offset of the metadata that was looked at
    TimestampMs timestamp = 0;

    bool operator==(const ResolvedExpression&) const = default;
};

template <class Value>
struct ConsumerStateRecord {
    std::string group;
    std::string subject;         // a member's id, an expression; "": the whole group
    std::optional<Value> value;  // nullopt: a tombstone

    bool operator==(const ConsumerStateRecord&) const = default;
};
using ConsumerGroupRecord =
    std::variant<ConsumerStateRecord<ConsumerGroupEpoch>,
                 ConsumerStateRecord<ConsumerMemberMetadata>,
                 ConsumerStateRecord<TargetAssignmentEpoch>, ConsumerStateRecord<TargetAssignment>,
                 ConsumerStateRecord<CurrentAssignment>, ConsumerStateRecord<ResolvedExpression>>;

const std::string& group_of(const ConsumerGroupRecord& record);

Bytes encode_consumer_key(const ConsumerGroupRecord& record);
std::optional<Bytes> encode_consumer_value(const ConsumerGroupRecord& record);
// `key` behind its type. nullopt: a type or version that this release does not know.
Result<std::optional<ConsumerGroupRecord>> decode_consumer_record(std::int16_t type,
                                                                  ByteReader& key,
                                                                  std::optional<ByteView> value);

}  // namespace squall::model
