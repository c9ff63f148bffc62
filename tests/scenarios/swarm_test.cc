// expand(): a seed's choices are its own, repeat, do not lean on each other, and are checked as if
// they had been written.
#include "scenarios/swarm.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "scenarios/faults/fault.h"
#include "tests/scenarios/small_storm.h"

namespace squall::scenarios {
namespace {

constexpr std::string_view swarm = R"toml(
[swarm]
"workload.rate" = [5, 10, 15, 20]
"workload.producer.linger.ms" = { min = 0, max = 1000 }
faults = { kinds = ["crash", "pause", "isolate"], count = { min = 0, max = 4 } }
)toml";

TEST(Swarm, TheSameSeedMakesTheSamePlan) {
    const Scenario scenario = small_storm(swarm);
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        EXPECT_EQ(write_scenario(expand(scenario, seed)), write_scenario(expand(scenario, seed)));
    }
}

TEST(Swarm, SeedsDiffer) {
    const Scenario scenario = small_storm(swarm);
    std::set<std::string> plans;
    std::set<std::uint32_t> rates;
    std::set<std::size_t> counts;
    std::set<std::string> kinds;
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        const Scenario plan = expand(scenario, seed);
        plans.insert(write_scenario(plan));
        rates.insert(plan.workload.rate);
        counts.insert(plan.faults.size());
        for (const FaultSection& fault : plan.faults) kinds.insert(fault.kind);
    }
    EXPECT_GT(plans.size(), 55u);
    EXPECT_EQ(rates, (std::set<std::uint32_t>{5, 10, 15, 20}));
    EXPECT_EQ(counts, (std::set<std::size_t>{0, 1, 2, 3, 4}));
    EXPECT_EQ(kinds, (std::set<std::string>{"crash", "isolate", "pause"}));
}

TEST(Swarm, APlanHasNoSwarmLeftAndExpandsToItself) {
    const Scenario plan = expand(small_storm(swarm), 7);
    EXPECT_TRUE(plan.swarm.is_empty());
    EXPECT_EQ(write_scenario(expand(plan, 8)), write_scenario(plan));
}

TEST(Swarm, AnotherChoiceLeavesTheOthersAsTheyWere) {
    const Scenario scenario = small_storm(swarm);
    Scenario more = scenario;
    more.swarm.choices.insert(more.swarm.choices.begin(),
                              SwarmChoice{.path = "run.calm", .values = {"21s", "22s", "23s"}});
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const Scenario plan = expand(scenario, seed);
        const Scenario other = expand(more, seed);
        EXPECT_NE(plan.run.calm, other.run.calm);
        EXPECT_EQ(plan.workload.rate, other.workload.rate);
        EXPECT_EQ(plan.workload.producer.linger, other.workload.producer.linger);
        ASSERT_EQ(plan.faults.size(), other.faults.size());
        for (std::size_t i = 0; i < plan.faults.size(); ++i) {
            EXPECT_EQ(plan.faults[i].kind, other.faults[i].kind);
            EXPECT_EQ(plan.faults[i].target, other.faults[i].target);
            EXPECT_EQ(plan.faults[i].at, other.faults[i].at);
        }
    }
}

TEST(Swarm, DrawnFaultsStrikeWithinTheStormAndTheWrittenOnesStay) {
    const Scenario scenario =
        small_storm(std::string(swarm) +
                    "\n[[fault]]\nid = \"mine\"\nkind = \"crash\"\ntarget = \"b1\"\nat = \"1s\"");
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const Scenario plan = expand(scenario, seed);
        ASSERT_GE(plan.faults.size(), 1u);
        EXPECT_EQ(plan.faults[0].id, "mine");
        for (const FaultSection& fault : plan.faults) {
            // At a time, or at a moment of the protocols.
            ASSERT_NE(fault.at.has_value(), fault.when.has_value());
            if (!fault.at) continue;
            EXPECT_LT(*fault.at, plan.run.storm) << fault.id;
        }
    }
}

TEST(Swarm, WhatIsDrawnIsChecked) {
    Scenario scenario = small_storm();
    scenario.swarm.choices = {{.path = "topics.orders.replication", .values = {"5"}}};
    EXPECT_THROW(expand(scenario, 1), ScenarioError);
    scenario.swarm.choices = {{.path = "workload.rat", .values = {"5"}}};
    EXPECT_THROW(expand(scenario, 1), ScenarioError);
    scenario.swarm.choices = {{.path = "workload.rate", .values = {"fast"}}};
    EXPECT_THROW(expand(scenario, 1), ScenarioError);
}

TEST(Swarm, FaultsAreDrawnForTheClusterThatWasChosen) {
    const Scenario scenario = small_storm(R"toml(
[swarm]
"cluster.brokers" = [7]
"run.storm" = ["200s"]
faults = { kinds = ["crash"], count = { min = 8, max = 8 } }
)toml");
    std::set<std::string> targets;
    Duration latest{};
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        for (const FaultSection& fault : expand(scenario, seed).faults) {
            targets.insert(fault.target);
            if (fault.at) latest = std::max(latest, *fault.at);
        }
    }
    for (const char* broker : {"b1", "b2", "b3", "b4", "b5", "b6", "b7"}) {
        EXPECT_TRUE(targets.contains(broker)) << broker;
    }
    EXPECT_GT(latest, 100s);
}

