#include "scenarios/swarm.h"

#include <algorithm>
#include <iterator>

#include "scenarios/cluster.h"
#include "scenarios/faults/fault.h"
#include "scenarios/scenario_file.h"
#include "sim/base/rng.h"

namespace squall::scenarios {
namespace {

std::string choose(const SwarmChoice& choice, Draws& draws) {
    if (choice.values.empty()) return fmt::format("{}", draws.between(choice.min, choice.max));
    return choice.values[draws.below(choice.values.size())];
}

// What a seed's storm is made of. Swarm testing: a subset of the kinds for each seed, since a mix
// of everything every time hides what some of it would show (Groce et al., 2012).
class Storm {
  public:
    Storm(const Scenario& plan, const SwarmFaults& swarm, const Noise& noise)
        : plan_(plan), noise_(noise) {
        Draws draws(noise, Meaning("swarm kinds"));
        for (const std::string& kind : swarm.kinds) {
            if (draws.below(2) == 0) kinds_.push_back(kind);
        }
        if (kinds_.empty()) kinds_.push_back(swarm.kinds[draws.below(swarm.kinds.size())]);
        // One machine alone loses data, so that a survivor of every record exists: a loss is a bug.
        victim_ = fmt::format("b{}", 1 + draws.below(plan.cluster.brokers));
        roles_ = broker_names(plan);
        for (const auto& [topic, section] : plan.topics) {
            for (std::int32_t i = 0; i < section.partitions; ++i) {
                roles_.push_back(fmt::format("leader({}-{})", topic, i));
                roles_.push_back(fmt::format("isr-follower({}-{})", topic, i));
            }
        }
        for (const auto& [group, section] : plan.workload.groups) {
            roles_.push_back(fmt::format("coordinator({})", group));
        }
        for (int i = 0; i < 3; ++i) roles_.emplace_back("controller");
    }

    // A fault at a time in the first four fifths of the storm.
    FaultSection draw(std::uint32_t ordinal) const {
        Draws draws(noise_, Meaning("swarm fault").with(ordinal));
        FaultSection fault;
        fault.id = fmt::format("storm-{}", ordinal + 1);
        fault.kind = kinds_[draws.below(kinds_.size())];
        fault.target = target_of(fault.kind, draws);
        const std::int64_t storm_ms = plan_.run.storm / 1ms;
        fault.at = std::chrono::milliseconds(draws.between(storm_ms / 10, storm_ms * 8 / 10));
        fault.heal_after = std::chrono::milliseconds(draws.between(500, storm_ms / 4));
        return fault;
    }

  private:
    std::string target_of(const std::string& kind, Draws& draws) const {
        if (loses_data(kind)) return victim_;
        if (kind == "rolling-restart") return "all-brokers";
        return roles_[draws.below(roles_.size())];
    }

    const Scenario& plan_;
    const Noise& noise_;
    std::vector<std::string> kinds_;
    std::vector<std::string> roles_;
    std::string victim_;
};

// Of the plan as it was chosen: its brokers, its topics, its storm.
void add_faults(Scenario& plan, const SwarmFaults& swarm, const Noise& noise) {
    Draws draws(noise, Meaning("swarm fault count"));
    const auto count = static_cast<std::uint32_t>(draws.between(swarm.min, swarm.max));
    std::vector<FaultSection> faults;
    const Storm storm(plan, swarm, noise);
    for (std::uint32_t i = 0; i < count; ++i) faults.push_back(storm.draw(i));
    std::ranges::move(faults, std::back_inserter(plan.faults));
}

}  // namespace

bool loses_data(std::string_view fault_kind) {
    static constexpr std::string_view kinds[] = {"bit-rot",  "die-at-write", "disk-full",
                                                 "io-error", "power-loss",   "wiped-disk"};
    return std::ranges::find(kinds, fault_kind) != std::ranges::end(kinds);
}

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
