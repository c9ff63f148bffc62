// The bodies of what administrators ask about topics, settings and the cluster, as messages.
#include "model/protocol/messages/alter_configs.h"
#include "model/protocol/messages/alter_partition_reassignments.h"
#include "model/protocol/messages/create_partitions.h"
#include "model/protocol/messages/delete_records.h"
#include "model/protocol/messages/delete_topics.h"
#include "model/protocol/messages/describe_cluster.h"
#include "model/protocol/messages/describe_configs.h"
#include "model/protocol/messages/describe_log_dirs.h"
#include "model/protocol/messages/describe_topic_partitions.h"
#include "model/protocol/messages/elect_leaders.h"
#include "model/protocol/messages/incremental_alter_configs.h"
#include "model/protocol/messages/list_partition_reassignments.h"
#include "model/rpc/message_body.h"

namespace squall::model {

SQUALL_INSTANTIATE_BODIES(CreatePartitions);
SQUALL_INSTANTIATE_BODIES(DeleteTopics);
SQUALL_INSTANTIATE_BODIES(DeleteRecords);
SQUALL_INSTANTIATE_BODIES(ElectLeaders);
SQUALL_INSTANTIATE_BODIES(AlterPartitionReassignments);
SQUALL_INSTANTIATE_BODIES(ListPartitionReassignments);
SQUALL_INSTANTIATE_BODIES(DescribeTopicPartitions);
SQUALL_INSTANTIATE_BODIES(DescribeLogDirs);
SQUALL_INSTANTIATE_BODIES(DescribeConfigs);
SQUALL_INSTANTIATE_BODIES(AlterConfigs);
SQUALL_INSTANTIATE_BODIES(IncrementalAlterConfigs);
SQUALL_INSTANTIATE_BODIES(DescribeCluster);

}  // namespace squall::model
