// RunRecord: what a hunt keeps of one run. Small, and told in JSON, so that it crosses from a
// worker to the hunt and into the results.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/hunt/worker_pool.h"
#include "scenarios/run.h"
#include "sim/base/result.h"

namespace squall::scenarios {

// One way in which a run went wrong. Runs that went wrong in the same way count as one finding.
struct Objection {
    std::string checker;  // or "squall": broken runs, crashes, hangs
    std::string anomaly;  // "lost-write"; of a broken run, the assertion's place
    std::string cause;    // what the checker named, or the fault that struck last before it
    std::uint64_t count = 1;

    auto operator<=>(const Objection&) const = default;
};

struct FaultCount {
    std::uint64_t struck = 0;
    std::uint64_t effective = 0;  // of them, with a receipt that is not empty
};

struct RunRecord {
    std::string scenario;
    std::uint64_t seed = 0;
    Verdict verdict = Verdict::broken;
    std::string why;
    std::uint64_t hash = 0;
    std::uint64_t events = 0;
    Duration simulated{};
    std::chrono::nanoseconds wall{};
    std::vector<Objection> objections;  // sorted; empty unless fail or broken
    std::map<std::string, std::uint64_t> probes;
    std::map<std::string, FaultCount> faults;  // by kind
    std::map<std::string, std::uint64_t> bug_hits;
    std::vector<std::string> sometimes;  // events that some run of the scenario must show
    CoverageCounts coverage;
    // Of a run that was bred (see breed.h): what was run, as a scenario file. The seed alone does
    // not give it again.
    std::string plan;
};

// What `result` comes to.
RunRecord record_of(const RunResult& result);
// A run that did not come back: a finding of its own, by the name of how it ended.
RunRecord record_of(const JobOutcome& outcome, std::string scenario, std::uint64_t seed);

std::string to_json(const RunRecord& record);
// Error: corrupt.
Result<RunRecord> parse_run_record(std::string_view json);

Result<Verdict> parse_verdict(std::string_view word);

// An assertion's text without what differs from run to run: file, line and condition.
std::string assertion_place(std::string_view description);

}  // namespace squall::scenarios
