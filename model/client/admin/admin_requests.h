// The requests of AdminClient, made of what is still to be done, and their answers read. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "model/client/admin/admin_types.h"
#include "model/protocol/messages/alter_partition_reassignments.h"
#include "model/protocol/messages/api_versions.h"
#include "model/protocol/messages/create_partitions.h"
#include "model/protocol/messages/create_topics.h"
#include "model/protocol/messages/delete_records.h"
#include "model/protocol/messages/delete_topics.h"
#include "model/protocol/messages/describe_cluster.h"
#include "model/protocol/messages/describe_configs.h"
#include "model/protocol/messages/describe_log_dirs.h"
#include "model/protocol/messages/describe_quorum.h"
#include "model/protocol/messages/describe_topic_partitions.h"
#include "model/protocol/messages/elect_leaders.h"
#include "model/protocol/messages/incremental_alter_configs.h"
#include "model/protocol/messages/list_partition_reassignments.h"
#include "model/protocol/messages/update_features.h"

namespace squall::model {

using Timeout = std::chrono::milliseconds;

// `open` names the items of `wanted` that are asked for; every one of them is in it.
CreateTopicsRequest create_topics_request(const std::map<std::string, NewTopic>& wanted,
                                          const std::set<std::string>& open, Timeout timeout,
                                          bool validate_only);
DeleteTopicsRequest delete_topics_request(const std::set<std::string>& open, Timeout timeout);
CreatePartitionsRequest create_partitions_request(
    const std::map<std::string, NewPartitions>& wanted, const std::set<std::string>& open,
    Timeout timeout, bool validate_only);
IncrementalAlterConfigsRequest alter_configs_request(
    const std::map<ConfigResource, std::vector<AlterConfigOp>>& wanted,
    const std::set<ConfigResource>& open, bool validate_only);
AlterPartitionReassignmentsRequest reassignments_request(
    const std::map<TopicPartition, std::optional<std::vector<BrokerId>>>& wanted,
    const std::set<TopicPartition>& open, Timeout timeout);
// Empty `open`: all partitions.
ElectLeadersRequest elect_leaders_request(ElectionType type, const std::set<TopicPartition>& open,
                                          Timeout timeout);
DeleteRecordsRequest delete_records_request(const std::map<TopicPartition, Offset>& wanted,
                                            const std::set<TopicPartition>& open, Timeout timeout);
DescribeConfigsRequest describe_configs_request(const std::set<ConfigResource>& open);
DescribeQuorumRequest describe_quorum_request();
UpdateFeaturesRequest update_features_request(const std::map<std::string, FeatureUpdate>& updates,
                                              Timeout timeout, bool validate_only);

ClusterDescription read_cluster(const DescribeClusterResponse& response);
// Requires: the answer has the metadata partition, without an error.
QuorumDescription read_quorum(const DescribeQuorumResponse& response);
FeatureMetadata read_features(const ApiVersionsResponse& response);
std::vector<LogDirDescription> read_log_dirs(const DescribeLogDirsResponse& response);
std::map<std::string, ConfigEntry> read_configs(const DescribeConfigsResponse::Result& result);
// Adds the partitions of one page.
void read_topic(const DescribeTopicPartitionsResponse::Topic& topic, TopicDescription& description);
std::map<TopicPartition, PartitionReassignment> read_reassignments(
    const ListPartitionReassignmentsResponse& response);

}  // namespace squall::model
