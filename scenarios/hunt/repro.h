// Repro: a scenario file that holds one run whole: the expanded plan, its seed and hash, and what
// failed. A person can read and edit it; `squall replay` runs it on later versions of the code.
#pragma once

#include <string>
#include <vector>

#include "scenarios/run.h"
#include "scenarios/scenario.h"

namespace squall::scenarios {

// What failed, as a repro names it.
struct Failing {
    std::string checker;
    std::string anomaly;
    std::string cause{};  // as a hunt groups by it (Objection::cause); "": any

    bool operator==(const Failing&) const = default;
};

// Every objection of a failed run, with its cause where the checker names one; in order of
// checkers. A broken run fails by "squall" and its assertion's place. Empty where nothing failed.
std::vector<Failing> failings_of(const RunResult& result);
// The first of them; empty strings where nothing failed.
Failing what_failed(const RunResult& result);
bool fails_so(const RunResult& result, const Failing& failing);
// What a hunt would name as causes of the objections that fail so; sorted.
std::vector<std::string> causes_of(const RunResult& result, const Failing& failing);

// The scenario that repeats `result`, with what `failing` says.
Scenario repro_of(const RunResult& result, const Failing& failing, std::string commit);

// How much of a repro came again.
struct Faithfulness {
    bool same_hash = false;
    bool same_failure = false;
    // Of the strikes that the repro tells of, those that came again: the same fault, on the same
    // machines, at the same time.
    std::size_t struck = 0;
    std::size_t struck_alike = 0;
    std::vector<std::string> differences;  // "kill-leader 8.2s ... = b2: now 8.2s ... = b3"
};
// Requires: the scenario that was run has a [repro].
Faithfulness compare(const ReproSection& repro, std::optional<std::uint64_t> hash,
                     const RunResult& result);

}  // namespace squall::scenarios
