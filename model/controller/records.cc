#include "model/controller/records.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "model/protocol/wire_codec.h"
#include "sim/base/assert.h"

namespace squall::model {

namespace {

constexpr std::uint32_t frame_version = 1;
constexpr ApiVersion record_version = 0;

template <class Record>
constexpr std::string_view record_name() {
    if constexpr (std::is_same_v<Record, UnregisterBrokerRecord>) return "UnregisterBrokerRecord";
    if constexpr (std::is_same_v<Record, TopicRecord>) return "TopicRecord";
    if constexpr (std::is_same_v<Record, PartitionRecord>) return "PartitionRecord";
    if constexpr (std::is_same_v<Record, ConfigRecord>) return "ConfigRecord";
    if constexpr (std::is_same_v<Record, PartitionChangeRecord>) return "PartitionChangeRecord";
    if constexpr (std::is_same_v<Record, RemoveTopicRecord>) return "RemoveTopicRecord";
    if constexpr (std::is_same_v<Record, BrokerRegistrationChangeRecord>) {
        return "BrokerRegistrationChangeRecord";
    }
    if constexpr (std::is_same_v<Record, NoOpRecord>) return "NoOpRecord";
    if constexpr (std::is_same_v<Record, RegisterBrokerRecord>) return "RegisterBrokerRecord";
    if constexpr (std::is_same_v<Record, ProducerIdsRecord>) return "ProducerIdsRecord";
    if constexpr (std::is_same_v<Record, ClearElrRecord>) return "ClearElrRecord";
    if constexpr (std::is_same_v<Record, FeatureLevelRecord>) return "FeatureLevelRecord";
}

template <std::size_t alternative = 0>
Result<MetadataRecord> decode_body(std::uint32_t type, ApiVersion version, ByteView body) {
    if constexpr (alternative == std::variant_size_v<MetadataRecord>) {
        return Error{Failure::corrupt, fmt::format("metadata record of unknown type {}", type)};
    } else {
        using Record = std::variant_alternative_t<alternative, MetadataRecord>;
        if (type != Record::type) return decode_body<alternative + 1>(type, version, body);
        Result<Record> record = decode<Record>(body, version);
        if (!record) return Error{Failure::corrupt, record.error().detail};
        return MetadataRecord(std::move(record).value());
    }
}

TopicImage& topic_of(MetadataImage& image, const Uuid& id) {
    const auto found = std::ranges::find_if(
        image.topics, [&](const auto& entry) { return entry.second.id == id; });
    ASSERT(found != image.topics.end(), "a record of unknown topic {}", id);
    return found->second;
}

BrokerImage& broker_of(MetadataImage& image, BrokerId id, BrokerEpoch epoch) {
    const auto found = image.brokers.find(id);
    ASSERT(found != image.brokers.end(), "a record of unregistered broker {}", id);
    ASSERT(found->second.epoch == epoch, "a record of broker {} epoch {}, registered with {}", id,
           epoch, found->second.epoch);
    return found->second;
}

void change(bool& flag, FlagChange by) {
    switch (by) {
        case FlagChange::clear:
            flag = false;
            return;
        case FlagChange::keep:
            return;
        case FlagChange::set:
            flag = true;
            return;
    }
}

template <class T>
void replace_if(T& member, const std::optional<T>& value) {
    if (value) member = *value;
}

void check_partition(const PartitionImage& partition) {
    const auto all_are_replicas = [&](const std::vector<BrokerId>& ids) {
        return std::ranges::all_of(ids, [&](BrokerId id) {
            return std::ranges::count(partition.replicas, id) == 1 &&
                   std::ranges::count(ids, id) == 1;
        });
    };
    ASSERT(all_are_replicas(partition.replicas), "a replica stands twice in a partition");
    ASSERT(all_are_replicas(partition.isr), "the in-sync set is not a set of replicas");
    ASSERT(all_are_replicas(partition.eligible_leader_replicas),
           "the eligible leader replicas are not a set of replicas");
    if (partition.leader == no_broker) return;
    ASSERT(std::ranges::count(partition.isr, partition.leader) == 1,
           "leader {} is not in the in-sync set", partition.leader);
}

void apply_to(MetadataImage& image, const RegisterBrokerRecord& record) {
    if (const BrokerImage* before = image.find_broker(record.broker_id)) {
        ASSERT(record.broker_epoch > before->epoch, "broker {} went from epoch {} back to {}",
               record.broker_id, before->epoch, record.broker_epoch);
    }
    FeatureRanges supported;
    for (const BrokerFeature& feature : record.features) {
        supported[feature.name] = {feature.min_supported_version, feature.max_supported_version};
    }
    image.brokers[record.broker_id] = {.id = record.broker_id,
                                       .epoch = record.broker_epoch,
                                       .incarnation_id = record.incarnation_id,
                                       .host = record.host,
                                       .port = record.port,
                                       .supported_features = std::move(supported),
                                       .rack = record.rack,
                                       .fenced = record.fenced,
                                       .in_controlled_shutdown = record.in_controlled_shutdown};
}

void apply_to(MetadataImage& image, const UnregisterBrokerRecord& record) {
    broker_of(image, record.broker_id, record.broker_epoch);
    image.brokers.erase(record.broker_id);
}

void apply_to(MetadataImage& image, const BrokerRegistrationChangeRecord& record) {
    BrokerImage& broker = broker_of(image, record.broker_id, record.broker_epoch);
    change(broker.fenced, record.fenced);
    change(broker.in_controlled_shutdown, record.in_controlled_shutdown);
}

void apply_to(MetadataImage& image, const TopicRecord& record) {
    const bool fresh =
        image.topics.try_emplace(record.name, TopicImage{record.name, record.topic_id, {}, {}})
            .second;
    ASSERT(fresh, "topic {} is there already", record.name);
}

void apply_to(MetadataImage& image, const PartitionRecord& record) {
    TopicImage& topic = topic_of(image, record.topic_id);
    ASSERT(record.partition_id == static_cast<std::int32_t>(topic.partitions.size()),
           "partition {} of {} after {} partitions", record.partition_id, topic.name,
           topic.partitions.size());
    topic.partitions.push_back(
        {.replicas = record.replicas,
         .isr = record.isr,
         .adding_replicas = record.adding_replicas,
         .removing_replicas = record.removing_replicas,
         .eligible_leader_replicas = record.eligible_leader_replicas,
         .last_known_elr = record.last_known_elr,
         .leader = record.leader,
         .leader_epoch = record.leader_epoch,
         .partition_epoch = record.partition_epoch,
         .recovering = record.leader_recovery_state == LeaderRecoveryState::recovering});
    check_partition(topic.partitions.back());
}

void apply_to(MetadataImage& image, const PartitionChangeRecord& record) {
    TopicImage& topic = topic_of(image, record.topic_id);
    const auto index = static_cast<std::size_t>(record.partition_id);
    ASSERT(index < topic.partitions.size(), "no partition {} of {}", record.partition_id,
           topic.name);
    PartitionImage& partition = topic.partitions[index];
    replace_if(partition.replicas, record.replicas);
    replace_if(partition.isr, record.isr);
    replace_if(partition.removing_replicas, record.removing_replicas);
    replace_if(partition.adding_replicas, record.adding_replicas);
    replace_if(partition.eligible_leader_replicas, record.eligible_leader_replicas);
    replace_if(partition.last_known_elr, record.last_known_elr);
    if (record.leader != PartitionChangeRecord::no_leader_change) {
        partition.leader = record.leader;
        ++partition.leader_epoch;
    }
    if (record.leader_recovery_state >= 0) {
        partition.recovering = record.leader_recovery_state ==
                               static_cast<std::int8_t>(LeaderRecoveryState::recovering);
    }
    ++partition.partition_epoch;
    check_partition(partition);
}

void apply_to(MetadataImage& image, const RemoveTopicRecord& record) {
    // By a copy of the name: the record's topic goes.
    const std::string name = topic_of(image, record.topic_id).name;
    image.topics.erase(name);
}

void set_config(std::map<std::string, std::string>& configs, const ConfigRecord& record) {
    if (record.value) {
        configs[record.name] = *record.value;
    } else {
        configs.erase(record.name);
    }
}

void apply_to(MetadataImage& image, const ConfigRecord& record) {
    if (record.resource_type == ConfigRecord::broker_resource) {
        set_config(image.broker_configs[record.resource_name], record);
        // Images that say the same are equal, however they came to it.
        if (image.broker_configs[record.resource_name].empty()) {
            image.broker_configs.erase(record.resource_name);
        }
        return;
    }
    ASSERT(record.resource_type == ConfigRecord::topic_resource, "settings of resource type {}",
           record.resource_type);
    const auto topic = image.topics.find(record.resource_name);
    ASSERT(topic != image.topics.end(), "settings of unknown topic {}", record.resource_name);
    set_config(topic->second.configs, record);
}

void apply_to(MetadataImage& image, const ProducerIdsRecord& record) {
    ASSERT(record.next_producer_id > image.next_producer_id, "producer ids from {} back to {}",
           image.next_producer_id, record.next_producer_id);
    image.next_producer_id = record.next_producer_id;
}

void apply_to(MetadataImage& image, const ClearElrRecord& record) {
    for (auto& [name, topic] : image.topics) {
        if (!record.topic_name.empty() && record.topic_name != name) continue;
        for (PartitionImage& partition : topic.partitions) {
            // No partition epoch is spent: leaders have no part in this.
            partition.eligible_leader_replicas.clear();
            partition.last_known_elr.clear();
        }
    }
}

void apply_to(MetadataImage& image, const FeatureLevelRecord& record) {
    ASSERT(range_of(supported_features(), record.name).contains(record.feature_level),
           "{} at level {}, which is not supported", record.name, record.feature_level);
    if (record.feature_level == 0) {
        image.features.erase(record.name);
    } else {
        image.features[record.name] = record.feature_level;
    }
}

void apply_to(MetadataImage&, const NoOpRecord&) {}

}  // namespace

std::string_view name_of(const MetadataRecord& record) {
    return std::visit(
        [](const auto& body) { return record_name<std::remove_cvref_t<decltype(body)>>(); },
        record);
}

std::string to_string(const MetadataRecord& record) {
    return std::visit(
        [&](const auto& body) {
            return fmt::format("{}{{{}}}", name_of(record), print_fields(body));
        },
        record);
}

Bytes encode_record(const MetadataRecord& record) {
    Bytes bytes;
    ByteWriter writer(bytes);
    std::visit(
        [&](const auto& body) {
            writer.unsigned_varint(frame_version);
            writer.unsigned_varint(std::remove_cvref_t<decltype(body)>::type);
            writer.unsigned_varint(static_cast<std::uint64_t>(record_version));
            writer.bytes(encode(body, record_version));
        },
        record);
    return bytes;
}

Result<MetadataRecord> decode_record(ByteView value) {
    ByteReader reader(value);
    const std::uint64_t frame = reader.unsigned_varint();
    const std::uint64_t type = reader.unsigned_varint();
    const std::uint64_t version = reader.unsigned_varint();
    const bool fits = type <= UINT32_MAX && version <= INT16_MAX;
    if (!reader.ok() || frame != frame_version || !fits) {
        return Error{Failure::corrupt, fmt::format("metadata record with frame version {}", frame)};
    }
    return decode_body(static_cast<std::uint32_t>(type), static_cast<ApiVersion>(version),
                       value.subspan(reader.position()));
}

void apply(MetadataImage& image, Offset offset, const MetadataRecord& record) {
    ASSERT(offset >= image.next_offset, "record at {} after everything below {} was applied",
           offset, image.next_offset);
    std::visit([&](const auto& body) { apply_to(image, body); }, record);
    image.next_offset = offset.next();
}

SQUALL_INSTANTIATE_CODEC(UnregisterBrokerRecord);
SQUALL_INSTANTIATE_CODEC(TopicRecord);
SQUALL_INSTANTIATE_CODEC(PartitionRecord);
SQUALL_INSTANTIATE_CODEC(ConfigRecord);
SQUALL_INSTANTIATE_CODEC(PartitionChangeRecord);
SQUALL_INSTANTIATE_CODEC(RemoveTopicRecord);
SQUALL_INSTANTIATE_CODEC(BrokerRegistrationChangeRecord);
SQUALL_INSTANTIATE_CODEC(NoOpRecord);
SQUALL_INSTANTIATE_CODEC(RegisterBrokerRecord);
SQUALL_INSTANTIATE_CODEC(ProducerIdsRecord);
SQUALL_INSTANTIATE_CODEC(ClearElrRecord);
SQUALL_INSTANTIATE_CODEC(FeatureLevelRecord);

}  // namespace squall::model
