// Repros as tests: what hunt and shrink write, run by the library that a project of one's own has.
#include <gtest/gtest.h>

#include <string>

#include "scenarios/scenario_file.h"
#include "squall/run.h"

namespace {

std::string repro_of(const squall::scenarios::Changes& changes) {
    squall::scenarios::Scenario scenario =
        squall::scenarios::load_scenario("unclean-election", changes);
    scenario.run.seed = 1;
    return squall::scenarios::write_scenario(scenario);
}

TEST(Replay, FailsUntilTheBugIsMended) {
    const squall::Outcome armed = squall::replay(repro_of({.set = {}, .bugs = {"Z10"}}));
    EXPECT_FALSE(armed.holds());
    EXPECT_EQ(armed.judgement("lost-write").verdict, "fail");
    EXPECT_FALSE(armed.faults.empty());
    const squall::Outcome mended = squall::replay(repro_of({}));
    EXPECT_TRUE(mended.holds()) << mended;
}

TEST(Replay, IsTheSameRunEveryTime) {
    const std::string repro = repro_of({});
    const squall::Outcome outcome = squall::replay(repro);
    EXPECT_EQ(outcome.hash, squall::replay(repro).hash);
    EXPECT_EQ(outcome.hash, squall::replay(outcome.scenario).hash);
}

std::string refusal_of(const std::string& text) {
    try {
        squall::replay(text);
    } catch (const squall::BadScenario& error) {
        return error.what();
    }
    return "ran";
}

TEST(Replay, RefusesWhatIsNoRepro) {
    EXPECT_NE(refusal_of("name = \"x\"\nclutser = 1\n").find("repro:2:"), std::string::npos);
    const std::string seedless =
        squall::scenarios::write_scenario(squall::scenarios::load_scenario("unclean-election"));
    EXPECT_NE(refusal_of(seedless).find("expected run.seed"), std::string::npos);
    EXPECT_NE(refusal_of("name = \"x\"\nrun.seed = \"1\"\n"
                         "workload = { kind = \"applications\", applications = [\"shop\"] }\n")
                  .find("only that runs it"),
              std::string::npos);
}

}  // namespace
