// Breed: a new plan from two that reached something new. The child is its mother's storm with a few
// changes: a fault at another time, for another while, on somebody else's target, left out, or
// taken from the other plan. Pure in its arguments.
#pragma once

#include "scenarios/scenario.h"
#include "sim/base/rng.h"

namespace squall::scenarios {

// Requires: both are expanded from one scenario. The child is valid, and keeps its mother's budget:
// one machine alone loses data.
Scenario breed(const Scenario& mother, const Scenario& other, Draws& draws);

}  // namespace squall::scenarios