TEST(Swarm, EveryKindIsAimedAtWhomItCanHit) {
    // Whatever is listed for servers, clients and applications, each plan is a valid scenario.
    std::string kinds;
    for (const FaultEntry& entry : all_faults()) kinds += fmt::format("\"{}\", ", entry.kind);
    const Scenario scenario = small_storm(fmt::format(
        "[swarm]\nfaults = {{ kinds = [{}], count = {{ min = 20, max = 20 }} }}\n", kinds));
    std::map<std::string, std::set<std::string>> targets;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        for (const FaultSection& fault : expand(scenario, seed).faults) {
            targets[fault.kind].insert(fault.target);
        }
    }
    EXPECT_EQ(targets.size(), all_faults().size());
    EXPECT_EQ(targets["poison-record"], (std::set<std::string>{"order-service"}));
    EXPECT_EQ(targets["slow-handler"], (std::set<std::string>{"audit-1", "payment-1"}));
    EXPECT_EQ(targets["rolling-restart"], (std::set<std::string>{"all-brokers"}));
    for (const char* client : {"order-service", "payment-1", "isr(orders-0)", "c1"}) {
        EXPECT_TRUE(targets["crash"].contains(client) || std::string_view(client) == "c1")
            << client;
    }
    EXPECT_FALSE(targets["crash"].contains("reader"));
    EXPECT_FALSE(targets["crash"].contains("admin"));
}

// A survivor of every record exists: one broker alone, and of the quorum what was flushed.
TEST(Swarm, OneBrokerAloneLosesData) {
    std::string kinds;
    for (const FaultEntry& entry : all_faults()) {
        if (loses_data(entry.kind)) kinds += fmt::format("\"{}\", ", entry.kind);
    }
    const Scenario scenario = small_storm(
        fmt::format("[swarm]\nfaults = {{ kinds = [{}], count = {{ min = 12, max = 12 }} }}\n",
                    kinds),
        {.set = {{"cluster.controllers", "3"}}, .bugs = {}});
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        std::set<std::string> brokers;
        for (const FaultSection& fault : expand(scenario, seed).faults) {
            if (fault.target.starts_with("b")) {
                brokers.insert(fault.target);
                continue;
            }
            EXPECT_TRUE(fault.target.starts_with("c")) << fault.target;
            EXPECT_TRUE(fault.kind == "power-loss" || fault.kind == "die-at-write") << fault.kind;
        }
        EXPECT_LE(brokers.size(), 1u);
    }
}

TEST(Swarm, WhoeverAloneKnowsTheMetadataLosesNothing) {
    const Scenario scenario = small_storm(R"toml(
[swarm]
"cluster.controllers" = [1, 3]
faults = { kinds = ["wiped-disk"], count = { min = 2, max = 2 } }
)toml",
                                          {.set = {{"cluster.combined", "true"}}, .bugs = {}});
    std::set<std::string> of_one, of_three;
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        const Scenario plan = expand(scenario, seed);
        std::set<std::string>& victims = plan.cluster.controllers == 1 ? of_one : of_three;
        for (const FaultSection& fault : plan.faults) victims.insert(fault.target);
    }
    EXPECT_EQ(of_one, (std::set<std::string>{"b2", "b3"}));
    EXPECT_EQ(of_three, (std::set<std::string>{"b1", "b2", "b3"}));
}

// One fault at least leaves a trace whatever the cluster does, or the seed may be run for nothing.
TEST(Swarm, AStormHasAFaultThatCannotMiss) {
    const auto faults = [](std::string_view kinds, int most) {
        return fmt::format(
            "[swarm]\nfaults = {{ kinds = [{}], count = {{ min = 1, max = {} }} }}\n", kinds, most);
    };
    // These may all meet nobody: a consumer without partitions, three requests in an hour.
    const std::string shy = R"("cut", "handler-throws", "leave-group", "replay", "slow-disk")";
    const std::set<std::string> blunt = {"clock-step", "crash",           "pause",
                                         "restart",    "rolling-restart", "wiped-disk"};
    std::string all = shy;
    for (const std::string& kind : blunt) all += fmt::format(", \"{}\"", kind);
    for (const int most : {1, 5}) {
        std::set<std::string> added;
        std::size_t as_many_as_drawn = 0;
        for (std::uint64_t seed = 0; seed < 300; ++seed) {
            const auto drawn = expand(small_storm(faults(shy, most)), seed).faults;
            const auto storm = expand(small_storm(faults(all, most)), seed).faults;
            EXPECT_TRUE(std::ranges::any_of(storm, [&](const FaultSection& fault) {
                const std::string& target = fault.target;
                if (!blunt.contains(fault.kind) || !fault.at) return false;
                const bool is_of_a_client =
                    target == "order-service" || target == "payment-1" || target == "audit-1";
                const bool is_role = target == "controller" || target.ends_with(')');
                return !is_of_a_client && (!is_role || *fault.at >= 4s);
            })) << seed;
            EXPECT_LE(storm.size(), static_cast<std::size_t>(most)) << seed;
            EXPECT_GE(storm.size(), drawn.size()) << seed;
            as_many_as_drawn += storm.size() == drawn.size() ? 1 : 0;
            added.insert(storm.back().kind);
        }
        EXPECT_GT(as_many_as_drawn, 150u);
        EXPECT_TRUE(std::ranges::includes(added, blunt));
    }
    // Who lists none of that kind gets none.
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        for (const FaultSection& fault : expand(small_storm(faults(shy, 5)), seed).faults) {
            EXPECT_FALSE(blunt.contains(fault.kind)) << seed;
        }
    }
}

