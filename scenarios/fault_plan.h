// FaultPlan: brings the faults of a scenario down on a cluster at their times, and ends them; and
// those that are given to it while it runs (`squall serve --control`).
//
// Times that a seed may choose (window) are drawn when the plan is made, or the fault is given,
// keyed by the fault's id: adding or removing one fault leaves the others where they were.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "scenarios/cluster.h"
#include "scenarios/faults/fault.h"
#include "scenarios/receipts.h"
#include "scenarios/scenario.h"

namespace squall::scenarios {

class FaultPlan {
  public:
    // Requires: the scenario is valid. Schedules everything that has a time.
    FaultPlan(const Scenario& scenario, Cluster& cluster, Receipts& receipts);

    // For conditions over trace events.
    bool looks_at(const sim::EventKind& kind) const;
    void observe(const sim::Event& event);
    // The storm is over: whatever still acts is healed, and nothing strikes any more.
    void end_storm();

    // ---- from outside, between steps ----

    struct AtWork {
        std::string id, kind, target;
        std::vector<std::string> machines;  // whom it hit
    };
    struct Armed {
        std::string id, kind, target;
        std::string event;  // what it waits for; empty: its time
        Time next{};
    };

    // Strikes now. Requires: validate_given() was content, and may_give(given.id). Returns whom it
    // hits; nobody plays the role: empty, and nothing happened.
    std::vector<std::string> strike(FaultSection given);
    // Strikes at its time (`at`, or one drawn from `window`), when its condition is met for the
    // first time from now on (`when`), or again and again until it is ended (`every`: first so long
    // from now). Requires: as strike(), and one of the four; a time is not in the past.
    Armed arm(FaultSection given);
    // Whether a fault of that id may be given: the storm goes on, and neither the scenario nor
    // anything at work or armed has the id.
    bool may_give(const std::string& id) const;
    // Whether there is a fault of that id, or was one.
    bool knows(const std::string& id) const;
    // An id that no fault has had: "given-1".
    std::string fresh_id() const;
    // What is at work is healed, what is armed strikes no more. False: there is neither.
    bool end(const std::string& id);
    // In order of striking.
    std::vector<AtWork> at_work() const;
    // Given, and still to strike.
    std::vector<Armed> armed() const;
    bool storm_is_over() const { return over_; }

  private:
    struct Entry {
        const FaultSection* section = nullptr;
        // Who gave it waits for whom it hits.
        bool is_answered = false;
        std::uint64_t times_struck = 0;
        std::uint32_t matches = 0;  // of its condition, so far
        bool ever_struck = false;
        // From outside: still to strike, for the how manieth time.
        bool is_armed = false;
        std::uint64_t times_armed = 0;
        Time next{};  // where it waits for a time
    };
    struct Active {
        std::string id;
        const FaultSection* section = nullptr;
        std::unique_ptr<Fault> fault;
        std::unique_ptr<FaultContext> context;
    };

    bool has_struck(const std::string& id) const;
    std::vector<std::string> strike(Entry& entry);
    Entry& take(FaultSection given);
    void wait_until(Entry& entry, Time time);
    // What was armed for the `number`th time.
    void strike_armed(Entry& entry, std::uint64_t number);
    static Armed told(const Entry& entry);
    // Returns whether this event is the one that the entry waits for.
    bool is_met(Entry& entry, const sim::Event& event) const;
    void watch(const std::string& event);
    void heal(const std::string& id);

    Cluster& cluster_;
    Receipts& receipts_;
    std::vector<Entry> entries_;
    // Given ones, each id once: where they are, they stay.
    std::deque<FaultSection> given_;
    std::deque<Entry> given_entries_;
    std::set<std::string> watched_;  // events, for given ones alone
    std::vector<Active> active_;
    bool over_ = false;
};

}  // namespace squall::scenarios
