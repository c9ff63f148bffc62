#include "scenarios/swarm.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

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
        brokers_ = broker_names(plan);
        roles_ = brokers_;
        // One machine alone loses data, so that a survivor of every record exists: a loss is a bug.
        // Nor may it be one without which there is no majority of controllers that remember.
        std::vector<std::string> candidates = brokers_;
        if (plan.cluster.combined && plan.cluster.controllers < 3) {
            std::erase_if(candidates, [&](const std::string& broker) {
                return std::ranges::count(controller_names(plan), broker) > 0;
            });
        }
        if (candidates.empty()) candidates = brokers_;
        victim_ = one_of(candidates, draws);
        spared_ = brokers_;
        std::erase(spared_, victim_);
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
        clients_ = players(plan, FaultEntry::Part::any);
        crowds_ = {"all-brokers", "all-controllers"};
        for (const auto& [topic, section] : plan.topics) {
            for (std::int32_t i = 0; i < section.partitions; ++i) {
                crowds_.push_back(fmt::format("isr({}-{})", topic, i));
            }
        }
    }

    // A fault at a time in the first four fifths of the storm.
    FaultSection draw(std::uint32_t ordinal) const {
        Draws draws(noise_, Meaning("swarm fault").with(ordinal));
        FaultSection fault = numbered(ordinal);
        fault.kind = kinds_[draws.below(kinds_.size())];
        fault.target = target_of(*find_fault(fault.kind), draws);
        fault.at = time_in_storm(draws);
        // The first one comes at a time, and to all that its target says.
        const bool is_first = ordinal == 0;
        if (!is_first && draws.below(4) == 0) strike_at_a_moment(fault, draws);
        fault.heal_after = time_to_heal(draws);
        choose_options(fault, is_first, draws);
        return fault;
    }

    // Whether the fault leaves a trace whatever the cluster does, if no other has left one before.
    bool is_sure(const FaultSection& fault) const {
        if (!fault.at || !is_felt_at_once(fault.kind)) return false;
        if (std::ranges::count(clients_, fault.target) > 0) return false;  // may be down, or done
        // By then topics have leaders, in a cluster that nothing has befallen: brokers that miss
        // the election of their controller by a heartbeat have them after 5.2 s.
        return *fault.at >= 6s || is_of_names(fault.target);
    }

    // One that is sure, of the kinds that the scenario lists; nullopt: none of them is.
    std::optional<FaultSection> draw_sure(const std::vector<std::string>& listed,
                                          std::uint32_t ordinal) const {
        std::vector<std::string> kinds = listed;
        std::erase_if(kinds, [](const std::string& kind) { return !is_felt_at_once(kind); });
        if (kinds.empty()) return std::nullopt;
        Draws draws(noise_, Meaning("swarm sure fault"));
        FaultSection fault = numbered(ordinal);
        fault.kind = one_of(kinds, draws);
        const std::string& broker = one_of(brokers_, draws);
        fault.target = fault.kind == "rolling-restart" ? "all-brokers"
                       : loses_data(fault.kind)        ? victim_
                                                       : broker;
        fault.at = time_in_storm(draws);
        fault.heal_after = time_to_heal(draws);
        choose_options(fault, true, draws);
        return fault;
    }

  private:
    // What stops a process or holds it up, and what turns its clocks: it needs nobody's traffic.
    static bool is_felt_at_once(std::string_view kind) {
        static constexpr std::string_view kinds[] = {
            "bit-rot",    "clock-drift",     "clock-freeze",      "clock-step", "crash",
            "crash-loop", "leap-second",     "misdirected-write", "pause",      "power-loss",
            "restart",    "rolling-restart", "wiped-disk"};
        return std::ranges::find(kinds, kind) != std::ranges::end(kinds);
    }
    bool is_of_names(std::string_view target) const {
        return target.starts_with("all-") || std::ranges::count(brokers_, target) > 0 ||
               std::ranges::count(controller_names(plan_), target) > 0;
    }

    static FaultSection numbered(std::uint32_t ordinal) {
        FaultSection fault;
        fault.id = fmt::format("storm-{}", ordinal + 1);
        return fault;
    }
    Duration time_in_storm(Draws& draws) const {
        const std::int64_t storm_ms = plan_.run.storm / 1ms;
        return std::chrono::milliseconds(draws.between(storm_ms / 10, storm_ms * 8 / 10));
    }
    Duration time_to_heal(Draws& draws) const {
        return std::chrono::milliseconds(draws.between(500, plan_.run.storm / 1ms / 4));
    }

    static const std::string& one_of(const std::vector<std::string>& names, Draws& draws) {
        return names[draws.below(names.size())];
    }

    std::string target_of(const FaultEntry& kind, Draws& draws) const {
        if (kind.part != FaultEntry::Part::any) return one_of(players(plan_, kind.part), draws);
        if (loses_data(kind.kind)) {
            // The quorum flushes before it answers: power costs it nothing that was promised.
            const bool quorum_bears_it = kind.kind == "power-loss" || kind.kind == "die-at-write";
            if (quorum_bears_it && !plan_.cluster.combined && draws.below(4) == 0) {
                return one_of(controller_names(plan_), draws);
            }
            return victim_;
        }
        if (kind.kind == "rolling-restart" || kind.kind == "swizzle") return "all-brokers";
        // What befalls the victim must not befall another's disk.
        if (kind.kind == "swapped-disks" && spared_.size() > 1) return one_of(spared_, draws);
        const bool is_for_one = kind.kind == "partition" || kind.kind == "swapped-disks";
        if (!is_for_one && draws.below(8) == 0) return one_of(crowds_, draws);
        if (!kind.needs_broker && !clients_.empty() && draws.below(4) == 0) {
            return one_of(clients_, draws);
        }
        return one_of(roles_, draws);
    }

    std::vector<std::string> conversations() const {
        std::vector<std::string> labels = {"Produce",     "Produce reply",  "Fetch",
                                           "Fetch reply", "AlterPartition", "AlterPartition reply"};
        const auto add = [&](std::initializer_list<const char*> more) {
            labels.insert(labels.end(), more.begin(), more.end());
        };
        if (!plan_.workload.groups.empty()) add({"OffsetCommit", "OffsetCommit reply"});
        if (plan_.workload.kind == "transactions") {
            add({"EndTxn", "EndTxn reply", "WriteTxnMarkers", "TxnOffsetCommit"});
        }
        return labels;
    }

    void choose_options(FaultSection& fault, bool hits_all, Draws& draws) const {
        const auto choose_of = [&](const char* option, std::vector<std::string> values) {
            fault.options[option] = one_of(values, draws);
        };
        if (fault.kind == "partition") choose_of("shape", {"apart", "halves", "bridge", "ring"});
        if (fault.kind == "isolate") choose_of("from", {"everyone", "servers", "controllers"});
        if (fault.kind == "bandwidth") choose_of("bits_per_second", {"64000", "256000", "2000000"});
        if (fault.kind == "swapped-disks" && spared_.size() > 1) {
            std::vector<std::string> others = spared_;
            std::erase(others, fault.target);
            choose_of("with", others);
        }
        if (fault.kind == "bit-rot" || fault.kind == "misdirected-write") {
            // What clients wrote, not what the machine needs to run at all.
            std::vector<std::string> logs;
            for (const auto& [topic, section] : plan_.topics) logs.push_back(topic + "-");
            if (!logs.empty()) choose_of("path", logs);
        }
        const FaultEntry& kind = *find_fault(fault.kind);
        const bool is_for_frames =
            std::ranges::find(kind.options, "label", &FaultOptionEntry::name) != kind.options.end();
        if (hits_all || !is_for_frames || draws.below(2) == 0) return;
        // Some conversations only: what nobody else notices is what is hard to notice.
        choose_of("label", conversations());
        choose_of("direction", {"both", "in", "out"});
        if (draws.below(3) == 0) choose_of("peer", {"all-brokers", "controller"});
        if (draws.below(3) == 0) choose_of("count", {"1", "3"});
    }

    // Where the protocols are in the middle of something, instead of at a time.
    static void strike_at_a_moment(FaultSection& fault, Draws& draws) {
        struct Moment {
            const char* event;
            std::map<std::string, std::string> match;
            std::int64_t most;  // the last of them that is worth waiting for
        };
        static const std::vector<Moment> moments = {
            {"RoleTaken", {{"role", "leader"}}, 12},
            {"PartitionChanged", {}, 12},
            {"IsrChangeProposed", {}, 4},
            {"HighWatermarkAdvanced", {{"role", "leader"}}, 300},
            {"BrokerStarted", {}, 6},
            {"RaftRoleChanged", {{"role", "leader"}}, 2},
            {"RaftVoteGranted", {}, 3},
            {"RaftCommitted", {}, 60},
            {"RecordHandled", {}, 200},
            {"OffsetCommitted", {}, 60},
            {"SendInvoked", {}, 300},
            {"FaultStarted", {}, 3},
            {"FaultHealed", {}, 3},
        };
        const Moment& moment = moments[draws.below(moments.size())];
        EventCondition condition;
        condition.event = moment.event;
        condition.match = moment.match;
        condition.nth = static_cast<std::uint32_t>(draws.between(1, moment.most));
        if (draws.below(2) == 0) condition.after = std::chrono::milliseconds(draws.between(1, 500));
        fault.at = std::nullopt;
        fault.when = std::move(condition);
    }

    const Scenario& plan_;
    const Noise& noise_;
    std::vector<std::string> kinds_;
    std::vector<std::string> brokers_;
    std::vector<std::string> roles_;   // brokers, and what they and controllers may be
    std::vector<std::string> crowds_;  // many at once
    std::vector<std::string> clients_;
    std::vector<std::string> spared_;  // every broker but the victim
    std::string victim_;
};

