// run: one simulation of one scenario at one seed, judged.
//
// Pure in (scenario, seed, code): the same gives the same hash, verdict and trace. A scenario with
// a [swarm] is expanded first (see swarm.h). Nothing here reads the real clock or touches the real
// disk except the workload's input file.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "checkers/checker.h"
#include "scenarios/coverage.h"
#include "scenarios/scenario.h"
#include "sim/base/time.h"
#include "sim/trace/trace.h"

namespace squall::sim {
class Simulation;
}

namespace squall::scenarios {

class Workload;

// In order of precedence (docs/GUARANTEES.md).
enum class Verdict { broken, fail, inconclusive, vacuous, pass };
std::string_view to_string(Verdict verdict);
// 70, 1, 3, 4, 0.
int exit_code(Verdict verdict);

struct RunOptions {
    std::uint64_t seed = 0;
    sim::TraceLevel trace_level = sim::TraceLevel::full;
    // Set by another thread or a signal handler: the run stops at once, interrupted.
    const std::atomic<bool>* stop = nullptr;
    // How many wake-ups and timers are taken for a livelock; 0: generous, by length and size.
    std::uint64_t step_budget = 0;
    // Called once the cluster is built and before anything runs: for observers and probes of one's
    // own.
    std::function<void(sim::Simulation&)> prepare;
    // Whatever is configured: for controls of runs that are judged so.
    bool by_safe_contract = false;
    // The applications of a scenario whose workload is of the kind "applications": code, not data.
    std::function<std::unique_ptr<Workload>(const Scenario&)> applications;
};

// What a fault did, told by events of another room: never the fault's own word.
struct FaultReceipt {
    std::string id;
    std::string kind;
    Time at;                        // when it struck; Time::max() if it never did
    Time healed_at;                 // Time::max() if it never was
    std::string target;             // "leader(orders-0) = b2"
    std::uint64_t after_event = 0;  // how many events the trace held when it struck
    std::vector<std::string>
        effects;  // "b2 stopped", "orders-0: leader b2 -> b3 after 9.4s"; empty: none
};

struct OperationCounts {
    std::uint64_t ok = 0, failed = 0, unknown = 0;
};

struct BugHits {
    std::string id;
    std::uint64_t hits = 0;
    std::vector<std::string> nodes{};  // that have it; empty: all servers
};

struct RunResult {
    Verdict verdict = Verdict::broken;
    std::string why;  // one line: what decided the verdict; empty for pass
    bool interrupted = false;
    std::string scenario;
    std::uint64_t seed = 0;
    std::uint64_t hash = 0;
    std::uint64_t events = 0;
    Duration simulated{};
    std::vector<checkers::CheckerReport> checkers;
    std::vector<FaultReceipt> faults;
    std::map<std::string, std::uint64_t> probes;
    std::map<std::string, OperationCounts> operations;  // "send", "poll", "commit", "admin"
    std::vector<BugHits> bugs;
    CoverageCounts coverage;
    // As kept at the asked level; node names with it.
    std::shared_ptr<const sim::Trace> trace;
    Scenario expanded;  // what was run: no swarm left
};

// Throws ScenarioError (scenario_file.h) where the scenario cannot be run: references to nothing,
// impossible values, an unreadable input file.
RunResult run(const Scenario& scenario, const RunOptions& options);

}  // namespace squall::scenarios
