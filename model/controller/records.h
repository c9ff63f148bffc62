// Metadata records: what the metadata log says, and the one way an image changes.
//
// Names, types and fields are Kafka's (metadata/src/main/resources/common/metadata). A record's
// value is framed as in Kafka: frame version, record type, record version (unsigned varints), then
// the body in the flexible wire encoding. A record whose type or version is unknown is corrupt: it
// cannot be skipped, since everything after it builds on it.
//
// Left out against Kafka: client quotas, ACLs, SCRAM credentials, delegation tokens, log
// directories; and the fields that only they need.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/controller/image.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"
#include "sim/base/bytes.h"
#include "sim/base/result.h"

namespace squall::model {

// A range of levels that a broker supports.
struct BrokerFeature {
    std::string name;
    FeatureLevel min_supported_version = 0;
    FeatureLevel max_supported_version = 0;

    bool operator==(const BrokerFeature&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("name", self.name);
        fields("min_supported_version", self.min_supported_version);
        fields("max_supported_version", self.max_supported_version);
    }
};

// A broker process registered. Its broker epoch is the offset of this record.
struct RegisterBrokerRecord {
    static constexpr std::uint32_t type = 0;
    static constexpr VersionRange versions{.min = 0, .max = 0, .flexible_since = 0};

    BrokerId broker_id = no_broker;
    Uuid incarnation_id;
    BrokerEpoch broker_epoch{-1};
    std::string host;
    std::uint16_t port = 9092;
    std::vector<BrokerFeature> features{};  // that it supports
    std::optional<std::string> rack;
    bool fenced = true;
    bool in_controlled_shutdown = false;

    bool operator==(const RegisterBrokerRecord&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker_id", self.broker_id);
        fields("incarnation_id", self.incarnation_id);
        fields("broker_epoch", self.broker_epoch);
        fields("host", self.host);
        fields("port", self.port);
        fields("features", self.features);
        fields("rack", self.rack, Wire{.nullable = 0});
        fields("fenced", self.fenced);
        fields("in_controlled_shutdown", self.in_controlled_shutdown);
    }
};

struct UnregisterBrokerRecord {
    static constexpr std::uint32_t type = 1;
    static constexpr VersionRange versions{.min = 0, .max = 0, .flexible_since = 0};

    BrokerId broker_id = no_broker;
    BrokerEpoch broker_epoch{-1};

    bool operator==(const UnregisterBrokerRecord&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker_id", self.broker_id);
        fields("broker_epoch", self.broker_epoch);
    }
};

// What a registration change does to one of its flags.
enum class FlagChange : std::int8_t { clear = -1, keep = 0, set = 1 };

struct BrokerRegistrationChangeRecord {
    static constexpr std::uint32_t type = 17;
    static constexpr VersionRange versions{.min = 0, .max = 0, .flexible_since = 0};

    BrokerId broker_id = no_broker;
    BrokerEpoch broker_epoch{-1};
    FlagChange fenced = FlagChange::keep;
    FlagChange in_controlled_shutdown = FlagChange::keep;

    bool operator==(const BrokerRegistrationChangeRecord&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker_id", self.broker_id);
        fields("broker_epoch", self.broker_epoch);
        fields("fenced", self.fenced, Wire{.since = 0, .tag = 0});
        fields("in_controlled_shutdown", self.in_controlled_shutdown, Wire{.since = 0, .tag = 1});
    }
};

struct TopicRecord {
    static constexpr std::uint32_t type = 2;
    static constexpr VersionRange versions{.min = 0, .max = 0, .flexible_since = 0};

    std::string name;
    Uuid topic_id;

    bool operator==(const TopicRecord&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("name", self.name);
        fields("topic_id", self.topic_id);
    }
};

struct PartitionRecord {
    static constexpr std::uint32_t type = 3;
    static constexpr VersionRange versions{.min = 0, .max = 0, .flexible_since = 0};

    std::int32_t partition_id = -1;
    Uuid topic_id;
    std::vector<BrokerId> replicas;
    std::vector<BrokerId> isr;
    std::vector<BrokerId> removing_replicas;
    std::vector<BrokerId> adding_replicas;
    BrokerId leader = no_broker;
    LeaderRecoveryState leader_recovery_state = LeaderRecoveryState::recovered;
    LeaderEpoch leader_epoch{0};
    PartitionEpoch partition_epoch{0};
    std::vector<BrokerId> eligible_leader_replicas;
    std::vector<BrokerId> last_known_elr;

    bool operator==(const PartitionRecord&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("partition_id", self.partition_id);
        fields("topic_id", self.topic_id);
        fields("replicas", self.replicas);
        fields("isr", self.isr);
        fields("removing_replicas", self.removing_replicas);
        fields("adding_replicas", self.adding_replicas);
        fields("leader", self.leader);
        fields("leader_recovery_state", self.leader_recovery_state);
        fields("leader_epoch", self.leader_epoch);
        fields("partition_epoch", self.partition_epoch);
        fields("eligible_leader_replicas", self.eligible_leader_replicas,
               Wire{.since = 0, .tag = 1});
        fields("last_known_elr", self.last_known_elr, Wire{.since = 0, .tag = 2});
    }
};

// Changes what it names and keeps the rest. Every one raises the partition epoch by one; naming a
// leader, even the same one, raises the leader epoch by one.
struct PartitionChangeRecord {
    static constexpr std::uint32_t type = 5;
    static constexpr VersionRange versions{.min = 0, .max = 0, .flexible_since = 0};
    static constexpr BrokerId no_leader_change{-2};

