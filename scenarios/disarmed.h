// Disarmed: a scenario with no known bug switched on, to tell what the bug does from what the
// scenario does by itself.
#pragma once

#include "scenarios/scenario.h"

namespace squall::scenarios {

bool is_armed(const Scenario& scenario);
// A bug is armed that is an unsafe configuration: such runs are judged by the safe contract.
bool is_armed_by_configuration(const Scenario& scenario);

// What unsafe configurations set is as the safe contract has it. Throws ScenarioError where that is
// no scenario.
Scenario disarmed(const Scenario& scenario);

}  // namespace squall::scenarios
