#include "scenarios/hunt/shrink.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "scenarios/disarmed.h"
#include "scenarios/scenario_file.h"
#include "scenarios/shrink_step.h"

namespace squall::scenarios {
namespace {

class Search {
  public:
    Search(const Scenario& scenario, const ShrinkOptions& options, const std::atomic<bool>& stop)
        : options_(options), stop_(stop), by_safe_contract_(is_armed_by_configuration(scenario)) {
        result_.smallest = scenario;
        // What a run must show to mean anything is not what makes it fail.
        result_.smallest.checks = {};
    }

    Result<Shrunk> run() {
        if (const Status known = find_out_about_bugs(); !known) return known.error();
        bool got_smaller = true;
        while (got_smaller && !stop_.load()) {
            got_smaller = false;
            for (const ShrinkPart part : shrink_parts) {
                const Result<bool> smaller = exhaust(part);
                if (!smaller) return smaller.error();
                got_smaller = got_smaller || *smaller;
            }
        }
        result_.is_complete = !stop_.load();
        return std::move(result_);
    }

  private:
    // Bugs that are armed, and that it fails without, are the first thing to leave out. An unsafe
    // configuration cannot be left out alone: with it goes the contract that the run is judged by.
    Status find_out_about_bugs() {
        if (!is_armed(result_.smallest)) return Unit{};
        std::vector<ShrinkStep> without;
        try {
            without.push_back({"without the bugs that are armed: it fails so without them",
                               disarmed(result_.smallest)});
        } catch (const ScenarioError&) {
            return Unit{};
        }
        Result<std::optional<std::size_t>> found = first_that_fails(without, 0);
        if (!found) return found.error();
        if (stop_.load()) return Unit{};
        result_.is_by_bugs = !*found;
        if (*result_.is_by_bugs || by_safe_contract_) return Unit{};
        ++result_.taken;
        result_.smallest = std::move(without.front().smaller);
        tell(without.front().what);
        return Unit{};
    }

    // Takes steps of the part until none fails any more. True: at least one was taken.
    Result<bool> exhaust(ShrinkPart part) {
        bool taken = false;
        std::size_t begin = 0;
        while (!stop_.load()) {
            std::vector<ShrinkStep> steps = shrink_steps(result_.smallest, part);
            // Steps before the one taken last have just failed to fail; they come again next round.
            begin = std::min(begin, steps.size());
            const Result<std::optional<std::size_t>> found = first_that_fails(steps, begin);
            if (!found) return found.error();
            if (!*found) return taken;
            begin = **found;
            taken = true;
            ++result_.taken;
            result_.smallest = std::move(steps[begin].smaller);
            tell(steps[begin].what);
        }
        return taken;
    }

    // In order of the list, whichever worker is first. Candidates beyond the first that fails are
    // started before that is known: a few are run in vain.
    Result<std::optional<std::size_t>> first_that_fails(const std::vector<ShrinkStep>& steps,
                                                        std::size_t begin) {
        std::optional<std::size_t> first;
        std::size_t upcoming = begin;
        const auto next = [&]() -> std::optional<std::uint64_t> {
            if (first || upcoming == steps.size()) return std::nullopt;
            return upcoming++;
        };
        const auto done = [&](const JobOutcome& outcome) {
            ++result_.tried;
            if (!still_fails(outcome)) return;
            first = std::min<std::size_t>(outcome.job, first.value_or(outcome.job));
        };
        WorkerPool pool(options_.limits, [&](std::uint64_t job) {
            return std::string(fails(steps[job].smaller) ? "fails" : "");
        });
        const Status ran = pool.run(next, done, stop_, [&] { tell({}); });
        if (!ran) return ran.error();
        if (stop_.load()) return std::optional<std::size_t>();
        return first;
    }

    // In a worker.
    bool fails(const Scenario& candidate) const {
        try {
            return fails_by_itself(candidate) &&
                   !(result_.is_by_bugs.value_or(false) && fails_by_itself(disarmed(candidate)));
        } catch (const ScenarioError&) {
            return false;
        }
    }
    bool fails_by_itself(const Scenario& candidate) const {
        return fails_so(scenarios::run(candidate, {.seed = options_.seed,
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
    Shrunk result_;
};

}  // namespace

Result<Shrunk> shrink(const Scenario& scenario, const ShrinkOptions& options,
                      const std::atomic<bool>& stop) {
    return Search(scenario, options, stop).run();
}

}  // namespace squall::scenarios
