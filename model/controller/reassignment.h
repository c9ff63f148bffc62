// Reassignment (KIP-455): how a partition's replicas get from one list of brokers to another while
// it stays in use.
//
// While it lasts the partition is held by the union: the target, in its order, then what is to be
// removed. It ends, in the same record that brings the last of them into the in-sync set, when all
// of the target is in sync (see PartitionChange). Cancelling takes out again what was to be added,
// and keeps what was to be removed.
//
// A reassignment that replaces another one is computed against the union, as Kafka does it: what
// the first one was adding counts as held already.
#pragma once

#include <vector>

#include "model/controller/image.h"
#include "model/controller/partition_change.h"

namespace squall::model {

bool is_being_reassigned(const PartitionImage& partition);

// The lists while `partition` moves to `target`. Requires: a target without repetitions.
TargetReplicas reassignment_to(const std::vector<BrokerId>& target,
                               const PartitionImage& partition);

// The way back. Where only added replicas are in sync it leads through an unclean election: the
// in-sync set becomes the first of the original replicas.
struct Reversal {
    TargetReplicas target;
    std::vector<BrokerId> isr;
    bool is_unclean = false;

    bool operator==(const Reversal&) const = default;
};
// Requires: is_being_reassigned, and not all replicas are being added.
Reversal reversal_of(const PartitionImage& partition);

}  // namespace squall::model
