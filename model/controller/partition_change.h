// PartitionChange: builds the record that takes one partition from its committed state to a target,
// electing a leader on the way (Kafka's PartitionChangeBuilder; KIP-966 for eligible leader
// replicas, KIP-455 for reassignment, KIP-704 for the recovery state).
//
// Order of an election: the current leader if it may go on; else the first replica in assignment
// order that may lead: in the in-sync set or, where that is empty, an eligible leader replica; else
// the last known leader; else, only where unclean elections are allowed, the first replica that is
// alive; else nobody. The last two are unclean: the in-sync set becomes that replica alone, and it
// leads in recovery.
//
// Guarantees: a leader is in the in-sync set and acceptable; without an unclean election nobody
// outside in-sync set and eligible leader replicas is elected; without KIP-966 the last member
// never leaves the in-sync set.
//
// KIP-966 relies on the high watermark not advancing below min.insync.replicas: whoever was in sync
// when the set was last large enough has every record below it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "model/bugs.h"
#include "model/controller/image.h"
#include "model/controller/records.h"

namespace squall::model {

enum class Election : std::uint8_t {
    online,     // keep the leader where possible
    preferred,  // the first replica where possible
    unclean,    // online, and a replica that may lack records where nothing else is left
};

struct ElectionRules {
    Election election = Election::online;
    bool eligible_leader_replicas = true;  // KIP-966
    std::int32_t min_insync_replicas = 1;  // effective: at most the replication factor
    // Registered, unfenced, not shutting down.
    std::function<bool(BrokerId)> is_acceptable_leader;
    const BugSet* bugs = nullptr;  // outlives the change
};

// What a reassignment makes of a partition's lists (KIP-455).
struct TargetReplicas {
    std::vector<BrokerId> replicas;  // all that are to hold it while it lasts
    std::vector<BrokerId> adding;
    std::vector<BrokerId> removing;

    bool operator==(const TargetReplicas&) const = default;
};

class PartitionChange {
  public:
    // `partition` must outlive the change.
    PartitionChange(const Uuid& topic_id, std::int32_t partition_id,
                    const PartitionImage& partition, ElectionRules rules);

    PartitionChange& target_isr(std::vector<BrokerId> isr);
    PartitionChange& target_recovery(LeaderRecoveryState state);
    PartitionChange& target_replicas(TargetReplicas target);
    // Came back without their page cache: what they had in sync is not vouched for any more.
    PartitionChange& lost_data(std::vector<BrokerId> replicas);

    // nullopt: nothing changes.
    std::optional<PartitionChangeRecord> build();

  private:
    struct Elected {
        BrokerId leader = no_broker;
        bool unclean = false;
    };

    // ---- rules ----
    bool may_elect(BrokerId replica) const;
    bool may_elect_last_known_leader() const;
    bool may_elect_uncleanly(BrokerId replica) const;
    bool has_enough_in_sync() const;
    bool keeps_last_member() const;
    bool may_complete_reassignment(const std::vector<BrokerId>& isr,
                                   const std::vector<BrokerId>& replicas) const;

    Elected elect() const;
    Elected elect_any() const;
    void complete_reassignment();
    void update_eligible_replicas();
    void install(const Elected& elected, PartitionChangeRecord& record);
    void update_last_known_leader(PartitionChangeRecord& record) const;

    Uuid topic_id_;
    std::int32_t partition_id_;
    const PartitionImage& partition_;
    ElectionRules rules_;
    std::vector<BrokerId> isr_;
    std::vector<BrokerId> replicas_;
    std::vector<BrokerId> adding_;
    std::vector<BrokerId> removing_;
    std::vector<BrokerId> elr_;
    std::vector<BrokerId> lost_data_;
    LeaderRecoveryState recovery_;
};

// `from` without those in `ids`, in order.
std::vector<BrokerId> without(const std::vector<BrokerId>& from, const std::vector<BrokerId>& ids);

}  // namespace squall::model
