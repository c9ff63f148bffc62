#include "model/controller/reassignment.h"

#include <algorithm>

#include "sim/base/assert.h"

namespace squall::model {

bool is_being_reassigned(const PartitionImage& partition) {
    return !partition.adding_replicas.empty() || !partition.removing_replicas.empty();
}

// Where nobody new is added (removed), those that are being added (removed) go on being so: the
// same request again changes nothing.
TargetReplicas reassignment_to(const std::vector<BrokerId>& target,
                               const PartitionImage& partition) {
    TargetReplicas lists{.replicas = target,
                         .adding = without(target, partition.replicas),
                         .removing = without(partition.replicas, target)};
    const std::vector<BrokerId> leaving = lists.removing;
    if (lists.adding.empty()) lists.adding = partition.adding_replicas;
    if (lists.removing.empty()) lists.removing = partition.removing_replicas;
    std::ranges::sort(lists.adding);
    std::ranges::sort(lists.removing);
    lists.replicas.insert(lists.replicas.end(), leaving.begin(), leaving.end());
    return lists;
}

Reversal reversal_of(const PartitionImage& partition) {
    ASSERT(is_being_reassigned(partition), "nothing to reverse");
    Reversal reversal;
    reversal.target.replicas = without(partition.replicas, partition.adding_replicas);
    reversal.isr = without(partition.isr, partition.adding_replicas);
    ASSERT(!reversal.target.replicas.empty(), "all replicas are being added");
    if (reversal.isr.empty() && !partition.isr.empty()) {
        reversal.isr = {reversal.target.replicas.front()};
        reversal.is_unclean = true;
    }
    return reversal;
}

}  // namespace squall::model
