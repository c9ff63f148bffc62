// Swarm: what a seed chooses of a scenario (Groce et al., "Swarm Testing", 2012). expand() is a
// pure function: the same scenario and seed give the same plan, so `run S --seed N` is exactly what
// `hunt S` does at seed N.
#pragma once

#include <cstdint>
#include <string_view>

#include "scenarios/scenario.h"

namespace squall::scenarios {

// The scenario with every choice of [swarm] made by `seed`, and no [swarm] left. Each choice is
// keyed by its path: adding one leaves the others as they were. Throws ScenarioError where a choice
// makes the scenario impossible.
Scenario expand(const Scenario& scenario, std::uint64_t seed);

// After a fault of this kind a machine may hold less than it had. What draws storms lets one
// machine alone meet such faults, so that a survivor of every record exists: a loss is a bug.
bool loses_data(std::string_view fault_kind);

}  // namespace squall::scenarios
