// Administrative steps of a scenario: written, read, refused, and made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "model/events/client_events.h"
#include "scenarios/admin/admin_step.h"
#include "scenarios/run.h"
#include "tests/scenarios/small_storm.h"

namespace squall::scenarios {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

// One of each kind, most of them granted.
constexpr std::string_view many_steps = R"toml(
[[admin]]
id = "new"
kind = "create-topic"
at = "6s"
topic = "returns"
partitions = 2
replication = 2
config.retention.ms = 60000

[[admin]]
kind = "add-partitions"
at = "7s"
topic = "returns"
partitions = 3

[[admin]]
kind = "alter-configs"
at = "8s"
topic = "orders"
config.max.message.bytes = 2000
reset = ["retention.ms"]

[[admin]]
kind = "alter-configs"
at = "8s"
broker = "all"
config.log.retention.ms = 3600000

[[admin]]
kind = "reassign"
at = "9s"
partition = "returns-0"
replicas = ["b3", 2]

[[admin]]
kind = "cancel-reassignment"
at = "15s"
partition = "returns-0"

[[admin]]
kind = "delete-records"
at = "12s"
partition = "orders-0"
up_to = 5

[[admin]]
kind = "elect-leaders"
at = "13s"
type = "preferred"

[[admin]]
kind = "unregister-broker"
at = "14s"
broker = "b9"

[[admin]]
kind = "delete-topic"
at = "17s"
topic = "returns"

[[admin]]
kind = "update-feature"
at = "18s"
feature = "transaction.version"
level = 1
type = "safe-downgrade"
validate_only = "true"

[[admin]]
kind = "update-feature"
at = "18s"
feature = "group.version"
level = 2

[[admin]]
kind = "abort-transaction"
at = "18s"
partition = "orders-0"
)toml";

std::map<std::string, std::string> completed(const RunResult& result) {
    std::map<std::string, std::string> calls;
    result.trace->replay([&](const sim::Event& event) {
        const auto* done = event.as<model::AdminCompleted>();
        if (done == nullptr || done->client_id != "operator") return;
        calls[done->request] = done->error.empty() ? "ok" : done->error;
    });
    return calls;
}

TEST(AdminSteps, AreMadeAtTheirTimes) {
    const RunResult result = run(small_storm(many_steps), {.seed = 4});
    EXPECT_EQ(result.why, "");
    EXPECT_EQ(result.verdict, Verdict::pass);
    EXPECT_THAT(
        completed(result),
        ElementsAre(Pair("AlterPartitionReassignments returns-0", "NO_REASSIGNMENT_IN_PROGRESS"),
                    Pair("CreatePartitions returns", "ok"), Pair("CreateTopics returns", "ok"),
                    Pair("DeleteRecords orders-0", "ok"), Pair("DeleteTopics returns", "ok"),
                    Pair("ElectLeaders", "ok"), Pair("FindHangingTransactions orders-0", "ok"),
                    Pair("IncrementalAlterConfigs all brokers", "ok"),
                    Pair("IncrementalAlterConfigs topic orders", "ok"),
                    Pair("UnregisterBroker 9", "BROKER_ID_NOT_REGISTERED"),
                    Pair("UpdateFeatures group.version=2", "INVALID_UPDATE_VERSION"),
                    Pair("UpdateFeatures transaction.version=1", "ok")));
    EXPECT_EQ(result.probes.at("FeatureLevelChanged"), 4u);  // those of a new cluster
    EXPECT_EQ(result.probes.at("TopicDeleted"), 1u);
    EXPECT_EQ(result.probes.at("ConfigChanged"), 2u);
}

TEST(AdminSteps, AreWrittenAsTheyWereRead) {
    const Scenario scenario = small_storm(many_steps);
    ASSERT_EQ(scenario.admin.size(), 13u);
    EXPECT_EQ(scenario.admin[0].id, "new");
    EXPECT_EQ(scenario.admin[1].id, "step-2");
    EXPECT_EQ(scenario.admin[1].at, 7s);
    EXPECT_EQ(scenario.admin[0].options.at("config.retention.ms"), "60000");
    const std::string text = write_scenario(scenario);
    EXPECT_EQ(write_scenario(parse_scenario(text, "again.toml")), text);
}

TEST(AdminSteps, AreMadeAgainAndAgainIfTheyAreToldTo) {
    constexpr std::string_view monitor = R"toml(
[[admin]]
id = "monitor"
kind = "list-offsets"
partition = "orders-0"
at = "10s"
every = "100ms"
)toml";
    const Scenario scenario = small_storm(monitor);
    EXPECT_EQ(write_scenario(parse_scenario(write_scenario(scenario), "again.toml")),
              write_scenario(scenario));
    const RunResult result = run(scenario, {.seed = 4});
    EXPECT_EQ(result.verdict, Verdict::pass) << result.why;
    const auto calls = static_cast<std::uint64_t>((scenario.run.storm - 10s) / 100ms);
    ASSERT_GT(calls, 20u);
    // Consumers ask a few times, too.
    EXPECT_GT(result.probes.at("OffsetListed"), calls * 9 / 10);
    EXPECT_LT(result.probes.at("OffsetListed"), calls * 11 / 10);
}

TEST(AdminSteps, AreReachedByTheirIds) {
    const Scenario scenario =
        small_storm(many_steps, {.set = {{.path = "admin.new.partitions", .value = "4"},
                                         {.path = "admin.*.at", .value = "5s"}}});
    EXPECT_EQ(scenario.admin[0].options.at("partitions"), "4");
    for (const AdminSection& step : scenario.admin) EXPECT_EQ(step.at, 5s);
}

