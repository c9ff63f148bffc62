// The in-sync set as the leader sees it: the committed set, and the change it has asked for.
//
// A change is a proposal until the controller's answer or newer metadata settles it; at most one is
// in flight per partition. The *maximal* in-sync set is what the high watermark is taken over:
// committed and proposed together. So an expansion counts at once, and a shrink counts only when it
// is committed: until then the controller may elect the replica that we want to drop (KIP-497,
// AsyncIsr.tla).
//
// Not here: who is in sync (follower_progress.h), and when to propose (partition_leader.h).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/controller/image.h"
#include "model/protocol/types.h"

namespace squall::model {

// What metadata says about a broker that follows us.
struct BrokerStanding {
    BrokerEpoch broker_epoch{-1};
    bool is_fenced = false;
    bool in_controlled_shutdown = false;

    bool operator==(const BrokerStanding&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker_epoch", self.broker_epoch);
        fields("is_fenced", self.is_fenced);
        fields("in_controlled_shutdown", self.in_controlled_shutdown);
    }
};

// A member of a proposed in-sync set, in the incarnation that proved itself (KIP-903).
struct IsrMember {
    BrokerId broker;
    BrokerEpoch broker_epoch{-1};

    bool operator==(const IsrMember&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("broker_epoch", self.broker_epoch);
    }
};

// What a leader asks of the controller: AlterPartition.
struct IsrChange {
    LeaderEpoch leader_epoch;
    PartitionEpoch partition_epoch;  // of the committed set that it builds on
    std::vector<BrokerId> from;
    std::vector<IsrMember> to;

    std::vector<BrokerId> proposed_isr() const;
    bool operator==(const IsrChange&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("leader_epoch", self.leader_epoch);
        fields("partition_epoch", self.partition_epoch);
        fields("from", self.from);
        fields("to", self.to);
    }
};

class InSyncSet {
  public:
    InSyncSet() = default;
    InSyncSet(std::vector<BrokerId> committed, PartitionEpoch partition_epoch);

    const std::vector<BrokerId>& committed() const { return committed_; }
    PartitionEpoch partition_epoch() const { return partition_epoch_; }
    const std::optional<IsrChange>& in_flight() const { return in_flight_; }
    bool is_change_in_flight() const { return in_flight_.has_value(); }

    bool is_committed(BrokerId broker) const;
    // The union of the committed and the proposed set.
    bool is_in_maximal(BrokerId broker) const;
    std::vector<BrokerId> maximal() const;
    // In what is proposed, or in the committed set where nothing is.
    bool is_in_proposed(BrokerId broker) const;

    // Requires: nothing in flight; the change builds on the committed set.
    void propose(IsrChange change);
    // The controller refused for good: back to the committed set.
    void roll_back();
    // The controller committed `isr`; what was in flight is settled by it. Requires: a newer
    // partition epoch, or the same one again.
    void commit(std::vector<BrokerId> isr, PartitionEpoch partition_epoch);

    void check_invariants() const;
    bool operator==(const InSyncSet&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("committed", self.committed_);
        fields("partition_epoch", self.partition_epoch_);
        fields("in_flight", self.in_flight_);
    }

  private:
    std::vector<BrokerId> committed_;
    PartitionEpoch partition_epoch_{0};
    std::optional<IsrChange> in_flight_;
};

}  // namespace squall::model
