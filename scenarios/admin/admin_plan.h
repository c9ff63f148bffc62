// AdminPlan: makes the administrative steps of a scenario at their times, from a machine of its own
// that runs nothing else.
#pragma once

#include <string_view>

#include "scenarios/cluster.h"
#include "scenarios/scenario.h"

namespace squall::scenarios {

class AdminPlan {
  public:
    // The machine; there is none in a scenario without steps.
    static constexpr std::string_view machine_name = "operator";

    // Adds and starts the machine, and schedules every step. On the main context, before anything
    // runs. Requires: the scenario is valid; both outlive the simulation's runs.
    AdminPlan(const Scenario& scenario, Cluster& cluster);
};

}  // namespace squall::scenarios
