// Combined mode (process.roles=broker,controller): three nodes, each a broker and a voter of the
// metadata quorum in one process.
#include <gtest/gtest.h>

#include <string>

#include "model/events/controller_events.h"
#include "scenarios/run.h"
#include "scenarios/scenario_file.h"
#include "sim/trace/sim_events.h"

namespace squall::scenarios {
namespace {

constexpr std::string_view combined = R"toml(
name = "combined"
about = "The node of the active controller crashes, and comes back."
run = { storm = "30s", calm = "30s" }
cluster = { brokers = 3, controllers = 3, combined = true }
topics.orders = { partitions = 3, replication = 3, config.min.insync.replicas = 2 }
workload = { kind = "load", rate = 20 }
checks = { require = ["lost-write", "metadata", "controller"], probes = ["ControllerActivated >= 2"] }

[[fault]]
id = "kill-controller"
kind = "crash"
target = "controller"
at = "12s"
for = "10s"
)toml";

Scenario scenario_with(model::CodecMode codec) {
    Scenario scenario = parse_scenario(combined, "combined.toml");
    scenario.network.codec = codec;
    return scenario;
}

TEST(Combined, CrashOfANodeTakesBothItsRolesAndTheOthersGoOn) {
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
        const RunResult result = run(scenario_with(model::CodecMode::move), {.seed = seed});
        EXPECT_EQ(result.verdict, Verdict::pass) << seed << ": " << result.why;
        // One node stopped, and with it the broker that led and the controller that was active.
        std::string stopped;
        bool was_fenced = false;
        result.trace->replay([&](const sim::Event& event) {
            const std::string node(result.trace->node_name(event.node));
            if (event.as<sim::NodeStopped>() != nullptr && stopped.empty()) stopped = node;
            const auto* fence = event.as<model::BrokerFenceChanged>();
            if (fence != nullptr && fence->fenced && !stopped.empty()) {
                was_fenced = was_fenced || fmt::format("b{}", fence->broker) == stopped;
            }
        });
        EXPECT_TRUE(stopped.starts_with('b')) << stopped;
        EXPECT_TRUE(was_fenced) << "by the controller that took over from " << stopped;
    }
}

TEST(Combined, TheSameStoryWhetherMessagesAreMovedOrEncoded) {
    const RunResult moved = run(scenario_with(model::CodecMode::move), {.seed = 4});
    const RunResult encoded = run(scenario_with(model::CodecMode::roundtrip), {.seed = 4});
    EXPECT_EQ(moved.hash, encoded.hash);
    EXPECT_EQ(moved.events, encoded.events);
    EXPECT_EQ(moved.hash, run(scenario_with(model::CodecMode::move), {.seed = 4}).hash);
}

TEST(Combined, ScenarioSaysItAndIsHeldToIt) {
    const Scenario scenario = parse_scenario(combined, "combined.toml");
    EXPECT_TRUE(scenario.cluster.combined);
    EXPECT_TRUE(parse_scenario(write_scenario(scenario), "again.toml").cluster.combined);
    std::string text(combined);
    text.replace(text.find("brokers = 3"), 11, "brokers = 1");
    EXPECT_THROW(parse_scenario(text, "few.toml"), ScenarioError);
}

}  // namespace
}  // namespace squall::scenarios