    std::int32_t partition_id = -1;
    Uuid topic_id;
    std::optional<std::vector<BrokerId>> isr;
    BrokerId leader = no_leader_change;
    std::optional<std::vector<BrokerId>> replicas;
    std::optional<std::vector<BrokerId>> removing_replicas;
    std::optional<std::vector<BrokerId>> adding_replicas;
    std::int8_t leader_recovery_state = -1;  // -1: no change, else a LeaderRecoveryState
    std::optional<std::vector<BrokerId>> eligible_leader_replicas;
    std::optional<std::vector<BrokerId>> last_known_elr;

    bool changes_nothing() const {
        return !isr && leader == no_leader_change && !replicas && !removing_replicas &&
               !adding_replicas && leader_recovery_state == -1 && !eligible_leader_replicas &&
               !last_known_elr;
    }

    bool operator==(const PartitionChangeRecord&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("partition_id", self.partition_id);
        fields("topic_id", self.topic_id);
        fields("isr", self.isr, Wire{.since = 0, .nullable = 0, .tag = 0});
        fields("leader", self.leader, Wire{.since = 0, .tag = 1, .absent = -2});
        fields("replicas", self.replicas, Wire{.since = 0, .nullable = 0, .tag = 2});
        fields("removing_replicas", self.removing_replicas,
               Wire{.since = 0, .nullable = 0, .tag = 3});
        fields("adding_replicas", self.adding_replicas, Wire{.since = 0, .nullable = 0, .tag = 4});
        fields("leader_recovery_state", self.leader_recovery_state,
               Wire{.since = 0, .tag = 5, .absent = -1});
        fields("eligible_leader_replicas", self.eligible_leader_replicas,
               Wire{.since = 0, .nullable = 0, .tag = 6});
        fields("last_known_elr", self.last_known_elr, Wire{.since = 0, .nullable = 0, .tag = 7});
    }
};

struct RemoveTopicRecord {
    static constexpr std::uint32_t type = 9;
    static constexpr VersionRange versions{.min = 0, .max = 0, .flexible_since = 0};

    Uuid topic_id;

    bool operator==(const RemoveTopicRecord&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("topic_id", self.topic_id);
    }
};

// A setting of a resource: of a topic by its name, of a broker by its id, or, with an empty name,
// of all brokers.
struct ConfigRecord {
    static constexpr std::uint32_t type = 4;
    static constexpr VersionRange versions{.min = 0, .max = 0, .flexible_since = 0};
    static constexpr std::int8_t topic_resource = 2;
    static constexpr std::int8_t broker_resource = 4;

    std::int8_t resource_type = topic_resource;
    std::string resource_name;
    std::string name;
    std::optional<std::string> value;  // nullopt: back to the default

    bool operator==(const ConfigRecord&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("resource_type", self.resource_type);
        fields("resource_name", self.resource_name);
        fields("name", self.name);
        fields("value", self.value, Wire{.nullable = 0});
    }
};

// Producer ids below `next_producer_id` are given out, in blocks (KIP-730).
struct ProducerIdsRecord {
    static constexpr std::uint32_t type = 15;
    static constexpr VersionRange versions{.min = 0, .max = 0, .flexible_since = 0};

    BrokerId broker_id = no_broker;  // that asked
    BrokerEpoch broker_epoch{-1};
    ProducerId next_producer_id{0};

    bool operator==(const ProducerIdsRecord&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker_id", self.broker_id);
        fields("broker_epoch", self.broker_epoch);
        fields("next_producer_id", self.next_producer_id);
    }
};

// A level of a feature is finalized; 0 turns it off.
struct FeatureLevelRecord {
    static constexpr std::uint32_t type = 12;
    static constexpr VersionRange versions{.min = 0, .max = 0, .flexible_since = 0};

    std::string name;
    FeatureLevel feature_level = 0;

    bool operator==(const FeatureLevelRecord&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("name", self.name);
        fields("feature_level", self.feature_level);
    }
};

// Forgets the eligible leader replicas and last known leaders of a topic, or of all where the name
// is empty: they were recorded under another min.insync.replicas than now holds (KIP-966).
struct ClearElrRecord {
    static constexpr std::uint32_t type = 28;
    static constexpr VersionRange versions{.min = 0, .max = 0, .flexible_since = 0};

    std::string topic_name;

    bool operator==(const ClearElrRecord&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("topic_name", self.topic_name);
    }
};

// Written when nothing else is, so that replicas can see that the log is alive (KIP-835).
struct NoOpRecord {
    static constexpr std::uint32_t type = 20;
    static constexpr VersionRange versions{.min = 0, .max = 0, .flexible_since = 0};

    bool operator==(const NoOpRecord&) const = default;
    template <class Self, class Fields>
    static void describe(Self&, Fields&) {}
};

using MetadataRecord =
    std::variant<UnregisterBrokerRecord, TopicRecord, PartitionRecord, ConfigRecord,
                 PartitionChangeRecord, RemoveTopicRecord, BrokerRegistrationChangeRecord,
                 NoOpRecord, RegisterBrokerRecord, ProducerIdsRecord, ClearElrRecord,
                 FeatureLevelRecord>;

std::string_view name_of(const MetadataRecord& record);
// "PartitionChangeRecord{partition_id=0 ...}"
std::string to_string(const MetadataRecord& record);

// The value of a log record, and back. Corrupt where the frame, the type or the body do not make
// sense.
Bytes encode_record(const MetadataRecord& record);
Result<MetadataRecord> decode_record(ByteView value);

// Applies the record at `offset`, after which image.next_offset is offset + 1. Offsets may skip
// control records, never go back.
// Requires: the record makes sense on this image, as every committed record does (asserted).
void apply(MetadataImage& image, Offset offset, const MetadataRecord& record);

}  // namespace squall::model
