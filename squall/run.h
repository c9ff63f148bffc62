// run: a pipeline in a storm, simulated and judged by every checker. Pure: the same pipeline and
// the same storm give the same outcome, hash for hash, if the applications draw and keep time with
// their Client alone.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "squall/pipeline.h"
#include "squall/storm.h"

namespace squall {

// The pipeline and the storm do not go together, or one of them is wrong in itself.
struct BadScenario : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct FoundAnomaly {
    std::string type;      // "lost-write"
    bool allowed = false;  // the guarantee does not cover it, because of `cause`
    std::string cause;
    std::vector<std::pair<std::string, std::string>> evidence;
};

// What one checker says (docs/GUARANTEES.md).
struct Judgement {
    std::string checker;       // "lost-write"
    std::string verdict;       // "pass", "fail", "inconclusive", "n/a"
    std::uint64_t judged = 0;  // chances it had to object
    std::vector<FoundAnomaly> anomalies;
};

struct StruckFault {
    std::string kind;
    std::string target;                // "leader(orders-0) = b2"
    std::vector<std::string> effects;  // as others tell of them; empty: it had none
};

struct Outcome {
    std::string verdict;  // "pass", "fail", "broken", "inconclusive", "vacuous"
    std::string why;      // what decided it, one line; "" for pass
    std::uint64_t hash = 0;
    std::uint64_t events = 0;
    std::vector<Judgement> judgements;
    std::vector<StruckFault> faults;
    std::map<std::string, std::uint64_t> counts;  // of events, by name
    // Exceptions that left an application's main: "billing: no such order". Each makes the run
    // fail.
    std::vector<std::string> thrown;
    std::string scenario;  // what was run, as a scenario file
    std::shared_ptr<Database> values;

    // No checker objects and nothing broke. A run that proves nothing ("vacuous") holds too: a
    // storm without a fault is a storm.
    bool holds() const { return verdict != "fail" && verdict != "broken"; }
    // Throws std::out_of_range where there is no checker of that name.
    const Judgement& judgement(const std::string& checker) const;
    // What the applications left behind.
    template <class T>
    const T& database(const std::string& name) const {
        return values->at<T>(name);
    }
};

// Verdict, reason, and what the faults did: for the message of a failed assertion.
std::ostream& operator<<(std::ostream& out, const Outcome& outcome);

// Throws BadScenario before anything runs.
Outcome run(const Pipeline& pipeline, const Storm& storm);

// Runs what `squall hunt` and `squall shrink` write: a scenario file with its seed, as text. Throws
// BadScenario where it is none, or needs applications: those of a pipeline only its own test has.
Outcome replay(const std::string& repro);

}  // namespace squall
