// Determinism: the same scenario and seed under many conditions of the machine must give one hash.
// Used by `squall doctor` and by the tests.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/child.h"
#include "cli/cli.h"
#include "scenarios/run.h"
#include "scenarios/scenario_file.h"
#include "sim/base/result.h"

namespace squall::cli {

struct DeterminismOptions {
    std::string scenario = "order-flow";
    std::vector<scenarios::Override> set;
    std::uint64_t first = 1;
    std::uint64_t seeds = 20;
    // What fresh processes run: must behave as this one does.
    std::string program = "/proc/self/exe";
};

class Determinism {
  public:
    enum class Verdict { equal, different, not_possible, interrupted };
    struct Finding {
        Verdict verdict = Verdict::equal;
        std::string text;  // what differs, and the first differing event; or why not possible
    };

    // Throws ScenarioError where there is no such scenario.
    Determinism(DeterminismOptions options, const Environment& environment);

    // "in a fresh process", "without address randomisation", ...
    std::vector<std::string> conditions() const;
    // Runs all seeds under the condition, up to the first difference.
    Finding examine(const std::string& condition);

  private:
    enum class Keep { hash, trace };
    struct Observation {
        std::uint64_t hash = 0;
        std::string trace;  // JSON lines, where asked for
    };
    using Observe = std::function<Result<Observation>(std::uint64_t seed, Keep)>;
    struct Condition {
        std::string name;
        Observe observe;
    };

    Result<Observation> run_here(std::uint64_t seed, Keep keep,
                                 const std::vector<scenarios::Override>& more = {}) const;
    Result<Observation> run_beside_another(std::uint64_t seed, Keep keep);
    Result<Observation> run_there(ChildOptions child, std::uint64_t seed, Keep keep) const;
    Result<std::uint64_t> reference(std::uint64_t seed);
    std::string first_difference(const Condition& condition, std::uint64_t seed) const;

    DeterminismOptions options_;
    Environment environment_;
    std::vector<Condition> conditions_;
    std::map<std::uint64_t, std::uint64_t> references_;  // seed -> hash
};

}  // namespace squall::cli
