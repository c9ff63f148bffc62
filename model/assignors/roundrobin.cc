#include "model/assignors/roundrobin.h"

#include <algorithm>

namespace squall::model {

GroupAssignment RoundRobinAssignor::assign(const PartitionCounts& partitions,
                                           const std::vector<SubscribedMember>& members) const {
    const std::vector<const SubscribedMember*> ordered = in_assignment_order(members);
    GroupAssignment result;
    for (const SubscribedMember* member : ordered) result[member->member_id];

    std::size_t turn = 0;  // grows for ever; the circle is taken modulo
    for (const auto& [topic, count] : partitions) {
        const bool wanted = std::ranges::any_of(
            ordered, [&](const SubscribedMember* member) { return subscribes(*member, topic); });
        if (!wanted) continue;
        for (std::int32_t partition = 0; partition < count; ++partition) {
            while (!subscribes(*ordered[turn % ordered.size()], topic)) ++turn;
            result[ordered[turn % ordered.size()]->member_id].partitions.push_back(
                {topic, partition});
            ++turn;
        }
    }
    return result;
}

}  // namespace squall::model
