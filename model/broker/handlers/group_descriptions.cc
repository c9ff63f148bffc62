// Groups as administrators see them. A group is described by its coordinator alone; each broker
// lists the groups that it coordinates.
#include "model/broker/broker.h"
#include "model/broker/handlers/handlers.h"
#include "model/coordinator/coordinator_host.h"
#include "model/coordinator/group/group_description.h"

namespace squall::model {
namespace {

// The error of a group that this broker does not coordinate, or not yet; none: `shard` has it.
ErrorCode find_shard(const Broker& broker, const std::string& group, const GroupShard*& shard) {
    if (group.empty()) return ErrorCode::invalid_group_id;
    const auto found = broker.groups().find_group_shard(group);
    shard = found.shard;
    return found.error;
}

}  // namespace

DescribeGroupsResponse handle(Broker& broker, DescribeGroupsRequest& request,
                              const RequestContext& context) {
    DescribeGroupsResponse response;
    for (const std::string& group : request.groups) {
        const GroupShard* shard = nullptr;
        const ErrorCode error = find_shard(broker, group, shard);
        if (error == ErrorCode::none) {
            response.groups.push_back(describe_classic_group(*shard, group, context.api_version));
            continue;
        }
        DescribeGroupsResponse::Group& refused = response.groups.emplace_back();
        refused.group_id = group;
        refused.error_code = error;
    }
    return response;
}

ConsumerGroupDescribeResponse handle(Broker& broker, ConsumerGroupDescribeRequest& request,
                                     const RequestContext&) {
    ConsumerGroupDescribeResponse response;
    for (const std::string& group : request.group_ids) {
        const GroupShard* shard = nullptr;
        const ErrorCode error = broker.image().has_consumer_protocol()
                                    ? find_shard(broker, group, shard)
                                    : ErrorCode::unsupported_version;
        if (error == ErrorCode::none) {
            response.groups.push_back(describe_consumer_group(*shard, group, broker.image()));
            continue;
        }
        ConsumerGroupDescribeResponse::Group& refused = response.groups.emplace_back();
        refused.group_id = group;
        refused.error_code = error;
    }
    return response;
}

ListGroupsResponse handle(Broker& broker, ListGroupsRequest& request, const RequestContext&) {
    ListGroupsResponse response;
    if (broker.groups().is_loading()) response.error_code = ErrorCode::coordinator_load_in_progress;
    broker.groups().visit_shards([&](const GroupShard& shard) {
        for (auto& group : list_groups(shard, request)) response.groups.push_back(std::move(group));
    });
    return response;
}

}  // namespace squall::model
