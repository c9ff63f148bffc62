// replica-log: two replicas, the same offset and leader epoch, and not the same batch or prefix.
//
//   log-divergence        same base offset and leader epoch on two replicas (or twice on one), with
//                         another CRC, another end, or another batch right before it
//   overwrite             a batch was appended at an offset that its replica's log had not free
//   two-leaders           two brokers took, or wrote as, leader of one partition in one epoch
//   leader-epoch          the leader epoch of a partition went back, at the controller or within
//   one
//                         incarnation of a broker, or did not grow with a new leader
//   partition-epoch       the partition epoch did not grow with a change
//   leader-not-in-isr     the controller's leader is outside its in-sync set
//
// Log matching (Raft, section 5.3; KIP-101, KIP-279) by induction: every (base offset, epoch) names
// one batch and one predecessor, so equal batches have equal prefixes. A predecessor is compared
// only where both logs know it: not at the start of a log, nor after an end the trace has not told.
// Checked at every step, of every replica, live or not. Nothing is allowed: an unclean election
// loses records, but never makes logs differ under one epoch. (semantics 22: TypeOk, LeaderInIsr.)
#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "checkers/casebook.h"
#include "checkers/factories.h"
#include "checkers/findings.h"
#include "checkers/invariants.h"

namespace squall::checkers {

namespace {

// What the first replica that told it says a batch is.
struct Origin {
    BatchIdentity batch;
    model::BrokerId broker;
    sim::EventSequence event;
    std::optional<BatchIdentity> predecessor;
    sim::EventSequence predecessor_event{0};
};

struct Leadership {
    model::BrokerId broker;
    sim::EventSequence event;
};

struct LedLogs {
    std::map<std::pair<model::Offset, model::LeaderEpoch>, Origin> batches;
    std::map<model::LeaderEpoch, Leadership> leaders;
    std::optional<model::PartitionChanged> last_change;
    sim::EventSequence last_change_event{0};
    model::Offset cleaned_to{0};  // by any replica
};

struct RoleKey {
    model::TopicPartition partition;
    model::BrokerId broker;
    auto operator<=>(const RoleKey&) const = default;
};
struct Role {
    sim::Incarnation incarnation;
    model::LeaderEpoch leader_epoch;
    sim::EventSequence event;
};

class ReplicaLogMatching final : public Checker {
  public:
    explicit ReplicaLogMatching(const Casebook& book) : book_(book) {}

    std::string_view name() const override { return "replica-log"; }

    using Shown = sim::EventOf<model::BatchAppended, model::LogCleaned, model::RoleTaken,
                               model::PartitionChanged, model::TopicCreated>;
    bool looks_at(const sim::EventKind& kind) const override { return Shown::includes(kind); }
    void observe(const sim::Event& any) override {
        const Shown event(any);
        if (const auto* appended = event.as<model::BatchAppended>()) {
            on_appended(*appended, event);
            return;
        }
        if (const auto* cleaned = event.as<model::LogCleaned>()) {
            model::Offset& to = partitions_[cleaned->partition].cleaned_to;
            to = std::max(to, cleaned->to);
        } else if (const auto* taken = event.as<model::RoleTaken>()) {
            on_role_taken(*taken, event);
        } else if (const auto* changed = event.as<model::PartitionChanged>()) {
            on_partition_changed(*changed, event.sequence);
        } else if (const auto* created = event.as<model::TopicCreated>()) {
            on_topic_created(*created);
        }
    }

    CheckerReport finish() override { return findings_.report(); }

  private:
    void on_appended(const model::BatchAppended& appended, const sim::Event& event) {
        const ReplicaLogs::Change& change = *book_.log_change();
        // It was written right after what was there, or over it.
        std::optional<BatchIdentity> predecessor = change.last_before;
        if (predecessor && predecessor->last_offset >= appended.base_offset) predecessor.reset();
        findings_.judge();
        if (change.kind == ReplicaLogs::Change::Kind::overwritten && change.was_known_exactly) {
            findings_.object("overwrite",
                             evidence("partition", appended.partition, "broker", appended.broker,
                                      "offset", appended.base_offset, "log_end", change.end_before),
                             {event.sequence});
        }
        LedLogs& partition = partitions_[appended.partition];
        match(partition, appended, predecessor, event.sequence);
        if (appended.role == model::ReplicaRole::leader) {
            lead(partition, appended.partition, appended.leader_epoch, appended.broker,
                 event.sequence);
        }
    }

