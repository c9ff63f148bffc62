// Scenarios made smaller: every step is a scenario, leaves something out, and the search keeps only
// what still fails.
#include "scenarios/hunt/shrink.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "scenarios/disarmed.h"
#include "scenarios/hunt/repro.h"
#include "scenarios/scenario_file.h"
#include "scenarios/shrink_step.h"
#include "scenarios/swarm.h"
#include "sim/kernel/simulation.h"

namespace squall::scenarios {
namespace {

const std::atomic<bool> never{false};

bool has_step(const std::vector<ShrinkStep>& steps, std::string_view what) {
    return std::ranges::any_of(steps, [&](const ShrinkStep& step) { return step.what == what; });
}

TEST(ShrinkSteps, AreOtherScenariosThatAreValid) {
    const Scenario scenario = load_scenario("order-flow");
    const std::string written = write_scenario(scenario);
    for (const ShrinkPart part : shrink_parts) {
        const std::vector<ShrinkStep> steps = shrink_steps(scenario, part);
        EXPECT_FALSE(steps.empty()) << to_string(part);
        for (const ShrinkStep& step : steps) {
            EXPECT_NE(write_scenario(step.smaller), written) << step.what;
            EXPECT_NO_THROW(validate(step.smaller)) << step.what;
            EXPECT_EQ(step.smaller.name, scenario.name) << step.what;
        }
    }
}

TEST(ShrinkSteps, LeaveOutHalvesOfTheFaultsAndEachOne) {
    const Scenario scenario = load_scenario("order-flow");
    const std::vector<ShrinkStep> steps = shrink_steps(scenario, ShrinkPart::faults);
    ASSERT_FALSE(steps.empty());
    EXPECT_TRUE(steps.front().smaller.faults.empty());
    for (const FaultSection& fault : scenario.faults) {
        EXPECT_TRUE(has_step(steps, "without fault." + fault.id)) << fault.id;
    }
}

TEST(ShrinkSteps, LowerNumbersButNotBelowWhatTheTopicsNeed) {
    Scenario scenario = load_scenario("order-flow");
    const std::vector<ShrinkStep> steps = shrink_steps(scenario, ShrinkPart::sizes);
    EXPECT_TRUE(has_step(steps, "workload.rate 20 -> 10"));
    EXPECT_TRUE(has_step(steps, "topics.orders.partitions 3 -> 1"));
    // Three replicas on two brokers are no scenario.
    EXPECT_FALSE(has_step(steps, "cluster.brokers 3 -> 2"));
}

TEST(ShrinkSteps, PutSettingsBackToTheirDefaults) {
    const std::vector<ShrinkStep> steps =
        shrink_steps(load_scenario("order-flow"), ShrinkPart::lines);
    EXPECT_TRUE(has_step(steps, "fault.kill-leader.for 18s -> default"));
    // The name of a fault keys its noise: without it another storm would come.
    EXPECT_FALSE(std::ranges::any_of(
        steps, [](const ShrinkStep& step) { return step.what.find(".id ") != std::string::npos; }));
}

TEST(ShrinkSteps, LeaveOutWhatAnAdministratorDoes) {
    const Scenario scenario = load_scenario("reassignment");
    const std::vector<ShrinkStep> steps = shrink_steps(scenario, ShrinkPart::sections);
    for (const AdminSection& step : scenario.admin) {
        EXPECT_TRUE(has_step(steps, "without admin." + step.id)) << step.id;
    }
}

// An application that commits before it handles: what a crash interrupts is lost.
Scenario hasty(const std::string& faults) {
    return parse_scenario(R"toml(
name = "hasty"
bugs = ["Z76"]
run = { storm = "12s", calm = "10s" }
cluster = { brokers = 1, config.offsets.topic.num.partitions = 1, config.offsets.topic.replication.factor = 1, config.group.min.session.timeout.ms = 1000, config.group.initial.rebalance.delay.ms = 500 }
topics.orders = { partitions = 1, replication = 1 }
[workload]
kind = "at-least-once"
rate = 40
flaw = "commit-before-handling"
consumer.auto.offset.reset = "earliest"
consumer.session.timeout.ms = 1500
consumer.heartbeat.interval.ms = 500
groups.payment.members = 1
)toml" + faults,
                          "hasty.toml");
}

RunResult run_by_safe_contract(const Scenario& scenario, std::uint64_t seed) {
    return scenarios::run(
        scenario,
        {.seed = seed, .trace_level = sim::TraceLevel::hash_only, .by_safe_contract = true});
}

// It would seem to lose something in any case where its group began at the end of the log, which is
// the default.
TEST(Shrink, HoldsToTheBugThatIsArmed) {
    const Scenario armed = hasty(R"toml(
[[fault]]
id = "restarts"
kind = "crash"
target = "payment-1"
every = "3s"
for = "500ms"
)toml");
    ShrinkOptions options;
    options.seed = 1;
    options.failing = what_failed(run_by_safe_contract(armed, 1));
    ASSERT_EQ(options.failing.checker, "ledger");
    Scenario forgetful = disarmed(armed);
    forgetful.workload.consumer.auto_offset_reset = "latest";
    ASSERT_TRUE(fails_so(run_by_safe_contract(forgetful, 1), options.failing));

    const Result<Shrunk> shrunk = shrink(armed, options, never);
    ASSERT_TRUE(shrunk.ok());
    EXPECT_EQ(shrunk->is_by_bugs, true);
    EXPECT_EQ(shrunk->smallest.workload.flaw, "commit-before-handling");
    EXPECT_TRUE(fails_so(run_by_safe_contract(shrunk->smallest, shrunk->seed), options.failing));
    EXPECT_FALSE(
        fails_so(run_by_safe_contract(disarmed(shrunk->smallest), shrunk->seed), options.failing));
}

// A reader that comes late begins behind what was written till then. One whose group takes its time
// to begin does so as well, and needs no fault for it.
TEST(Shrink, HoldsToTheFaultsWhereNoBugIsArmed) {
    Scenario late = hasty(R"toml(
[[fault]]
id = "down"
kind = "crash"
target = "payment-1"
at = "1s"
for = "5s"
)toml");
    late.bugs.clear();
    late.workload.flaw.clear();
    late.workload.rate = 2;
    late.workload.consumer.auto_offset_reset = "latest";
    const auto run_of = [](const Scenario& scenario) {
        return scenarios::run(scenario, {.seed = 1, .trace_level = sim::TraceLevel::hash_only});
    };
    ShrinkOptions options;
    options.seed = 1;
    options.other_seeds = 0;
    options.failing = what_failed(run_of(late));
    ASSERT_EQ(options.failing.checker, "ledger");
    Scenario quiet = late;
    quiet.faults.clear();
    ASSERT_FALSE(fails_so(run_of(quiet), options.failing));
    const std::vector<ShrinkStep> steps = shrink_steps(quiet, ShrinkPart::lines);
    const auto slower = std::ranges::find(
        steps, "cluster.config.group.initial.rebalance.delay.ms 500 -> default", &ShrinkStep::what);
    ASSERT_NE(slower, steps.end());
    ASSERT_TRUE(fails_so(run_of(slower->smaller), options.failing));

    const Result<Shrunk> shrunk = shrink(late, options, never);
    ASSERT_TRUE(shrunk.ok());
    quiet = shrunk->smallest;
    EXPECT_FALSE(quiet.faults.empty());
    EXPECT_TRUE(fails_so(run_of(quiet), options.failing));
    quiet.faults.clear();
    EXPECT_FALSE(fails_so(run_of(quiet), options.failing));
}

// One crash has to come between a commit and what it committed: with fewer records, at another
// seed.
TEST(Shrink, GoesOnAtOtherSeeds) {
    const Scenario armed = hasty(R"toml(
[[fault]]
id = "first"
kind = "crash"
target = "payment-1"
at = "5s"
for = "500ms"
[[fault]]
id = "second"
kind = "crash"
target = "payment-1"
at = "9s"
for = "500ms"
)toml");
    ShrinkOptions options;
    options.seed = 14;
    options.failing = what_failed(run_by_safe_contract(armed, options.seed));
    ASSERT_EQ(options.failing.checker, "ledger");
    options.other_seeds = 0;
    const Result<Shrunk> alone = shrink(armed, options, never);
    ASSERT_TRUE(alone.ok());
    EXPECT_EQ(alone->seed, 14u);
    options.other_seeds = 8;
    const Result<Shrunk> shrunk = shrink(armed, options, never);
    ASSERT_TRUE(shrunk.ok());
    EXPECT_LT(shrunk->smallest.workload.rate, alone->smallest.workload.rate);
    EXPECT_NE(shrunk->seed, 14u);
    EXPECT_TRUE(fails_so(run_by_safe_contract(shrunk->smallest, shrunk->seed), options.failing));
}

TEST(Shrink, LeavesOutABugThatIsNotTheCause) {
    Scenario armed = load_scenario("order-flow", {.set = {}, .bugs = {"Z01", "Z26@b1"}});
    ShrinkOptions options;
    options.seed = 1;
    options.step_budget = 20'000;  // no run comes to its end
    options.failing = what_failed(scenarios::run(armed, {.seed = 1,
                                                         .trace_level = sim::TraceLevel::hash_only,
                                                         .step_budget = options.step_budget}));
    ASSERT_EQ(options.failing.checker, "invariant");
    std::atomic<bool> stop{false};
    options.progress = [&](const ShrinkProgress& progress) {
        if (progress.taken == 1) stop.store(true);
    };
    const Result<Shrunk> shrunk = shrink(armed, options, stop);
    ASSERT_TRUE(shrunk.ok());
    EXPECT_EQ(shrunk->is_by_bugs, false);
    EXPECT_FALSE(is_armed(shrunk->smallest));
    EXPECT_EQ(shrunk->smallest.faults.size(), armed.faults.size());
}

class ShrunkLoss : public testing::Test {
  protected:
    // The first seed at which the armed bug loses a write.
    static const RunResult& loss() {
        static const RunResult found = [] {
            const Scenario armed = load_scenario("order-flow", {.set = {}, .bugs = {"Z01"}});
            for (std::uint64_t seed = 1;; ++seed) {
                RunResult result = scenarios::run(
                    armed, {.seed = seed, .trace_level = sim::TraceLevel::hash_only});
                if (fails_so(result, {"lost-write", "lost-write"})) return result;
            }
        }();
        return found;
    }
};

TEST_F(ShrunkLoss, IsSmallerAndStillALoss) {
    ShrinkOptions options;
    options.seed = loss().seed;
    options.failing = {"lost-write", "lost-write"};
    options.other_seeds = 0;  // for the time it takes
    options.limits.workers = usable_processors();
    std::uint64_t told = 0;
    options.progress = [&](const ShrinkProgress& progress) {
        told += progress.what.empty() ? 0 : 1;
    };
    const Result<Shrunk> shrunk = shrink(loss().expanded, options, never);
    ASSERT_TRUE(shrunk.ok());
    EXPECT_TRUE(shrunk->is_complete);
    EXPECT_EQ(told, shrunk->taken);
    EXPECT_LE(shrunk->smallest.faults.size(), 2u);
    EXPECT_LT(shrunk->smallest.run.storm, loss().expanded.run.storm);
    const RunResult again = scenarios::run(
        shrunk->smallest, {.seed = loss().seed, .trace_level = sim::TraceLevel::hash_only});
    EXPECT_TRUE(fails_so(again, options.failing));
    // A fixed point: whatever is left, is needed.
    for (const ShrinkStep& step : shrink_steps(shrunk->smallest, ShrinkPart::faults)) {
        const RunResult smaller = scenarios::run(
            step.smaller, {.seed = loss().seed, .trace_level = sim::TraceLevel::hash_only});
        EXPECT_FALSE(fails_so(smaller, options.failing)) << step.what;
    }
}

TEST_F(ShrunkLoss, HasTheCauseThatAHuntGroupsItBy) {
    Failing failing{"lost-write", "lost-write"};
    const std::vector<std::string> causes = causes_of(loss(), failing);
    ASSERT_FALSE(causes.empty());
    failing.cause = causes.front();
    EXPECT_TRUE(failing.cause.starts_with("after ")) << failing.cause;
    EXPECT_TRUE(fails_so(loss(), failing));
    failing.cause = "after clock-step";
    EXPECT_FALSE(fails_so(loss(), failing));
}

TEST_F(ShrunkLoss, ThatIsStoppedIsStillALoss) {
    ShrinkOptions options;
    options.seed = loss().seed;
    options.failing = {"lost-write", "lost-write"};
    std::atomic<bool> stop{false};
    options.progress = [&](const ShrinkProgress& progress) {
        if (progress.taken == 1) stop.store(true);
    };
    const Result<Shrunk> shrunk = shrink(loss().expanded, options, stop);
    ASSERT_TRUE(shrunk.ok());
    EXPECT_FALSE(shrunk->is_complete);
    EXPECT_EQ(shrunk->taken, 1u);
    EXPECT_TRUE(
        fails_so(scenarios::run(shrunk->smallest,
                                {.seed = loss().seed, .trace_level = sim::TraceLevel::hash_only}),
                 options.failing));
}

TEST_F(ShrunkLoss, ComesAgainFromItsReproBitForBit) {
    const Failing failing = what_failed(loss());
    const Scenario repro = repro_of(loss(), failing, "0123abcd");
    const Scenario read = parse_scenario(write_scenario(repro), "repro.toml");
    EXPECT_EQ(read.repro, repro.repro);
    const RunResult again =
        scenarios::run(read, {.seed = *read.run.seed, .trace_level = sim::TraceLevel::hash_only});
    const Faithfulness faithfulness = compare(*read.repro, read.run.hash, again);
    EXPECT_TRUE(faithfulness.same_hash);
    EXPECT_TRUE(faithfulness.same_failure);
    EXPECT_EQ(faithfulness.struck, loss().faults.size());
    EXPECT_EQ(faithfulness.struck_alike, faithfulness.struck);
    EXPECT_TRUE(faithfulness.differences.empty());
}

// An unrelated change of the code: one more machine, whose tasks draw, sleep and speak all the
// time. Another hash, and the old repro fails as it did: nobody's draws moved.
TEST_F(ShrunkLoss, ComesAgainWhereUnrelatedCodeDrawsToo) {
    const Scenario repro = repro_of(loss(), what_failed(loss()), {});
    std::uint64_t drawn = 0;
    const auto bystander = [&](sim::Simulation& simulation) {
        sim::Node& newcomer = simulation.add_node({.name = "newcomer"});
        newcomer.start();
        newcomer.spawn("drawing", [&newcomer, &drawn] {
            for (;;) {
                const auto ms = newcomer.draws("how long").between(1, 50);
                newcomer.sleep_for(std::chrono::milliseconds(ms));
                ++drawn;
            }
        });
        // And a task more on a broker that the story is about.
        simulation.control_at(Time(5s), [&simulation, &drawn] {
            sim::Node& broker = *simulation.find_node("b1");
            broker.spawn("unrelated", [&broker, &drawn] {
                for (int i = 0; i < 1'000; ++i) {
                    const auto us = broker.draws("unrelated").between(1, 5'000);
                    broker.sleep_for(std::chrono::microseconds(us));
                    ++drawn;
                }
            });
        });
    };
    const RunResult again = scenarios::run(
        repro,
        {.seed = *repro.run.seed, .trace_level = sim::TraceLevel::hash_only, .prepare = bystander});
    EXPECT_GT(drawn, 2'000u);
    const Faithfulness faithfulness = compare(*repro.repro, repro.run.hash, again);
    EXPECT_FALSE(faithfulness.same_hash);
    EXPECT_TRUE(faithfulness.same_failure) << again.why;
    EXPECT_EQ(faithfulness.struck_alike, faithfulness.struck);
}

TEST_F(ShrunkLoss, SaysWhatCameOtherwise) {
    Scenario repro = repro_of(loss(), what_failed(loss()), {});
    repro.bugs.clear();
    std::erase_if(repro.faults,
                  [](const FaultSection& fault) { return fault.id == "kill-leader"; });
    const RunResult again =
        scenarios::run(repro, {.seed = *repro.run.seed, .trace_level = sim::TraceLevel::hash_only});
    const Faithfulness faithfulness = compare(*repro.repro, repro.run.hash, again);
    EXPECT_FALSE(faithfulness.same_hash);
    EXPECT_FALSE(faithfulness.same_failure);
    EXPECT_LT(faithfulness.struck_alike, faithfulness.struck);
    ASSERT_FALSE(faithfulness.differences.empty());
    EXPECT_NE(faithfulness.differences.front().find("kill-leader"), std::string::npos);
}

}  // namespace
}  // namespace squall::scenarios