std::string problem_with(std::string_view step) {
    try {
        small_storm("\n[[admin]]\nid = \"s\"\n" + std::string(step));
    } catch (const ScenarioError& error) {
        return error.text();
    }
    return "";
}

TEST(AdminSteps, ThatMakeNoSenseAreRefusedWhereTheyStand) {
    EXPECT_THAT(problem_with("kind = \"delete-topi\"\nat = \"5s\"\ntopic = \"orders\""),
                HasSubstr("unknown step 'delete-topi'; did you mean 'delete-topic'?"));
    EXPECT_THAT(problem_with("kind = \"delete-topic\"\ntopic = \"orders\""),
                HasSubstr("a step has a time"));
    EXPECT_THAT(problem_with("kind = \"delete-topic\"\nat = \"5s\""), HasSubstr("needs 'topic'"));
    EXPECT_THAT(problem_with("kind = \"delete-topic\"\nat = \"5s\"\ntopic = \"order\""),
                HasSubstr("there is no topic 'order'; did you mean 'orders'?"));
    EXPECT_THAT(problem_with("kind = \"delete-topic\"\nat = \"25s\"\ntopic = \"orders\""),
                HasSubstr("after the storm"));
    EXPECT_THAT(
        problem_with("kind = \"delete-topic\"\nat = \"5s\"\ntopic = \"orders\"\npartition = 1"),
        HasSubstr("delete-topic has no option 'partition'"));
    EXPECT_THAT(problem_with("kind = \"reassign\"\nat = \"5s\"\npartition = \"orders\"\n"
                             "replicas = [1]"),
                HasSubstr("no partition"));
    EXPECT_THAT(problem_with("kind = \"reassign\"\nat = \"5s\"\npartition = \"orders-0\"\n"
                             "replicas = [\"x\"]"),
                HasSubstr("'x' is no broker"));
    EXPECT_THAT(problem_with("kind = \"elect-leaders\"\nat = \"5s\"\ntype = \"any\""),
                HasSubstr("neither preferred nor unclean"));
    EXPECT_THAT(problem_with("kind = \"alter-configs\"\nat = \"5s\"\ntopic = \"orders\""),
                HasSubstr("no setting is changed"));
    EXPECT_THAT(problem_with("kind = \"alter-configs\"\nat = \"5s\"\ntopic = \"orders\"\n"
                             "broker = \"b1\"\nconfig.retention.ms = 1"),
                HasSubstr("names a topic or a broker"));
    EXPECT_THAT(problem_with("kind = \"delete-topic\"\nat = \"5s\"\ntopic = \"orders\"\n\n"
                             "[[admin]]\nid = \"s\"\nkind = \"elect-leaders\"\nat = \"5s\""),
                HasSubstr("two steps have the id 's'"));
    EXPECT_THAT(problem_with("kind = \"elect-leaders\"\nat = \"5s\"\nevery = \"0s\""),
                HasSubstr("more than 0s"));
    EXPECT_THAT(problem_with("kind = \"elect-leaders\"\nat = \"5s\"\nevery = \"100us\""),
                HasSubstr("more than 10000 times"));
    // With line and column.
    EXPECT_THAT(problem_with("kind = \"delete-topi\"\nat = \"5s\"\ntopic = \"orders\""),
                HasSubstr("small-storm.toml:17:"));
}

// Everything at once: what administrators do, retention, compaction, reads from followers, a crash
// and a loss of power; and nobody who judges has anything to object to.
TEST(AdminSteps, StandBesideFaultsAndTheUpkeepOfLogs) {
    const Scenario scenario = parse_scenario(R"toml(
name = "busy-operator"
run = { storm = "50s", calm = "40s" }

[cluster]
brokers = 3
racks = 3
config.offsets.topic.num.partitions = 1
config.log.initial.task.delay.ms = 1000
config.log.retention.check.interval.ms = 2000
config.log.cleaner.backoff.ms = 2000
config.replica.selector.class = "org.apache.kafka.common.replica.RackAwareReplicaSelector"

[topics.orders]
partitions = 2
config.min.insync.replicas = 2
config.internal.segment.bytes = 4096
config.retention.bytes = 100000

[topics.payments]
config.min.insync.replicas = 2
config.internal.segment.bytes = 4096
config.cleanup.policy = "compact"
config.min.cleanable.dirty.ratio = "0.1"

[workload]
rate = 50
consumer.auto.offset.reset = "earliest"
consumer.client.rack = "rack-2"
groups.payment.members = 2

[[fault]]
kind = "crash"
target = "leader(orders-0)"
at = "20s"
for = "8s"

[[fault]]
kind = "power-loss"
target = "any-broker"
at = "38s"
for = "6s"

[[admin]]
kind = "add-partitions"
at = "15s"
topic = "orders"
partitions = 3

[[admin]]
kind = "reassign"
at = "25s"
partition = "orders-1"
replicas = [3, 1]

[[admin]]
kind = "elect-leaders"
at = "35s"

[[admin]]
kind = "delete-records"
at = "45s"
partition = "orders-0"
up_to = 20
)toml",
                                             "busy-operator.toml");
    const RunResult result = run(scenario, {.seed = 1});
    EXPECT_EQ(result.why, "");
    EXPECT_EQ(result.verdict, Verdict::pass);
    EXPECT_GT(result.probes.at("LogCleaned"), 0u);
    EXPECT_GT(result.probes.at("LogStartAdvanced"), 0u);
    EXPECT_EQ(completed(result).at("AlterPartitionReassignments orders-1"), "ok");
}

}  // namespace
}  // namespace squall::scenarios
