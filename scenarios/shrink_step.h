// Shrink steps: the ways to make a scenario smaller. Pure; scenarios/hunt/shrink.h tries them.
//
// They work on the scenario's own text, in which every line is one decision and what is left out is
// a default: so they know nothing of what a scenario can hold, and whatever is added to the format
// shrinks with the rest. Draws are keyed by meaning, so what a step does not touch stays as it was.
#pragma once

#include <string>
#include <vector>

#include "scenarios/scenario.h"

namespace squall::scenarios {

struct ShrinkStep {
    std::string what;  // "without fault kill-leader", "run.storm 60s -> 30s"
    Scenario smaller;
};

// The part of the scenario that a list of steps is about, in the order in which to try them: big
// bites first.
enum class ShrinkPart {
    faults,    // halves, quarters, ... and single ones are left out
    time,      // storm and calm get shorter
    sections,  // groups, topics, nodes, steps of an administrator are left out
    sizes,     // brokers, partitions, members, rates go down
    lines,     // any other setting goes back to its default; faults get shorter
};
inline constexpr ShrinkPart shrink_parts[] = {ShrinkPart::faults, ShrinkPart::time,
                                              ShrinkPart::sections, ShrinkPart::sizes,
                                              ShrinkPart::lines};
std::string_view to_string(ShrinkPart part);

// Every step of the part that leads to another valid scenario. Requires: no [swarm] is left.
std::vector<ShrinkStep> shrink_steps(const Scenario& scenario, ShrinkPart part);

// How big a scenario is, for people: "3 faults, 5 nodes, 200 records".
std::string describe_size(const Scenario& scenario);

}  // namespace squall::scenarios
