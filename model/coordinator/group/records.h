// The records of __consumer_offsets, in Kafka's bytes.
//
//   OffsetCommitKey    int16 version 0, 1 | group | topic | int32 partition
//   OffsetCommitValue  int16 version | int64 offset | 3+ int32 leader_epoch | metadata
//                      | int64 commit_timestamp | 1 only: int64 expire_timestamp
//   GroupMetadataKey   int16 version 2 | group
//   GroupMetadataValue int16 version | protocol_type | int32 generation | nullable protocol
//                      | nullable leader | 2+ int64 current_state_timestamp
//                      | array of member: member_id | 3+ nullable group_instance_id | client_id
//                        | client_host | 1+ int32 rebalance_timeout_ms | int32 session_timeout_ms
//                        | bytes subscription | bytes assignment
//
// Strings have int16 lengths, bytes and arrays int32, -1 is null. Written: OffsetCommitValue 3 (1
// if the client asked for a retention of its own, as Kafka does), GroupMetadataValue 3; read: all
// of 0 to 3. A null value is a tombstone: the topic is compacted. The int16 in front of the key is
// at the same time the type of the record: one that we do not know (a newer release, another
// group protocol) is passed over, as Kafka does.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "model/coordinator/group/consumer_records.h"
#include "model/protocol/types.h"
#include "sim/base/bytes.h"
#include "sim/base/result.h"

namespace squall::model {

// The next offset to read, as a group committed it for one partition.
struct CommittedOffset {
    Offset offset = no_offset;
    LeaderEpoch leader_epoch = no_leader_epoch;  // of the last record before it, if known
    std::string metadata{};
    TimestampMs commit_timestamp = no_timestamp;
    TimestampMs expire_timestamp = no_timestamp;  // none: the broker's retention rules
    Offset record_offset = no_offset;  // of its record in the log; not part of the record

    bool operator==(const CommittedOffset&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("offset", self.offset);
        fields("leader_epoch", self.leader_epoch);
        fields("metadata", self.metadata);
        fields("commit_timestamp", self.commit_timestamp);
        fields("expire_timestamp", self.expire_timestamp);
    }
};

struct OffsetCommitRecord {
    std::string group;
    TopicPartition partition;
    std::optional<CommittedOffset> value;  // nullopt: a tombstone

    bool operator==(const OffsetCommitRecord&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("group", self.group);
        fields("partition", self.partition);
        fields("value", self.value);
    }
};

struct MemberMetadata {
    std::string member_id;
    std::optional<std::string> group_instance_id{};
    std::string client_id{};
    std::string client_host{};
    std::chrono::milliseconds rebalance_timeout{};
    std::chrono::milliseconds session_timeout{};
    Bytes subscription{};  // for the group's protocol
    Bytes assignment{};

    bool operator==(const MemberMetadata&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("member_id", self.member_id);
        fields("group_instance_id", self.group_instance_id);
        fields("client_id", self.client_id);
        fields("client_host", self.client_host);
        fields("rebalance_timeout", self.rebalance_timeout);
        fields("session_timeout", self.session_timeout);
        fields("subscription", self.subscription);
        fields("assignment", self.assignment);
    }
};

// A generation of a classic group with its assignment, or (no members) that it is empty.
struct GroupMetadata {
    std::string protocol_type{};
    GenerationId generation{0};
    std::optional<std::string> protocol{};
    std::optional<std::string> leader{};
    TimestampMs current_state_timestamp = no_timestamp;
    std::vector<MemberMetadata> members{};  // in order of member id

    bool operator==(const GroupMetadata&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("protocol_type", self.protocol_type);
        fields("generation", self.generation);
        fields("protocol", self.protocol);
        fields("leader", self.leader);
        fields("current_state_timestamp", self.current_state_timestamp);
        fields("members", self.members);
    }
};

struct GroupMetadataRecord {
    std::string group;
    std::optional<GroupMetadata> value;  // nullopt: a tombstone

    bool operator==(const GroupMetadataRecord&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("group", self.group);
        fields("value", self.value);
    }
};

using GroupRecord = std::variant<OffsetCommitRecord, GroupMetadataRecord, ConsumerGroupRecord>;
const std::string& group_of(const GroupRecord& record);

struct KeyAndValue {
    Bytes key;
    std::optional<Bytes> value;

    bool operator==(const KeyAndValue&) const = default;
};

KeyAndValue encode_group_record(const GroupRecord& record);

// nullopt: a type or version of record that this release does not know. Failure::corrupt where it
// knows it and the bytes do not fit.
Result<std::optional<GroupRecord>> decode_group_record(ByteView key, std::optional<ByteView> value);

}  // namespace squall::model
