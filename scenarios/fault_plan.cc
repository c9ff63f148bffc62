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
        if (!entry.is_answered) {
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
    const auto has_it = [&](const Entry& entry) { return entry.section->id == id; };
    return !over_ && std::ranges::find(active_, id, &Active::id) == active_.end() &&
           std::ranges::none_of(entries_, has_it) &&
           std::ranges::none_of(
               given_entries_, [&](const Entry& entry) { return entry.is_armed && has_it(entry); });
}

bool FaultPlan::knows(const std::string& id) const {
    const auto has_it = [&](const Entry& entry) { return entry.section->id == id; };
    return std::ranges::any_of(entries_, has_it) || std::ranges::any_of(given_entries_, has_it);
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
    Entry& entry = take(std::move(given));
    entry.is_answered = true;
    return strike(entry);
}

FaultPlan::Armed FaultPlan::arm(FaultSection given) {
    ASSERT((given.at ? 1 : 0) + (given.window ? 1 : 0) + (given.every ? 1 : 0) +
                   (given.when ? 1 : 0) ==
               1,
           "fault {}: when?", given.id);
    Entry& entry = take(std::move(given));
    const FaultSection& section = *entry.section;
    entry.is_answered = false;
    entry.is_armed = true;
    entry.ever_struck = false;
    entry.matches = 0;
    ++entry.times_armed;
    sim::Simulation& simulation = cluster_.simulation();
    if (section.when) {
        watch(section.when->event);
    } else if (section.at) {
        wait_until(entry, Time(*section.at));
    } else if (section.window) {
        Draws draws(simulation.noise(),
                    Meaning("given fault time").with(section.id).with(entry.times_armed));
        const std::int64_t drawn =
            draws.between(section.window->first.count(), section.window->second.count());
        wait_until(entry, Time(Duration(drawn)));
    } else {
        wait_until(entry, simulation.now() + *section.every);
    }
    return told(entry);
}

void FaultPlan::wait_until(Entry& entry, Time time) {
    entry.next = time;
    cluster_.simulation().control_at(
        time, [this, &entry, number = entry.times_armed] { strike_armed(entry, number); });
}

FaultPlan::Entry& FaultPlan::take(FaultSection given) {
    ASSERT(may_give(given.id), "fault {}: not now", given.id);
    const auto known = std::ranges::find_if(
        given_entries_, [&](const Entry& entry) { return entry.section->id == given.id; });
    if (known != given_entries_.end()) {
        // Its draws go on where the earlier one's ended.
        given_[static_cast<std::size_t>(known - given_entries_.begin())] = std::move(given);
        return *known;
    }
    const FaultSection& section = given_.emplace_back(std::move(given));
    return given_entries_.emplace_back(Entry{.section = &section});
}

void FaultPlan::strike_armed(Entry& entry, std::uint64_t number) {
    // It may have been taken back meanwhile, and given again.
    if (over_ || !entry.is_armed || entry.times_armed != number) return;
    if (entry.section->every) {
        wait_until(entry, cluster_.simulation().now() + *entry.section->every);
    } else {
        entry.is_armed = false;
    }
    strike(entry);
}

// Who looks at which kinds of events is fixed when he comes: each further event has one of its own.
void FaultPlan::watch(const std::string& event) {
    const auto waits_for_it = [&](const Entry& entry) {
        return entry.section->when && entry.section->when->event == event;
    };
    if (std::ranges::any_of(entries_, waits_for_it) || !watched_.insert(event).second) return;
    cluster_.simulation().trace().observe(
        [this](const sim::Event& seen) { observe(seen); },
        [event](const sim::EventKind& kind) { return kind.name == event; });
}

bool FaultPlan::end(const std::string& id) {
    const auto armed = std::ranges::find_if(given_entries_, [&](const Entry& entry) {
        return entry.is_armed && entry.section->id == id;
    });
    const bool is_armed = armed != given_entries_.end();
    if (is_armed) armed->is_armed = false;
    const bool is_at_work = std::ranges::find(active_, id, &Active::id) != active_.end();
    if (is_at_work) heal(id);
    return is_armed || is_at_work;
}

FaultPlan::Armed FaultPlan::told(const Entry& entry) {
    const FaultSection& section = *entry.section;
    return {.id = section.id,
            .kind = section.kind,
            .target = section.target,
            .event = section.when ? section.when->event : "",
            .next = entry.next};
}

std::vector<FaultPlan::Armed> FaultPlan::armed() const {
    std::vector<Armed> faults;
    for (const Entry& entry : given_entries_) {
        if (entry.is_armed) faults.push_back(told(entry));
    }
    return faults;
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
    const auto has_struck = [&](const Entry& entry) {
        return entry.section->id == id && entry.times_struck > 0;
    };
    return std::ranges::any_of(entries_, has_struck) ||
           std::ranges::any_of(given_entries_, has_struck);
}

bool FaultPlan::looks_at(const sim::EventKind& kind) const {
    return std::ranges::any_of(entries_, [&](const Entry& entry) {
        return entry.section->when && entry.section->when->event == kind.name;
    });
}

bool FaultPlan::is_met(Entry& entry, const sim::Event& event) const {
    const auto& condition = entry.section->when;
    if (!condition || entry.ever_struck || event.name() != condition->event) return false;
    if (!condition->since.empty() && !has_struck(condition->since)) return false;
    if (!condition->match.empty()) {
        const std::vector<sim::FieldText> fields = event.fields();
        const bool matches = std::ranges::all_of(condition->match, [&](const auto& wanted) {
            return std::ranges::any_of(fields, [&](const sim::FieldText& field) {
                return field.name == wanted.first && field.text == wanted.second;
            });
        });
        if (!matches) return false;
    }
    if (++entry.matches < condition->nth) return false;
    entry.ever_struck = true;
    return true;
}

void FaultPlan::observe(const sim::Event& event) {
    if (over_) return;
    // Not from here: an observer must not act. Without a delay, before any other task runs.
    sim::Simulation& simulation = cluster_.simulation();
    for (Entry& entry : entries_) {
        if (!is_met(entry, event)) continue;
        simulation.control_at(simulation.now() + entry.section->when->after,
                              [this, &entry] { strike(entry); });
    }
    for (Entry& entry : given_entries_) {
        if (!entry.is_armed || !is_met(entry, event)) continue;
        simulation.control_at(
            simulation.now() + entry.section->when->after,
            [this, &entry, number = entry.times_armed] { strike_armed(entry, number); });
    }
}

void FaultPlan::end_storm() {
    // A copy: what it is called goes with it.
    while (!active_.empty()) heal(std::string(active_.front().id));
    over_ = true;
    const auto miss = [&](const Entry& entry) {
        receipts_.missed(entry.section->id, entry.section->kind, entry.section->target);
    };
    for (const Entry& entry : entries_) {
        if (!entry.ever_struck) miss(entry);
    }
    for (const Entry& entry : given_entries_) {
        const bool has_repeated = entry.section->every && entry.ever_struck;
        if (entry.is_armed && !has_repeated) miss(entry);
    }
}

}  // namespace squall::scenarios
