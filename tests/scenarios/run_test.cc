// run(): the same scenario and seed give the same story, whatever is kept of it, however messages
// travel and whoever else runs meanwhile; and how a verdict comes about.
#include "scenarios/run.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "model/events/group_events.h"
#include "sim/base/assert.h"
#include "sim/kernel/simulation.h"
#include "tests/scenarios/small_storm.h"

namespace squall::scenarios {
namespace {

constexpr std::string_view one_crash = R"toml(
[[fault]]
id = "kill"
kind = "crash"
target = "leader(orders-0)"
at = "8s"
for = "6s"
)toml";

RunResult run_at(const Scenario& scenario, std::uint64_t seed,
                 sim::TraceLevel level = sim::TraceLevel::hash_only) {
    return run(scenario, {.seed = seed, .trace_level = level});
}

// ---- determinism ----

TEST(Run, TheSameSeedTellsTheSameStory) {
    const Scenario scenario = load_scenario("order-flow");
    const RunResult once = run_at(scenario, 5);
    const RunResult again = run_at(scenario, 5);
    EXPECT_EQ(once.hash, again.hash);
    EXPECT_EQ(once.events, again.events);
    EXPECT_EQ(once.verdict, again.verdict);
    EXPECT_EQ(once.probes, again.probes);
    EXPECT_NE(once.hash, run_at(scenario, 6).hash);
}

TEST(Run, WhatIsKeptOfATraceDoesNotChangeIt) {
    const Scenario scenario = small_storm(one_crash);
    const RunResult full = run_at(scenario, 3, sim::TraceLevel::full);
    for (const sim::TraceLevel level : {sim::TraceLevel::hash_only, sim::TraceLevel::ring}) {
        const RunResult other = run_at(scenario, 3, level);
        EXPECT_EQ(other.hash, full.hash);
        EXPECT_EQ(other.events, full.events);
        EXPECT_EQ(other.probes, full.probes);
    }
    std::uint64_t kept = 0;
    full.trace->replay([&](const sim::Event&) { ++kept; });
    EXPECT_EQ(kept, full.events);
}

TEST(Run, MessagesMayTakeTheWireFormatWithoutAnyoneNoticing) {
    Scenario scenario = small_storm(one_crash);
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
        scenario.network.codec = model::CodecMode::move;
        const RunResult moved = run_at(scenario, seed);
        scenario.network.codec = model::CodecMode::roundtrip;
        EXPECT_EQ(run_at(scenario, seed).hash, moved.hash) << "seed " << seed;
    }
}

TEST(Run, ThreadsDoNotSeeEachOther) {
    const Scenario scenario = small_storm(one_crash);
    const std::uint64_t alone_1 = run_at(scenario, 1).hash;
    const std::uint64_t alone_2 = run_at(scenario, 2).hash;
    std::uint64_t beside_1 = 0;
    std::uint64_t beside_2 = 0;
    std::thread first([&] { beside_1 = run_at(scenario, 1).hash; });
    std::thread second([&] { beside_2 = run_at(scenario, 2).hash; });
    first.join();
    second.join();
    EXPECT_EQ(beside_1, alone_1);
    EXPECT_EQ(beside_2, alone_2);
    EXPECT_NE(alone_1, alone_2);
}

TEST(Run, AnObserverSeesEveryEventAndChangesNone) {
    const Scenario scenario = small_storm(one_crash);
    std::uint64_t seen = 0;
    const RunResult watched =
        run(scenario, {.seed = 4,
                       .trace_level = sim::TraceLevel::hash_only,
                       .prepare = [&](sim::Simulation& simulation) {
                           simulation.trace().observe([&](const sim::Event&) { ++seen; });
                       }});
    EXPECT_EQ(seen, watched.events);
    EXPECT_EQ(watched.hash, run_at(scenario, 4).hash);
}

TEST(Run, AMemberThatIsAskedToStopLeavesItsGroup) {
    std::vector<std::string> removals;
    run(small_storm(R"toml(
[[fault]]
id = "deploy"
kind = "restart"
target = "payment-1"
at = "8s"
for = "4s"
)toml"),
        {.seed = 3, .prepare = [&](sim::Simulation& simulation) {
             simulation.trace().observe([&](const sim::Event& event) {
                 const auto* removed = event.as<model::MemberRemoved>();
                 if (removed != nullptr && removed->group == "payment") {
                     removals.push_back(removed->reason);
                 }
             });
         }});
    EXPECT_EQ(removals, std::vector<std::string>{"left"});
}

TEST(Run, TellsOfASettingThatIsForNobodyWhoRestarts) {
    const RunResult result = run_at(small_storm(R"toml(
[[fault]]
id = "deploy"
kind = "restart"
target = "payment-1"
at = "8s"
for = "4s"
config.session.timeout.ms = 9000
config.log.segment.bytes = 2000000
)toml"),
                                    3);
    ASSERT_EQ(result.faults.size(), 2u);
    EXPECT_EQ(result.faults[0].target, "payment-1");
    EXPECT_FALSE(result.faults[0].effects.empty());
    EXPECT_EQ(result.faults[1].target, "payment-1: config.log.segment.bytes = nobody");
    EXPECT_TRUE(result.faults[1].effects.empty());
}

