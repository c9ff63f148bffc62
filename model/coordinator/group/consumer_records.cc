#include "model/coordinator/group/consumer_records.h"

#include <fmt/core.h>

#include <map>
#include <utility>

#include "model/coordinator/group/record_text.h"
#include "model/protocol/wire_codec.h"
#include "sim/base/assert.h"

namespace squall::model {
namespace wire {

// The values as they stand in the log.
inline constexpr VersionRange value_versions{.min = 0, .max = 0, .flexible_since = 0};

struct TopicPartitions {
    Uuid topic_id;
    std::vector<std::int32_t> partitions;

    bool operator==(const TopicPartitions&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("topic_id", self.topic_id);
        fields("partitions", self.partitions);
    }
};

struct GroupMetadataValue {
    static constexpr VersionRange versions = value_versions;
    std::int32_t epoch = 0;
    std::int64_t metadata_hash = 0;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("epoch", self.epoch);
        fields("metadata_hash", self.metadata_hash, Wire{.tag = 0});
    }
};

struct ClassicProtocol {
    std::string name;
    Bytes metadata;

    bool operator==(const ClassicProtocol&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("name", self.name);
        fields("metadata", self.metadata);
    }
};

struct ClassicMemberMetadata {
    std::int32_t session_timeout_ms = 0;
    std::vector<ClassicProtocol> supported_protocols;

    bool operator==(const ClassicMemberMetadata&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("session_timeout_ms", self.session_timeout_ms);
        fields("supported_protocols", self.supported_protocols);
    }
};

struct MemberMetadataValue {
    static constexpr VersionRange versions = value_versions;
    std::optional<std::string> instance_id;
    std::optional<std::string> rack_id;
    std::string client_id;
    std::string client_host;
    std::vector<std::string> subscribed_topic_names;
    std::optional<std::string> subscribed_topic_regex;
    std::int32_t rebalance_timeout_ms = -1;
    std::optional<std::string> server_assignor;
    std::optional<ClassicMemberMetadata> classic_member_metadata;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("instance_id", self.instance_id, Wire{.nullable = 0});
        fields("rack_id", self.rack_id, Wire{.nullable = 0});
        fields("client_id", self.client_id);
        fields("client_host", self.client_host);
        fields("subscribed_topic_names", self.subscribed_topic_names);
        fields("subscribed_topic_regex", self.subscribed_topic_regex, Wire{.nullable = 0});
        fields("rebalance_timeout_ms", self.rebalance_timeout_ms);
        fields("server_assignor", self.server_assignor, Wire{.nullable = 0});
        fields("classic_member_metadata", self.classic_member_metadata,
               Wire{.nullable = 0, .tag = 0});
    }
};

struct TargetMetadataValue {
    static constexpr VersionRange versions = value_versions;
    std::int32_t assignment_epoch = 0;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("assignment_epoch", self.assignment_epoch);
    }
};

struct TargetMemberValue {
    static constexpr VersionRange versions = value_versions;
    std::vector<TopicPartitions> topic_partitions;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("topic_partitions", self.topic_partitions);
    }
};

struct CurrentAssignmentValue {
    static constexpr VersionRange versions = value_versions;
    std::int32_t member_epoch = 0;
    std::int32_t previous_member_epoch = 0;
    std::int8_t state = 0;
    std::vector<TopicPartitions> assigned_partitions;
    std::vector<TopicPartitions> partitions_pending_revocation;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("member_epoch", self.member_epoch);
        fields("previous_member_epoch", self.previous_member_epoch);
        fields("state", self.state);
        fields("assigned_partitions", self.assigned_partitions);
        fields("partitions_pending_revocation", self.partitions_pending_revocation);
    }
};

struct RegularExpressionValue {
    static constexpr VersionRange versions = value_versions;
    std::vector<std::string> topics;
    std::int64_t version = 0;
    std::int64_t timestamp = 0;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("topics", self.topics);
        fields("version", self.version);
        fields("timestamp", self.timestamp);
    }
};

}  // namespace wire

SQUALL_INSTANTIATE_CODEC(wire::GroupMetadataValue);
SQUALL_INSTANTIATE_CODEC(wire::MemberMetadataValue);
SQUALL_INSTANTIATE_CODEC(wire::TargetMetadataValue);
SQUALL_INSTANTIATE_CODEC(wire::TargetMemberValue);
SQUALL_INSTANTIATE_CODEC(wire::CurrentAssignmentValue);
SQUALL_INSTANTIATE_CODEC(wire::RegularExpressionValue);

