// The sticky assignors of clients: balanced within one where subscriptions allow, and partitions
// stay with their owners as far as balance lets them (sticky_plan.h).
//
// StickyAssignor is eager: members give everything up before they join, so what they owned travels
// in the assignor's own user data (KIP-54; with its generation, KIP-341):
//
//   StickyUserData  array of (topic: string, array of int32) | generation: int32
//
// CooperativeStickyAssignor makes the same plan, and withholds in a first round each partition that
// its new owner does not have and somebody else still claims, whatever the generation of the claim
// (KIP-429). Its owner learns from the assignment that it is to give the partition up, does so, and
// joins again; in that second round the partition is free. Between the rounds nobody has it, which
// is the price of never having two owners.
#pragma once

#include "model/assignors/assignor.h"
#include "model/bugs.h"

namespace squall::model {

class StickyAssignor final : public PartitionAssignor {
  public:
    // `bugs` may be null, and outlives this.
    explicit StickyAssignor(const BugSet* bugs = nullptr) : bugs_(bugs) {}

    std::string_view name() const override { return "sticky"; }
    std::optional<Bytes> user_data(const std::vector<TopicPartition>& last_assignment,
                                   GenerationId generation) const override;
    // Claims are read from the user data; where there is none, from the owned partitions.
    GroupAssignment assign(const PartitionCounts& partitions,
                           const std::vector<SubscribedMember>& members) const override;

  private:
    const BugSet* bugs_;
};

class CooperativeStickyAssignor final : public PartitionAssignor {
  public:
    // `bugs` may be null, and outlives this.
    explicit CooperativeStickyAssignor(const BugSet* bugs = nullptr) : bugs_(bugs) {}

    std::string_view name() const override { return "cooperative-sticky"; }
    RebalanceProtocol rebalance_protocol() const override { return RebalanceProtocol::cooperative; }
    GroupAssignment assign(const PartitionCounts& partitions,
                           const std::vector<SubscribedMember>& members) const override;

  private:
    const BugSet* bugs_;
};

// ---- the rule; it could be broken ----

// A partition waits for the next round: the plan gives it to one member, and another one has not
// given it up. `bugs` may be null.
bool must_withhold(bool is_claimed_by_another, const BugSet* bugs);

}  // namespace squall::model
