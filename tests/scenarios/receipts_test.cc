// Every kind of fault leaves traces that others report: its receipt is not empty. And what cannot
// strike says so.
#include "scenarios/receipts.h"

#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "scenarios/faults/fault.h"
#include "sim/kernel/simulation.h"
#include "sim/trace/sim_events.h"
#include "tests/scenarios/small_storm.h"

namespace squall::scenarios {
namespace {

// A target of its own: servers can be hit by all but those that strike inside applications.
std::string target_for(const FaultEntry& entry) {
    switch (entry.part) {
        case FaultEntry::Part::any:
            return "leader(orders-0)";
        case FaultEntry::Part::handler:
            return "owner(orders-0, payment)";
        case FaultEntry::Part::sender:
            return "order-service";
    }
    return "";
}

FaultSection fault_of(const FaultEntry& entry) {
    FaultSection fault = crash_at("f", target_for(entry), 8s, 6s);
    fault.kind = entry.kind;
    return fault;
}

class EveryFault : public testing::TestWithParam<const FaultEntry*> {};

TEST_P(EveryFault, HasAnEffectThatAnotherRoomReports) {
    Scenario scenario = small_storm();
    scenario.faults = {fault_of(*GetParam())};
    const RunResult result = run(scenario, {.seed = 1, .trace_level = sim::TraceLevel::hash_only});
    ASSERT_EQ(result.faults.size(), 1u);
    const FaultReceipt& receipt = result.faults[0];
    EXPECT_EQ(receipt.id, "f");
    EXPECT_EQ(receipt.kind, GetParam()->kind);
    EXPECT_EQ(receipt.at, Time(8s));
    EXPECT_EQ(receipt.healed_at, Time(14s));
    EXPECT_TRUE(receipt.target.starts_with(target_for(*GetParam()))) << receipt.target;
    EXPECT_FALSE(receipt.effects.empty()) << result.why;
    EXPECT_NE(result.verdict, Verdict::broken) << result.why;
    EXPECT_NE(result.verdict, Verdict::fail) << result.why;
    EXPECT_NE(result.verdict, Verdict::vacuous) << result.why;
}

TEST_P(EveryFault, IsRefusedOnATargetThatDoesNotExist) {
    Scenario scenario = small_storm();
    scenario.faults = {fault_of(*GetParam())};
    EXPECT_NO_THROW(validate(scenario));
    scenario.faults[0].target = "b4";
    try {
        validate(scenario);
        FAIL() << "a target that does not exist was accepted";
    } catch (const ScenarioError& error) {
        EXPECT_NE(error.text().find("fault.f.target: there is no node 'b4'"), std::string::npos)
            << error.text();
    }
}

class EveryFaultOfApplications : public testing::TestWithParam<const FaultEntry*> {};

TEST_P(EveryFaultOfApplications, NeedsOneThatAsksForIt) {
    const auto complaint = [](const Scenario& scenario) {
        try {
            validate(scenario);
        } catch (const ScenarioError& error) {
            return error.text();
        }
        return std::string("was accepted");
    };
    Scenario scenario = small_storm();
    scenario.faults = {fault_of(*GetParam())};
    for (const char* server : {"b1", "leader(orders-0)", "reader"}) {
        scenario.faults[0].target = server;
        EXPECT_NE(complaint(scenario).find("needs an application that"), std::string::npos)
            << complaint(scenario);
    }
    scenario.workload.kind = "load";
    scenario.faults[0].target = target_for(*GetParam());
    EXPECT_NE(complaint(scenario), "was accepted");
}

TEST_P(EveryFault, RefusesAnOptionItDoesNotHave) {
    Scenario scenario = small_storm();
    scenario.faults = {fault_of(*GetParam())};
    // Its own options, at their defaults, are fine.
    for (const FaultOptionEntry& option : GetParam()->options) {
        if (option.name.ends_with('*')) continue;  // has no default
        scenario.faults[0].options[std::string(option.name)] = option.default_value;
    }
    EXPECT_NO_THROW(validate(scenario));
    scenario.faults[0].options["no-such-option"] = "1";
    EXPECT_THROW(validate(scenario), ScenarioError);
}

std::vector<const FaultEntry*> kinds() {
    std::vector<const FaultEntry*> entries;
    for (const FaultEntry& entry : all_faults()) entries.push_back(&entry);
    return entries;
}

INSTANTIATE_TEST_SUITE_P(Faults, EveryFault, testing::ValuesIn(kinds()), [](const auto& instance) {
    std::string name(instance.param->kind);
    std::ranges::replace(name, '-', '_');
    return name;
});

std::vector<const FaultEntry*> kinds_of_applications() {
    std::vector<const FaultEntry*> entries = kinds();
    std::erase_if(entries,
                  [](const FaultEntry* entry) { return entry->part == FaultEntry::Part::any; });
    return entries;
}

INSTANTIATE_TEST_SUITE_P(Faults, EveryFaultOfApplications,
                         testing::ValuesIn(kinds_of_applications()), [](const auto& instance) {
                             std::string name(instance.param->kind);
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

// The shapes that are not a kind's default, by what the servers themselves suffer of them.
class EveryShape : public testing::TestWithParam<const char*> {};

TEST_P(EveryShape, HoldsFramesBackBetweenServers) {
    Scenario scenario = small_storm("", {.set = {{"cluster.controllers", "3"}}, .bugs = {}});
    scenario.faults = {crash_at("f", "leader(orders-0)", 8s, 6s)};
    scenario.faults[0].kind = "partition";
    scenario.faults[0].options["shape"] = GetParam();
    std::set<std::pair<std::string, std::string>> met;
    const RunResult result = run(
        scenario, {.seed = 1, .prepare = [&](sim::Simulation& simulation) {
                       sim::Trace& trace = simulation.trace();
                       trace.observe([&](const sim::Event& event) {
                           const auto* frame = event.as<sim::FrameDisturbed>();
                           if (frame == nullptr || frame->rule_id != "f") return;
                           met.emplace(trace.node_name(frame->from), trace.node_name(frame->to));
                       });
                   }});
    EXPECT_FALSE(result.faults.at(0).effects.empty()) << result.why;
    EXPECT_NE(result.verdict, Verdict::fail) << result.why;
    EXPECT_NE(result.verdict, Verdict::broken) << result.why;
    const std::string& target = result.faults[0].target;
    const std::string victim = target.substr(target.size() - 2);
    const bool is_bridge = std::string_view(GetParam()) == "bridge";
    EXPECT_FALSE(met.empty());
    for (const auto& [from, to] : met) {
        for (const std::string& end : {from, to}) {
            EXPECT_TRUE(end.starts_with("b") || end.starts_with("c")) << end << " is no server";
            EXPECT_FALSE(is_bridge && end == victim) << "the bridge sees both halves";
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Partition, EveryShape,
                         testing::Values("apart", "halves", "bridge", "ring"),
                         [](const auto& instance) { return std::string(instance.param); });

TEST(Receipts, ABrokerCutFromItsControllersIsFencedAndStillServes) {
    Scenario scenario = small_storm();
    scenario.faults = {crash_at("f", "leader(orders-0)", 8s, 11s)};
    scenario.faults[0].kind = "isolate";
    scenario.faults[0].options["from"] = "controllers";
    std::set<std::string> met;
    const RunResult result = run(scenario, {.seed = 1, .prepare = [&](sim::Simulation& simulation) {
                                                sim::Trace& trace = simulation.trace();
                                                trace.observe([&](const sim::Event& event) {
                                                    const auto* frame =
                                                        event.as<sim::FrameDisturbed>();
                                                    if (frame == nullptr) return;
                                                    met.emplace(trace.node_name(frame->from));
                                                    met.emplace(trace.node_name(frame->to));
                                                });
                                            }});
    const std::string& target = result.faults.at(0).target;
    EXPECT_EQ(met, (std::set<std::string>{target.substr(target.size() - 2), "c1"}));
    EXPECT_TRUE(std::ranges::any_of(result.faults[0].effects, [](const std::string& effect) {
        return effect.find("fenced after") != std::string::npos;
    }));
}

TEST(Receipts, AMemberThatIsRestartedLeavesAndJoins) {
    Scenario scenario = small_storm();
    scenario.faults = {crash_at("f", "owner(orders-0, payment)", 10s, 2s)};
    scenario.faults[0].kind = "restart";
    const RunResult result = run(scenario, {.seed = 1, .trace_level = sim::TraceLevel::hash_only});
    EXPECT_EQ(result.faults.at(0).effects,
              (std::vector<std::string>{"payment-1 stopped (shutdown)"}));
    // Said by the coordinator: it left, rather than being missed, and came back.
    EXPECT_TRUE(result.coverage.contains({"member removed, left", "restart"}));
    EXPECT_TRUE(result.coverage.contains({"group PreparingRebalance -> Empty", "restart"}));
    EXPECT_TRUE(result.coverage.contains({"group Empty -> PreparingRebalance", "restart"}));
    EXPECT_FALSE(result.coverage.contains({"member removed, session timeout", "restart"}));
    EXPECT_EQ(result.verdict, Verdict::pass) << result.why;
}

// What a run of the small storm with this fault says, and what it saw.
struct Struck {
    RunResult result;
    std::vector<std::string> seen;  // "node Event"

    Struck(std::string kind, std::string target, std::map<std::string, std::string> options = {}) {
        Scenario scenario = small_storm();
        scenario.faults = {crash_at("f", std::move(target), 8s, 6s)};
        scenario.faults[0].kind = std::move(kind);
        scenario.faults[0].options = std::move(options);
        result = run(scenario, {.seed = 1, .prepare = [&](sim::Simulation& simulation) {
                                    sim::Trace& trace = simulation.trace();
                                    trace.observe([&](const sim::Event& event) {
                                        seen.push_back(fmt::format(
                                            "{} {}", trace.node_name(event.node), event.name()));
                                    });
                                }});
    }
    std::int64_t count(const std::string& what) const { return std::ranges::count(seen, what); }
    bool tells(const std::string& text) const {
        return std::ranges::any_of(result.faults.at(0).effects, [&](const std::string& effect) {
            return effect.find(text) != std::string::npos;
        });
    }
};

TEST(Receipts, WhoFindsAnothersDiskRefusesToRun) {
    const Struck struck("swapped-disks", "b1", {{"with", "b2"}});
    EXPECT_TRUE(struck.tells("b1 stopped (crash)"));
    for (const std::string broker : {"b1", "b2"}) {
        EXPECT_EQ(struck.count(broker + " RaftHalted"), 1) << broker;
        EXPECT_EQ(struck.count(broker + " NodeStarted"), 3) << "boot, refused, its own disk again";
    }
    EXPECT_EQ(struck.count("b3 RaftHalted"), 0);
    EXPECT_EQ(struck.result.verdict, Verdict::pass) << struck.result.why;
}

TEST(Receipts, ADiskNeedsAnotherToBeSwappedWith) {
    const Struck struck("swapped-disks", "b1", {{"with", "lagging(orders-0)"}});
    ASSERT_EQ(struck.result.faults.size(), 2u);
    EXPECT_TRUE(struck.result.faults[0].effects.empty());
    EXPECT_EQ(struck.result.faults[1].target, "b1: with = nobody");
    EXPECT_EQ(struck.count("b1 NodeStarted"), 1);
}

// The second finds b2's disk in b1, and whoever is left without one to exchange: nothing to do. So
// that all have their own again in the end, in whatever order the two are healed.
TEST(Receipts, ADiskThatIsAwayIsNotSwappedOn) {
    for (const bool first_ends_first : {true, false}) {
        Scenario scenario = small_storm();
        scenario.faults = {crash_at("one", "b1", 8s, first_ends_first ? 4s : 8s),
                           crash_at("two", "b2", 9s, first_ends_first ? 7s : 2s)};
        for (FaultSection& fault : scenario.faults) fault.kind = "swapped-disks";
        scenario.faults[0].options["with"] = "b2";
        scenario.faults[1].options["with"] = "b3";
        const RunResult result = run(scenario, {.seed = 1});
        ASSERT_EQ(result.faults.size(), 2u);
        EXPECT_FALSE(result.faults[0].effects.empty());
        EXPECT_TRUE(result.faults[1].effects.empty());
        EXPECT_EQ(result.verdict, Verdict::pass) << result.why;
    }
}

// Opening a log recovers it, and so writes: nobody does that to another node's.
TEST(Receipts, AnothersLogsAreNotOpened) {
    const Struck struck("swapped-disks", "b1", {{"with", "b2"}});
    for (const std::string broker : {"b1", "b2"}) {
        EXPECT_EQ(struck.count(broker + " BrokerStarted"), 2) << "boot, and its own disk again";
    }
}

// Healed while the first of them is still winding up.
TEST(Receipts, ARollingRestartThatEndsEarlyLeavesNobodyDown) {
    Scenario scenario = small_storm();
    scenario.faults = {crash_at("f", "all-brokers", 8s, 5ms)};
    scenario.faults[0].kind = "rolling-restart";
    std::vector<std::string> started;
    const RunResult result =
        run(scenario, {.seed = 1, .prepare = [&](sim::Simulation& simulation) {
                           simulation.trace().observe([&](const sim::Event& event) {
                               const auto* up = event.as<sim::NodeStarted>();
                               if (up != nullptr && event.time >= Time(8s)) {
                                   started.push_back(up->name);
                               }
                           });
                       }});
    EXPECT_EQ(std::ranges::count(started, "b1"), 1);
    EXPECT_EQ(std::ranges::count(started, "b2"), 0);
    EXPECT_EQ(result.verdict, Verdict::pass) << result.why;
}

TEST(Receipts, ANarrowLinkThrottlesFrames) {
    const Struck narrow("bandwidth", "leader(orders-0)", {{"bits_per_second", "20000"}});
    EXPECT_TRUE(narrow.tells("frames throttled"));
    EXPECT_NE(narrow.result.verdict, Verdict::fail) << narrow.result.why;
    EXPECT_NE(narrow.result.verdict, Verdict::broken) << narrow.result.why;
    const Struck wide("bandwidth", "leader(orders-0)", {{"bits_per_second", "1000000000"}});
    EXPECT_TRUE(wide.tells("frames throttled"));
    // Who waits for an answer asks for nothing more meanwhile.
    EXPECT_LT(narrow.count("b3 FetchServed"), wide.count("b3 FetchServed") * 9 / 10);
    EXPECT_EQ(wide.result.verdict, Verdict::pass) << wide.result.why;
}

TEST(Receipts, AMisdirectedWriteSpoilsTwoFiles) {
    const Struck struck("misdirected-write", "b1", {{"path", "orders-0/"}});
    EXPECT_TRUE(struck.tells("b1 stopped (crash)"));
    EXPECT_TRUE(struck.tells("2 disk operations hit: misdirected"));
    EXPECT_EQ(struck.count("b1 DiskFaultHit"), 2);
    EXPECT_NE(struck.result.verdict, Verdict::fail) << struck.result.why;
    EXPECT_NE(struck.result.verdict, Verdict::broken) << struck.result.why;
}

TEST(Receipts, PoisonKillsWhoeverHandlesItUntilTheyCan) {
    const Struck struck("poison-record", "order-service");
    EXPECT_TRUE(struck.tells("sent poisoned: 1 time"));
    EXPECT_TRUE(struck.tells("choked on poison: "));
    for (const std::string member : {"payment-1", "audit-1"}) {
        EXPECT_GE(struck.count(member + " MishapHit"), 2) << member << " is started again";
        EXPECT_GE(struck.count(member + " NodeStarted"), 3) << member;
    }
    // Healed, it is handled as any other.
    EXPECT_EQ(struck.result.verdict, Verdict::pass) << struck.result.why;
}

TEST(Receipts, AHandlerThatThrowsEndsItsProcessAndIsStartedAgain) {
    const Struck struck("handler-throws", "payment-1", {{"per_million", "300000"}});
    EXPECT_TRUE(struck.tells("handler threw: "));
    EXPECT_TRUE(struck.tells("payment-1 stopped (crash)"));
    EXPECT_GE(struck.count("payment-1 NodeStarted"), 3);
    EXPECT_EQ(struck.count("audit-1 NodeStarted"), 1);
    EXPECT_EQ(struck.result.verdict, Verdict::pass) << struck.result.why;
}

TEST(Receipts, ASlowHandlerFallsBehindAndCatchesUp) {
    const Struck struck("slow-handler", "payment-1", {{"extra", "1s"}});
    EXPECT_TRUE(struck.tells("handled slowly: "));
    EXPECT_GE(struck.count("payment-1 MishapHit"), 4);
    EXPECT_LE(struck.count("payment-1 MishapHit"), 7) << "one second each, for six seconds";
    EXPECT_EQ(struck.result.verdict, Verdict::pass) << struck.result.why;
}

TEST(Receipts, WhatIsSentTwiceStandsTwiceAndMay) {
    const Struck struck("duplicate-send", "order-service");
    EXPECT_TRUE(struck.tells("sent twice: "));
    const auto& reports = struck.result.checkers;
    const auto duplicate =
        std::ranges::find(reports, "duplicate", &checkers::CheckerReport::checker);
    ASSERT_NE(duplicate, reports.end());
    ASSERT_FALSE(duplicate->anomalies.empty());
    for (const checkers::Anomaly& anomaly : duplicate->anomalies) {
        EXPECT_TRUE(anomaly.allowed);
        EXPECT_EQ(anomaly.cause, "application sent twice");
    }
    EXPECT_EQ(struck.result.verdict, Verdict::pass) << struck.result.why;
}

TEST(Receipts, AMemberThatLeavesItsGroupJoinsItAgain) {
    const Struck struck("leave-group", "payment-1");
    EXPECT_TRUE(struck.tells("left its group: 1 time"));
    EXPECT_TRUE(struck.tells("payment-1 removed from group payment (left)"));
    EXPECT_TRUE(
        struck.result.coverage.contains({"group Empty -> PreparingRebalance", "leave-group"}));
    EXPECT_EQ(struck.count("payment-1 NodeStarted"), 1) << "its process lives on";
    EXPECT_EQ(struck.result.verdict, Verdict::pass) << struck.result.why;
}

// Each is cut off once, and they do not come back in the order in which they went.
TEST(Receipts, SwizzledMachinesComeBackInAnotherOrder) {
    std::set<std::string> orders;
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        Scenario scenario = small_storm();
        scenario.faults = {crash_at("f", "all-brokers", 8s, 6s)};
        scenario.faults[0].kind = "swizzle";
        std::map<std::string, Time> last_held;
        const RunResult result =
            run(scenario, {.seed = seed, .prepare = [&](sim::Simulation& simulation) {
                               sim::Trace& trace = simulation.trace();
                               trace.observe([&](const sim::Event& event) {
                                   const auto* frame = event.as<sim::FrameDisturbed>();
                                   if (frame == nullptr) return;
                                   for (const sim::NodeId end : {frame->from, frame->to}) {
                                       last_held[std::string(trace.node_name(end))] = event.time;
                                   }
                               });
                           }});
        EXPECT_FALSE(result.faults.at(0).effects.empty());
        EXPECT_NE(result.verdict, Verdict::fail) << result.why;
        EXPECT_NE(result.verdict, Verdict::broken) << result.why;
        std::vector<std::pair<Time, std::string>> order;
        for (const char* broker : {"b1", "b2", "b3"}) order.emplace_back(last_held[broker], broker);
        std::ranges::sort(order);
        EXPECT_LT(order.back().first, Time(14s)) << "all are back before it is healed";
        orders.insert(order[0].second + order[1].second + order[2].second);
    }
    EXPECT_GT(orders.size(), 1u);
}

TEST(Receipts, TellTheStoryOfACrash) {
    Scenario scenario = small_storm();
    scenario.faults = {crash_at("kill", "leader(orders-0)", 8s, 9s)};
    const RunResult result = run(scenario, {.seed = 1, .trace_level = sim::TraceLevel::hash_only});
    ASSERT_EQ(result.faults.size(), 1u);
    const FaultReceipt& receipt = result.faults[0];
    const std::string victim = receipt.target.substr(receipt.target.size() - 2);
    const auto tells = [&](const std::string& text) {
        return std::ranges::any_of(receipt.effects, [&](const std::string& effect) {
            return effect.find(text) != std::string::npos;
        });
    };
    EXPECT_TRUE(tells(victim + " stopped (crash)"));
    EXPECT_TRUE(tells(victim + " fenced after "));
    EXPECT_TRUE(tells("orders-0: leader " + victim + " -> b"));
}

// The second waits for the first, though the event that it waits for was seen before.
TEST(FaultPlan, CountsEventsOnceAnotherFaultHasStruck) {
    Scenario scenario = small_storm();
    scenario.faults = {crash_at("second", "b2", 0s, 3s), crash_at("first", "b1", 8s, 3s)};
    scenario.faults[0].at.reset();
    scenario.faults[0].when =
        EventCondition{.event = "NodeStarted", .nth = 1, .since = "first", .after = 250ms};
    const RunResult result = run(scenario, {.seed = 1, .trace_level = sim::TraceLevel::hash_only});
    ASSERT_EQ(result.faults.size(), 2u);
    EXPECT_EQ(result.faults[0].id, "first");
    EXPECT_EQ(result.faults[1].id, "second");
    EXPECT_EQ(result.faults[1].at, Time(11s + 250ms)) << "as the first comes back";
}

TEST(Receipts, SayWhoWasMissed) {
    Scenario scenario = small_storm();
    // Nobody has joined yet when it strikes.
    scenario.faults = {crash_at("early", "owner(orders-0, audit)", 0s, 1s),
                       crash_at("kill", "b1", 8s, 6s)};
    const RunResult result = run(scenario, {.seed = 1, .trace_level = sim::TraceLevel::hash_only});
    ASSERT_EQ(result.faults.size(), 2u);
    EXPECT_EQ(result.faults[0].target, "owner(orders-0, audit) = nobody");
    EXPECT_EQ(result.faults[0].at, Time::max());
    EXPECT_TRUE(result.faults[0].effects.empty());
    EXPECT_FALSE(result.faults[1].effects.empty());
    EXPECT_EQ(result.verdict, Verdict::pass) << "one effect is enough: " << result.why;
}

TEST(Receipts, AFaultThatFoundItsTargetDownHasNoEffect) {
    Scenario scenario = small_storm();
    scenario.faults = {crash_at("first", "b2", 8s, 8s), crash_at("second", "b2", 9s, 2s)};
    const RunResult result = run(scenario, {.seed = 1});
    ASSERT_EQ(result.faults.size(), 2u);
    EXPECT_FALSE(result.faults[0].effects.empty());
    EXPECT_TRUE(result.faults[1].effects.empty()) << result.faults[1].effects.front();
}

TEST(Receipts, CallACutACut) {
    Scenario scenario = small_storm();
    scenario.faults = {crash_at("f", "leader(orders-0)", 8s, 6s)};
    scenario.faults[0].kind = "cut";
    const RunResult result = run(scenario, {.seed = 1});
    const auto& effects = result.faults.at(0).effects;
    const auto tells = [&](const std::string& word) {
        return std::ranges::any_of(effects, [&](const std::string& effect) {
            return effect.find("held back (" + word + ")") != std::string::npos;
        });
    };
    EXPECT_TRUE(tells("cut"));
    EXPECT_FALSE(tells("stall"));
}

// Their ids say nothing of the machine.
TEST(Receipts, TellOfMembersOfTheConsumerProtocolThatWereRemoved) {
    Scenario scenario = small_storm(
        "consumer.group.protocol = \"consumer\"\n",
        {.set = {
             {.path = "cluster.config.group.consumer.session.timeout.ms", .value = "5000"},
             {.path = "cluster.config.group.consumer.heartbeat.interval.ms", .value = "1000"}}});
    scenario.faults = {crash_at("gone", "owner(orders-0, payment)", 8s, 9s)};
    const RunResult result = run(scenario, {.seed = 1});
    ASSERT_EQ(result.faults.size(), 1u);
    const std::vector<std::string>& effects = result.faults[0].effects;
    EXPECT_TRUE(std::ranges::any_of(effects, [](const std::string& effect) {
        return effect.find("removed from group payment (session timeout)") != std::string::npos;
    })) << fmt::format("{}", fmt::join(effects, "\n"));
}

TEST(Machines, StayDownUntilTheLastFaultLetsThemUp) {
    for (const bool first_ends_first : {true, false}) {
        Scenario scenario = small_storm();
        scenario.faults = {crash_at("one", "b2", 8s, first_ends_first ? 3s : 8s),
                           crash_at("two", "b2", 9s, first_ends_first ? 7s : 1s)};
        std::vector<Time> starts;
        run(scenario, {.seed = 1, .prepare = [&](sim::Simulation& simulation) {
                           simulation.trace().observe([&](const sim::Event& event) {
                               const auto* started = event.as<sim::NodeStarted>();
                               if (started != nullptr && started->name == "b2") {
                                   starts.push_back(event.time);
                               }
                           });
                       }});
        EXPECT_EQ(starts, (std::vector<Time>{Time{}, Time(16s)}));
    }
}

TEST(Machines, AFaultDoesNotBootWhatNobodyStarted) {
    // The reader has its first turn in the calm, and only once.
    Scenario scenario = small_storm();
    scenario.faults = {crash_at("early", "reader", 8s, 3s), crash_at("open", "reader", 9s, 1s)};
    scenario.faults[1].heal_after.reset();
    const RunResult result = run(scenario, {.seed = 1});
    EXPECT_NE(result.verdict, Verdict::broken) << result.why;
    EXPECT_NE(result.verdict, Verdict::fail) << result.why;
}

TEST(Machines, APowerLossTakesThePageCacheOfADeadProcess) {
    Scenario scenario = small_storm();
    scenario.faults = {crash_at("crash", "leader(orders-0)", 10s, 8s),
                       crash_at("dark", "isr(orders-0)", 10s, 9s)};
    scenario.faults[1].at = 10s + 1ms;
    scenario.faults[1].target = "all-brokers";
    scenario.faults[1].kind = "power-loss";
    std::map<std::string, std::uint64_t> lost;
    std::string dead;
    const RunResult result =
        run(scenario, {.seed = 1, .prepare = [&](sim::Simulation& simulation) {
                           sim::Trace& trace = simulation.trace();
                           trace.observe([&](const sim::Event& event) {
                               const auto* hit = event.as<sim::DiskFaultHit>();
                               if (hit == nullptr || hit->fault != "lost") return;
                               lost[std::string(trace.node_name(event.node))] += hit->bytes;
                           });
                       }});
    const std::string target = result.faults[0].target;
    dead = target.substr(target.size() - 2);
    EXPECT_GT(lost[dead], 0u) << target;
    // And who died of it tells likewise.
    EXPECT_GE(lost.size(), 2u);
}

}  // namespace
}  // namespace squall::scenarios
