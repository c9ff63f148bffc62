#include "model/client/admin/admin_requests.h"

#include "sim/base/assert.h"

namespace squall::model {

namespace {

std::int32_t in_ms(Timeout timeout) {
    return static_cast<std::int32_t>(timeout.count());
}

// Calls `add(topic slot, partition)` for each, with one slot for each topic.
template <class Topics, class Add>
void group_by_topic(const std::set<TopicPartition>& partitions, Topics& topics,
                    std::string Topics::value_type::*name, Add&& add) {
    for (const TopicPartition& partition : partitions) {
        if (topics.empty() || topics.back().*name != partition.topic) {
            topics.emplace_back().*name = partition.topic;
        }
        add(topics.back(), partition);
    }
}

}  // namespace

// ---- requests ----

CreateTopicsRequest create_topics_request(const std::map<std::string, NewTopic>& wanted,
                                          const std::set<std::string>& open, Timeout timeout,
                                          bool validate_only) {
    CreateTopicsRequest request;
    request.timeout_ms = in_ms(timeout);
    request.validate_only = validate_only;
    for (const std::string& name : open) {
        const NewTopic& topic = wanted.at(name);
        CreateTopicsRequest::Topic& one = request.topics.emplace_back();
        one.name = topic.name;
        one.num_partitions = topic.partitions;
        one.replication_factor = topic.replication;
        for (const auto& [key, value] : topic.configs) {
            one.configs.push_back({.name = key, .value = value});
        }
    }
    return request;
}

DeleteTopicsRequest delete_topics_request(const std::set<std::string>& open, Timeout timeout) {
    DeleteTopicsRequest request;
    request.timeout_ms = in_ms(timeout);
    for (const std::string& name : open) {
        request.topics.push_back({.name = name, .topic_id = {}});
        request.topic_names.push_back(name);
    }
    return request;
}

CreatePartitionsRequest create_partitions_request(
    const std::map<std::string, NewPartitions>& wanted, const std::set<std::string>& open,
    Timeout timeout, bool validate_only) {
    CreatePartitionsRequest request;
    request.timeout_ms = in_ms(timeout);
    request.validate_only = validate_only;
    for (const std::string& name : open) {
        const NewPartitions& growth = wanted.at(name);
        CreatePartitionsRequest::Topic& topic = request.topics.emplace_back();
        topic.name = name;
        topic.count = growth.total;
        if (!growth.assignments) continue;
        topic.assignments.emplace();
        for (const std::vector<BrokerId>& replicas : *growth.assignments) {
            topic.assignments->push_back({.broker_ids = replicas});
        }
    }
    return request;
}

IncrementalAlterConfigsRequest alter_configs_request(
    const std::map<ConfigResource, std::vector<AlterConfigOp>>& wanted,
    const std::set<ConfigResource>& open, bool validate_only) {
    IncrementalAlterConfigsRequest request;
    request.validate_only = validate_only;
    for (const ConfigResource& resource : open) {
        IncrementalAlterConfigsRequest::Resource& one = request.resources.emplace_back();
        one.resource_type = resource.type;
        one.resource_name = resource.name;
        for (const AlterConfigOp& op : wanted.at(resource)) {
            one.configs.push_back(
                {.name = op.name, .config_operation = op.operation, .value = op.value});
        }
    }
    return request;
}

AlterPartitionReassignmentsRequest reassignments_request(
    const std::map<TopicPartition, std::optional<std::vector<BrokerId>>>& wanted,
    const std::set<TopicPartition>& open, Timeout timeout) {
    AlterPartitionReassignmentsRequest request;
    request.timeout_ms = in_ms(timeout);
    using Topic = AlterPartitionReassignmentsRequest::Topic;
    group_by_topic(
        open, request.topics, &Topic::name, [&](Topic& topic, const TopicPartition& partition) {
            topic.partitions.push_back(
                {.partition_index = partition.partition, .replicas = wanted.at(partition)});
        });
    return request;
}

ElectLeadersRequest elect_leaders_request(ElectionType type, const std::set<TopicPartition>& open,
                                          Timeout timeout) {
    ElectLeadersRequest request;
    request.election_type = type;
    request.timeout_ms = in_ms(timeout);
    if (open.empty()) return request;
    using Topic = ElectLeadersRequest::Topic;
    request.topic_partitions.emplace();
    group_by_topic(open, *request.topic_partitions, &Topic::topic,
                   [](Topic& topic, const TopicPartition& partition) {
                       topic.partitions.push_back(partition.partition);
                   });
    return request;
}

DeleteRecordsRequest delete_records_request(const std::map<TopicPartition, Offset>& wanted,
                                            const std::set<TopicPartition>& open, Timeout timeout) {
    DeleteRecordsRequest request;
    request.timeout_ms = in_ms(timeout);
    using Topic = DeleteRecordsRequest::Topic;
    group_by_topic(
        open, request.topics, &Topic::name, [&](Topic& topic, const TopicPartition& partition) {
            topic.partitions.push_back(
                {.partition_index = partition.partition, .offset = wanted.at(partition)});
        });
    return request;
}

DescribeConfigsRequest describe_configs_request(const std::set<ConfigResource>& open) {
    DescribeConfigsRequest request;
    for (const ConfigResource& resource : open) {
        request.resources.push_back({.resource_type = resource.type,
                                     .resource_name = resource.name,
                                     .configuration_keys = std::nullopt});
    }
    return request;
}

DescribeQuorumRequest describe_quorum_request() {
    DescribeQuorumRequest request;
    DescribeQuorumRequest::Topic& topic = request.topics.emplace_back();
    topic.topic_name = metadata_topic;
    topic.partitions.emplace_back().partition_index = 0;
    return request;
}

// ---- answers ----

ClusterDescription read_cluster(const DescribeClusterResponse& response) {
    ClusterDescription cluster{
        .cluster_id = response.cluster_id, .controller = response.controller_id, .nodes = {}};
    for (const DescribeClusterResponse::Broker& broker : response.brokers) {
        cluster.nodes[broker.broker_id] = {
            .host = broker.host, .rack = broker.rack, .is_fenced = broker.is_fenced};
    }
    return cluster;
}

QuorumDescription read_quorum(const DescribeQuorumResponse& response) {
    ASSERT(!response.topics.empty() && !response.topics.front().partitions.empty(),
           "a quorum without its partition");
    const DescribeQuorumResponse::Partition& partition = response.topics.front().partitions.front();
    QuorumDescription quorum{.leader = partition.leader_id,
                             .leader_epoch = partition.leader_epoch,
                             .high_watermark = partition.high_watermark,
                             .voters = {},
                             .observers = {}};
    const auto read = [](const std::vector<DescribeQuorumResponse::ReplicaState>& replicas,
                         std::vector<QuorumDescription::Replica>& out) {
        for (const DescribeQuorumResponse::ReplicaState& replica : replicas) {
            out.push_back({.id = replica.replica_id,
                           .directory_id = replica.replica_directory_id,
                           .log_end_offset = replica.log_end_offset,
                           .last_caught_up = replica.last_caught_up_timestamp});
        }
    };
    read(partition.current_voters, quorum.voters);
    read(partition.observers, quorum.observers);
    return quorum;
}

UpdateFeaturesRequest update_features_request(const std::map<std::string, FeatureUpdate>& updates,
                                              Timeout timeout, bool validate_only) {
    UpdateFeaturesRequest request;
    request.timeout_ms = static_cast<std::int32_t>(timeout.count());
    request.validate_only = validate_only;
    for (const auto& [feature, update] : updates) {
        request.feature_updates.push_back(
            {.feature = feature,
             .max_version_level = update.level,
             .allow_downgrade = update.type != FeatureUpgradeType::upgrade,
             .upgrade_type = static_cast<std::int8_t>(update.type)});
    }
    return request;
}

FeatureMetadata read_features(const ApiVersionsResponse& response) {
    FeatureMetadata features{
        .epoch = response.finalized_features_epoch, .finalized = {}, .supported = {}};
    for (const auto& feature : response.finalized_features) {
        features.finalized[feature.name] = feature.max_version_level;
    }
    for (const auto& feature : response.supported_features) {
        features.supported[feature.name] = {feature.min_version, feature.max_version};
    }
    return features;
}

std::vector<LogDirDescription> read_log_dirs(const DescribeLogDirsResponse& response) {
    std::vector<LogDirDescription> directories;
    for (const DescribeLogDirsResponse::Result& result : response.results) {
        LogDirDescription& directory = directories.emplace_back();
        if (result.error_code != ErrorCode::none) directory.error = to_string(result.error_code);
        directory.total_bytes = result.total_bytes;
        directory.usable_bytes = result.usable_bytes;
        for (const DescribeLogDirsResponse::Topic& topic : result.topics) {
            for (const DescribeLogDirsResponse::Partition& partition : topic.partitions) {
                directory.replicas[{topic.name, partition.partition_index}] = {
                    .size = partition.partition_size, .offset_lag = partition.offset_lag};
            }
        }
    }
    return directories;
}

std::map<std::string, ConfigEntry> read_configs(const DescribeConfigsResponse::Result& result) {
    std::map<std::string, ConfigEntry> configs;
    for (const DescribeConfigsResponse::Config& config : result.configs) {
        configs[config.name] = {.value = config.value.value_or(""), .source = config.config_source};
    }
    return configs;
}

void read_topic(const DescribeTopicPartitionsResponse::Topic& topic,
                TopicDescription& description) {
    description.id = topic.topic_id;
    description.is_internal = topic.is_internal;
    for (const DescribeTopicPartitionsResponse::Partition& partition : topic.partitions) {
        const auto index = static_cast<std::size_t>(partition.partition_index);
        if (description.partitions.size() <= index) description.partitions.resize(index + 1);
        description.partitions[index] = {
            .leader = partition.leader_id,
            .leader_epoch = partition.leader_epoch,
            .replicas = partition.replica_nodes,
            .isr = partition.isr_nodes,
            .eligible_leader_replicas =
                partition.eligible_leader_replicas.value_or(std::vector<BrokerId>{}),
            .last_known_elr = partition.last_known_elr.value_or(std::vector<BrokerId>{})};
    }
}

std::map<TopicPartition, PartitionReassignment> read_reassignments(
    const ListPartitionReassignmentsResponse& response) {
    std::map<TopicPartition, PartitionReassignment> found;
    for (const ListPartitionReassignmentsResponse::Topic& topic : response.topics) {
        for (const ListPartitionReassignmentsResponse::Partition& partition : topic.partitions) {
            found[{topic.name, partition.partition_index}] = {
                .replicas = partition.replicas,
                .adding_replicas = partition.adding_replicas,
                .removing_replicas = partition.removing_replicas};
        }
    }
    return found;
}

}  // namespace squall::model
