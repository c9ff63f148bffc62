// How a hunt's results are told: text for people, JSON for scripts.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "scenarios/hunt/tally.h"

namespace squall::cli {

struct HuntSummary {
    const scenarios::HuntTally* tally = nullptr;
    double wall_seconds = 0;
    // How a finding is run again: a command, or a repro file.
    std::function<std::string(const scenarios::FindingGroup&)> repro_of;
};

// "order-flow seed 17  lost-write: lost-write, after crash"
std::string finding_line(const scenarios::FindingGroup& group);
// Findings, probes and faults: everything but the last line.
std::string describe_hunt(const HuntSummary& summary, bool color);
// Transitions down, kinds of faults across, how often each was seen under each; what never was is
// marked, rows that nobody reached come first.
std::string coverage_grid(const HuntSummary& summary, bool color);
// "hunt: 0 failed, 997 passed, 3 inconclusive, 0 vacuous  seeds=1..1000 sim=60000s wall=212s"
std::string hunt_line(const HuntSummary& summary);
// The document of `--json`.
std::string hunt_json(const HuntSummary& summary);
// 70 if any run was broken, else 1 if any failed, else 0 if any passed; else 3 or 4.
int hunt_exit_code(const scenarios::HuntTotals& totals);

}  // namespace squall::cli
