#include "scenarios/hunt/shrink.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "scenarios/disarmed.h"
#include "scenarios/scenario_file.h"
#include "scenarios/shrink_step.h"

namespace squall::scenarios {
namespace {

Scenario without_faults(const Scenario& scenario) {
    Scenario quiet = scenario;
    quiet.faults.clear();
    return quiet;
}

class Search {
  public:
    Search(const Scenario& scenario, const ShrinkOptions& options, const std::atomic<bool>& stop)
        : options_(options), stop_(stop), by_safe_contract_(is_armed_by_configuration(scenario)) {
        result_.smallest = scenario;
        result_.seed = options.seed;
        // What a run must show to mean anything is not what makes it fail.
        result_.smallest.checks = {};
    }

    Result<Shrunk> run() {
        if (const Status known = find_out_about_bugs(); !known) return known.error();
        if (const Status known = find_out_about_faults(); !known) return known.error();
        bool got_smaller = true;
        while (got_smaller && !stop_.load()) {
            got_smaller = false;
            for (const ShrinkPart part : shrink_parts) {
                const Result<bool> smaller = exhaust(part);
                if (!smaller) return smaller.error();
                got_smaller = got_smaller || *smaller;
            }
            if (got_smaller) continue;
            const Result<bool> smaller = try_other_seeds();
            if (!smaller) return smaller.error();
            got_smaller = *smaller;
        }
        result_.is_complete = !stop_.load();
        return std::move(result_);
    }

  private:
    // Bugs that are armed, and that it fails without, are the first thing to leave out. An unsafe
    // configuration cannot be left out alone: with it goes the contract that the run is judged by.
    Status find_out_about_bugs() {
        if (!is_armed(result_.smallest)) return Unit{};
        ShrinkStep without;
        try {
            without = {"without the bugs that are armed: it fails so without them",
                       disarmed(result_.smallest)};
        } catch (const ScenarioError&) {
            return Unit{};
        }
        const Result<std::optional<std::size_t>> found =
            first_that_fails({{&without.smaller, result_.seed}}, 0);
        if (!found) return found.error();
        if (stop_.load()) return Unit{};
        result_.is_by_bugs = !*found;
        if (*result_.is_by_bugs || by_safe_contract_) return Unit{};
        take(std::move(without));
        return Unit{};
    }

    // Where no bug is the cause, it is the faults, or else they are the first thing to leave out.
    Status find_out_about_faults() {
        if (result_.is_by_bugs.value_or(false) || result_.smallest.faults.empty()) return Unit{};
        ShrinkStep without{"without any fault: it fails so without them",
                           without_faults(result_.smallest)};
        const Result<std::optional<std::size_t>> found =
            first_that_fails({{&without.smaller, result_.seed}}, 0);
        if (!found) return found.error();
        if (stop_.load()) return Unit{};
        is_by_faults_ = !*found;
        if (!is_by_faults_) take(std::move(without));
        return Unit{};
    }

    struct Candidate {
        const Scenario* scenario;
        std::uint64_t seed;
    };

    // Takes steps of the part until none fails any more. True: at least one was taken.
    Result<bool> exhaust(ShrinkPart part) {
        bool taken = false;
        std::size_t begin = 0;
        while (!stop_.load()) {
            std::vector<ShrinkStep> steps = shrink_steps(result_.smallest, part);
            std::vector<Candidate> candidates;
            for (const ShrinkStep& step : steps)
                candidates.push_back({&step.smaller, result_.seed});
            // Steps before the one taken last have just failed to fail; they come again next round.
            begin = std::min(begin, steps.size());
            const Result<std::optional<std::size_t>> found = first_that_fails(candidates, begin);
            if (!found) return found.error();
            if (!*found) return taken;
            begin = **found;
            taken = true;
            take(std::move(steps[begin]));
        }
        return taken;
    }