    void match(LedLogs& partition, const model::BatchAppended& appended,
               std::optional<BatchIdentity> predecessor, sim::EventSequence sequence) {
        // Compaction writes batches anew, on each replica at its own time.
        if (appended.base_offset < partition.cleaned_to) return;
        if (predecessor && predecessor->base_offset < partition.cleaned_to) predecessor.reset();
        const BatchIdentity batch{.base_offset = appended.base_offset,
                                  .last_offset = appended.last_offset,
                                  .leader_epoch = appended.leader_epoch,
                                  .crc = appended.crc};
        const auto [at, is_new] =
            partition.batches.try_emplace({batch.base_offset, batch.leader_epoch});
        Origin& origin = at->second;
        if (is_new) {
            origin = {.batch = batch,
                      .broker = appended.broker,
                      .event = sequence,
                      .predecessor = predecessor,
                      .predecessor_event = sequence};
            return;
        }
        if (!invariants::is_same_batch(origin.batch, batch)) {
            findings_.object("log-divergence",
                             evidence("partition", appended.partition, "offset", batch.base_offset,
                                      "leader_epoch", batch.leader_epoch, "broker", appended.broker,
                                      "crc", batch.crc, "last_offset", batch.last_offset,
                                      "other_broker", origin.broker, "other_crc", origin.batch.crc,
                                      "other_last_offset", origin.batch.last_offset),
                             {origin.event, sequence});
        }
        if (!predecessor) return;
        if (!origin.predecessor) {
            origin.predecessor = predecessor;
            origin.predecessor_event = sequence;
        } else if (!invariants::is_same_batch(*origin.predecessor, *predecessor)) {
            findings_.object(
                "log-divergence",
                evidence("partition", appended.partition, "offset", predecessor->base_offset,
                         "leader_epoch", predecessor->leader_epoch, "broker", appended.broker,
                         "crc", predecessor->crc, "other_offset", origin.predecessor->base_offset,
                         "other_leader_epoch", origin.predecessor->leader_epoch, "other_crc",
                         origin.predecessor->crc, "before_offset", batch.base_offset,
                         "before_leader_epoch", batch.leader_epoch),
                {origin.predecessor_event, sequence});
        }
    }

    void lead(LedLogs& partition, const model::TopicPartition& name, model::LeaderEpoch epoch,
              model::BrokerId broker, sim::EventSequence sequence) {
        const auto [at, is_new] =
            partition.leaders.try_emplace(epoch, Leadership{.broker = broker, .event = sequence});
        if (is_new || invariants::is_same_leader(at->second.broker, broker)) return;
        findings_.object("two-leaders",
                         evidence("partition", name, "leader_epoch", epoch, "broker", broker,
                                  "other_broker", at->second.broker),
                         {at->second.event, sequence});
    }

    void on_role_taken(const model::RoleTaken& taken, const sim::Event& event) {
        findings_.judge();
        if (taken.role == model::ReplicaRole::leader) {
            lead(partitions_[taken.partition], taken.partition, taken.leader_epoch, taken.broker,
                 event.sequence);
        }
        const auto [at, is_new] = roles_.try_emplace(RoleKey{taken.partition, taken.broker});
        Role& role = at->second;
        if (!is_new && role.incarnation == event.incarnation &&
            taken.leader_epoch < role.leader_epoch) {
            findings_.object(
                "leader-epoch",
                evidence("partition", taken.partition, "broker", taken.broker, "leader_epoch",
                         taken.leader_epoch, "earlier_leader_epoch", role.leader_epoch),
                {role.event, event.sequence});
        }
        role = {.incarnation = event.incarnation,
                .leader_epoch = taken.leader_epoch,
                .event = event.sequence};
    }

    void on_partition_changed(const model::PartitionChanged& changed, sim::EventSequence sequence) {
        findings_.judge();
        if (!invariants::is_leader_in_sync(changed.leader, model::no_broker, changed.isr)) {
            findings_.object("leader-not-in-isr",
                             evidence("partition", changed.partition, "leader", changed.leader,
                                      "leader_epoch", changed.leader_epoch),
                             {sequence});
        }
        LedLogs& partition = partitions_[changed.partition];
        const sim::EventSequence before_event = partition.last_change_event;
        if (const auto& before = partition.last_change) {
            const bool has_moved =
                changed.leader != model::no_broker && changed.leader != before->leader;
            if (changed.leader_epoch < before->leader_epoch ||
                (has_moved && changed.leader_epoch == before->leader_epoch)) {
                findings_.object(
                    "leader-epoch",
                    evidence("partition", changed.partition, "leader", changed.leader,
                             "leader_epoch", changed.leader_epoch, "earlier_leader", before->leader,
                             "earlier_leader_epoch", before->leader_epoch),
                    {before_event, sequence});
            }
            // A controller that takes over may tell once more what was committed before it.
            const bool is_repeated = changed.partition_epoch == before->partition_epoch &&
                                     changed.leader == before->leader && changed.isr == before->isr;
            if (changed.partition_epoch <= before->partition_epoch && !is_repeated) {
                findings_.object("partition-epoch",
                                 evidence("partition", changed.partition, "partition_epoch",
                                          changed.partition_epoch, "earlier_partition_epoch",
                                          before->partition_epoch),
                                 {before_event, sequence});
            }
        }
        partition.last_change = changed;
        partition.last_change_event = sequence;
    }

    // A topic made again under an old name starts from nothing.
    void on_topic_created(const model::TopicCreated& created) {
        const auto [at, is_new] = topics_.try_emplace(created.topic, created.topic_id);
        if (is_new || at->second == created.topic_id) return;
        at->second = created.topic_id;
        std::erase_if(partitions_,
                      [&](const auto& entry) { return entry.first.topic == created.topic; });
        std::erase_if(roles_, [&](const auto& entry) {
            return entry.first.partition.topic == created.topic;
        });
    }

    const Casebook& book_;
    std::map<model::TopicPartition, LedLogs> partitions_;
    std::map<RoleKey, Role> roles_;
    std::map<std::string, model::Uuid> topics_;
    Findings findings_{"replica-log"};
};

}  // namespace

std::unique_ptr<Checker> make_replica_log(const Casebook& book) {
    return std::make_unique<ReplicaLogMatching>(book);
}

}  // namespace squall::checkers