namespace {

constexpr std::int16_t consumer_value_version = 0;

std::vector<wire::TopicPartitions> to_wire(const IdPartitions& partitions) {
    std::vector<wire::TopicPartitions> topics;
    for (const IdPartition& each : partitions) {
        if (topics.empty() || topics.back().topic_id != each.topic_id) {
            topics.emplace_back().topic_id = each.topic_id;
        }
        topics.back().partitions.push_back(each.partition);
    }
    return topics;
}
IdPartitions from_wire(const std::vector<wire::TopicPartitions>& topics) {
    IdPartitions partitions;
    for (const wire::TopicPartitions& topic : topics) {
        for (const std::int32_t number : topic.partitions) {
            partitions.insert({topic.topic_id, number});
        }
    }
    return partitions;
}

wire::GroupMetadataValue to_wire(const ConsumerGroupEpoch& value) {
    return {.epoch = value.epoch, .metadata_hash = value.metadata_hash};
}
ConsumerGroupEpoch from_wire(wire::GroupMetadataValue value) {
    return {.epoch = value.epoch, .metadata_hash = value.metadata_hash};
}

std::optional<wire::ClassicMemberMetadata> to_wire(
    const std::optional<ClassicMemberMetadata>& value) {
    if (!value) return std::nullopt;
    wire::ClassicMemberMetadata written;
    written.session_timeout_ms = static_cast<std::int32_t>(value->session_timeout.count());
    for (const JoinGroupRequest::Protocol& each : value->protocols) {
        written.supported_protocols.push_back({.name = each.name, .metadata = each.metadata});
    }
    return written;
}
std::optional<ClassicMemberMetadata> from_wire(std::optional<wire::ClassicMemberMetadata> value) {
    if (!value) return std::nullopt;
    ClassicMemberMetadata read;
    read.session_timeout = std::chrono::milliseconds(value->session_timeout_ms);
    for (wire::ClassicProtocol& each : value->supported_protocols) {
        read.protocols.push_back({std::move(each.name), std::move(each.metadata)});
    }
    return read;
}

wire::MemberMetadataValue to_wire(const ConsumerMemberMetadata& value) {
    return {.instance_id = value.instance_id,
            .rack_id = value.rack_id,
            .client_id = value.client_id,
            .client_host = value.client_host,
            .subscribed_topic_names = value.subscribed_topic_names,
            .subscribed_topic_regex = value.subscribed_topic_regex,
            .rebalance_timeout_ms = static_cast<std::int32_t>(value.rebalance_timeout.count()),
            .server_assignor = value.server_assignor,
            .classic_member_metadata = to_wire(value.classic)};
}
ConsumerMemberMetadata from_wire(wire::MemberMetadataValue value) {
    return {.instance_id = std::move(value.instance_id),
            .rack_id = std::move(value.rack_id),
            .client_id = std::move(value.client_id),
            .client_host = std::move(value.client_host),
            .subscribed_topic_names = std::move(value.subscribed_topic_names),
            .subscribed_topic_regex = std::move(value.subscribed_topic_regex).value_or(""),
            .rebalance_timeout = std::chrono::milliseconds(value.rebalance_timeout_ms),
            .server_assignor = std::move(value.server_assignor),
            .classic = from_wire(std::move(value.classic_member_metadata))};
}

wire::TargetMetadataValue to_wire(const TargetAssignmentEpoch& value) {
    return {.assignment_epoch = value.assignment_epoch};
}
TargetAssignmentEpoch from_wire(wire::TargetMetadataValue value) {
    return {.assignment_epoch = value.assignment_epoch};
}

wire::TargetMemberValue to_wire(const TargetAssignment& value) {
    return {.topic_partitions = to_wire(value.partitions)};
}
TargetAssignment from_wire(wire::TargetMemberValue value) {
    return {.partitions = from_wire(value.topic_partitions)};
}

wire::CurrentAssignmentValue to_wire(const CurrentAssignment& value) {
    return {.member_epoch = value.member_epoch,
            .previous_member_epoch = value.previous_member_epoch,
            .state = static_cast<std::int8_t>(value.state),
            .assigned_partitions = to_wire(value.assigned),
            .partitions_pending_revocation = to_wire(value.pending_revocation)};
}
CurrentAssignment from_wire(wire::CurrentAssignmentValue value) {
    return {.member_epoch = value.member_epoch,
            .previous_member_epoch = value.previous_member_epoch,
            .state = static_cast<MemberState>(value.state),
            .assigned = from_wire(value.assigned_partitions),
            .pending_revocation = from_wire(value.partitions_pending_revocation)};
}

wire::RegularExpressionValue to_wire(const ResolvedExpression& value) {
    return {.topics = {value.topics.begin(), value.topics.end()},
            .version = value.version,
            .timestamp = value.timestamp};
}
ResolvedExpression from_wire(wire::RegularExpressionValue value) {
    return {.topics = {value.topics.begin(), value.topics.end()},
            .version = value.version,
            .timestamp = value.timestamp};
}

template <class Value>
constexpr bool has_subject =
    !std::is_same_v<Value, ConsumerGroupEpoch> && !std::is_same_v<Value, TargetAssignmentEpoch>;

Error corrupt_type(std::int16_t type) {
    return Error{Failure::corrupt,
                 fmt::format("a record of type {} of {} does not parse", type, offsets_topic)};
}

template <class Value>
Result<std::optional<ConsumerGroupRecord>> decode_as(ByteReader& key,
                                                     std::optional<ByteView> value) {
    using WireValue = decltype(to_wire(std::declval<const Value&>()));
    ConsumerStateRecord<Value> record;
    record.group = read_string(key);
    if (has_subject<Value>) record.subject = read_string(key);
    if (!key.ok()) return corrupt_type(Value::record_type);
    if (value) {
        ByteReader in(*value);
        const auto version = in.integer<std::int16_t>();
        if (!in.ok() || version < 0) return corrupt_type(Value::record_type);
        if (version > consumer_value_version) return std::optional<ConsumerGroupRecord>();
        auto decoded = decode<WireValue>(value->subspan(sizeof version), version);
        if (!decoded) return corrupt_type(Value::record_type);
        record.value = from_wire(std::move(decoded).value());
    }
    return std::optional<ConsumerGroupRecord>(std::move(record));
}

}  // namespace