// ---- verdicts ----

TEST(Run, TellsWhatHappened) {
    const RunResult result = run_at(small_storm(one_crash), 1);
    EXPECT_EQ(result.verdict, Verdict::pass) << result.why;
    EXPECT_EQ(result.why, "");
    EXPECT_EQ(result.scenario, "small-storm");
    EXPECT_EQ(result.seed, 1u);
    EXPECT_EQ(result.simulated, 40s);
    EXPECT_FALSE(result.interrupted);
    EXPECT_GT(result.operations.at("send").ok, 100u);
    EXPECT_GT(result.operations.at("poll").ok, 0u);
    EXPECT_GT(result.operations.at("commit").ok, 0u);
    EXPECT_GT(result.operations.at("admin").ok, 0u);
    ASSERT_EQ(result.faults.size(), 1u);
    EXPECT_EQ(result.faults[0].at, Time(8s));
    EXPECT_EQ(result.faults[0].healed_at, Time(14s));
    EXPECT_GE(result.probes.at("NodeStopped"), 1u);
}

TEST(Run, IsVacuousWhenNoFaultHadAnEffect) {
    const Scenario scenario = small_storm(R"toml(
[[fault]]
id = "never"
kind = "crash"
target = "b1"
when = { event = "DiskFaultHit" }
)toml");
    const RunResult result = run_at(scenario, 1);
    EXPECT_EQ(result.verdict, Verdict::vacuous);
    EXPECT_EQ(result.why, "no fault had any effect");
    ASSERT_EQ(result.faults.size(), 1u);
    EXPECT_EQ(result.faults[0].at, Time::max()) << "it never struck";
    EXPECT_TRUE(result.faults[0].effects.empty());
}

TEST(Run, IsVacuousWhenARequiredCheckerHadNothingToJudge) {
    // Nobody consumes, so nobody commits.
    Scenario scenario = small_storm("\n[checks]\nrequire = [\"committed-offset\"]");
    scenario.workload.groups.clear();
    const RunResult result = run_at(scenario, 1);
    EXPECT_EQ(result.verdict, Verdict::vacuous) << result.why;
    EXPECT_EQ(result.why, "checker committed-offset had no chance to object");
}

TEST(Run, IsVacuousWhenAProbeOrAnExpectedFindingIsMissing) {
    const RunResult probed = run_at(
        small_storm("\n[checks]\nprobes = [\"TopicCreated >= 1\", \"TopicCreated >= 999\"]"), 1);
    EXPECT_EQ(probed.verdict, Verdict::vacuous);
    EXPECT_TRUE(probed.why.starts_with("probe not reached: TopicCreated >= 999 (seen "))
        << probed.why;
    const RunResult expected =
        run_at(small_storm("\n[checks]\nexpect = [{ finding = \"lost-write\" }]"), 1);
    EXPECT_EQ(expected.verdict, Verdict::vacuous);
    EXPECT_EQ(expected.why, "the expected finding lost-write did not appear");
}

TEST(Run, StopsWhenItIsTold) {
    std::atomic<bool> stop = true;
    const RunResult result = run(small_storm(), {.seed = 1, .stop = &stop});
    EXPECT_TRUE(result.interrupted);
    EXPECT_LT(result.simulated, 40s);
    // A run that is not told goes on to its end.
    stop = false;
    EXPECT_FALSE(run(small_storm(), {.seed = 1, .stop = &stop}).interrupted);
}

void assert_in_the_storm(sim::Simulation& simulation) {
    simulation.control_at(Time(9s), [] { ASSERT(1 + 1 == 3, "arithmetic gave way"); });
}

TEST(Run, AFailedInvariantIsOurBug) {
    const RunResult result = run(small_storm(), {.seed = 1, .prepare = assert_in_the_storm});
    EXPECT_EQ(result.verdict, Verdict::broken);
    EXPECT_NE(result.why.find("arithmetic gave way"), std::string::npos) << result.why;
    EXPECT_EQ(result.simulated, 9s);
    EXPECT_GT(result.events, 0u) << "the trace up to there is kept";
}

TEST(Run, AFailedInvariantIsAFindingWhereABugWasArmed) {
    const Scenario armed = small_storm("", {.set = {}, .bugs = {"Z01@b1"}});
    const RunResult result = run(armed, {.seed = 1, .prepare = assert_in_the_storm});
    EXPECT_EQ(result.verdict, Verdict::fail);
    const auto report =
        std::ranges::find(result.checkers, "invariant", &checkers::CheckerReport::checker);
    ASSERT_NE(report, result.checkers.end());
    EXPECT_EQ(report->verdict, checkers::CheckerVerdict::fail);
    ASSERT_EQ(report->anomalies.size(), 1u);
    EXPECT_TRUE(report->anomalies[0].cause.ends_with("run_test.cc ASSERT(1 + 1 == 3)"))
        << report->anomalies[0].cause;
}

