#include "scenarios/hunt/hunt.h"

#include <algorithm>
#include <map>
#include <set>

#include "scenarios/hunt/breed.h"
#include "scenarios/run.h"
#include "scenarios/scenario_file.h"
#include "scenarios/swarm.h"

namespace squall::scenarios {

using Clock = std::chrono::steady_clock;

namespace {

constexpr std::ptrdiff_t recent_mothers = 24;

}  // namespace

RunRecord run_for_record(const Scenario& scenario, std::uint64_t seed, std::uint64_t step_budget) {
    const auto begin = Clock::now();
    RunRecord record;
    try {
        record = record_of(run(scenario, {.seed = seed,
                                          .trace_level = sim::TraceLevel::hash_only,
                                          .stop = nullptr,
                                          .step_budget = step_budget,
                                          .prepare = {}}));
    } catch (const ScenarioError& error) {
        // A choice of the swarm that cannot be run: the scenario's fault, and worth its own line.
        record.why = error.text();
        record.objections = {{"squall", "scenario-error", error.message, 1}};
    }
    record.scenario = scenario.name;
    record.seed = seed;
    record.wall = Clock::now() - begin;
    return record;
}

const Scenario& Hunt::scenario_of(std::uint64_t job) const {
    return options_.scenarios[job % options_.scenarios.size()];
}

std::uint64_t Hunt::seed_of(std::uint64_t job) const {
    return options_.first_seed + job / options_.scenarios.size();
}

std::string Hunt::work(std::uint64_t job) const {
    return to_json(run_for_record(scenario_of(job), seed_of(job), options_.step_budget));
}

std::optional<std::uint64_t> Hunt::planned() const {
    if (!options_.last_seed) return std::nullopt;
    const std::uint64_t jobs =
        (*options_.last_seed - options_.first_seed + 1) * options_.scenarios.size();
    const std::uint64_t before = options_.shard.number - 1;
    return jobs <= before ? 0 : (jobs - before - 1) / options_.shard.of + 1;
}

Status Hunt::run(const std::function<bool(std::string_view, std::uint64_t)>& is_done,
                 const std::function<bool(const RunRecord&)>& on_record,
                 const std::function<void()>& on_tick, const std::atomic<bool>& stop) {
    ASSERT(!options_.scenarios.empty(), "a hunt without scenarios");
    if (options_.is_guided) return run_guided(is_done, on_record, on_tick, stop);
    const auto deadline =
        options_.duration ? std::optional(Clock::now() + *options_.duration) : std::nullopt;
    std::uint64_t upcoming = options_.shard.number - 1;
    bool enough = false;
    const auto next = [&]() -> std::optional<std::uint64_t> {
        while (true) {
            if (enough || (deadline && Clock::now() >= *deadline)) return std::nullopt;
            const std::uint64_t job = upcoming;
            if (!is_within(job)) return std::nullopt;
            upcoming += options_.shard.of;
            if (!is_done(scenario_of(job).name, seed_of(job))) return job;
        }
    };
    const auto done = [&](const JobOutcome& outcome) {
        if (!on_record(record_of_job(outcome))) enough = true;
    };
    WorkerPool pool(options_.limits, [this](std::uint64_t job) { return work(job); });
    return pool.run(next, done, stop, on_tick);
}

RunRecord Hunt::record_of_job(const JobOutcome& outcome) const {
    if (outcome.end != JobEnd::done) {
        return record_of(outcome, scenario_of(outcome.job).name, seed_of(outcome.job));
    }
    Result<RunRecord> told = parse_run_record(outcome.text);
    ASSERT(told.ok(), "a worker told no record: {}", told.error().detail);
    return std::move(told).value();
}

bool Hunt::is_within(std::uint64_t job) const {
    return !options_.last_seed || seed_of(job) <= *options_.last_seed;
}

std::optional<Scenario> Hunt::bred(std::uint64_t job, const std::vector<Mother>& mothers) const {
    const Scenario& scenario = scenario_of(job);
    // A storm that somebody wrote is what its scenario is about.
    if (!scenario.swarm.faults || seed_of(job) % 2 == 0) return std::nullopt;
    std::vector<const Scenario*> known;
    for (const Mother& mother : mothers) {
        if (mother.scenario == job % options_.scenarios.size()) known.push_back(&mother.plan);
    }
    if (known.empty()) return std::nullopt;
    // The first runs are new in everything; who found something late found something rare.
    if (std::ssize(known) > recent_mothers) {
        known.erase(known.begin(), known.end() - recent_mothers);
    }
    Draws draws(Noise(seed_of(job)), Meaning("breed").with(scenario.name));
    const Scenario& mother = *known[draws.below(known.size())];
    const Scenario& other = *known[draws.below(known.size())];
    return breed(mother, other, draws);
}

Status Hunt::run_guided(const IsDone& is_done, const OnRecord& on_record,
                        const std::function<void()>& on_tick, const std::atomic<bool>& stop) {
    const auto deadline =
        options_.duration ? std::optional(Clock::now() + *options_.duration) : std::nullopt;
    std::uint64_t upcoming = options_.shard.number - 1;
    std::vector<Mother> mothers;
    std::set<CoverageCell> reached;
    bool enough = false;
    const auto time_is_up = [&] { return deadline && Clock::now() >= *deadline; };
    while (!enough && !stop.load() && !time_is_up() && is_within(upcoming)) {
        std::map<std::uint64_t, std::optional<Scenario>> plans;
        for (; plans.size() < jobs_of_a_round && is_within(upcoming);
             upcoming += options_.shard.of) {
            if (is_done(scenario_of(upcoming).name, seed_of(upcoming))) continue;
            plans.emplace(upcoming, bred(upcoming, mothers));
        }
        if (plans.empty()) break;
        auto following = plans.begin();
        const auto next = [&]() -> std::optional<std::uint64_t> {
            if (enough || following == plans.end() || time_is_up()) return std::nullopt;
            return (following++)->first;
        };
        std::map<std::uint64_t, CoverageCounts> coverage;
        const auto done = [&](const JobOutcome& outcome) {
            RunRecord record = record_of_job(outcome);
            if (const std::optional<Scenario>& plan = plans.at(outcome.job)) {
                Scenario repro = *plan;
                repro.run.seed = record.seed;
                record.plan = write_scenario(repro);
            }
            coverage[outcome.job] = record.coverage;
            if (!on_record(record)) enough = true;
        };
        WorkerPool pool(options_.limits, [&](std::uint64_t job) {
            const std::optional<Scenario>& plan = plans.at(job);
            return to_json(run_for_record(plan ? *plan : scenario_of(job), seed_of(job),
                                          options_.step_budget));
        });
        if (const Status ran = pool.run(next, done, stop, on_tick); !ran) return ran;
        // In order of jobs, not of their ends.
        for (const auto& [job, cells] : coverage) {
            bool is_new = false;
            for (const auto& [cell, count] : cells) is_new |= reached.insert(cell).second;
            if (!is_new || !scenario_of(job).swarm.faults) continue;
            const std::optional<Scenario>& plan = plans.at(job);
            mothers.push_back({.plan = plan ? *plan : expand(scenario_of(job), seed_of(job)),
                               .scenario = job % options_.scenarios.size()});
        }
    }
    return Unit{};
}

}  // namespace squall::scenarios