    // True: a step was taken, and the seed with it.
    Result<bool> try_other_seeds() {
        for (const ShrinkPart part : {ShrinkPart::faults, ShrinkPart::sizes}) {
            std::vector<ShrinkStep> steps = shrink_steps(result_.smallest, part);
            std::vector<Candidate> candidates;
            std::vector<std::size_t> step_of;
            for (std::size_t i = 0; i < steps.size(); ++i) {
                for (std::uint64_t seed = 1; seed <= options_.other_seeds; ++seed) {
                    if (seed == result_.seed) continue;
                    candidates.push_back({&steps[i].smaller, seed});
                    step_of.push_back(i);
                }
            }
            const Result<std::optional<std::size_t>> found = first_that_fails(candidates, 0);
            if (!found) return found.error();
            if (!*found) continue;
            result_.seed = candidates[**found].seed;
            ShrinkStep step = std::move(steps[step_of[**found]]);
            step.what += fmt::format(", at seed {}", result_.seed);
            take(std::move(step));
            return true;
        }
        return false;
    }

    void take(ShrinkStep step) {
        ++result_.taken;
        result_.smallest = std::move(step.smaller);
        tell(std::move(step.what));
    }

    // In order of the list, whichever worker is first. Candidates beyond the first that fails are
    // started before that is known: a few are run in vain.
    Result<std::optional<std::size_t>> first_that_fails(const std::vector<Candidate>& candidates,
                                                        std::size_t begin) {
        std::optional<std::size_t> first;
        std::size_t upcoming = begin;
        const auto next = [&]() -> std::optional<std::uint64_t> {
            if (first || upcoming >= candidates.size()) return std::nullopt;
            return upcoming++;
        };
        const auto done = [&](const JobOutcome& outcome) {
            ++result_.tried;
            if (!still_fails(outcome)) return;
            first = std::min<std::size_t>(outcome.job, first.value_or(outcome.job));
        };
        WorkerPool pool(options_.limits, [&](std::uint64_t job) {
            return std::string(fails(candidates[job]) ? "fails" : "");
        });
        const Status ran = pool.run(next, done, stop_, [&] { tell({}); });
        if (!ran) return ran.error();
        if (stop_.load()) return std::optional<std::size_t>();
        return first;
    }

    // In a worker.
    bool fails(const Candidate& candidate) const {
        try {
            const auto& [scenario, seed] = candidate;
            if (!fails_by_itself(*scenario, seed)) return false;
            if (result_.is_by_bugs.value_or(false)) {
                return !fails_by_itself(disarmed(*scenario), seed);
            }
            return !is_by_faults_ || !fails_by_itself(without_faults(*scenario), seed);
        } catch (const ScenarioError&) {
            return false;
        }
    }
    bool fails_by_itself(const Scenario& candidate, std::uint64_t seed) const {
        return fails_so(scenarios::run(candidate, {.seed = seed,
                                                   .trace_level = sim::TraceLevel::hash_only,
                                                   .stop = nullptr,
                                                   .step_budget = options_.step_budget,
                                                   .prepare = {},
                                                   .by_safe_contract = by_safe_contract_}),
                        options_.failing);
    }

    // A run that crashed or hung is what we look for only where that is the failure.
    bool still_fails(const JobOutcome& outcome) const {
        if (outcome.end == JobEnd::done) return outcome.text == "fails";
        return options_.failing.anomaly == to_string(outcome.end);
    }

    void tell(std::string what) const {
        options_.progress({.tried = result_.tried,
                           .taken = result_.taken,
                           .what = std::move(what),
                           .smallest = &result_.smallest});
    }

    const ShrinkOptions& options_;
    const std::atomic<bool>& stop_;
    const bool by_safe_contract_;
    bool is_by_faults_ = false;
    Shrunk result_;
};

}  // namespace

Result<Shrunk> shrink(const Scenario& scenario, const ShrinkOptions& options,
                      const std::atomic<bool>& stop) {
    return Search(scenario, options, stop).run();
}

}  // namespace squall::scenarios
