#include "model/assignors/assignor.h"

#include <algorithm>

#include "model/assignors/range.h"
#include "model/assignors/roundrobin.h"
#include "sim/base/assert.h"

namespace squall::model {

const std::vector<const PartitionAssignor*>& all_assignors() {
    static const RangeAssignor range;
    static const RoundRobinAssignor roundrobin;
    static const std::vector<const PartitionAssignor*> assignors = {&range, &roundrobin};
    return assignors;
}

const PartitionAssignor* find_assignor(std::string_view name) {
    for (const PartitionAssignor* assignor : all_assignors()) {
        if (assignor->name() == name) return assignor;
    }
    return nullptr;
}

bool precedes(const SubscribedMember& a, const SubscribedMember& b) {
    if (a.group_instance_id && b.group_instance_id) {
        return *a.group_instance_id < *b.group_instance_id;
    }
    if (a.group_instance_id || b.group_instance_id) return a.group_instance_id.has_value();
    return a.member_id < b.member_id;
}

std::vector<const SubscribedMember*> in_assignment_order(
    const std::vector<SubscribedMember>& members) {
    std::vector<const SubscribedMember*> ordered;
    ordered.reserve(members.size());
    for (const SubscribedMember& member : members) ordered.push_back(&member);
    std::ranges::sort(ordered, [](const SubscribedMember* a, const SubscribedMember* b) {
        return precedes(*a, *b);
    });
    for (std::size_t i = 1; i < ordered.size(); ++i) {
        ASSERT(precedes(*ordered[i - 1], *ordered[i]), "member {} is listed twice",
               ordered[i]->member_id);
    }
    return ordered;
}

bool subscribes(const SubscribedMember& member, std::string_view topic) {
    const auto& topics = member.subscription.topics;
    return std::ranges::find(topics, topic) != topics.end();
}

}  // namespace squall::model
