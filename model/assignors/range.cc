#include "model/assignors/range.h"

#include "sim/base/assert.h"

namespace squall::model {

GroupAssignment RangeAssignor::assign(const PartitionCounts& partitions,
                                      const std::vector<SubscribedMember>& members) const {
    return ranges_for(partitions, in_assignment_order(members));
}

GroupAssignment ranges_for(const PartitionCounts& partitions,
                           const std::vector<const SubscribedMember*>& ordered) {
    GroupAssignment result;
    for (const SubscribedMember* member : ordered) result[member->member_id];

    for (const auto& [topic, count] : partitions) {
        std::vector<const SubscribedMember*> subscribed;
        for (const SubscribedMember* member : ordered) {
            if (subscribes(*member, topic)) subscribed.push_back(member);
        }
        if (subscribed.empty()) continue;

        const auto member_count = static_cast<std::int32_t>(subscribed.size());
        const std::int32_t share = count / member_count;
        const std::int32_t with_one_more = count % member_count;
        std::int32_t next = 0;
        for (std::int32_t rank = 0; rank < member_count; ++rank) {
            const std::int32_t end = next + share + (rank < with_one_more ? 1 : 0);
            auto& given = result[subscribed[static_cast<std::size_t>(rank)]->member_id].partitions;
            for (; next < end; ++next) given.push_back({topic, next});
        }
        ASSERT(next == count, "{} of {} partitions of {} were given out", next, count, topic);
    }
    return result;
}

}  // namespace squall::model
