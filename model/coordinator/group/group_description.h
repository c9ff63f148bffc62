// Groups as administrators see them: listed, and described by the protocol that they speak. What is
// shown of a group of the consumer protocol is committed; of a classic group what its coordinator
// has, as in Kafka. Pure.
// Source: DescribeGroups, ListGroups (KIP-518, KIP-848), ConsumerGroupDescribe (KIP-848, KIP-1099).
#pragma once

#include <string>
#include <vector>

#include "model/controller/image.h"
#include "model/coordinator/group/group_shard.h"
#include "model/protocol/messages/consumer_group_describe.h"
#include "model/protocol/messages/describe_groups.h"
#include "model/protocol/messages/list_groups.h"
#include "model/protocol/wire.h"

namespace squall::model {

// A group that is not there, or speaks the other protocol, is Dead, and since version 6 also an
// error: GROUP_ID_NOT_FOUND (KIP-1043).
DescribeGroupsResponse::Group describe_classic_group(const GroupShard& shard,
                                                     const std::string& group, ApiVersion version);
ConsumerGroupDescribeResponse::Group describe_consumer_group(const GroupShard& shard,
                                                             const std::string& group,
                                                             const MetadataImage& image);
// Those that pass the filters, whatever case these are in; an empty filter lets all pass.
std::vector<ListGroupsResponse::Group> list_groups(const GroupShard& shard,
                                                   const ListGroupsRequest& request);

}  // namespace squall::model