// Who loses data would lose another's with it.
TEST(Swarm, DisksAreSwappedAmongThoseThatLoseNothing) {
    const Scenario scenario = small_storm(R"toml(
[swarm]
"cluster.brokers" = [3, 5]
faults = { kinds = ["swapped-disks", "wiped-disk"], count = { min = 12, max = 12 } }
)toml");
    std::size_t swapped = 0;
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        std::set<std::string> losers;
        std::set<std::string> givers;
        for (const FaultSection& fault : expand(scenario, seed).faults) {
            if (fault.kind == "wiped-disk") {
                losers.insert(fault.target);
                continue;
            }
            const std::string with = fault.options.at("with");
            EXPECT_NE(with, fault.target);
            givers.insert({fault.target, with});
            ++swapped;
        }
        for (const std::string& loser : losers) EXPECT_FALSE(givers.contains(loser)) << loser;
    }
    EXPECT_GT(swapped, 100u);
}

TEST(Swarm, WhatIsSaidIsNotLeftToTheSeed) {
    const Scenario set = small_storm(swarm, {.set = {{"workload.rate", "7"}}, .bugs = {}});
    // Z43 switches idempotence off.
    const Scenario armed =
        small_storm(std::string(swarm) + "\"workload.producer.enable.idempotence\" = [true]\n",
                    {.set = {}, .bugs = {"Z43"}});
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        EXPECT_EQ(expand(set, seed).workload.rate, 7u);
        EXPECT_FALSE(expand(armed, seed).workload.producer.enable_idempotence);
        EXPECT_EQ(expand(set, seed).workload.producer.linger,
                  expand(small_storm(swarm), seed).workload.producer.linger);
    }
}

TEST(Swarm, SetsComeRarelyAndWhole) {
    const std::string sets = R"toml(
[swarm]
"workload.rate" = [5, 10]
rarely = { one_in = 4, sets = [
  { "workload.producer.acks" = 1, "workload.producer.enable.idempotence" = false },
  { "workload.rate" = 7 },
] }
)toml";
    const Scenario scenario = small_storm(sets);
    EXPECT_EQ(write_scenario(parse_scenario(write_scenario(scenario), "again")),
              write_scenario(scenario));
    int weak = 0, seventh = 0;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        const Scenario plan = expand(scenario, seed);
        EXPECT_EQ(plan.workload.producer.acks == -1, plan.workload.producer.enable_idempotence);
        weak += plan.workload.producer.acks == 1 ? 1 : 0;
        // Over what the seed chose otherwise.
        seventh += plan.workload.rate == 7 ? 1 : 0;
    }
    EXPECT_GT(weak, 25);
    EXPECT_LT(weak, 75);
    EXPECT_GT(seventh, 25);
    EXPECT_LT(seventh, 75);
    // Who says one of a set's settings gets nothing of it.
    const Scenario said =
        small_storm(sets, {.set = {{"workload.producer.enable.idempotence", "true"}}, .bugs = {}});
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        EXPECT_EQ(expand(said, seed).workload.producer.acks, -1);
    }
}

TEST(Swarm, WhatCannotBeChosenIsFoundWhenTheFileIsRead) {
    const auto complaint = [](const std::string& choice) -> ScenarioError {
        try {
            parse_scenario("topics.orders = {}\n[swarm]\n" + choice, "f.toml");
        } catch (const ScenarioError& error) {
            return error;
        }
        return {.message = "was accepted"};
    };
    for (const char* choice :
         {"\"workload.rat\" = [5]", "\"workload.rate\" = [5, \"fast\"]",
          "\"topics.orders.replication\" = { min = 1, max = 9 }", "\"fault.none.at\" = [\"5s\"]",
          "rarely = { one_in = 3, sets = [{ \"workload.rat\" = 5 }] }"}) {
        const ScenarioError error = complaint(choice);
        EXPECT_EQ(error.file, "f.toml") << choice;
        EXPECT_EQ(error.line, 3) << choice << ": " << error.text();
        EXPECT_TRUE(error.message.starts_with("swarm: ")) << error.text();
    }
    EXPECT_NE(complaint("faults = { count = { min = 1, max = 2 } }").message.find("choose from"),
              std::string::npos);
    EXPECT_NE(complaint("faults = { kinds = [\"crash\"] }").message.find("how many"),
              std::string::npos);
}

}  // namespace
}  // namespace squall::scenarios
