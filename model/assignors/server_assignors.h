// The assignors that the coordinator runs for groups of the consumer protocol (KIP-848). They give
// the target assignment; the way there, member by member and with every partition in one hand at a
// time, is the coordinator's (member_reconciliation.h). `owned_partitions` of a member is its share
// of the last target; generations are not looked at, as a target gives each partition once.
//
//   uniform  balanced within one where subscriptions allow, and sticky (the default)
//   range    contiguous ranges, topic by topic, equal for topics of equal size and subscription;
//            the ranges follow the order in which members held theirs, newcomers come last
//
// Source: org.apache.kafka.coordinator.group.assignor. Racks are not looked at.
#pragma once

#include "model/assignors/assignor.h"

namespace squall::model {

class UniformAssignor final : public PartitionAssignor {
  public:
    std::string_view name() const override { return "uniform"; }
    GroupAssignment assign(const PartitionCounts& partitions,
                           const std::vector<SubscribedMember>& members) const override;
};

class StickyRangeAssignor final : public PartitionAssignor {
  public:
    std::string_view name() const override { return "range"; }
    GroupAssignment assign(const PartitionCounts& partitions,
                           const std::vector<SubscribedMember>& members) const override;
};

inline constexpr std::string_view default_server_assignor = "uniform";
// "uniform", "range"; null for a name that no coordinator knows.
const PartitionAssignor* find_server_assignor(std::string_view name);

}  // namespace squall::model
