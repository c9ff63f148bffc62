#include "scenarios/swarm.h"

#include "scenarios/faults/fault.h"
#include "scenarios/scenario_file.h"
#include "sim/base/rng.h"

namespace squall::scenarios {
namespace {

std::string choose(const SwarmChoice& choice, Draws& draws) {
    if (choice.values.empty()) return fmt::format("{}", draws.between(choice.min, choice.max));
    return choice.values[draws.below(choice.values.size())];
}

// A fault of the kind, at a time in the first four fifths of the storm, on a machine drawn by seed.
FaultSection draw_fault(const SwarmFaults& swarm, const Scenario& scenario, std::uint32_t ordinal,
                        const Noise& noise) {
    Draws draws(noise, Meaning("swarm fault").with(ordinal));
    FaultSection fault;
    fault.id = fmt::format("storm-{}", ordinal + 1);
    fault.kind = swarm.kinds[draws.below(swarm.kinds.size())];
    fault.target = fmt::format("b{}", 1 + draws.below(scenario.cluster.brokers));
    const std::int64_t storm_ms = scenario.run.storm / 1ms;
    fault.at = std::chrono::milliseconds(draws.between(storm_ms / 10, storm_ms * 8 / 10));
    fault.heal_after = std::chrono::milliseconds(draws.between(500, storm_ms / 4));
    return fault;
}

// Of the plan as it was chosen: its brokers, its storm.
void add_faults(Scenario& plan, const SwarmFaults& swarm, const Noise& noise) {
    Draws draws(noise, Meaning("swarm fault count"));
    const auto count = static_cast<std::uint32_t>(draws.between(swarm.min, swarm.max));
    for (std::uint32_t i = 0; i < count; ++i) {
        plan.faults.push_back(draw_fault(swarm, plan, i, noise));
    }
}

}  // namespace

Scenario expand(const Scenario& scenario, std::uint64_t seed) {
    if (scenario.swarm.is_empty()) return scenario;
    const Noise noise(seed);
    Changes changes;
    for (const SwarmChoice& choice : scenario.swarm.choices) {
        Draws draws(noise, Meaning("swarm").with(choice.path));
        changes.set.push_back({choice.path, choose(choice, draws)});
    }
    Scenario written = scenario;
    written.swarm = {};
    try {
        // Through the file's own reader, so that a drawn value is checked exactly as a written one.
        Scenario plan = parse_scenario(write_scenario(written), scenario.name, changes);
        if (scenario.swarm.faults) {
            add_faults(plan, *scenario.swarm.faults, noise);
            validate(plan);
        }
        return plan;
    } catch (const ScenarioError& error) {
        // Each choice is fine by itself. Where it stands in the text made here is of no use.
        throw ScenarioError{
            .file = scenario.name,
            .message = fmt::format("swarm: the choices of seed {} do not go together: {}", seed,
                                   error.message)};
    }
}

}  // namespace squall::scenarios
