// Allowance: the table of docs/GUARANTEES.md as code: which anomalies a run excuses, and by what.
//
// An anomaly is allowed only if its cause stands in the trace, after the fact it would explain.
// Causes that come from an unsafe configuration (unclean election, acks < all, the whole in-sync
// set lost what it had not flushed) count only under Contract::configured; causes beyond anybody's
// promise (the whole in-sync set lost what was on its devices, log start moved) count under both.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "checkers/checker.h"
#include "checkers/cluster_view.h"
#include "model/events/client_events.h"
#include "model/events/controller_events.h"
#include "model/events/replica_events.h"

namespace squall::checkers {

struct Cause {
    std::string_view text;
    sim::EventSequence event;  // the trace event that is the cause
};

class Allowance {
  public:
    explicit Allowance(Contract contract) : contract_(contract) {}

    static bool looks_at(const sim::EventKind& kind);
    // What `is_forbidden` excuses nothing: an unclean election, a log start that moved, a cleaning.
    void observe(const sim::Event& event, bool is_forbidden);

    // Why a record that a replica in `partition` held after `since` may be gone from it, or its
    // offset be used again: unclean election, the whole in-sync set lost data, topic deleted.
    std::optional<Cause> of_truncation(const model::TopicPartition& partition,
                                       sim::EventSequence since) const;
    // As of_truncation, and acks < all of the producer `client_id` with a change of leader: after
    // `since`, or before a leader that it had deposed appended to its own log after `since`.
    std::optional<Cause> of_loss(const model::TopicPartition& partition, std::string_view client_id,
                                 sim::EventSequence since) const;
    // Why what stood at `offset` need not be readable: retention, DeleteRecords. (That its topic
    // was deleted, of_loss says.)
    std::optional<Cause> of_removal(const model::TopicPartition& partition,
                                    model::Offset offset) const;
    // The cleaner went over the offset. Whether it may have taken what stood there is a question of
    // keys: the compaction checker's.
    std::optional<Cause> of_compaction(const model::TopicPartition& partition,
                                       model::Offset offset) const;
    // As of_truncation, for any partition of a topic.
    std::optional<Cause> of_truncation_anywhere(std::string_view topic,
                                                sim::EventSequence since) const;
    // In any topic.
    std::optional<Cause> of_truncation_somewhere(sim::EventSequence since) const;
    // Why a later leader, in an epoch up to `to`, may lack what was committed in epoch `from` by
    // event `since`.
    std::optional<Cause> of_incomplete_leader(const model::TopicPartition& partition,
                                              model::LeaderEpoch from, model::LeaderEpoch to,
                                              sim::EventSequence since) const;

  private:
    struct UncleanElection {
        model::LeaderEpoch leader_epoch;
        sim::EventSequence event;
    };
    struct Partition {
        model::BrokerId leader = model::no_broker;
        std::vector<model::BrokerId> in_sync;  // ISR and eligible leader replicas
        std::set<model::BrokerId> spoiled;     // of them: lost unflushed data and did not resync
        std::vector<UncleanElection> unclean;
        sim::EventSequence last_leader_change{0};
        model::LeaderEpoch leader_epoch = model::no_leader_epoch;
        sim::EventSequence last_stale_append{0};  // by a leader that was deposed already
        sim::EventSequence last_whole_loss{0};
        std::map<model::Offset, sim::EventSequence> log_starts;  // where to -> the event
        sim::EventSequence deleted{0};                           // the topic
        model::Offset cleaned_to{0};                             // by any replica
        sim::EventSequence cleaned{0};
    };

    void on_partition_changed(const model::PartitionChanged& changed, bool is_forbidden,
                              sim::EventSequence sequence);
    static void note_whole_loss(Partition& state, sim::EventSequence sequence);
    void on_topic_deleted(std::string_view topic, sim::EventSequence sequence);
    void on_unflushed_lost(sim::NodeId node, sim::EventSequence sequence);
    void on_data_lost(sim::NodeId node, sim::EventSequence sequence);
    std::optional<Cause> of_truncation(const Partition& state, sim::EventSequence since) const;

    Contract contract_;
    std::map<model::TopicPartition, Partition> partitions_;
    std::map<model::BrokerId, sim::NodeId> nodes_;
    std::map<std::string, std::int16_t, std::less<>> acks_;  // of each producer, the weakest told
};

}  // namespace squall::checkers
