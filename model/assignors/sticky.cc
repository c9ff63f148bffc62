#include "model/assignors/sticky.h"

#include <algorithm>
#include <set>

#include "model/assignors/claims.h"
#include "model/assignors/consumer_protocol.h"
#include "model/assignors/sticky_plan.h"

namespace squall::model {
namespace {

GroupAssignment plan_for(const PartitionCounts& partitions,
                         const std::vector<const SubscribedMember*>& ordered, const BugSet* bugs) {
    auto shares = sticky_plan(partitions, ordered, believed_claims(partitions, ordered, bugs));
    GroupAssignment result;
    for (std::size_t i = 0; i < ordered.size(); ++i) {
        result[ordered[i]->member_id].partitions = std::move(shares[i]);
    }
    return result;
}

}  // namespace

bool must_withhold(bool is_claimed_by_another, const BugSet* bugs) {
    if (bugs == nullptr) return is_claimed_by_another;
    return bugs->deviate(Bug::z82_assign_before_revoke, is_claimed_by_another, false);
}

std::optional<Bytes> StickyAssignor::user_data(const std::vector<TopicPartition>& last_assignment,
                                               GenerationId generation) const {
    return encode_sticky_user_data({.partitions = last_assignment, .generation = generation});
}

GroupAssignment StickyAssignor::assign(const PartitionCounts& partitions,
                                       const std::vector<SubscribedMember>& members) const {
    std::vector<SubscribedMember> claiming = members;
    for (SubscribedMember& member : claiming) {
        Subscription& subscription = member.subscription;
        if (!subscription.user_data) continue;
        // Another assignor's user data, or a broken one: the member claims nothing by it.
        auto claim = decode_sticky_user_data(ByteView(*subscription.user_data));
        if (!claim) continue;
        subscription.owned_partitions = std::move(claim->partitions);
        subscription.generation_id = claim->generation;
    }
    return plan_for(partitions, in_assignment_order(claiming), bugs_);
}

GroupAssignment CooperativeStickyAssignor::assign(
    const PartitionCounts& partitions, const std::vector<SubscribedMember>& members) const {
    const std::vector<const SubscribedMember*> ordered = in_assignment_order(members);
    GroupAssignment result = plan_for(partitions, ordered, bugs_);
    std::map<TopicPartition, std::set<std::string>> claimed_by;
    for (const SubscribedMember* member : ordered) {
        for (const TopicPartition& partition : member->subscription.owned_partitions) {
            claimed_by[partition].insert(member->member_id);
        }
    }
    for (auto& [member_id, assignment] : result) {
        std::erase_if(assignment.partitions, [&](const TopicPartition& partition) {
            const auto claims = claimed_by.find(partition);
            const bool is_claimed_by_another =
                claims != claimed_by.end() && !claims->second.contains(member_id);
            return must_withhold(is_claimed_by_another, bugs_);
        });
    }
    return result;
}

}  // namespace squall::model
