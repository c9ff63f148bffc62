#include "scenarios/hunt/hunt.h"

#include <algorithm>

#include "scenarios/run.h"
#include "scenarios/scenario_file.h"

namespace squall::scenarios {

using Clock = std::chrono::steady_clock;

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
    const auto deadline =
        options_.duration ? std::optional(Clock::now() + *options_.duration) : std::nullopt;
    std::uint64_t upcoming = options_.shard.number - 1;
    bool enough = false;
    const auto next = [&]() -> std::optional<std::uint64_t> {
        while (true) {
            if (enough || (deadline && Clock::now() >= *deadline)) return std::nullopt;
            const std::uint64_t job = upcoming;
            if (options_.last_seed && seed_of(job) > *options_.last_seed) return std::nullopt;
            upcoming += options_.shard.of;
            if (!is_done(scenario_of(job).name, seed_of(job))) return job;
        }
    };
    const auto done = [&](const JobOutcome& outcome) {
        RunRecord record;
        if (outcome.end == JobEnd::done) {
            Result<RunRecord> told = parse_run_record(outcome.text);
            ASSERT(told.ok(), "a worker told no record: {}", told.error().detail);
            record = std::move(told).value();
        } else {
            record = record_of(outcome, scenario_of(outcome.job).name, seed_of(outcome.job));
        }
        if (!on_record(record)) enough = true;
    };
    WorkerPool pool(options_.limits, [this](std::uint64_t job) { return work(job); });
    return pool.run(next, done, stop, on_tick);
}

}  // namespace squall::scenarios
