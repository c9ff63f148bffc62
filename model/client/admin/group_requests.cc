#include "model/client/admin/group_requests.h"

#include <utility>

#include "model/assignors/consumer_protocol.h"

namespace squall::model {

std::vector<GroupListing> read_groups(const ListGroupsResponse& response) {
    std::vector<GroupListing> listed;
    for (const ListGroupsResponse::Group& group : response.groups) {
        listed.push_back({.group = group.group_id,
                          .type = group.group_type,
                          .protocol_type = group.protocol_type,
                          .state = group.group_state});
    }
    return listed;
}

GroupDescription read_group(const ConsumerGroupDescribeResponse::Group& answer) {
    GroupDescription description{.type = "Consumer",
                                 .state = answer.group_state,
                                 .assignor = answer.assignor_name,
                                 .members = {}};
    for (const auto& member : answer.members) {
        GroupMemberDescription& slot = description.members.emplace_back();
        slot.member_id = member.member_id;
        slot.group_instance_id = member.instance_id.value_or("");
        slot.client_id = member.client_id;
        slot.client_host = member.client_host;
        for (const auto& topic : member.assignment.topic_partitions) {
            for (const std::int32_t partition : topic.partitions) {
                slot.assigned.push_back({topic.topic_name, partition});
            }
        }
    }
    return description;
}

GroupDescription read_group(const DescribeGroupsResponse::Group& answer) {
    GroupDescription description{.type = "Classic",
                                 .state = answer.group_state,
                                 .assignor = answer.protocol_data,
                                 .members = {}};
    for (const DescribeGroupsResponse::Member& member : answer.members) {
        GroupMemberDescription& slot = description.members.emplace_back();
        slot.member_id = member.member_id;
        slot.group_instance_id = member.group_instance_id.value_or("");
        slot.client_id = member.client_id;
        slot.client_host = member.client_host;
        if (answer.protocol_type != consumer_protocol_type) continue;
        const auto assignment = decode_assignment(ByteView(member.member_assignment));
        if (assignment) slot.assigned = assignment->partitions;
    }
    return description;
}

OffsetFetchRequest all_offsets_request(const std::string& group) {
    OffsetFetchRequest request;
    request.group_id = group;
    OffsetFetchRequest::Group& one = request.groups.emplace_back();
    one.group_id = group;
    return request;
}

ErrorCode offsets_error(const OffsetFetchResponse& response) {
    if (response.error_code != ErrorCode::none) return response.error_code;
    return response.groups.empty() ? ErrorCode::none : response.groups.front().error_code;
}

std::map<TopicPartition, Offset> read_all_offsets(const OffsetFetchResponse& response) {
    std::map<TopicPartition, Offset> offsets;
    const auto read = [&](const auto& topics) {
        for (const auto& topic : topics) {
            for (const auto& partition : topic.partitions) {
                if (partition.committed_offset < Offset{0}) continue;
                offsets[{topic.name, partition.partition_index}] = partition.committed_offset;
            }
        }
    };
    read(response.topics);
    for (const OffsetFetchResponse::Group& group : response.groups) read(group.topics);
    return offsets;
}

OffsetCommitRequest alter_offsets_request(const std::string& group,
                                          const std::map<TopicPartition, Offset>& offsets) {
    OffsetCommitRequest request;
    request.group_id = group;
    for (const auto& [partition, offset] : offsets) {
        if (request.topics.empty() || request.topics.back().name != partition.topic) {
            request.topics.emplace_back().name = partition.topic;
        }
        OffsetCommitRequest::Partition& slot = request.topics.back().partitions.emplace_back();
        slot.partition_index = partition.partition;
        slot.committed_offset = offset;
        slot.committed_metadata = "";
    }
    return request;
}

OffsetDeleteRequest delete_offsets_request(const std::string& group,
                                           const std::set<TopicPartition>& partitions) {
    OffsetDeleteRequest request;
    request.group_id = group;
    for (const TopicPartition& partition : partitions) {
        if (request.topics.empty() || request.topics.back().name != partition.topic) {
            request.topics.emplace_back().name = partition.topic;
        }
        request.topics.back().partitions.push_back({partition.partition});
    }
    return request;
}

}  // namespace squall::model
