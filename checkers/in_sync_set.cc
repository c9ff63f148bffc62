// in-sync-set: whoever stands for what is committed was let in by a leader, as it is now.
//
//   unclean-member    a broker that came back from an unclean stop stands in an in-sync set, or
//                     among the eligible leader replicas, where no leader let it in again since it
//                     registered: it may have lost what it stands for
//   uninvited-member  a broker that had left both sets of a partition stands in one again, and no
//                     leader asked for it since
//   reassigned-early  a replica was taken out of a partition's assignment while one that stays was
//                     not in sync: a reassignment ends when all of its target are (KIP-455)
//
// Replicas that a reassignment was about to add may be taken out at any time: it is cancelled then,
// or has another target.
//
// A leader lets a member in by asking the controller for an in-sync set with it that it did not
// have before (IsrChangeProposed). What was asked for before the broker registered anew is no
// invitation: the broker epoch in it is another's. An unclean election, and the election of the
// last known leader, makes a member of its own, and so does the creation of a partition. Judged at
// every decision of the controller, and of what it left as it was when it unfences the broker.
// Excused: the only member of an in-sync set, in a run without eligible leader replicas: it is kept
// (leader -1) where that feature is off. KIP-966, KIP-903; semantics: unclean shutdown detection.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "checkers/factories.h"
#include "checkers/findings.h"
#include "model/events/controller_events.h"
#include "model/events/replica_events.h"

namespace squall::checkers {

namespace {

struct IsrState {
    std::set<model::BrokerId> members;  // of the in-sync set, and eligible leader replicas
    bool is_only_member = false;        // the in-sync set is one, and nobody else is eligible
    std::set<model::BrokerId> settled;  // the replicas when they were last taken from somebody
    sim::EventSequence decided{0};
    std::map<model::BrokerId, sim::EventSequence> invited;  // when last
    std::map<model::BrokerId, sim::EventSequence> left;     // likewise
};

struct Broker {
    std::map<model::Uuid, bool> was_clean;  // its starts, by incarnation
    sim::EventSequence registered{0};       // when it last did after an unclean stop
};

class InSyncSet final : public Checker {
  public:
    std::string_view name() const override { return "in-sync-set"; }

    using Shown =
        sim::EventOf<model::BrokerStarted, model::BrokerRegistered, model::IsrChangeProposed,
                     model::PartitionChanged, model::BrokerFenceChanged, model::TopicDeleted>;
    bool looks_at(const sim::EventKind& kind) const override { return Shown::includes(kind); }
    void observe(const sim::Event& any) override {
        const Shown event(any);
        if (const auto* started = event.as<model::BrokerStarted>()) {
            brokers_[started->broker].was_clean[started->incarnation_id] = started->clean;
        } else if (const auto* registered = event.as<model::BrokerRegistered>()) {
            Broker& broker = brokers_[registered->broker];
            const auto start = broker.was_clean.find(registered->incarnation_id);
            if (start == broker.was_clean.end() || start->second) return;
            broker.registered = event.sequence;
        } else if (const auto* proposed = event.as<model::IsrChangeProposed>()) {
            IsrState& partition = partitions_[proposed->partition];
            for (const model::BrokerId member : proposed->to) {
                if (std::ranges::find(proposed->from, member) != proposed->from.end()) continue;
                partition.invited[member] = event.sequence;
            }
        } else if (const auto* changed = event.as<model::PartitionChanged>()) {
            on_partition_changed(*changed, event.sequence);
        } else if (const auto* fence = event.as<model::BrokerFenceChanged>()) {
            if (!fence->fenced) on_unfenced(fence->broker, event.sequence);
        } else if (const auto* deleted = event.as<model::TopicDeleted>()) {
            std::erase_if(partitions_,
                          [&](const auto& entry) { return entry.first.topic == deleted->topic; });
        }
    }

    CheckerReport finish() override { return findings_.report(); }

  private:
    void on_partition_changed(const model::PartitionChanged& changed, sim::EventSequence sequence) {
        IsrState& partition = partitions_[changed.partition];
        const bool is_first = partition.decided.value() == 0;
        judge_assignment(changed, partition, sequence);
        std::set<model::BrokerId> members(changed.isr.begin(), changed.isr.end());
        members.insert(changed.eligible_leader_replicas.begin(),
                       changed.eligible_leader_replicas.end());
        has_eligible_ = has_eligible_ || !changed.eligible_leader_replicas.empty();
        for (const model::BrokerId member : partition.members) {
            if (!members.contains(member)) partition.left[member] = sequence;
        }
        partition.members = std::move(members);
        partition.is_only_member =
            changed.isr.size() == 1 && changed.eligible_leader_replicas.empty();
        partition.decided = sequence;
        const bool is_made_member = changed.unclean || changed.recovering;
        for (const model::BrokerId member : partition.members) {
            if (is_first || (is_made_member && member == changed.leader)) {
                partition.invited[member] = sequence;
            }
            judge(changed.partition, partition, member, sequence);
        }
    }

    void judge_assignment(const model::PartitionChanged& changed, IsrState& partition,
                          sim::EventSequence sequence) {
        std::set<model::BrokerId> replicas(changed.replicas.begin(), changed.replicas.end());
        if (partition.settled.empty()) partition.settled = replicas;
        const bool takes_out = !std::ranges::includes(replicas, partition.settled);
        if (!takes_out) return;
        partition.settled = std::move(replicas);
        findings_.judge();
        for (const model::BrokerId replica : partition.settled) {
            if (std::ranges::find(changed.isr, replica) != changed.isr.end()) continue;
            findings_.object("reassigned-early",
                             evidence("partition", changed.partition, "replica", replica,
                                      "partition_epoch", changed.partition_epoch),
                             {partition.decided, sequence});
            return;
        }
    }

    void on_unfenced(model::BrokerId broker, sim::EventSequence sequence) {
        for (auto& [name, partition] : partitions_) {
            if (partition.members.contains(broker)) judge(name, partition, broker, sequence);
        }
    }

    void judge(const model::TopicPartition& name, IsrState& partition, model::BrokerId member,
               sim::EventSequence sequence) {
        findings_.judge();
        const sim::EventSequence registered = brokers_[member].registered;
        const auto left = partition.left.find(member);
        const sim::EventSequence gone =
            left == partition.left.end() ? sim::EventSequence{0} : left->second;
        sim::EventSequence& invited = partition.invited[member];
        if (invited >= std::max(registered, gone)) return;
        if (partition.is_only_member && !has_eligible_) return;
        const bool is_unclean = registered > invited;
        findings_.object(is_unclean ? "unclean-member" : "uninvited-member",
                         evidence("partition", name, "member", member),
                         {is_unclean ? registered : gone, partition.decided, sequence});
        invited = sequence;  // told once
    }

    std::map<model::TopicPartition, IsrState> partitions_;
    std::map<model::BrokerId, Broker> brokers_;
    bool has_eligible_ = false;
    Findings findings_{"in-sync-set"};
};

}  // namespace

std::unique_ptr<Checker> make_in_sync_set(const Casebook&) {
    return std::make_unique<InSyncSet>();
}

}  // namespace squall::checkers
