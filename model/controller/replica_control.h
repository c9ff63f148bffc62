// ReplicaControl: the part of the controller that decides about topics and partitions (Kafka's
// ReplicationControlManager). A decider: every method reads an image and returns records; only
// apply() changes anything.
//
// AlterPartition is a compare-and-set on (leader epoch, partition epoch) (KIP-497), in which every
// member of the new in-sync set comes with its broker epoch (KIP-903).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/controller/controller_options.h"
#include "model/controller/decision.h"
#include "model/controller/image.h"
#include "model/controller/partition_change.h"
#include "model/controller/placement.h"
#include "model/controller/records.h"
#include "model/controller/refusal.h"
#include "model/protocol/messages/alter_partition.h"
#include "model/protocol/messages/create_topics.h"

namespace squall::model {

// ---- rules that others share ----

// The request comes from a process that is not the registered one (KIP-631).
bool is_stale_broker_epoch(const MetadataImage& image, BrokerId broker, BrokerEpoch epoch);
// Registered, unfenced and not on its way out.
bool is_active(const MetadataImage& image, BrokerId broker);
// Those that a new partition may be placed on, wherever racks and numbers allow.
std::vector<UsableBroker> usable_brokers(const MetadataImage& image);
// An assignment that somebody wrote by hand: registered brokers, none twice, as many as in the
// other partitions where that is given. Error: invalid_replica_assignment.
Refusal check_assignment(const MetadataImage& image, const std::vector<BrokerId>& replicas,
                         std::optional<std::size_t> replication_factor);
// The first state of a partition: in sync is who is alive, and the first of them leads. nullopt:
// nobody is.
std::optional<PartitionRecord> new_partition(const MetadataImage& image, const Uuid& topic_id,
                                             std::int32_t index,
                                             const std::vector<BrokerId>& replicas);

class ReplicaControl {
  public:
    // `bugs` outlives the control.
    explicit ReplicaControl(ControllerOptions options, const BugSet* bugs = nullptr)
        : options_(options), bugs_(bugs) {}

    // `entropy` seeds topic ids and placement. Topics of one request fail or succeed each alone.
    Decision<CreateTopicsResponse> create_topics(const MetadataImage& image,
                                                 const CreateTopicsRequest& request,
                                                 std::uint64_t entropy) const;
    Decision<AlterPartitionResponse> alter_partition(const MetadataImage& image,
                                                     const AlterPartitionRequest& request) const;

    // ---- what a broker's change of state means for partitions ----

    // Out of every in-sync set, and of every leadership.
    std::vector<MetadataRecord> broker_leaves(const MetadataImage& image, BrokerId broker) const;
    // Back without its page cache: out of every in-sync set and every set of eligible leaders.
    std::vector<MetadataRecord> broker_lost_data(const MetadataImage& image, BrokerId broker) const;
    // It may lead what has no leader.
    std::vector<MetadataRecord> broker_arrives(const MetadataImage& image, BrokerId broker) const;

    // ---- what administrators ask for, one partition at a time ----

    // ElectLeaders (KIP-183, KIP-460): to the preferred replica, or to anybody that is alive,
    // whether or not the topic allows unclean elections. Requires: not Election::online. Errors:
    // unknown_topic_or_partition, election_not_needed, preferred_leader_not_available,
    // eligible_leaders_not_available.
    Refusal elect_leader(const MetadataImage& image, const TopicPartition& partition,
                         Election election, std::vector<MetadataRecord>& records) const;
    // AlterPartitionReassignments (KIP-455): to `target`, or back where there is none. Errors:
    // unknown_topic_or_partition, invalid_replica_assignment, no_reassignment_in_progress.
    Refusal reassign(const MetadataImage& image, const TopicPartition& partition,
                     const std::optional<std::vector<BrokerId>>& target,
                     std::vector<MetadataRecord>& records) const;

    // ---- from time to time ----

    // Leadership back to preferred replicas, where more of a broker's partitions than
    // leader.imbalance.per.broker.percentage are led by others.
    std::vector<MetadataRecord> balance_leaders(const MetadataImage& image) const;
    // Leaders for leaderless partitions whose topics allow unclean elections.
    std::vector<MetadataRecord> elect_uncleanly(const MetadataImage& image) const;

    bool leads_anything(const MetadataImage& image, BrokerId broker) const;

    // A topic's setting, else the dynamic one of all brokers, else the controller's.
    bool allows_unclean_election(const MetadataImage& image, const TopicImage& topic) const;
    std::int32_t min_insync_replicas(const MetadataImage& image, const TopicImage& topic) const;

  private:
    struct Arrival {
        BrokerId leaving = no_broker;    // not acceptable, whatever the image says
        BrokerId lost_data = no_broker;  // the same, and not vouched for
        BrokerId arriving = no_broker;   // acceptable, whatever the image says
    };

    // ---- rules of AlterPartition ----
    ErrorCode judge(const MetadataImage& image, BrokerId leader, const PartitionImage& partition,
                    const AlterPartitionRequest::Partition& proposal) const;
    // Why a replica may not join an in-sync set: gone, fenced, leaving, or another process than the
    // leader saw.
    bool is_ineligible(const MetadataImage& image,
                       const AlterPartitionRequest::IsrMember& member) const;

    AlterPartitionResponse::Partition alter(const MetadataImage& image, BrokerId leader,
                                            const TopicImage& topic,
                                            const AlterPartitionRequest::Partition& proposal,
                                            std::vector<MetadataRecord>& records) const;
    // The whole configuration of a topic with these settings of its own.
    std::vector<CreateTopicsResponse::Config> effective_configs(
        const MetadataImage& image, const std::map<std::string, std::string>& own) const;
    CreateTopicsResponse::Topic create(const MetadataImage& image,
                                       const CreateTopicsRequest::Topic& request,
                                       std::uint64_t entropy,
                                       std::vector<MetadataRecord>& records) const;
    ElectionRules rules_for(const MetadataImage& image, const TopicImage& topic,
                            const Arrival& arrival) const;
    template <class Wanted>
    std::vector<MetadataRecord> change_partitions(const MetadataImage& image,
                                                  const Arrival& arrival, Wanted&& wanted) const;

    Refusal cancel(const MetadataImage& image, const TopicImage& topic,
                   const TopicPartition& partition, std::vector<MetadataRecord>& records) const;

    ControllerOptions options_;
    const BugSet* bugs_;
};

}  // namespace squall::model
