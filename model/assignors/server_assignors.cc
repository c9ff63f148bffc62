#include "model/assignors/server_assignors.h"

#include <algorithm>
#include <optional>

#include "model/assignors/claims.h"
#include "model/assignors/range.h"
#include "model/assignors/sticky_plan.h"

namespace squall::model {

GroupAssignment UniformAssignor::assign(const PartitionCounts& partitions,
                                        const std::vector<SubscribedMember>& members) const {
    const std::vector<const SubscribedMember*> ordered = in_assignment_order(members);
    auto shares = sticky_plan(partitions, ordered, believed_claims(partitions, ordered, nullptr));
    GroupAssignment result;
    for (std::size_t i = 0; i < ordered.size(); ++i) {
        result[ordered[i]->member_id].partitions = std::move(shares[i]);
    }
    return result;
}

GroupAssignment StickyRangeAssignor::assign(const PartitionCounts& partitions,
                                            const std::vector<SubscribedMember>& members) const {
    // By the lowest partition that a member holds in any topic: the same order for all topics, or
    // they would not be co-partitioned.
    std::vector<const SubscribedMember*> ordered = in_assignment_order(members);
    const auto first_held = [](const SubscribedMember* member) {
        std::int32_t lowest = INT32_MAX;
        for (const TopicPartition& each : member->subscription.owned_partitions) {
            lowest = std::min(lowest, each.partition);
        }
        return lowest;
    };
    std::ranges::stable_sort(ordered, {}, first_held);
    return ranges_for(partitions, ordered);
}

const PartitionAssignor* find_server_assignor(std::string_view name) {
    static const UniformAssignor uniform;
    static const StickyRangeAssignor range;
    if (name == uniform.name()) return &uniform;
    if (name == range.name()) return &range;
    return nullptr;
}

}  // namespace squall::model
