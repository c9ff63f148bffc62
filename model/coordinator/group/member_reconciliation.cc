#include "model/coordinator/group/member_reconciliation.h"

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"

namespace squall::model {
namespace {

CurrentAssignment advance(const ReconciliationInput& input) {
    const CurrentAssignment& member = input.member;
    CurrentAssignment next = member;
    next.assigned.clear();
    next.pending_revocation.clear();
    for (const IdPartition& held : member.assigned) {
        (input.target.contains(held) ? next.assigned : next.pending_revocation).insert(held);
    }
    if (!next.pending_revocation.empty() &&
        !has_revoked(next.pending_revocation, input.owned, input.bugs)) {
        next.state = MemberState::unrevoked_partitions;
        return next;
    }
    next.pending_revocation.clear();
    bool waits_for_others = false;
    for (const IdPartition& wanted : input.target) {
        if (next.assigned.contains(wanted)) continue;
        if (is_released(input.is_held_by_another(wanted), input.bugs)) {
            next.assigned.insert(wanted);
        } else {
            waits_for_others = true;
        }
    }
    next.state = waits_for_others ? MemberState::unreleased_partitions : MemberState::stable;
    if (next.member_epoch != input.target_epoch) {
        next.previous_member_epoch = next.member_epoch;
        next.member_epoch = input.target_epoch;
    }
    return next;
}

}  // namespace

bool has_revoked(const IdPartitions& pending_revocation, const std::optional<IdPartitions>& owned,
                 const BugSet* bugs) {
    const bool right =
        owned && std::ranges::none_of(pending_revocation, [&](const IdPartition& partition) {
            return owned->contains(partition);
        });
    if (bugs == nullptr) return right;
    return bugs->deviate(Bug::z82_assign_before_revoke, right, true);
}

bool is_released(bool is_held_by_another, const BugSet* bugs) {
    if (bugs == nullptr) return !is_held_by_another;
    return bugs->deviate(Bug::z82_assign_before_revoke, !is_held_by_another, true);
}

CurrentAssignment reconcile(const ReconciliationInput& input) {
    const CurrentAssignment& member = input.member;
    ASSERT(member.member_epoch <= input.target_epoch, "a member of epoch {} beyond target epoch {}",
           member.member_epoch, input.target_epoch);
    switch (member.state) {
        case MemberState::stable:
            return member.member_epoch == input.target_epoch ? member : advance(input);
        case MemberState::unrevoked_partitions:
            // What it has to give up was named to it: until it has, nothing else is asked of it.
            if (!has_revoked(member.pending_revocation, input.owned, input.bugs)) return member;
            return advance(input);
        case MemberState::unreleased_partitions:
            return advance(input);
    }
    UNREACHABLE("member state {}", static_cast<int>(member.state));
}

}  // namespace squall::model
