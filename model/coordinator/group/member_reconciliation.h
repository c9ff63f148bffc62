// The way of one member from what it holds to what the target gives it (KIP-848).
//
// In order: it gives up what the target does not have for it any more (unrevoked_partitions, its
// epoch stays until it reports that they are gone); then it moves to the target's epoch and gets
// what is free; what others still hold it gets when they have let go (unreleased_partitions). A
// partition is in the hands of at most one member at any time: held until its holder has *said*
// that it gave it up.
//
// Pure. Source: org.apache.kafka.coordinator.group.modern.consumer.CurrentAssignmentBuilder.
#pragma once

#include <functional>
#include <optional>

#include "model/bugs.h"
#include "model/coordinator/group/consumer_records.h"

namespace squall::model {

struct ReconciliationInput {
    CurrentAssignment member;
    std::int32_t target_epoch = 0;
    IdPartitions target;
    // What the member says it owns; nullopt: it did not say.
    std::optional<IdPartitions> owned;
    // Some other member holds the partition.
    std::function<bool(const IdPartition&)> is_held_by_another;
    const BugSet* bugs = nullptr;  // may be null
};

// The member as it is next, or as it is if it cannot go on.
CurrentAssignment reconcile(const ReconciliationInput& input);

// ---- the rules; each could be broken ----

// Has the member let go of all of these? Only its word counts. `owned`: as above.
bool has_revoked(const IdPartitions& pending_revocation, const std::optional<IdPartitions>& owned,
                 const BugSet* bugs);
// A partition can be given to a member: nobody else has it in hand.
bool is_released(bool is_held_by_another, const BugSet* bugs);

}  // namespace squall::model