TEST(Run, ALivelockIsBroken) {
    const RunResult result = run(small_storm(), {.seed = 1, .step_budget = 1000});
    EXPECT_EQ(result.verdict, Verdict::broken) << result.why;
}

TEST(Run, RefusesAScenarioThatCannotBe) {
    Scenario scenario = small_storm();
    scenario.topics["orders"].replication = 4;
    EXPECT_THROW(run(scenario, {.seed = 1}), ScenarioError);
    scenario = small_storm();
    scenario.workload.input = "no/such/file.jsonl";
    EXPECT_THROW(run(scenario, {.seed = 1}), ScenarioError);
}

TEST(Run, VerdictsHaveTheExitCodesOfTheManual) {
    EXPECT_EQ(exit_code(Verdict::pass), 0);
    EXPECT_EQ(exit_code(Verdict::fail), 1);
    EXPECT_EQ(exit_code(Verdict::inconclusive), 3);
    EXPECT_EQ(exit_code(Verdict::vacuous), 4);
    EXPECT_EQ(exit_code(Verdict::broken), 70);
}

TEST(Run, ALivelockNamesWhoTurnsInCircles) {
    const RunResult result = run(small_storm(), {.seed = 1, .step_budget = 20'000});
    EXPECT_EQ(result.verdict, Verdict::broken);
    EXPECT_NE(result.why.find("livelock"), std::string::npos) << result.why;
    EXPECT_NE(result.why.find(" of the last "), std::string::npos) << result.why;
}

TEST(Run, AnOrdinaryRunIsFarFromItsBudget) {
    for (const char* name : {"order-flow", "controller-failover"}) {
        sim::Simulation* seen = nullptr;
        std::uint64_t steps = 0;
        const RunResult result =
            run(load_scenario(name),
                {.seed = 1, .prepare = [&](sim::Simulation& simulation) {
                     seen = &simulation;
                     simulation.trace().observe([&](const sim::Event&) { steps = seen->steps(); });
                 }});
        EXPECT_NE(result.verdict, Verdict::broken) << result.why;
        EXPECT_LT(steps, 2'000'000u) << name;
    }
}

TEST(Run, AStopIsSeenWhileNobodyTellsAnything) {
    std::atomic<bool> stop{false};
    const RunResult result =
        run(small_storm(), {.seed = 1, .stop = &stop, .prepare = [&](sim::Simulation& simulation) {
                                sim::Node& node = simulation.add_node({.name = "spinner"});
                                simulation.control_at(Time(3s), [&] {
                                    node.start();
                                    node.spawn("spins", [&] {
                                        for (int turns = 0;; ++turns) {
                                            node.sleep_for(0s);
                                            if (turns == 10'000) stop = true;
                                        }
                                    });
                                });
                            }});
    EXPECT_TRUE(result.interrupted);
    EXPECT_EQ(result.simulated, 3s);
}

TEST(Run, WhatCheckersFoundBeforeAnInvariantFailedIsKept) {
    const Scenario armed = small_storm("", {.set = {}, .bugs = {"Z01@b1"}});
    const RunResult result = run(armed, {.seed = 1, .prepare = assert_in_the_storm});
    EXPECT_GT(result.checkers.size(), 5u);
    const auto verdict_of = [&](std::string_view name) {
        return std::ranges::find(result.checkers, name, &checkers::CheckerReport::checker)->verdict;
    };
    // Safety is judged as far as the run went; what is missing at an end that was not reached is
    // not.
    EXPECT_EQ(verdict_of("replica-log"), checkers::CheckerVerdict::pass);
    EXPECT_EQ(verdict_of("delivery"), checkers::CheckerVerdict::inconclusive);
    for (const checkers::CheckerReport& report : result.checkers) {
        if (report.checker == "invariant") continue;
        EXPECT_NE(report.verdict, checkers::CheckerVerdict::fail) << report.checker;
    }
}

TEST(Run, ABugOfOneNodeIsTold) {
    const RunResult result = run(small_storm("", {.set = {}, .bugs = {"Z01@b2"}}), {.seed = 1});
    ASSERT_EQ(result.bugs.size(), 1u);
    EXPECT_EQ(result.bugs[0].id, "Z01");
    EXPECT_EQ(result.bugs[0].nodes, std::vector<std::string>{"b2"});
}

TEST(Run, IsVacuousWhereClientsSawNothing) {
    // Nobody can reach anybody from the first moment on.
    Scenario scenario = small_storm(R"toml(
[[fault]]
id = "dark"
kind = "power-loss"
target = "all-servers"
at = "0s"
)toml");
    scenario.run.calm = 5s;
    scenario.workload.groups.clear();
    const RunResult result = run_at(scenario, 1);
    EXPECT_NE(result.verdict, Verdict::pass) << result.why;
}

}  // namespace
}  // namespace squall::scenarios
