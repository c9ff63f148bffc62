// LedgerBacklog: which events were still on their way to a ledger when the run ended.
//
// An event comes to a ledger in records of its content, from topic to topic. It is on its way where
// one of them stands in a partition and those who read that for the ledger have not got past it: a
// group that has committed no offset behind it, nor begun behind it at the end of the log; the
// ledger's own reader that has not been handed what follows. It is, too, where its source (an
// outbox) had not got to it: no record of it was acknowledged, and none of an event that was
// accepted later stands anywhere.
//
// What is on its way is no loss while there was no time for it: up to 30 s after the calm began, 60
// where a member that had died before was not replaced by then (its session has to run out), and
// for as long as the ledger gets on, with an effect or a commit in the last 5 s.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "checkers/casebook.h"
#include "model/events/group_events.h"
#include "model/events/ledger_events.h"

namespace squall::checkers {

class LedgerBacklog {
  public:
    explicit LedgerBacklog(const Casebook& book) : book_(book) {}

    using Shown =
        sim::EventOf<model::LedgerOpened, model::BusinessEventAccepted, model::EffectApplied,
                     model::AssignmentChanged, model::OffsetCommitted, model::PositionSet,
                     model::RecordsPolled, sim::NodeStopped, sim::CalmBegan>;
    void observe(const sim::Event& any);

    // Once the run has ended: where the event, which was accepted and has no effect in the ledger,
    // was on its way; nullopt: nowhere.
    std::optional<std::string> place_of(const std::string& ledger, const std::string& event);
    // Whether what was on its way should have come.
    bool had_time(const std::string& ledger) const;

  private:
    using Place = std::pair<model::TopicPartition, model::Offset>;
    using Positions = std::map<model::TopicPartition, model::Offset>;

    struct Group {
        Positions passed;  // the highest commit, or begin at the end of the log
        std::set<std::string> topics;
        std::set<sim::NodeId> nodes;
        bool lacks_member = false;  // one died, and nothing was assigned since
        bool lacked_member_in_calm = false;
        Time last_advance;
    };
    struct Reading {
        std::vector<std::string> groups;
        std::string topic;             // read without a group; "": none
        std::set<sim::NodeId> nodes;   // that had effects
        std::set<std::string> events;  // that had one
        Time last_effect;
    };
    struct Accepted {
        model::RecordId record;
        sim::EventSequence event;
    };

    // Who in this place has not got past it; nullopt: nobody.
    std::optional<std::string> waits_for(const std::string& ledger, const Reading& reading,
                                         const Place& place) const;
    void find_records();

    const Casebook& book_;
    std::map<std::string, Reading> readings_;  // by ledger
    std::map<std::string, Group> groups_;
    std::map<sim::NodeId, Positions> polled_;  // without a group: to where
    std::map<std::string, Accepted> accepted_;
    std::optional<Time> calm_;

    bool has_found_records_ = false;
    std::map<model::RecordId, std::set<Place>> places_;
    std::set<model::RecordId> acknowledged_;
    sim::EventSequence last_that_stands_{0};  // of the events, the last one accepted
};

}  // namespace squall::checkers
