// Records of runs that nobody ran.
#pragma once

#include <string>
#include <utility>

#include "scenarios/hunt/run_record.h"

namespace squall::scenarios {

inline RunRecord passed(std::string scenario, std::uint64_t seed) {
    RunRecord record;
    record.scenario = std::move(scenario);
    record.seed = seed;
    record.verdict = Verdict::pass;
    record.hash = 0xabc;
    record.events = 100;
    record.simulated = 60s;
    record.probes = {{"LeaderElected", 2}};
    record.sometimes = {"LeaderElected", "FollowerTruncated"};
    record.faults = {{"crash", {.struck = 1, .effective = 1}}};
    return record;
}

inline RunRecord failed(std::string scenario, std::uint64_t seed, std::uint64_t events) {
    RunRecord record = passed(std::move(scenario), seed);
    record.verdict = Verdict::fail;
    record.events = events;
    record.why = "lost-write: lost-write";
    record.objections = {{"lost-write", "lost-write", "after crash", 3}};
    return record;
}

}  // namespace squall::scenarios
