#include "tests/model/protocol/message_type.h"

namespace squall::model {

void add_group_messages(std::vector<MessageType>& types) {
    add_messages(
        TypeList<OffsetCommitRequest, OffsetFetchRequest, FindCoordinatorRequest, JoinGroupRequest,
                 HeartbeatRequest, LeaveGroupRequest, SyncGroupRequest, DescribeGroupsRequest,
                 ListGroupsRequest, DeleteGroupsRequest, OffsetDeleteRequest,
                 ConsumerGroupHeartbeatRequest, ConsumerGroupDescribeRequest>{},
        types);
}

}  // namespace squall::model
