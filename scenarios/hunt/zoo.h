// Zoo: every known bug, switched on and hunted; and the same seeds with nothing switched on.
//
// A bug is caught at the first seed at which the checker that its entry names objects. Seeds are
// tried in order, several at a time; what is told is the lowest seed, so the matrix depends on the
// code alone. A control run that fails means that a checker cries wolf.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "model/bugs.h"
#include "scenarios/hunt/worker_pool.h"
#include "sim/base/result.h"

namespace squall::scenarios {

struct ZooOptions {
    std::vector<const model::BugEntry*> bugs;
    std::uint64_t seeds = 500;
    // In which every bug is hunted as well, one after the other, with so many seeds each.
    std::vector<std::string> swarms;
    std::uint64_t swarm_seeds = 500;
    WorkerLimits limits;
    std::uint64_t step_budget = 200'000'000;
};

// One bug in one scenario.
struct Kill {
    std::uint64_t seed = 0;  // the lowest at which the named checker objects; 0: none did
    std::map<std::string, std::uint64_t> checkers;  // who objected, in how many of the runs
    std::uint64_t runs = 0;
    std::uint64_t hits = 0;           // how often the bug changed an answer, over all runs
    std::chrono::nanoseconds wall{};  // of all runs
    bool is_caught() const { return seed != 0; }
};

struct ZooRow {
    const model::BugEntry* bug = nullptr;
    Kill own;  // in the scenario of its entry
    // In a swarm, by any checker, where the same seed with nothing armed is silent and the bug
    // changed an answer (a configuration has none to change).
    Kill swarm;
    std::string swarm_name;          // the one that caught it; "" for none
    std::uint64_t control_runs = 0;  // of its own scenario, up to the seed that caught it
    std::uint64_t control_failures = 0;
};

// `on_row`: each row as it is whole. Errors: io_error where no worker can be made.
Result<std::vector<ZooRow>> hunt_zoo(const ZooOptions& options,
                                     const std::function<void(const ZooRow&)>& on_row,
                                     const std::atomic<bool>& stop);

}  // namespace squall::scenarios
