// A scenario with its bug taken back: what it was without it, or, of an unsafe configuration, one
// that keeps the safe contract.
#include "scenarios/disarmed.h"

#include <gtest/gtest.h>

#include "model/bugs.h"
#include "scenarios/run.h"
#include "scenarios/scenario_file.h"

namespace squall::scenarios {
namespace {

Scenario armed_with(const model::BugEntry& bug) {
    return load_scenario(bug.scenario, {.set = {}, .bugs = {std::string(bug.id)}});
}

class Disarmed : public testing::TestWithParam<const model::BugEntry*> {};

TEST_P(Disarmed, IsWhatItWasOrIsSafe) {
    const model::BugEntry& bug = *GetParam();
    const Scenario armed = armed_with(bug);
    EXPECT_TRUE(is_armed(armed));
    EXPECT_EQ(is_armed_by_configuration(armed), bug.is_configuration());
    const Scenario safe = disarmed(armed);
    EXPECT_FALSE(is_armed(safe));
    if (!bug.is_configuration()) {
        EXPECT_EQ(write_scenario(safe), write_scenario(load_scenario(bug.scenario)));
        return;
    }
    const RunResult result =
        run(safe, {.seed = 1, .trace_level = sim::TraceLevel::hash_only, .by_safe_contract = true});
    EXPECT_NE(result.verdict, Verdict::fail) << result.why;
    EXPECT_NE(result.verdict, Verdict::broken) << result.why;
}

std::vector<const model::BugEntry*> every_bug() {
    std::vector<const model::BugEntry*> bugs;
    for (const model::BugEntry& bug : model::all_bugs()) bugs.push_back(&bug);
    return bugs;
}

INSTANTIATE_TEST_SUITE_P(Bugs, Disarmed, testing::ValuesIn(every_bug()),
                         [](const auto& test) { return std::string(test.param->id); });

TEST(DisarmedNode, HasNoBugAnyMore) {
    const Scenario armed = load_scenario("order-flow", {.set = {}, .bugs = {"Z01@b2"}});
    EXPECT_TRUE(is_armed(armed));
    EXPECT_FALSE(is_armed_by_configuration(armed));
    EXPECT_FALSE(is_armed(disarmed(armed)));
}

}  // namespace
}  // namespace squall::scenarios
