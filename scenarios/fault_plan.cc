#include "scenarios/fault_plan.h"

#include <fmt/core.h>

#include <algorithm>

#include "scenarios/target.h"
#include "sim/trace/sim_events.h"

namespace squall::scenarios {

FaultPlan::FaultPlan(const Scenario& scenario, Cluster& cluster, Receipts& receipts)
    : cluster_(cluster), receipts_(receipts) {
    entries_.reserve(scenario.faults.size());
    for (const FaultSection& section : scenario.faults) entries_.push_back({.section = &section});
    sim::Simulation& simulation = cluster_.simulation();
    for (Entry& entry : entries_) {
        const FaultSection& section = *entry.section;
        Draws draws(simulation.noise(), Meaning("fault time").with(section.id));
        std::vector<Duration> times;
        if (section.at) {
            times.push_back(*section.at);
        } else if (section.window) {
            times.push_back(Duration(
                draws.between(section.window->first.count(), section.window->second.count())));
        } else if (section.every) {
            for (Duration time = *section.every; time < scenario.run.storm;
                 time += *section.every) {
                times.push_back(time);
            }
        }
        for (const Duration time : times) {
            simulation.control_at(Time(time), [this, &entry] { strike(entry); });
        }
    }
}

std::vector<std::string> FaultPlan::strike(Entry& entry) {
    if (over_) return {};
    const FaultSection& section = *entry.section;
    sim::Simulation& simulation = cluster_.simulation();
    // A fault that strikes again ends its earlier self first.
    heal(section.id);

    Draws draws(simulation.noise(), Meaning("fault").with(section.id).with(entry.times_struck));
    ++entry.times_struck;
    const Target target = parse_target(section.target).value();
    auto context = std::make_unique<FaultContext>(
        FaultContext{.cluster = cluster_, .id = section.id, .machines = {}, .draws = draws});
    context->machines = aim(target, cluster_, context->draws);
    const FaultEntry& kind = *find_fault(section.kind);
    std::vector<std::string> names;
    std::string who;
    for (const Machine* machine : context->machines) {
        ASSERT(!kind.needs_broker || machine->disk != nullptr,
               "fault {}: a {} would hit {}, which has no disk", section.id, kind.kind,
               machine->name);
        names.push_back(machine->name);
        who += (who.empty() ? "" : ", ") + machine->name;
    }
    if (names.empty()) {
        // Who gave it is told at once.
        if (!entry.is_given) {
            receipts_.missed(section.id, section.kind, section.target + " = nobody");
        }
        entry.ever_struck = true;
        return names;
    }
    entry.ever_struck = true;
    const std::string described = who == section.target ? who : section.target + " = " + who;
    std::unique_ptr<Fault> fault = std::move(kind.make(section.options)).value();
    receipts_.struck(section.id, section.kind, described, names, simulation.now());
    // What it does from here on names it as its cause.
    simulation.trace().context().cause = simulation.trace().emit_as_harness(
        sim::FaultStarted{.id = section.id, .kind = section.kind, .target = described});
    fault->strike(*context);
    for (const std::string& part : context->without_target) {
        receipts_.missed(section.id, section.kind, fmt::format("{}: {} = nobody", who, part));
    }
    active_.push_back({section.id, &section, std::move(fault), std::move(context)});
    if (section.heal_after) {
        const std::uint64_t strike_number = entry.times_struck;
        simulation.control_at(simulation.now() + *section.heal_after,
                              [this, &entry, strike_number] {
                                  if (entry.times_struck == strike_number) heal(entry.section->id);
                              });
    }
    return names;
}

bool FaultPlan::may_give(const std::string& id) const {
    return !over_ && std::ranges::find(active_, id, &Active::id) == active_.end() &&
           std::ranges::none_of(entries_,
                                [&](const Entry& entry) { return entry.section->id == id; });
}

std::string FaultPlan::fresh_id() const {
    for (std::size_t number = 1;; ++number) {
        std::string id = fmt::format("given-{}", number);
        const auto has_it = [&](const Entry& entry) { return entry.section->id == id; };
        if (std::ranges::none_of(entries_, has_it) &&
            std::ranges::none_of(given_entries_, has_it)) {
            return id;
        }
    }
}

std::vector<std::string> FaultPlan::strike(FaultSection given) {
    ASSERT(may_give(given.id), "fault {}: not now", given.id);
    const auto known = std::ranges::find_if(
        given_entries_, [&](const Entry& entry) { return entry.section->id == given.id; });
    if (known != given_entries_.end()) {
        // Its draws go on where the earlier one's ended.
        given_[static_cast<std::size_t>(known - given_entries_.begin())] = std::move(given);
        return strike(*known);
    }
    const FaultSection& section = given_.emplace_back(std::move(given));
    return strike(given_entries_.emplace_back(Entry{.section = &section, .is_given = true}));
}

bool FaultPlan::end(const std::string& id) {
    const bool is_at_work = std::ranges::find(active_, id, &Active::id) != active_.end();
    if (is_at_work) heal(id);
    return is_at_work;
}

std::vector<FaultPlan::AtWork> FaultPlan::at_work() const {
    std::vector<AtWork> faults;
    for (const Active& active : active_) {
        AtWork& told = faults.emplace_back(AtWork{.id = active.id,
                                                  .kind = active.section->kind,
                                                  .target = active.section->target,
                                                  .machines = {}});
        for (const Machine* machine : active.context->machines) {
            told.machines.push_back(machine->name);
        }
    }
    return faults;
}

void FaultPlan::heal(const std::string& id) {
    const auto found = std::ranges::find(active_, id, &Active::id);
    if (found == active_.end()) return;
    Active ending = std::move(*found);
    active_.erase(found);
    sim::Simulation& simulation = cluster_.simulation();
    const sim::EventSequence cause = simulation.trace().context().cause;
    simulation.trace().context().cause =
        simulation.trace().emit_as_harness(sim::FaultHealed{.id = id});
    ending.fault->heal(*ending.context);
    simulation.trace().context().cause = cause;
    receipts_.healed(id, simulation.now());
}

bool FaultPlan::has_struck(const std::string& id) const {
    return std::ranges::any_of(entries_, [&](const Entry& entry) {
        return entry.section->id == id && entry.times_struck > 0;
    });
}

bool FaultPlan::looks_at(const sim::EventKind& kind) const {
    return std::ranges::any_of(entries_, [&](const Entry& entry) {
        return entry.section->when && entry.section->when->event == kind.name;
    });
}

void FaultPlan::observe(const sim::Event& event) {
    if (over_) return;
    for (Entry& entry : entries_) {
        const auto& condition = entry.section->when;
        if (!condition || entry.ever_struck || event.name() != condition->event) continue;
        if (!condition->since.empty() && !has_struck(condition->since)) continue;
        if (!condition->match.empty()) {
            const std::vector<sim::FieldText> fields = event.fields();
            const bool matches = std::ranges::all_of(condition->match, [&](const auto& wanted) {
                return std::ranges::any_of(fields, [&](const sim::FieldText& field) {
                    return field.name == wanted.first && field.text == wanted.second;
                });
            });
            if (!matches) continue;
        }
        if (++entry.matches < condition->nth) continue;
        entry.ever_struck = true;
        // Not from here: an observer must not act. Without a delay, before any other task runs.
        sim::Simulation& simulation = cluster_.simulation();
        simulation.control_at(simulation.now() + condition->after,
                              [this, &entry] { strike(entry); });
    }
}

void FaultPlan::end_storm() {
    // A copy: what it is called goes with it.
    while (!active_.empty()) heal(std::string(active_.front().id));
    over_ = true;
    for (const Entry& entry : entries_) {
        if (!entry.ever_struck) {
            receipts_.missed(entry.section->id, entry.section->kind, entry.section->target);
        }
    }
}

}  // namespace squall::scenarios
