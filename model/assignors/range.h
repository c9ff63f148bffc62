// RangeAssignor: topic by topic, contiguous ranges of partitions to the members in order.
//
// Of P partitions and C subscribed members, each member gets P / C and the first P mod C get one
// more. Topics of equal size and subscription are therefore co-partitioned: a member that has
// partition 0 of one has partition 0 of the other, which joins rely on. The remainders of all
// topics go to the same first members. Kafka's rack-aware variant (KIP-881) is not modelled: with
// no racks set, as here, it gives the same result.
#pragma once

#include "model/assignors/assignor.h"

namespace squall::model {

class RangeAssignor final : public PartitionAssignor {
  public:
    std::string_view name() const override { return "range"; }
    GroupAssignment assign(const PartitionCounts& partitions,
                           const std::vector<SubscribedMember>& members) const override;
};

// The ranges of members that stand in this order.
GroupAssignment ranges_for(const PartitionCounts& partitions,
                           const std::vector<const SubscribedMember*>& ordered);

}  // namespace squall::model
