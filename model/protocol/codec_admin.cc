// The codec of what administrators ask about topics, settings and the cluster.
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
#include "model/protocol/wire_codec.h"

namespace squall::model {

SQUALL_INSTANTIATE_API(CreatePartitions);
SQUALL_INSTANTIATE_API(DeleteTopics);
SQUALL_INSTANTIATE_API(DeleteRecords);
SQUALL_INSTANTIATE_API(ElectLeaders);
SQUALL_INSTANTIATE_API(AlterPartitionReassignments);
SQUALL_INSTANTIATE_API(ListPartitionReassignments);
SQUALL_INSTANTIATE_API(DescribeTopicPartitions);
SQUALL_INSTANTIATE_API(DescribeLogDirs);
SQUALL_INSTANTIATE_API(DescribeConfigs);
SQUALL_INSTANTIATE_API(AlterConfigs);
SQUALL_INSTANTIATE_API(IncrementalAlterConfigs);
SQUALL_INSTANTIATE_API(DescribeCluster);

}  // namespace squall::model
