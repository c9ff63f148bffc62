#include "model/assignors/assignor.h"

#include <algorithm>

#include "model/assignors/range.h"
#include "model/assignors/roundrobin.h"
#include "model/assignors/sticky.h"
#include "sim/base/assert.h"

namespace squall::model {

Assignors::Assignors(const BugSet* bugs) {
    assignors_.push_back(std::make_unique<CooperativeStickyAssignor>(bugs));
    assignors_.push_back(std::make_unique<RangeAssignor>());
    assignors_.push_back(std::make_unique<RoundRobinAssignor>());
    assignors_.push_back(std::make_unique<StickyAssignor>(bugs));
}

const PartitionAssignor* Assignors::find(std::string_view name) const {
    for (const auto& assignor : assignors_) {
        if (assignor->name() == name) return assignor.get();
    }
    return nullptr;
}

const PartitionAssignor* find_assignor(std::string_view name) {
    static const Assignors assignors;
    return assignors.find(name);
}

RebalanceProtocol effective_protocol(const std::vector<std::string>& assignors) {
    const bool is_cooperative = std::ranges::all_of(assignors, [](const std::string& name) {
        const PartitionAssignor* const assignor = find_assignor(name);
        ASSERT(assignor != nullptr, "no assignor is named {}", name);
        return assignor->rebalance_protocol() == RebalanceProtocol::cooperative;
    });
    return is_cooperative ? RebalanceProtocol::cooperative : RebalanceProtocol::eager;
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
