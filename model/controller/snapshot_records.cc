#include "model/controller/snapshot_records.h"

#include <utility>

#include "model/controller/metadata_replay.h"

namespace squall::model {

namespace {

RegisterBrokerRecord record_of(const BrokerImage& broker) {
    std::vector<BrokerFeature> features;
    for (const auto& [name, range] : broker.supported_features) {
        features.push_back({name, range.min, range.max});
    }
    return {.broker_id = broker.id,
            .incarnation_id = broker.incarnation_id,
            .broker_epoch = broker.epoch,
            .host = broker.host,
            .port = broker.port,
            .features = std::move(features),
            .rack = broker.rack,
            .fenced = broker.fenced,
            .in_controlled_shutdown = broker.in_controlled_shutdown};
}

PartitionRecord record_of(const Uuid& topic_id, std::int32_t index,
                          const PartitionImage& partition) {
    return {.partition_id = index,
            .topic_id = topic_id,
            .replicas = partition.replicas,
            .isr = partition.isr,
            .removing_replicas = partition.removing_replicas,
            .adding_replicas = partition.adding_replicas,
            .leader = partition.leader,
            .leader_recovery_state = partition.recovering ? LeaderRecoveryState::recovering
                                                          : LeaderRecoveryState::recovered,
            .leader_epoch = partition.leader_epoch,
            .partition_epoch = partition.partition_epoch,
            .eligible_leader_replicas = partition.eligible_leader_replicas,
            .last_known_elr = partition.last_known_elr};
}

}  // namespace

std::vector<MetadataRecord> snapshot_records(const MetadataImage& image) {
    std::vector<MetadataRecord> records;
    // By metadata.version what follows is read.
    if (const FeatureLevel level = image.feature_level(feature::metadata_version); level > 0) {
        records.push_back(FeatureLevelRecord{std::string(feature::metadata_version), level});
    }
    for (const auto& [name, level] : image.features) {
        if (name != feature::metadata_version) records.push_back(FeatureLevelRecord{name, level});
    }
    for (const auto& [id, broker] : image.brokers) records.push_back(record_of(broker));
    for (const auto& [name, topic] : image.topics) {
        records.push_back(TopicRecord{.name = name, .topic_id = topic.id});
        std::int32_t index = 0;
        for (const PartitionImage& partition : topic.partitions) {
            records.push_back(record_of(topic.id, index++, partition));
        }
        for (const auto& [key, value] : topic.configs) {
            records.push_back(ConfigRecord{.resource_name = name, .name = key, .value = value});
        }
    }
    for (const auto& [broker, configs] : image.broker_configs) {
        for (const auto& [key, value] : configs) {
            records.push_back(ConfigRecord{.resource_type = ConfigRecord::broker_resource,
                                           .resource_name = broker,
                                           .name = key,
                                           .value = value});
        }
    }
    if (image.next_producer_id > ProducerId{0}) {
        records.push_back(ProducerIdsRecord{.next_producer_id = image.next_producer_id});
    }
    return records;
}

std::vector<Bytes> snapshot_values(const MetadataImage& image) {
    std::vector<Bytes> values;
    for (const MetadataRecord& record : snapshot_records(image)) {
        values.push_back(encode_record(record));
    }
    return values;
}

Result<MetadataImage> image_of_snapshot(ByteView content, Offset end) {
    MetadataImage image;
    const Result<ReplayedRun> run = replay(image, content);
    if (!run) return run.error();
    image.next_offset = end;
    return image;
}

}  // namespace squall::model
