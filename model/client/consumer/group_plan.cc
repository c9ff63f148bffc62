#include "model/client/consumer/group_plan.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "model/assignors/consumer_protocol.h"
#include "sim/base/assert.h"

namespace squall::model {
namespace {

// A member whose words make no sense gets nothing, and does not stop the others.
Subscription subscription_of(const JoinGroupResponse::Member& member) {
    Result<Subscription> decoded = decode_subscription(ByteView(member.metadata));
    return decoded ? std::move(decoded).value() : Subscription{};
}

}  // namespace

std::vector<JoinGroupRequest::Protocol> GroupPlan::join(const std::set<std::string>& topics,
                                                        const std::vector<TopicPartition>& owned,
                                                        GenerationId generation) {
    joined_topics_ = topics;
    std::vector<JoinGroupRequest::Protocol> protocols;
    for (const std::string& name : options_.partition_assignment_strategy) {
        const PartitionAssignor* const assignor = assignors_.find(name);
        ASSERT(assignor != nullptr, "no assignor is named {}", name);
        Subscription mine{.topics = {topics.begin(), topics.end()},
                          .user_data = assignor->user_data(last_assignment_, last_generation_),
                          .owned_partitions = owned,
                          .generation_id = generation,
                          .rack_id = std::nullopt};
        if (!options_.client_rack.empty()) mine.rack_id = options_.client_rack;
        protocols.push_back({.name = name, .metadata = encode_subscription(mine)});
    }
    return protocols;
}

void GroupPlan::assigned(const std::vector<TopicPartition>& partitions, GenerationId generation) {
    last_assignment_ = partitions;
    last_generation_ = generation;
}

std::set<std::string> GroupPlan::wanted_topics(
    const std::vector<JoinGroupResponse::Member>& members) const {
    std::set<std::string> topics;
    for (const JoinGroupResponse::Member& member : members) {
        const Subscription subscription = subscription_of(member);
        topics.insert(subscription.topics.begin(), subscription.topics.end());
    }
    return topics;
}

std::optional<std::map<std::string, Bytes>> GroupPlan::assign(
    const std::vector<JoinGroupResponse::Member>& members, const std::string& name,
    const MetadataCache& metadata) {
    PartitionCounts counts;
    for (const std::string& topic : wanted_topics(members)) {
        if (const auto count = metadata.partition_count(topic)) {
            counts[topic] = *count;
        } else if (!metadata.is_answered(topic)) {
            return std::nullopt;
        }
    }
    std::vector<SubscribedMember> subscribed;
    for (const JoinGroupResponse::Member& member : members) {
        subscribed.push_back({.member_id = member.member_id,
                              .group_instance_id = member.group_instance_id,
                              .subscription = subscription_of(member)});
    }
    const PartitionAssignor* const assignor = assignors_.find(name);
    ASSERT(assignor != nullptr, "group {}: the coordinator chose '{}', which nobody offered",
           options_.group_id, name);
    std::map<std::string, Bytes> encoded;
    for (const auto& [member, assignment] : assignor->assign(counts, subscribed)) {
        encoded[member] = encode_assignment(assignment);
    }
    dealt_out_ = std::move(counts);
    return encoded;
}

bool GroupPlan::must_deal_again(const MetadataCache& metadata) const {
    if (dealt_out_.empty()) return false;
    for (const auto& [topic, count] : dealt_out_) {
        const auto now_there = metadata.partition_count(topic);
        if (now_there && *now_there != count) return true;
    }
    return std::ranges::any_of(joined_topics_, [&](const std::string& topic) {
        return !dealt_out_.contains(topic) && metadata.partition_count(topic);
    });
}

AssignmentDiff assignment_diff(const std::vector<TopicPartition>& owned,
                               const std::vector<TopicPartition>& assigned) {
    ASSERT(std::ranges::is_sorted(owned) && std::ranges::is_sorted(assigned),
           "assignments out of order");
    AssignmentDiff diff;
    std::ranges::set_difference(owned, assigned, std::back_inserter(diff.revoked));
    std::ranges::set_difference(assigned, owned, std::back_inserter(diff.added));
    return diff;
}

bool gives_up_what_it_lost(const BugSet* bugs) {
    return bugs == nullptr || bugs->deviate(Bug::z81_cooperative_stale_owned, true, false);
}

}  // namespace squall::model
