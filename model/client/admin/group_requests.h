// The requests about groups, and their answers read. Pure.
// Source: KIP-222, KIP-496 (OffsetDelete), KIP-518, KIP-848, KIP-1043.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/client/admin/admin_types.h"
#include "model/protocol/messages/consumer_group_describe.h"
#include "model/protocol/messages/describe_groups.h"
#include "model/protocol/messages/list_groups.h"
#include "model/protocol/messages/offset_commit.h"
#include "model/protocol/messages/offset_delete.h"
#include "model/protocol/messages/offset_fetch.h"

namespace squall::model {

std::vector<GroupListing> read_groups(const ListGroupsResponse& response);
GroupDescription read_group(const ConsumerGroupDescribeResponse::Group& answer);
// Assignments that are not those of consumers are left empty.
GroupDescription read_group(const DescribeGroupsResponse::Group& answer);

// Offsets are asked for and changed in the last versions that name topics: an administrator may ask
// for a topic that nobody knows any more.
inline constexpr ApiVersion last_offset_version_with_names = 9;

// Of everything that the group committed.
OffsetFetchRequest all_offsets_request(const std::string& group);
// The error of the group, whatever the version.
ErrorCode offsets_error(const OffsetFetchResponse& response);
// Partitions without a committed offset are left out.
std::map<TopicPartition, Offset> read_all_offsets(const OffsetFetchResponse& response);
// An administrator's commit, without a member: for groups that nobody is in.
OffsetCommitRequest alter_offsets_request(const std::string& group,
                                          const std::map<TopicPartition, Offset>& offsets);
OffsetDeleteRequest delete_offsets_request(const std::string& group,
                                           const std::set<TopicPartition>& partitions);

}  // namespace squall::model
