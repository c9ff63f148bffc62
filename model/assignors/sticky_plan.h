// sticky_plan: who gets which partition, as evenly as subscriptions allow, with as little movement
// as that takes. The core of the sticky assignors and of the uniform one (KIP-54, KIP-341,
// KIP-848).
//
// Guarantees, for a group with any subscriptions:
//   - every partition that somebody subscribes to goes to exactly one of its subscribers;
//   - no chain of handing partitions on could level two shares that differ by more than one: with
//     equal subscriptions all shares are within one;
//   - a partition leaves a keeper only where that levels shares, and with equal subscriptions no
//     plan within one leaves more partitions where they are;
//   - the result depends on the arguments alone.
//
// How: keepers keep, what is free goes to the smallest share, then partitions are handed on from
// large shares to small ones, along the shortest chain of subscriptions. Kafka's own builders reach
// the same levels by other ways (one for equal subscriptions, one for mixed ones), so which of
// several equal plans is chosen differs. Pure.
#pragma once

#include <vector>

#include "model/assignors/assignor.h"
#include "model/assignors/claims.h"

namespace squall::model {

// The partitions of each member of `ordered`, sorted. Requires: keepers subscribe to what they
// keep.
std::vector<std::vector<TopicPartition>> sticky_plan(
    const PartitionCounts& partitions, const std::vector<const SubscribedMember*>& ordered,
    const Keepers& keepers);

}  // namespace squall::model
