// FaultPlan: brings the faults of a scenario down on a cluster at their times, and ends them.
//
// Times that a seed may choose (window, every) are drawn when the plan is made, keyed by the
// fault's id: adding or removing one fault leaves the others where they were.
#pragma once

#include <map>
#include <memory>
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

  private:
    struct Entry {
        const FaultSection* section = nullptr;
        std::uint64_t times_struck = 0;
        std::uint32_t matches = 0;  // of its condition, so far
        bool ever_struck = false;
    };
    struct Active {
        std::string id;
        std::unique_ptr<Fault> fault;
        std::unique_ptr<FaultContext> context;
    };

    bool has_struck(const std::string& id) const;
    void strike(Entry& entry);
    void heal(const std::string& id);

    Cluster& cluster_;
    Receipts& receipts_;
    std::vector<Entry> entries_;
    std::vector<Active> active_;
    bool over_ = false;
};

}  // namespace squall::scenarios