std::string_view to_string(MemberState state) {
    switch (state) {
        case MemberState::stable:
            return "STABLE";
        case MemberState::unrevoked_partitions:
            return "UNREVOKED_PARTITIONS";
        case MemberState::unreleased_partitions:
            return "UNRELEASED_PARTITIONS";
    }
    return "UNKNOWN";
}

const std::string& group_of(const ConsumerGroupRecord& record) {
    return std::visit([](const auto& each) -> const std::string& { return each.group; }, record);
}

Bytes encode_consumer_key(const ConsumerGroupRecord& record) {
    Bytes bytes;
    ByteWriter out(bytes);
    std::visit(
        [&]<class Value>(const ConsumerStateRecord<Value>& each) {
            out.integer(Value::record_type);
            write_string(out, each.group);
            if (has_subject<Value>) write_string(out, each.subject);
        },
        record);
    return bytes;
}

std::optional<Bytes> encode_consumer_value(const ConsumerGroupRecord& record) {
    return std::visit(
        [](const auto& each) -> std::optional<Bytes> {
            if (!each.value) return std::nullopt;
            Bytes bytes;
            ByteWriter out(bytes);
            out.integer(consumer_value_version);
            const Bytes body = encode(to_wire(*each.value), consumer_value_version);
            out.bytes(body);
            return bytes;
        },
        record);
}

Result<std::optional<ConsumerGroupRecord>> decode_consumer_record(std::int16_t type,
                                                                  ByteReader& key,
                                                                  std::optional<ByteView> value) {
    switch (type) {
        case ConsumerGroupEpoch::record_type:
            return decode_as<ConsumerGroupEpoch>(key, value);
        case ConsumerMemberMetadata::record_type:
            return decode_as<ConsumerMemberMetadata>(key, value);
        case TargetAssignmentEpoch::record_type:
            return decode_as<TargetAssignmentEpoch>(key, value);
        case TargetAssignment::record_type:
            return decode_as<TargetAssignment>(key, value);
        case CurrentAssignment::record_type:
            return decode_as<CurrentAssignment>(key, value);
        case ResolvedExpression::record_type:
            return decode_as<ResolvedExpression>(key, value);
        default:
            return std::optional<ConsumerGroupRecord>();
    }
}

}  // namespace squall::model
