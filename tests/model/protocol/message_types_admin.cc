#include "tests/model/protocol/message_type.h"

namespace squall::model {

void add_admin_messages(std::vector<MessageType>& types) {
    add_messages(
        TypeList<DescribeConfigsRequest, AlterConfigsRequest, IncrementalAlterConfigsRequest,
                 DescribeLogDirsRequest, ElectLeadersRequest, AlterPartitionReassignmentsRequest,
                 ListPartitionReassignmentsRequest, DescribeClusterRequest,
                 DescribeTopicPartitionsRequest, UpdateFeaturesRequest, UnregisterBrokerRequest>{},
        types);
}

}  // namespace squall::model
