// Shrink: the smallest scenario in which the same checker still objects with the same anomaly.
//
// And for the same reason, where that can be known: if the scenario with no bug armed does not fail
// so, then no smaller one may either; nor, where no bug is the cause, without its faults. Otherwise
// the search could end at a setting that was left out and at what follows from its default, or at a
// run that is too short for anything.
//
// Greedy, to a fixed point: the first step (scenarios/shrink_step.h) that still fails is taken, and
// the search goes on from there. Where none fails any more, steps that leave out faults or lower
// sizes are tried at a few other seeds, since what is left to chance may have to fall otherwise
// once there is less; ends when none fails there either, or when it is stopped.
// Candidates run in worker processes, several at a time, and are taken in the order of the list:
// the result depends on the scenario and the seed, not on how many workers there are.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "scenarios/hunt/repro.h"
#include "scenarios/hunt/worker_pool.h"
#include "scenarios/scenario.h"
#include "sim/base/result.h"

namespace squall::scenarios {

struct ShrinkProgress {
    std::uint64_t tried = 0;
    std::uint64_t taken = 0;
    std::string what;  // the step taken last
    const Scenario* smallest = nullptr;
};

struct ShrinkOptions {
    std::uint64_t seed = 0;
    std::uint64_t other_seeds = 8;  // 1, 2, ... up to so many
    Failing failing;
    WorkerLimits limits;
    std::uint64_t step_budget = 200'000'000;
    // After each step taken, and now and then in between.
    std::function<void(const ShrinkProgress&)> progress = [](const ShrinkProgress&) {};
};

struct Shrunk {
    Scenario smallest;       // expanded; fails as asked: it was run
    std::uint64_t seed = 0;  // at which it does
    std::uint64_t tried = 0;
    std::uint64_t taken = 0;
    bool is_complete = false;  // false: it was stopped, and smaller ones may exist
    // Whether it fails so only with the bugs that are armed; nullopt: none is, or nobody can tell.
    std::optional<bool> is_by_bugs;
};

// Requires: the scenario is expanded, and fails as asked at the seed. Errors: io_error where no
// worker can be made.
Result<Shrunk> shrink(const Scenario& scenario, const ShrinkOptions& options,
                      const std::atomic<bool>& stop);

}  // namespace squall::scenarios
