// Hunts: every planned run once, whoever does it; the same findings from one worker, from two, and
// from two machines.
#include "scenarios/hunt/hunt.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "scenarios/hunt/breed.h"
#include "scenarios/scenario_file.h"
#include "scenarios/swarm.h"

namespace squall::scenarios {
namespace {

const std::atomic<bool> never{false};

Scenario small(std::string name) {
    Scenario scenario = load_scenario("order-flow");
    scenario.name = std::move(name);
    scenario.faults.clear();
    scenario.checks = {};
    scenario.run.storm = std::chrono::seconds(6);
    scenario.run.calm = std::chrono::seconds(6);
    return scenario;
}

using RunKey = std::tuple<std::string, std::uint64_t, std::uint64_t>;  // scenario, seed, hash

std::set<RunKey> hunt_all(HuntOptions options) {
    std::set<RunKey> runs;
    const Status status =
        Hunt(std::move(options))
            .run([](std::string_view, std::uint64_t) { return false; },
                 [&](const RunRecord& record) {
                     EXPECT_TRUE(runs.emplace(record.scenario, record.seed, record.hash).second);
                     return true;
                 },
                 [] {}, never);
    EXPECT_TRUE(status.ok());
    return runs;
}

HuntOptions two_scenarios(std::uint64_t seeds, unsigned workers) {
    HuntOptions options;
    options.scenarios = {small("left"), small("right")};
    options.last_seed = seeds;
    options.limits.workers = workers;
    return options;
}

TEST(Hunt, RunsEveryScenarioAtEverySeed) {
    const std::set<RunKey> runs = hunt_all(two_scenarios(3, 2));
    EXPECT_EQ(runs.size(), 6u);
    EXPECT_EQ(Hunt(two_scenarios(3, 2)).planned(), 6u);
}

TEST(Hunt, GivesTheSameHashesWhateverDoesIt) {
    const std::set<RunKey> alone = hunt_all(two_scenarios(3, 1));
    EXPECT_EQ(alone, hunt_all(two_scenarios(3, 3)));
    std::set<RunKey> sharded;
    std::uint64_t planned = 0;
    for (std::uint64_t number = 1; number <= 4; ++number) {
        HuntOptions options = two_scenarios(3, 2);
        options.shard = {number, 4};
        planned += *Hunt(options).planned();
        sharded.merge(hunt_all(std::move(options)));
    }
    EXPECT_EQ(alone, sharded);
    EXPECT_EQ(planned, 6u);
}

TEST(Hunt, LeavesOutWhatAnEarlierOneHas) {
    std::set<std::uint64_t> seeds;
    const Status status =
        Hunt(two_scenarios(3, 2))
            .run([](std::string_view scenario,
                    std::uint64_t seed) { return scenario == "left" || seed == 2; },
                 [&](const RunRecord& record) {
                     EXPECT_EQ(record.scenario, "right");
                     seeds.insert(record.seed);
                     return true;
                 },
                 [] {}, never);
    EXPECT_TRUE(status.ok());
    EXPECT_EQ(seeds, (std::set<std::uint64_t>{1, 3}));
}

TEST(Hunt, EndsWhenItsTimeIsOver) {
    HuntOptions options = two_scenarios(1, 2);
    options.last_seed.reset();
    options.duration = std::chrono::milliseconds(300);
    EXPECT_EQ(Hunt(options).planned(), std::nullopt);
    EXPECT_FALSE(hunt_all(std::move(options)).empty());
}

TEST(Hunt, TellsOfARunThatTurnsInCirclesAndGoesOn) {
    HuntOptions options = two_scenarios(2, 2);
    options.step_budget = 1'000;
    std::uint64_t runs = 0;
    const Status status = Hunt(std::move(options))
                              .run([](std::string_view, std::uint64_t) { return false; },
                                   [&](const RunRecord& record) {
                                       ++runs;
                                       EXPECT_EQ(record.verdict, Verdict::broken);
                                       EXPECT_NE(record.why.find("step_budget"), std::string::npos);
                                       return true;
                                   },
                                   [] {}, never);
    EXPECT_TRUE(status.ok());
    EXPECT_EQ(runs, 4u);
}

TEST(Hunt, GroupsFailuresByTheFaultThatCameBefore) {
    const Scenario armed = load_scenario("order-flow", {.set = {}, .bugs = {"Z01"}});
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const RunRecord record = run_for_record(armed, seed, 0);
        const auto loss = std::ranges::find(record.objections, "lost-write", &Objection::checker);
        if (loss == record.objections.end()) continue;
        EXPECT_EQ(record.verdict, Verdict::fail);
        EXPECT_TRUE(loss->cause.starts_with("after ")) << loss->cause;
        EXPECT_GT(record.bug_hits.at("Z01"), 0u);
        return;
    }
    FAIL() << "Z01 lost nothing in 20 seeds";
}

// ---- guided ----

// A storm cut down to a few seconds: a swarm, so that there is something to breed.
Scenario small_swarm() {
    Scenario scenario = load_scenario("storm");
    scenario.run.storm = std::chrono::seconds(12);
    scenario.run.calm = std::chrono::seconds(8);
    scenario.checks = {};
    return scenario;
}

constexpr std::uint64_t first_guided = 101;

std::map<std::uint64_t, RunRecord> guided(std::uint64_t seeds, unsigned workers) {
    HuntOptions options;
    options.scenarios = {small_swarm()};
    options.first_seed = first_guided;
    options.last_seed = first_guided + seeds - 1;
    options.limits.workers = workers;
    options.is_guided = true;
    std::map<std::uint64_t, RunRecord> runs;
    const Status status = Hunt(std::move(options))
                              .run([](std::string_view, std::uint64_t) { return false; },
                                   [&](const RunRecord& record) {
                                       EXPECT_TRUE(runs.emplace(record.seed, record).second);
                                       return true;
                                   },
                                   [] {}, never);
    EXPECT_TRUE(status.ok());
    return runs;
}

// The first round is as drawn; of the next, every second storm is bred. A bred run carries its
// plan, which gives it again, and nothing depends on who does it.
TEST(GuidedHunt, BreedsFromWhatReachedSomethingNew) {
    const auto runs = guided(Hunt::jobs_of_a_round + 8, 2);
    ASSERT_EQ(runs.size(), Hunt::jobs_of_a_round + 8);
    for (const auto& [seed, record] : runs) {
        const bool is_bred = seed >= first_guided + Hunt::jobs_of_a_round && seed % 2 == 1;
        EXPECT_EQ(!record.plan.empty(), is_bred) << seed;
        EXPECT_FALSE(record.coverage.empty()) << seed;
        if (!is_bred) continue;
        const Scenario plan = parse_scenario(record.plan, "bred");
        EXPECT_EQ(plan.run.seed, seed);
        EXPECT_NE(write_scenario(plan), write_scenario(expand(small_swarm(), seed)));
        EXPECT_EQ(run_for_record(plan, seed, 200'000'000).hash, record.hash) << seed;
    }
    std::map<std::uint64_t, std::uint64_t> hashes, alone;
    for (const auto& [seed, record] : runs) hashes[seed] = record.hash;
    for (const auto& [seed, record] : guided(Hunt::jobs_of_a_round + 8, 1)) {
        alone[seed] = record.hash;
    }
    EXPECT_EQ(hashes, alone);
}

RC_GTEST_PROP(Breed, MakesValidStormsWithinTheBudget, ()) {
    const auto seed = *rc::gen::inRange<std::uint64_t>(1, 1'000);
    const Scenario storm = load_scenario("storm");
    const Scenario mother = expand(storm, seed);
    const Scenario other = expand(storm, seed + 1'000);
    Draws draws(Noise(seed), Meaning("test"));
    const Scenario child = breed(mother, other, draws);
    validate(child);
    std::set<std::string> victims;
    for (const FaultSection& fault : child.faults) {
        // What a member of the quorum has promised is flushed.
        const bool bears_it = fault.kind == "power-loss" || fault.kind == "die-at-write";
        if (bears_it && fault.target.starts_with("c")) continue;
        if (loses_data(fault.kind)) victims.insert(fault.target);
    }
    RC_ASSERT(victims.size() <= 1u);
}

}  // namespace
}  // namespace squall::scenarios