// Of the plan as it was chosen: its brokers, its topics, its storm.
void add_faults(Scenario& plan, const SwarmFaults& swarm, const Noise& noise) {
    Draws draws(noise, Meaning("swarm fault count"));
    const auto count = static_cast<std::uint32_t>(draws.between(swarm.min, swarm.max));
    std::vector<FaultSection> faults;
    const Storm storm(plan, swarm, noise);
    for (std::uint32_t i = 0; i < count; ++i) faults.push_back(storm.draw(i));
    // A storm whose faults may all miss may tell nothing.
    const auto sure = [&](const FaultSection& fault) { return storm.is_sure(fault); };
    if (count > 0 && std::ranges::none_of(faults, sure)) {
        const std::uint32_t place = count < swarm.max ? count : count - 1;
        if (std::optional<FaultSection> fault = storm.draw_sure(swarm.kinds, place)) {
            faults.resize(place);
            faults.push_back(std::move(*fault));
        }
    }
    std::ranges::move(faults, std::back_inserter(plan.faults));
}

}  // namespace

bool loses_data(std::string_view fault_kind) {
    static constexpr std::string_view kinds[] = {"bit-rot",   "die-at-write",      "disk-full",
                                                 "io-error",  "misdirected-write", "power-loss",
                                                 "wiped-disk"};
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
    if (const auto& rarely = scenario.swarm.rarely; rarely && !rarely->sets.empty()) {
        Draws draws(noise, Meaning("swarm rarely"));
        if (draws.below(rarely->one_in) == 0) {
            for (const auto& [path, value] : rarely->sets[draws.below(rarely->sets.size())]) {
                changes.set.push_back({path, value});
            }
        }
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
