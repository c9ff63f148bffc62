// How a run's result is told: text for people, JSON for scripts.
#pragma once

#include <optional>
#include <string>

#include "scenarios/run.h"

namespace squall::cli {

// Everything but the verdict line.
std::string describe_run(const scenarios::RunResult& result, bool color);
// "verdict: pass  scenario=order-flow seed=42 hash=... events=... sim=90.0s wall=0.21s"
std::string verdict_line(const scenarios::RunResult& result, double wall_seconds);
// The document of `--json`; without wall time it is the report's summary, which holds nothing of
// the host. `explained`: with the groups' owners and bills; requires a full trace.
std::string run_json(const scenarios::RunResult& result, std::optional<double> wall_seconds,
                     bool explained = false);

}  // namespace squall::cli
