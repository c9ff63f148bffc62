// UncleanElections: who was elected leader though nobody vouches that it has all that is committed,
// and whether that was allowed: by unclean.leader.election.enable as it was then, by an
// administrator who had asked for an unclean election of the partition, or because nobody was left
// in sync or eligible and it was the last of them (KIP-966's balanced recovery).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "checkers/topic_settings.h"
#include "model/events/client_events.h"
#include "model/events/controller_events.h"
#include "sim/trace/event.h"

namespace squall::checkers {

class UncleanElections {
  public:
    static bool looks_at(const sim::EventKind& kind);
    void observe(const sim::Event& event, const TopicSettings& settings);

    // Whether the event at hand elects uncleanly what must not be elected so.
    bool is_forbidden() const { return is_forbidden_; }

  private:
    struct Partition {
        model::BrokerId last_leader = model::no_broker;
        bool is_abandoned = false;             // nobody is in sync, nor eligible
        std::set<model::BrokerId> candidates;  // in sync or eligible, when last anybody was
    };

    void on_asked(const model::ElectLeadersInvoked& asked);
    void on_changed(const model::PartitionChanged& changed, const TopicSettings& settings,
                    sim::EventSequence cause);
    bool was_asked_for(const model::TopicPartition& partition) const {
        return is_asked_for_all_ || asked_.contains(partition);
    }

    std::map<model::TopicPartition, Partition> partitions_;
    std::set<model::TopicPartition> asked_;
    bool is_asked_for_all_ = false;
    // The broker that registered last, and what it did so for: its registration shuts it out.
    model::BrokerId registered_ = model::no_broker;
    sim::EventSequence registered_for_{0};
    bool is_forbidden_ = false;
};

}  // namespace squall::checkers
