// The zoo: every known bug, armed on the scenario that its registry entry names, is caught by the
// checker that it names; with nothing armed, the same seeds pass. A checker that cannot see its bug
// proves nothing by being content.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "model/bugs.h"
#include "scenarios/run.h"
#include "scenarios/scenario_file.h"

namespace squall::scenarios {
namespace {

constexpr std::uint64_t seeds_to_hunt = 50;

RunResult run_quietly(const Scenario& scenario, std::uint64_t seed) {
    return run(scenario, {.seed = seed, .trace_level = sim::TraceLevel::hash_only});
}

bool objects(const RunResult& result, std::string_view checker) {
    return std::ranges::any_of(result.checkers, [&](const checkers::CheckerReport& report) {
        return report.checker == checker && report.verdict == checkers::CheckerVerdict::fail;
    });
}

class Zoo : public testing::TestWithParam<const model::BugEntry*> {};

TEST_P(Zoo, IsCaughtByItsChecker) {
    const model::BugEntry& bug = *GetParam();
    const Scenario armed = load_scenario(bug.scenario, {.set = {}, .bugs = {std::string(bug.id)}});
    std::uint64_t hits = 0;
    for (std::uint64_t seed = 1; seed <= seeds_to_hunt; ++seed) {
        const RunResult result = run_quietly(armed, seed);
        ASSERT_NE(result.verdict, Verdict::broken) << "seed " << seed << ": " << result.why;
        ASSERT_EQ(result.bugs.size(), 1u);
        hits += result.bugs[0].hits;
        if (!objects(result, bug.checker)) continue;
        EXPECT_EQ(result.verdict, Verdict::fail);
        RecordProperty("seed", std::to_string(seed));
        // A bug of code answers wrongly somewhere; a configuration has no place to count at.
        if (!bug.is_configuration()) {
            EXPECT_GT(hits, 0u);
        }
        return;
    }
    ADD_FAILURE() << bug.id << " " << bug.name << ": " << bug.checker << " did not object in "
                  << seeds_to_hunt << " seeds of " << bug.scenario << " (" << hits << " hits)";
}

TEST_P(Zoo, IsMissedByNobodyWhenItIsNotThere) {
    const Scenario sound = load_scenario(GetParam()->scenario);
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        const RunResult result = run_quietly(sound, seed);
        EXPECT_EQ(result.verdict, Verdict::pass) << "seed " << seed << ": " << result.why;
    }
}

std::vector<const model::BugEntry*> whole_zoo() {
    std::vector<const model::BugEntry*> bugs;
    for (const model::BugEntry& bug : model::all_bugs()) {
        if (!bug.scenario.empty()) bugs.push_back(&bug);
    }
    return bugs;
}

INSTANTIATE_TEST_SUITE_P(Bugs, Zoo, testing::ValuesIn(whole_zoo()),
                         [](const auto& instance) { return std::string(instance.param->id); });

}  // namespace
}  // namespace squall::scenarios
