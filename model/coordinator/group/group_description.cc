#include "model/coordinator/group/group_description.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "model/assignors/consumer_protocol.h"
#include "model/assignors/server_assignors.h"

namespace squall::model {
namespace {

bool passes(const std::vector<std::string>& filter, std::string_view value) {
    const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
    return filter.empty() || std::ranges::any_of(filter, [&](const std::string& each) {
               return std::ranges::equal(each, value, {}, lower, lower);
           });
}

ConsumerGroupDescribeResponse::Assignment named(const IdPartitions& partitions,
                                                const MetadataImage& image) {
    ConsumerGroupDescribeResponse::Assignment assignment;
    for (const IdPartition& each : partitions) {
        auto& topics = assignment.topic_partitions;
        if (topics.empty() || topics.back().topic_id != each.topic_id) {
            const TopicImage* const topic = image.find_topic(each.topic_id);
            topics.push_back({.topic_id = each.topic_id,
                              .topic_name = topic == nullptr ? "" : topic->name,
                              .partitions = {}});
        }
        topics.back().partitions.push_back(each.partition);
    }
    return assignment;
}

}  // namespace

DescribeGroupsResponse::Group describe_classic_group(const GroupShard& shard, const std::string& id,
                                                     ApiVersion version) {
    DescribeGroupsResponse::Group described;
    described.group_id = id;
    const ClassicGroup* const group = shard.find_group(id);
    if (group == nullptr) {
        described.group_state = to_string(GroupState::dead);
        if (version >= 6) {
            described.error_code = ErrorCode::group_id_not_found;
            described.error_message = "group " + id + " is not a classic group";
        }
        return described;
    }
    described.group_state = to_string(group->state());
    described.protocol_type = group->protocol_type().value_or("");
    const bool has_assignment = group->is_in(GroupState::stable);
    if (has_assignment) described.protocol_data = group->protocol_name().value_or("");
    for (const auto& [member_id, member] : group->members()) {
        DescribeGroupsResponse::Member& shown = described.members.emplace_back();
        shown.member_id = member_id;
        shown.group_instance_id = member.group_instance_id;
        shown.client_id = member.client_id;
        shown.client_host = member.client_host;
        if (!has_assignment) continue;
        const JoinGroupRequest::Protocol* const protocol =
            member.find_protocol(described.protocol_data);
        if (protocol != nullptr) shown.member_metadata = protocol->metadata;
        shown.member_assignment = member.assignment;
    }
    return described;
}

ConsumerGroupDescribeResponse::Group describe_consumer_group(const GroupShard& shard,
                                                             const std::string& id,
                                                             const MetadataImage& image) {
    ConsumerGroupDescribeResponse::Group described;
    described.group_id = id;
    const ConsumerGroup* const group = shard.find_stored_consumer_group(id);
    if (group == nullptr) {
        described.error_code = ErrorCode::group_id_not_found;
        described.error_message = "group " + id + " is not a consumer group";
        return described;
    }
    described.group_state = to_string(group->state());
    described.group_epoch = group->epoch();
    described.assignment_epoch = group->target_epoch();
    described.assignor_name =
        group->preferred_assignor().value_or(std::string(default_server_assignor));
    for (const auto& [member_id, member] : group->members()) {
        ConsumerGroupDescribeResponse::Member& shown = described.members.emplace_back();
        shown.member_id = member_id;
        shown.instance_id = member.metadata.instance_id;
        shown.rack_id = member.metadata.rack_id;
        shown.member_epoch = member.current.member_epoch;
        shown.client_id = member.metadata.client_id;
        shown.client_host = member.metadata.client_host;
        shown.subscribed_topic_names = member.metadata.subscribed_topic_names;
        shown.subscribed_topic_regex = member.metadata.subscribed_topic_regex;
        shown.assignment = named(member.current.assigned, image);
        shown.target_assignment = named(group->target_of(member_id), image);
        shown.member_type = member.is_classic() ? 0 : 1;
    }
    return described;
}

std::vector<ListGroupsResponse::Group> list_groups(const GroupShard& shard,
                                                   const ListGroupsRequest& request) {
    std::vector<ListGroupsResponse::Group> listed;
    const auto list = [&](const std::string& id, std::string type, std::string_view state,
                          std::string_view kind) {
        if (!passes(request.states_filter, state) || !passes(request.types_filter, kind)) return;
        listed.push_back({.group_id = id,
                          .protocol_type = std::move(type),
                          .group_state = std::string(state),
                          .group_type = std::string(kind)});
    };
    for (const auto& [id, group] : shard.groups()) {
        list(id, group.protocol_type().value_or(""), to_string(group.state()), "Classic");
    }
    for (const auto& [id, group] : shard.consumer_groups()) {
        if (shard.find_stored_consumer_group(id) == nullptr) continue;
        list(id, std::string(consumer_protocol_type),
             to_string(shard.find_stored_consumer_group(id)->state()), "Consumer");
    }
    return listed;
}

}  // namespace squall::model
