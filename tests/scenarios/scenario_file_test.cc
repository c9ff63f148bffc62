// What a scenario file may say, that it is taken at its word, and how bad input is answered.
#include "scenarios/scenario_file.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <optional>
#include <ostream>
#include <string>

#include "scenarios/faults/fault.h"
#include "scenarios/library_texts.h"
#include "sim/base/settings.h"
#include "tests/scenarios/small_storm.h"

namespace squall::scenarios {
namespace {

// ---- what is written is read ----

TEST(ScenarioFile, ReadsTheRunAndTheCluster) {
    const Scenario scenario = parse_scenario(R"toml(
name = "n"
about = "a"
bugs = ["Z01"]
run = { start = 2024-02-29T12:30:15.5+01:00, storm = "90s", calm = "12s", seed = "18446744073709551615", hash = "00ff" }
cluster = { brokers = 5, controllers = 1, racks = 2, config.offsets.topic.num.partitions = 7 }
topics.orders = {}
)toml",
                                             "f.toml");
    EXPECT_EQ(scenario.name, "n");
    EXPECT_EQ(scenario.about, "a");
    EXPECT_EQ(scenario.bugs, std::vector<std::string>{"Z01"});
    // 2024-02-29T11:30:15.5Z
    EXPECT_EQ(scenario.run.start, WallTime(1709206215500ms));
    EXPECT_EQ(scenario.run.storm, 90s);
    EXPECT_EQ(scenario.run.calm, 12s);
    EXPECT_EQ(scenario.run.seed, UINT64_MAX);
    EXPECT_EQ(scenario.run.hash, 0xffu);
    EXPECT_EQ(scenario.cluster.brokers, 5u);
    EXPECT_EQ(scenario.cluster.controllers, 1u);
    EXPECT_EQ(scenario.cluster.racks, 2u);
    bool found = false;
    for (const SettingText& setting : list_settings(scenario.cluster.config)) {
        if (setting.key != "offsets.topic.num.partitions") continue;
        EXPECT_EQ(setting.value, "7");
        found = true;
    }
    EXPECT_TRUE(found);
}

TEST(ScenarioFile, ReadsMachinesLinksAndDisks) {
    const Scenario scenario = parse_scenario(R"toml(
network = { latency = "uniform(1ms, 3ms)", bandwidth = "100Mbit/s", codec = "roundtrip", granularity = "1ms" }
disk = { flush = "5ms", capacity = "64KiB" }
node.b2 = { clock.offset = "-30ms", clock.drift_ppm = 50, config.replica.lag.time.max.ms = 5000, bugs = ["Z01"] }
topics.orders = {}
)toml",
                                             "f.toml");
    EXPECT_EQ(scenario.network.latency.to_string(), "uniform(1ms, 3ms)");
    EXPECT_EQ(scenario.network.bandwidth_bits_per_second, 100'000'000u);
    EXPECT_EQ(scenario.network.codec, model::CodecMode::roundtrip);
    EXPECT_EQ(scenario.network.granularity, 1ms);
    EXPECT_EQ(scenario.disk.flush.to_string(), "5ms");
    EXPECT_EQ(scenario.disk.capacity_bytes, 65536u);
    const NodeSection& node = scenario.nodes.at("b2");
    EXPECT_EQ(node.clock_offset, -30ms);
    EXPECT_EQ(node.clock_drift_ppm, 50);
    EXPECT_EQ(node.config.at("replica.lag.time.max.ms"), "5000");
    EXPECT_EQ(node.bugs, std::vector<std::string>{"Z01"});
}

TEST(ScenarioFile, ReadsTopicsAndTheWorkload) {
    const Scenario scenario = parse_scenario(R"toml(
topics.orders = { partitions = 3, replication = 2, config.min.insync.replicas = 2 }
[workload]
kind = "order-flow"
rate = 77
input = "orders.jsonl"
producer.acks = "all"
producer.linger.ms = "20ms"
consumer.session.timeout.ms = 9000
groups.payment = { members = 2, commit = "async" }
groups.audit = { members = 0, commit = "auto" }
groups.plain = {}
groups.matching = { members = 2, pattern = "orders|pay.*" }
groups.modern = { consumer.group.protocol = "consumer", consumer.max.poll.records = 7 }
groups.sticky.consumer.partition.assignment.strategy = ["cooperative-sticky", "sticky"]
)toml",
                                             "f.toml");
    const TopicSection& orders = scenario.topics.at("orders");
    EXPECT_EQ(orders.partitions, 3);
    EXPECT_EQ(orders.replication, 2);
    EXPECT_EQ(orders.config.at("min.insync.replicas"), "2");
    const WorkloadSection& workload = scenario.workload;
    EXPECT_EQ(workload.rate, 77u);
    EXPECT_EQ(workload.input, "orders.jsonl");
    EXPECT_EQ(workload.producer.acks, -1);
    EXPECT_EQ(workload.producer.linger, 20ms);
    EXPECT_EQ(workload.consumer.session_timeout, 9s);
    EXPECT_EQ(workload.groups.at("payment").members, 2u);
    EXPECT_EQ(workload.groups.at("payment").commit, CommitStyle::async);
    EXPECT_EQ(workload.groups.at("audit").members, 0u);
    EXPECT_EQ(workload.groups.at("audit").commit, CommitStyle::automatic);
    ASSERT_TRUE(workload.groups.contains("plain")) << "a group without settings is a group";
    EXPECT_EQ(workload.groups.at("plain").members, 1u);
    EXPECT_EQ(workload.groups.at("matching").pattern, "orders|pay.*");
    EXPECT_EQ(workload.groups.at("plain").pattern, "");
    EXPECT_EQ(workload.groups.at("modern").consumer,
              (std::map<std::string, std::string>{{"group.protocol", "consumer"},
                                                  {"max.poll.records", "7"}}));
    EXPECT_EQ(workload.groups.at("sticky").consumer.at("partition.assignment.strategy"),
              "cooperative-sticky,sticky");
}

TEST(ScenarioFile, ReadsChecksFaultsAndTheSwarm) {
    const Scenario scenario = small_storm(R"toml(
[checks]
require = ["lost-write"]
expect = [{ finding = "duplicate", because = "application sent twice" }]
probes = ["PartitionChanged >= 2"]

[[fault]]
kind = "crash"
target = "b1"
at = "1500ms"
for = "3s"
[[fault]]
id = "drawn"
kind = "isolate"
target = "controller"
window = ["5s", "9s"]
from = "servers"
[[fault]]
id = "again"
kind = "slow-disk"
target = "any-broker"
every = "4s"
percent = 300
[[fault]]
id = "answer"
kind = "pause"
target = "leader(orders-0)"
when = { event = "PartitionChanged", nth = 2, match = { partition = "orders-0" }, since = "drawn", after = "50ms" }

[swarm]
"workload.rate" = [5, 10]
"run.storm" = ["20s"]
"workload.producer.linger.ms" = { min = 0, max = 50 }
faults = { kinds = ["crash", "pause"], count = { min = 1, max = 3 } }
)toml");
    EXPECT_EQ(scenario.checks.require, std::vector<std::string>{"lost-write"});
    ASSERT_EQ(scenario.checks.expect.size(), 1u);
    EXPECT_EQ(scenario.checks.expect[0].finding, "duplicate");
    EXPECT_EQ(scenario.checks.expect[0].because, "application sent twice");
    EXPECT_EQ(scenario.checks.probes, std::vector<std::string>{"PartitionChanged >= 2"});

    ASSERT_EQ(scenario.faults.size(), 4u);
    const FaultSection& first = scenario.faults[0];
    EXPECT_EQ(first.id, "fault-1") << "who has no name is given one";
    EXPECT_EQ(first.kind, "crash");
    EXPECT_EQ(first.target, "b1");
    EXPECT_EQ(first.at, 1500ms);
    EXPECT_EQ(first.heal_after, 3s);
    EXPECT_EQ(scenario.faults[1].window, std::pair(Duration(5s), Duration(9s)));
    EXPECT_EQ(scenario.faults[1].options.at("from"), "servers");
    EXPECT_EQ(scenario.faults[1].heal_after, std::nullopt);
    EXPECT_EQ(scenario.faults[2].every, 4s);
    EXPECT_EQ(scenario.faults[2].options.at("percent"), "300");
    ASSERT_TRUE(scenario.faults[3].when.has_value());
    EXPECT_EQ(scenario.faults[3].when->event, "PartitionChanged");
    EXPECT_EQ(scenario.faults[3].when->nth, 2u);
    EXPECT_EQ(scenario.faults[3].when->since, "drawn");
    EXPECT_EQ(scenario.faults[3].when->after, 50ms);
    EXPECT_EQ(scenario.faults[3].when->match.at("partition"), "orders-0");

    ASSERT_EQ(scenario.swarm.choices.size(), 3u);
    ASSERT_TRUE(scenario.swarm.faults.has_value());
    EXPECT_EQ(scenario.swarm.faults->kinds, (std::vector<std::string>{"crash", "pause"}));
    EXPECT_EQ(scenario.swarm.faults->min, 1u);
    EXPECT_EQ(scenario.swarm.faults->max, 3u);
}

TEST(ScenarioFile, LeavesEverythingElseAtItsDefault) {
    const Scenario scenario = parse_scenario("topics.orders = {}", "empty.toml");
    EXPECT_EQ(scenario.name, "empty.toml") << "a scenario without a name goes by its file's";
    EXPECT_EQ(scenario.run.storm, 60s);
    EXPECT_EQ(scenario.run.calm, 30s);
    EXPECT_EQ(scenario.run.start, WallTime(1735689600s));
    EXPECT_EQ(scenario.run.seed, std::nullopt);
    EXPECT_EQ(scenario.cluster.brokers, 3u);
    EXPECT_EQ(scenario.workload.kind, "order-flow");
    EXPECT_EQ(scenario.network.codec, model::CodecMode::move);
    EXPECT_TRUE(scenario.faults.empty());
    EXPECT_TRUE(scenario.swarm.is_empty());
}

// ---- what is written by us is read back ----

// Every value of a scenario that a text can hold is in its text, so texts stand for scenarios.
void expect_reads_back(const Scenario& scenario) {
    const std::string text = write_scenario(scenario);
    try {
        EXPECT_EQ(write_scenario(parse_scenario(text, "written.toml")), text);
    } catch (const ScenarioError& error) {
        ADD_FAILURE() << error.text() << "\n" << text;
    }
}

TEST(ScenarioFile, TheLibraryIsWrittenAndReadBackTheSame) {
    ASSERT_FALSE(library_texts().empty());
    for (const LibraryText& entry : library_texts()) {
        SCOPED_TRACE(entry.name);
        const Scenario scenario = load_scenario(entry.name);
        EXPECT_EQ(scenario.name, entry.name);
        expect_reads_back(scenario);
        const Scenario back = parse_scenario(write_scenario(scenario), "written.toml");
        EXPECT_EQ(back.faults.size(), scenario.faults.size());
        EXPECT_EQ(back.topics.size(), scenario.topics.size());
        EXPECT_EQ(back.checks.probes, scenario.checks.probes);
    }
}

rc::Gen<Duration> duration_up_to(Duration end) {
    return rc::gen::map(rc::gen::inRange<std::int64_t>(0, end.count()),
                        [](std::int64_t ns) { return Duration(ns); });
}

rc::Gen<std::optional<std::uint64_t>> maybe_a_number() {
    return rc::gen::map(
        rc::gen::pair(rc::gen::arbitrary<bool>(), rc::gen::arbitrary<std::uint64_t>()),
        [](const std::pair<bool, std::uint64_t>& drawn) {
            return drawn.first ? std::optional(drawn.second) : std::nullopt;
        });
}

// Texts with everything in them that TOML wants escaped.
rc::Gen<std::string> awkward_text() {
    return rc::gen::container<std::string>(
        rc::gen::oneOf(rc::gen::inRange<char>(' ', '\x7f'),
                       rc::gen::element('"', '\\', '\n', '\t', '\r', '\x01')));
}

RC_GTEST_PROP(ScenarioFile, WhateverWasWrittenReadsBackTheSame, ()) {
    Scenario scenario = small_storm();
    scenario.name = "n" + *awkward_text();
    scenario.about = *awkward_text();
    scenario.run.start = WallTime(1h + *duration_up_to(4'000'000'000s));
    scenario.run.storm = 1s + *duration_up_to(100s);
    scenario.run.calm = 5s + *duration_up_to(100s);
    scenario.run.seed = *maybe_a_number();
    scenario.run.hash = *maybe_a_number();
    scenario.cluster.brokers = *rc::gen::inRange(3u, 9u);
    scenario.cluster.racks = *rc::gen::inRange(1u, 4u);
    scenario.network.bandwidth_bits_per_second = *rc::gen::inRange(1'000u, 2'000'000'000u);
    scenario.network.granularity = 1ms * *rc::gen::inRange(0, 50);
    scenario.run.scheduling = {.strategy = *rc::gen::element(sim::Scheduling::Strategy::random,
                                                             sim::Scheduling::Strategy::pct),
                               .depth = *rc::gen::inRange(1u, 20u)};
    scenario.network.codec = *rc::gen::element(model::CodecMode::move, model::CodecMode::roundtrip);
    scenario.disk.capacity_bytes = *rc::gen::inRange<std::uint64_t>(1, 1ull << 40);
    scenario.workload.rate = *rc::gen::inRange(1u, 1'000'000u);
    scenario.workload.input = *awkward_text();
    scenario.workload.producer.linger = std::chrono::milliseconds(*rc::gen::inRange(0, 1000));
    scenario.cluster.config.groups.offsets_retention =
        std::chrono::minutes(*rc::gen::inRange(1, 1'000'000));
    scenario.cluster.config.controller.leader_imbalance_check_interval =
        std::chrono::seconds(*rc::gen::inRange(1, 1'000'000));
    scenario.workload.groups["odd.group_1"].consumer = {
        {"group.protocol", "consumer"},
        {"max.poll.records", std::to_string(*rc::gen::inRange(1, 1000))}};
    scenario.topics["odd.name_1"].partitions = *rc::gen::inRange(1, 100);
    scenario.nodes["b2"].clock_offset = *duration_up_to(10s) * *rc::gen::element(1, -1);
    scenario.nodes["b2"].clock_drift_ppm = *rc::gen::inRange(-100'000, 100'000);
    scenario.nodes["b3"].bugs = {"Z01"};
    const int faults = *rc::gen::inRange(0, 4);
    for (int i = 0; i < faults; ++i) {
        FaultSection fault = crash_at("fault " + std::to_string(i), "b1", 0s, 0s);
        fault.heal_after.reset();
        if (*rc::gen::arbitrary<bool>()) fault.heal_after = *duration_up_to(100s);
        fault.at.reset();
        switch (*rc::gen::inRange(0, 4)) {
            case 0:
                fault.at = *duration_up_to(scenario.run.storm);
                break;
            case 1: {
                const Duration a = *duration_up_to(scenario.run.storm);
                const Duration b = *duration_up_to(scenario.run.storm);
                fault.window = {std::min(a, b), std::max(a, b)};
                break;
            }
            case 2:
                fault.every = scenario.run.storm / 1000 +
                              *duration_up_to(scenario.run.storm - scenario.run.storm / 1000);
                break;
            default:
                fault.when = EventCondition{.event = "PartitionChanged",
                                            .nth = *rc::gen::inRange(1u, 1000u),
                                            .match = {{"reason", *awkward_text()}}};
        }
        scenario.faults.push_back(fault);
    }

    const std::string text = write_scenario(scenario);
    const Scenario back = parse_scenario(text, "written.toml");
    RC_ASSERT(write_scenario(back) == text);
    RC_ASSERT(back.name == scenario.name);
    RC_ASSERT(back.about == scenario.about);
    RC_ASSERT(back.run.start == scenario.run.start);
    RC_ASSERT(back.run.storm == scenario.run.storm);
    RC_ASSERT(back.run.seed == scenario.run.seed);
    RC_ASSERT(back.run.hash == scenario.run.hash);
    RC_ASSERT(back.disk.capacity_bytes == scenario.disk.capacity_bytes);
    RC_ASSERT(back.nodes.at("b2").clock_offset == scenario.nodes.at("b2").clock_offset);
    RC_ASSERT(back.faults.size() == scenario.faults.size());
    for (std::size_t i = 0; i < back.faults.size(); ++i) {
        RC_ASSERT(back.faults[i].at == scenario.faults[i].at);
        RC_ASSERT(back.faults[i].window == scenario.faults[i].window);
        RC_ASSERT(back.faults[i].every == scenario.faults[i].every);
        RC_ASSERT(back.faults[i].heal_after == scenario.faults[i].heal_after);
        RC_ASSERT(back.faults[i].when.has_value() == scenario.faults[i].when.has_value());
        if (back.faults[i].when) {
            RC_ASSERT(back.faults[i].when->match == scenario.faults[i].when->match);
            RC_ASSERT(back.faults[i].when->since == scenario.faults[i].when->since);
            RC_ASSERT(back.faults[i].when->after == scenario.faults[i].when->after);
        }
    }
}

// ---- bad input ----

struct BadInput {
    const char* name;
    const char* text;     // follows the small storm
    int line;             // counted from the first line of `text`; 0: none
    const char* message;  // a part of it
};

void PrintTo(const BadInput& input, std::ostream* out) {
    *out << input.name;
}

constexpr int lines_before = 1 + static_cast<int>(std::ranges::count(small_storm_text, '\n'));

// What should not be there is what the error points at, not what it was to be set to.
TEST(ScenarioFile, AnUnknownKeyIsPointedAt) {
    struct Wrong {
        const char* key;   // where it begins in the text
        const char* text;  // follows the small storm
    };
    for (const auto& [key, text] : {
             Wrong{"requires", "[checks]\n  requires = []"},
             Wrong{"netwrk", "[netwrk]\ncodec = \"move\""},
             Wrong{"drift_pm", "[node.b1]\nclock = { offset = \"1s\", drift_pm = 3 }"},
             Wrong{"replica.lag.time.ms", "[node.b1]\nconfig.replica.lag.time.ms = 5"},
             Wrong{"batch.sise", "[node.b1]\nclock.drift_ppm = 3\nconfig = { batch.sise = 5 }"},
             Wrong{"min.insync.replica", "[topics.more]\nconfig.min.insync.replica = 2"},
             Wrong{"insync", "[topics.more.config.min]\ninsync.replica = 2"},
             Wrong{"percnt",
                   "[[fault]]\nid = \"f\"\nkind = \"slow-disk\"\ntarget = \"b1\"\nat = \"1s\"\n"
                   "percnt = 3"},
             Wrong{"topik",
                   "[[admin]]\nid = \"s\"\nkind = \"create-topic\"\nat = \"1s\"\n"
                   "topik = \"more\""},
         }) {
        const std::string_view whole(text);
        const std::size_t place = whole.find(key);
        const std::size_t line = whole.rfind('\n', place) + 1;  // 0: the first
        try {
            small_storm("\n" + std::string(text));
            ADD_FAILURE() << "was accepted:\n" << text;
        } catch (const ScenarioError& error) {
            EXPECT_EQ(error.line,
                      lines_before + 1 + std::ranges::count(whole.substr(0, place), '\n'))
                << error.text();
            EXPECT_EQ(error.column, static_cast<int>(place - line) + 1) << error.text();
        }
    }
}

class BadScenario : public testing::TestWithParam<BadInput> {};

TEST_P(BadScenario, IsAnErrorThatSaysWhereAndWhat) {
    const BadInput& input = GetParam();
    try {
        small_storm(input.text);
        ADD_FAILURE() << "was accepted:\n" << input.text;
    } catch (const ScenarioError& error) {
        EXPECT_EQ(error.file, "small-storm.toml");
        EXPECT_EQ(error.line, lines_before + input.line) << error.text();
        EXPECT_GT(error.column, 0) << error.text();
        EXPECT_NE(error.message.find(input.message), std::string::npos) << error.text();
    }
}

// Line 1 of each text is empty: it ends the line before.
INSTANTIATE_TEST_SUITE_P(
    ScenarioFile, BadScenario,
    testing::Values(
        BadInput{"UnknownKey", "\n[checks]\nrequires = []", 2,
                 "unknown key 'requires'; did you mean 'require'?"},
        BadInput{"UnknownSection", "\n[netwrk]\ncodec = \"move\"", 1,
                 "unknown key 'netwrk'; did you mean 'network'?"},
        BadInput{"WrongType", "\n[disk]\ncapacity = []", 2, "an array"},
        BadInput{"WrongTypeOfList", "\n[checks]\nrequire = \"lost-write\"", 2,
                 "expected an array of strings, found a string"},
        BadInput{"Syntax", "\n[checks\nrequire = []", 1, "TOML: "},
        BadInput{"SameKeyTwice", "\n[disk]\ncapacity = \"1GiB\"\ncapacity = \"2GiB\"", 3, "TOML: "},
        BadInput{"BadDuration",
                 "\n[[fault]]\nkind = \"crash\"\ntarget = \"b1\"\nat = \"8 parsecs\"", 4,
                 "fault.fault-1.at"},
        BadInput{"DurationWithoutUnit", "\n[[fault]]\nkind = \"crash\"\ntarget = \"b1\"\nat = 8", 4,
                 "fault.fault-1.at"},
        BadInput{"BadSize", "\n[disk]\ncapacity = \"10 elephants\"", 2, "disk.capacity"},
        BadInput{"BadDistribution", "\n[network]\nlatency = \"normal(1ms)\"", 2, "network.latency"},
        BadInput{"BadGranularity", "\n[network]\ngranularity = \"1 step\"", 2,
                 "network.granularity"},
        BadInput{"BadCodec", "\n[network]\ncodec = \"json\"", 2,
                 "expected \"move\" or \"roundtrip\", found \"json\""},
        BadInput{"TooManyReplicas", "\n[topics.more]\nreplication = 5", 2,
                 "5 replicas need as many brokers, and there are 3"},
        BadInput{"NoPartitions", "\n[topics.more]\npartitions = 0", 2, "topics.more.partitions"},
        BadInput{"UnknownTopicSetting", "\n[topics.more]\nconfig.min.insync.replica = 2", 2,
                 "min.insync.replica"},
        BadInput{"UnknownNode", "\n[node.b4]\nclock.drift_ppm = 3", 1,
                 "there is no node 'b4'; did you mean 'b1'?"},
        BadInput{"UnknownBrokerSetting", "\n[node.b1]\nconfig.replica.lag.time.ms = 5", 2,
                 "unknown setting 'replica.lag.time.ms'; did you mean 'replica.lag.time.max.ms'?"},
        BadInput{"UnknownBugOfANode", "\n[node.b1]\nbugs = [\"Z99\"]", 2, "unknown bug 'Z99'"},
        BadInput{"UnknownChecker", "\n[checks]\nrequire = [\"lost-wirte\"]", 2,
                 "unknown checker 'lost-wirte'; did you mean 'lost-write'?"},
        BadInput{"BadProbe", "\n[checks]\nprobes = [\"PartitionChanged\"]", 2,
                 "expected one like 'PartitionChanged >= 1'"},
        BadInput{"ProbeOfAnUnknownEvent", "\n[checks]\nprobes = [\"PartitionChange >= 1\"]", 2,
                 "unknown event 'PartitionChange'; did you mean 'PartitionChanged'?"},
        BadInput{"ProbeOfAnUnknownField", "\n[checks]\nprobes = [\"LogOpened{swaps=1} >= 1\"]", 2,
                 "LogOpened has no field 'swaps'"},
        BadInput{"ProbeThatDoesNotEnd", "\n[checks]\nprobes = [\"LogOpened{broker=1 >= 1\"]", 2,
                 "is no probe; expected one like"},
        BadInput{"SometimesOfNoEvents", "\n[checks]\nsometimes = [\"LogOpened{}\"]", 2,
                 "'LogOpened{}' names no events"},
        BadInput{"ExpectationOfNothing", "\n[checks]\nexpect = [{ because = \"x\" }]", 2,
                 "an expectation names its finding"},
        BadInput{"UnknownFault", "\n[[fault]]\nkind = \"disk-ful\"\ntarget = \"b1\"\nat = \"1s\"",
                 2, "unknown fault 'disk-ful'; did you mean 'disk-full'?"},
        BadInput{"FaultWithoutKind", "\n[[fault]]\ntarget = \"b1\"\nat = \"1s\"", 1,
                 "a fault names its kind"},
        BadInput{"FaultWithoutTarget", "\n[[fault]]\nkind = \"crash\"\nat = \"1s\"", 1,
                 "a fault names its target"},
        BadInput{"UnknownFaultOption",
                 "\n[[fault]]\nid = \"f\"\nkind = \"slow-disk\"\ntarget = \"b1\"\nat = "
                 "\"1s\"\npercnt = 3",
                 6, "a slow-disk has no option 'percnt'; did you mean 'percent'?"},
        BadInput{"BadFaultOption",
                 "\n[[fault]]\nid = \"f\"\nkind = \"slow-disk\"\ntarget = \"b1\"\nat = "
                 "\"1s\"\npercent = 3",
                 1, "percent: expected 100"},
        BadInput{"FaultOnAStranger",
                 "\n[[fault]]\nid = \"f\"\nkind = \"crash\"\ntarget = \"b9\"\nat = \"1s\"", 4,
                 "there is no node 'b9'; did you mean 'b1'?"},
        BadInput{
            "FaultOnAnUnknownRole",
            "\n[[fault]]\nid = \"f\"\nkind = \"crash\"\ntarget = \"boss(orders-0)\"\nat = \"1s\"",
            4, "unknown role 'boss'; expected"},
        BadInput{
            "FaultOnAnUnknownTopic",
            "\n[[fault]]\nid = \"f\"\nkind = \"crash\"\ntarget = \"leader(order-0)\"\nat = \"1s\"",
            4, "there is no topic 'order'; did you mean 'orders'?"},
        BadInput{
            "FaultOnAnUnknownPartition",
            "\n[[fault]]\nid = \"f\"\nkind = \"crash\"\ntarget = \"leader(orders-1)\"\nat = \"1s\"",
            4, "topic 'orders' has 1 partition, from 0"},
        BadInput{"FaultOnAnUnknownGroup",
                 "\n[[fault]]\nid = \"f\"\nkind = \"crash\"\ntarget = "
                 "\"coordinator(payments)\"\nat = \"1s\"",
                 4, "there is no group 'payments'; did you mean 'payment'?"},
        BadInput{"DiskFaultOnAClient",
                 "\n[[fault]]\nid = \"f\"\nkind = \"disk-full\"\ntarget = \"audit-1\"\nat = \"1s\"",
                 4, "'audit-1' is a client"},
        BadInput{"TwoTimes",
                 "\n[[fault]]\nid = \"f\"\nkind = \"crash\"\ntarget = \"b1\"\nat = \"1s\"\nevery = "
                 "\"2s\"",
                 1, "a fault has one of at, window, every and when"},
        BadInput{"NoTime", "\n[[fault]]\nid = \"f\"\nkind = \"crash\"\ntarget = \"b1\"", 1,
                 "a fault has one of at, window, every and when"},
        BadInput{
            "WindowBackwards",
            "\n[[fault]]\nid = \"f\"\nkind = \"crash\"\ntarget = \"b1\"\nwindow = [\"5s\", \"4s\"]",
            5, "the earlier first"},
        BadInput{"AfterTheStorm",
                 "\n[[fault]]\nid = \"f\"\nkind = \"crash\"\ntarget = \"b1\"\nat = \"20s\"", 5,
                 "20s is not within the storm, which ends at 20s"},
        BadInput{"WindowAfterTheStorm",
                 "\n[[fault]]\nid = \"f\"\nkind = \"crash\"\ntarget = \"b1\"\nwindow = [\"4s\", "
                 "\"50s\"]",
                 5, "not within the storm"},
        BadInput{"ConditionOnNothing",
                 "\n[[fault]]\nid = \"f\"\nkind = \"crash\"\ntarget = \"b1\"\nwhen = { nth = 2 }",
                 5, "a condition names its event"},
        BadInput{"ConditionOnAnUnknownEvent",
                 "\n[[fault]]\nid = \"f\"\nkind = \"crash\"\ntarget = \"b1\"\nwhen = { event = "
                 "\"TopicCreatd\" }",
                 5, "unknown event 'TopicCreatd'; did you mean 'TopicCreated'?"},
        BadInput{"ConditionOnAnUnknownField",
                 "\n[[fault]]\nid = \"f\"\nkind = \"crash\"\ntarget = \"b1\"\nwhen = { event = "
                 "\"PartitionChanged\", match = { leeder = \"1\" } }",
                 5, "PartitionChanged has no field 'leeder'; did you mean 'leader'?"},
        BadInput{"ConditionSinceNoFault",
                 "\n[[fault]]\nid = \"f\"\nkind = \"crash\"\ntarget = \"b1\"\nwhen = { event = "
                 "\"TopicCreated\", since = \"g\" }",
                 5, "there is no fault 'g'"},
        BadInput{"CountBeyondAllCounting",
                 "\n[[fault]]\nid = \"f\"\nkind = \"crash\"\ntarget = \"b1\"\nwhen = { event = "
                 "\"TopicCreated\", nth = 4294967297 }",
                 5, "nth"},
        BadInput{"SameIdTwice",
                 "\n[[fault]]\nid = \"f\"\nkind = \"crash\"\ntarget = \"b1\"\nat = "
                 "\"1s\"\n[[fault]]\nid = \"f\"\nkind = \"crash\"\ntarget = \"b1\"\nat = \"2s\"",
                 6, "two faults have the id 'f'"},
        BadInput{"SwarmOfNothing", "\n[swarm]\n\"workload.rate\" = []", 2,
                 "there is nothing to choose from"},
        BadInput{"SwarmRangeBackwards", "\n[swarm]\n\"workload.rate\" = { min = 3, max = 2 }", 2,
                 "min is above max"},
        BadInput{"SwarmOfUnknownFaults",
                 "\n[swarm]\nfaults = { kinds = [\"crsh\"], count = { max = 2 } }", 2,
                 "unknown fault 'crsh'; did you mean 'crash'?"}),
    [](const auto& instance) { return std::string(instance.param.name); });

// The error that `text` gives, with `changes` made to it.
ScenarioError error_of(std::string_view text, const Changes& changes = {}) {
    try {
        parse_scenario(text, "f.toml", changes);
    } catch (const ScenarioError& error) {
        return error;
    }
    ADD_FAILURE() << "was accepted: " << text;
    return {};
}

TEST(ScenarioFile, NamesTheStrategiesThatThereAre) {
    const ScenarioError error = error_of("[run]\nstrategy = \"pc\"");
    EXPECT_EQ(error.text(),
              "f.toml:2:12: run.strategy: expected \"random\" or \"pct\", found \"pc\"");
    EXPECT_EQ(error_of("run.depth = 0").line, 1);
}

TEST(ScenarioFile, AnErrorReadsLikeACompilers) {
    const ScenarioError error = error_of("[workload]\nkind = \"order-flaw\"");
    EXPECT_EQ(error.text(),
              "f.toml:2:8: workload.kind: unknown workload 'order-flaw'; did you mean "
              "'order-flow'? (see `squall list workloads`)");
}

TEST(ScenarioFile, RefusesAWorkloadWithoutTheTopicItWritesTo) {
    EXPECT_EQ(error_of("").message,
              "topics: order-flow writes to the topic 'orders', and there is none");
    const ScenarioError error = error_of("name = \"x\"\n[topics]\nordres = {}");
    EXPECT_EQ(error.text(),
              "f.toml:2:1: topics: order-flow writes to the topic 'orders', and there is none; did "
              "you mean 'ordres'?");
}

TEST(ScenarioFile, RefusesRunsThatCannotBe) {
    EXPECT_NE(error_of("run.storm = \"0s\"").message.find("more than 0s"), std::string::npos);
    EXPECT_NE(error_of("run.calm = \"1s\"").message.find("at least 5s"), std::string::npos);
    EXPECT_NE(error_of("run.seed = \"-1\"").message.find("run.seed"), std::string::npos);
    EXPECT_NE(error_of("run.seed = 1").message.find("expected a string"), std::string::npos);
    EXPECT_NE(error_of("run.hash = \"xyz\"").message.find("run.hash"), std::string::npos);
    EXPECT_NE(error_of("run.start = 2025").message.find("expected a date"), std::string::npos);
    EXPECT_NE(error_of("cluster.brokers = 0").message.find("cluster.brokers"), std::string::npos);
    EXPECT_NE(error_of("cluster.controllers = 2").message.find("cluster.controllers"),
              std::string::npos);
    EXPECT_NE(error_of("bugs = [\"Z98\"]").message.find("unknown bug 'Z98'"), std::string::npos);
    EXPECT_NE(error_of("workload.producer.acks = 2").message.find("acks"), std::string::npos);
    EXPECT_NE(error_of("workload.rate = 0").message.find("workload.rate"), std::string::npos);
    EXPECT_NE(error_of("workload.groups.g.consumer.group.protocol = \"modern\"")
                  .message.find("group.protocol must be classic or consumer"),
              std::string::npos);
    EXPECT_NE(error_of("workload.groups.g.consumer.group.protocl = \"consumer\"")
                  .message.find("unknown setting 'group.protocl'"),
              std::string::npos);
    EXPECT_NE(error_of("workload.groups.g.consumer.enable.auto.commit = true")
                  .message.find("enable.auto.commit is not for a group's table"),
              std::string::npos);
    EXPECT_NE(error_of("workload.groups.g.commit = \"never\"").message.find("\"async\""),
              std::string::npos);
    EXPECT_NE(error_of("workload.groups.g.pattern = \"\"").message.find("a regular expression"),
              std::string::npos);
}

TEST(ScenarioFile, RefusesAPatternThatNobodyCouldMatch) {
    const std::string topics = "topics.orders = {}\n[workload]\n";
    EXPECT_NE(error_of(topics + "groups.g.pattern = \"orders(\"")
                  .message.find("workload.groups.g.pattern: 'orders(' is no regular expression"),
              std::string::npos);
    EXPECT_NE(error_of(topics + "groups.g.pattern = \"(?=o).*\"")
                  .message.find("'(?=o).*' is no regular expression: "),
              std::string::npos)
        << "RE2 has no lookahead";
    EXPECT_NE(error_of(topics + "kind = \"idempotent-consumer\"\ngroups.g.pattern = \"orders\"")
                  .message.find("groups of idempotent-consumer subscribe to its own topics"),
              std::string::npos);
}

// ---- the command line ----

TEST(Overrides, ReplaceAndAddValuesAsIfTheyHadBeenWritten) {
    const Scenario scenario =
        small_storm("\n[[fault]]\nid = \"kill\"\nkind = \"crash\"\ntarget = \"b1\"\nat = \"1s\"",
                    {.set = {{"fault.kill.at", "12s"},
                             {"fault.kill.for", "\"3s\""},
                             {"topics.*.replication", "2"},
                             {"workload.producer.acks", "all"},
                             {"workload.producer.linger.ms", "7"},
                             {"node.b2.clock.drift_ppm", "9"},
                             {"workload.input", "orders.jsonl"}},
                     .bugs = {}});
    EXPECT_EQ(scenario.faults.at(0).at, 12s);
    EXPECT_EQ(scenario.faults.at(0).heal_after, 3s);
    EXPECT_EQ(scenario.topics.at("orders").replication, 2);
    EXPECT_EQ(scenario.topics.at("payments").replication, 2);
    EXPECT_EQ(scenario.workload.producer.acks, -1);
    EXPECT_EQ(scenario.workload.producer.linger, 7ms);
    EXPECT_EQ(scenario.nodes.at("b2").clock_drift_ppm, 9);
    EXPECT_EQ(scenario.workload.input, "orders.jsonl");
}

TEST(Overrides, AStarStandsForEveryFault) {
    const Scenario scenario =
        load_scenario("order-flow", {.set = {{"fault.*.for", "2s"}}, .bugs = {}});
    ASSERT_FALSE(scenario.faults.empty());
    for (const FaultSection& fault : scenario.faults) EXPECT_EQ(fault.heal_after, 2s) << fault.id;
}

TEST(Overrides, AreCheckedAsWrittenValuesAre) {
    const auto message = [](std::string path, std::string value) {
        return error_of(small_storm_text,
                        {.set = {{std::move(path), std::move(value)}}, .bugs = {}})
            .text();
    };
    EXPECT_NE(message("cluster.brokrs", "5").find("unknown key 'brokrs'; did you mean 'brokers'?"),
              std::string::npos);
    EXPECT_NE(message("topics.*.replication", "5").find("5 replicas"), std::string::npos);
    EXPECT_NE(message("name.x", "5").find("'name' is a value, not a table"), std::string::npos);
    EXPECT_NE(message("workload..rate", "5").find("empty part"), std::string::npos);
    EXPECT_NE(message("", "5").find("empty part"), std::string::npos);
    EXPECT_NE(message("fault.kil.at", "5s").find("no fault has the id 'kil'"), std::string::npos);
    const ScenarioError near =
        error_of(std::string(small_storm_text) +
                     "\n[[fault]]\nid = \"kill\"\nkind = \"crash\"\ntarget = \"b1\"\nat = \"1s\"",
                 {.set = {{"fault.kil.at", "5s"}}, .bugs = {}});
    EXPECT_EQ(near.text(),
              "--set fault.kil.at=5s: no fault has the id 'kil'; did you mean 'kill'?");
}

TEST(Overrides, ArmBugsByIdOrNameOnAllOrOne) {
    EXPECT_EQ(small_storm("", {.set = {}, .bugs = {"z01"}}).bugs, std::vector<std::string>{"Z01"});
    const Scenario one = small_storm("", {.set = {}, .bugs = {"hw-truncate-loss@b2"}});
    EXPECT_TRUE(one.bugs.empty());
    EXPECT_EQ(one.nodes.at("b2").bugs, std::vector<std::string>{"Z01"});
    // An unsafe configuration brings its settings.
    EXPECT_EQ(small_storm("", {.set = {}, .bugs = {"Z11"}}).workload.producer.acks, 1);

    EXPECT_EQ(error_of("", {.set = {}, .bugs = {"hw-truncate-los"}}).text(),
              "--bug hw-truncate-los: unknown bug 'hw-truncate-los'; did you mean "
              "'hw-truncate-loss'? (see `squall list bugs`)");
    EXPECT_NE(error_of("", {.set = {}, .bugs = {"Z11@b2"}}).message.find("whole cluster"),
              std::string::npos);
    EXPECT_NE(error_of("", {.set = {}, .bugs = {"Z01@b7"}}).message.find("there is no node 'b7'"),
              std::string::npos);
}

TEST(LoadScenario, SaysWhatItCouldNotFind) {
    const auto text = [](std::string_view name) {
        try {
            load_scenario(name);
        } catch (const ScenarioError& error) {
            return error.text();
        }
        return std::string("was found");
    };
    EXPECT_EQ(text("order-flw"),
              "unknown scenario 'order-flw'; did you mean 'order-flow'? (see `squall list "
              "scenarios`)");
    EXPECT_EQ(text("no/such/file.toml"), "no/such/file.toml: cannot be read");
    EXPECT_EQ(text("./"), "./: cannot be read") << "a directory opens, and cannot be read";
}

TEST(Suggestion, OffersTheNearestNameAndNothingFarFetched) {
    const std::vector<std::string> known = {"crash", "pause", "isolate"};
    EXPECT_EQ(suggestion("crsah", known), "; did you mean 'crash'?");
    EXPECT_EQ(suggestion("isolated", known), "; did you mean 'isolate'?");
    EXPECT_EQ(suggestion("earthquake", known), "");
}

// ---- what --set brings ----

struct Refused {
    const char* path;
    const char* value;
    const char* message;  // a part of it
};

void PrintTo(const Refused& refused, std::ostream* out) {
    *out << refused.path << " = " << refused.value;
}

class RefusedValue : public testing::TestWithParam<Refused> {};

TEST_P(RefusedValue, IsBlamedOnTheCommandLine) {
    const Refused& given = GetParam();
    try {
        load_scenario("order-flow", {.set = {{given.path, given.value}}, .bugs = {}});
        ADD_FAILURE() << "was accepted";
    } catch (const ScenarioError& error) {
        EXPECT_EQ(error.file, std::string("--set ") + given.path + "=" + given.value);
        EXPECT_EQ(error.line, 0);
        EXPECT_NE(error.message.find(given.message), std::string::npos) << error.text();
    }
}

INSTANTIATE_TEST_SUITE_P(
    Ranges, RefusedValue,
    testing::Values(
        Refused{"run.start", "1960-01-01T00:00:00Z", "1970 to 2200, found 1960"},
        Refused{"run.start", "9999-01-01T00:00:00Z", "1970 to 2200, found 9999"},
        Refused{"run.storm", "99999h", "at most 8760h"},
        Refused{"cluster.config.min.insync.replicas", "-1", "1 to 2147483647"},
        Refused{"cluster.config.controller.quorum.election.timeout.ms", "0", "1 to 2147483647"},
        Refused{"cluster.config.broker.heartbeat.interval.ms", "0", "1 to 2147483647"},
        Refused{"cluster.config.broker.session.timeout.ms", "-5", "1 to 2147483647"},
        Refused{"cluster.config.num.partitions", "-3", "1 to 2147483647"},
        Refused{"cluster.config.offsets.topic.num.partitions", "0", "1 to 2147483647"},
        Refused{"cluster.config.offsets.topic.replication.factor", "5", "5 replicas need as many"},
        Refused{"cluster.config.offsets.retention.minutes", "90s", "a multiple of 60s"},
        Refused{"workload.producer.linger.ms", "-1", "0 to"},
        Refused{"workload.producer.linger.ms", "1500us", "a multiple of 1ms"},
        Refused{"fault.kill-leader.for", "-5s", "0s or more"},
        Refused{"fault.kill-leader.window", "[\"-5s\", \"5s\"]", "the earlier first"},
        Refused{"fault.kill-payment.target", "owner(orders-0, nogroup)", "no group 'nogroup'"},
        Refused{"fault.kill-leader.target", "leader(__consumer_offsets-99)", "has 4 partitions"},
        Refused{"fault.kill-leader.target", "leader(__nothing-0)", "no topic '__nothing'"},
        Refused{"node.b1.clock.offset", "100000h", "87600h"},
        Refused{"node.b1.clock.offset", "-999999h", "87600h"},
        Refused{"topics.orders.config.min.insync.replica", "2", "'min.insync.replicas'"},
        Refused{"topics.orders.config.retention.ms", "soon", "soon"}));

TEST(ScenarioFile, AFaultOfDisksHitsServersOnly) {
    for (const FaultEntry& kind : all_faults()) {
        Scenario scenario = small_storm();
        const bool sends = kind.part == FaultEntry::Part::sender;
        FaultSection fault = crash_at("f", sends ? "order-service" : "owner(orders-0)", 8s, 6s);
        fault.kind = kind.kind;
        scenario.faults = {fault};
        if (kind.needs_broker) {
            EXPECT_THROW(validate(scenario), ScenarioError) << kind.kind;
        } else {
            EXPECT_NO_THROW(validate(scenario)) << kind.kind;
        }
    }
}

TEST(ScenarioFile, AClockStepStaysWhereClocksCount) {
    Scenario scenario = small_storm();
    FaultSection fault = crash_at("f", "b1", 8s, 6s);
    fault.kind = "clock-step";
    for (const char* by : {"-87600h", "87600h", "1s"}) {
        fault.options["by"] = by;
        scenario.faults = {fault};
        EXPECT_NO_THROW(validate(scenario)) << by;
    }
    for (const char* by : {"87601h", "-2000000h", "--1s"}) {
        fault.options["by"] = by;
        scenario.faults = {fault};
        EXPECT_THROW(validate(scenario), ScenarioError) << by;
    }
}

TEST(ScenarioFile, APeerOfAFaultIsCheckedLikeItsTarget) {
    Scenario scenario = small_storm();
    FaultSection fault = crash_at("f", "b1", 8s, 6s);
    fault.kind = "delay";
    fault.options["peer"] = "b2";
    scenario.faults = {fault};
    EXPECT_NO_THROW(validate(scenario));
    scenario.faults[0].options["peer"] = "b9";
    EXPECT_THROW(validate(scenario), ScenarioError);
}

TEST(ScenarioFile, TopicsHaveNamesThatKafkaTakes) {
    for (const char* name : {"bad name!", "", "..", "__internal", "a/b"}) {
        Scenario scenario = small_storm();
        scenario.topics[name] = {};
        EXPECT_THROW(validate(scenario), ScenarioError) << name;
    }
    Scenario scenario = small_storm();
    scenario.topics[std::string(250, 'x')] = {};
    EXPECT_THROW(validate(scenario), ScenarioError);
}

TEST(ScenarioFile, ClientsHaveNeitherBugsNorSettingsOfBrokers) {
    EXPECT_THROW(small_storm("", {.set = {}, .bugs = {"Z01@payment-1"}}), ScenarioError);
    EXPECT_THROW(
        small_storm("", {.set = {{"node.payment-1.config.num.partitions", "3"}}, .bugs = {}}),
        ScenarioError);
    EXPECT_NO_THROW(
        small_storm("", {.set = {{"node.payment-1.clock.drift_ppm", "30"}}, .bugs = {}}));
}

TEST(ScenarioFile, AnErrorOfAFaultNamesIt) {
    try {
        small_storm("\n[[fault]]\nid = \"mine\"\nkind = \"crash\"\ntarget = \"b1\"\nat = \"soon\"");
        ADD_FAILURE() << "was accepted";
    } catch (const ScenarioError& error) {
        EXPECT_TRUE(error.message.starts_with("fault.mine.at: ")) << error.message;
        EXPECT_EQ(error.line, lines_before + 5);
    }
}

TEST(ScenarioFile, AnUnknownSettingOfATopicIsFoundWhereItStands) {
    try {
        parse_scenario("[topics.orders]\npartitions = 1\nconfig.min.insync.replica = 2", "f.toml");
        ADD_FAILURE() << "was accepted";
    } catch (const ScenarioError& error) {
        EXPECT_EQ(error.line, 3) << error.text();
        EXPECT_NE(error.message.find("did you mean 'min.insync.replicas'?"), std::string::npos);
    }
}

// Numbers and durations that nobody thought about.
struct Unbounded {
    std::vector<std::string> keys;

    template <class T>
    void operator()(std::string_view key, const T&) {
        if constexpr (detail::has_count<T>) keys.emplace_back(key);
    }
    template <class T>
    void operator()(std::string_view, const T&, const SettingBounds&) {}
};

TEST(ScenarioFile, EverySettingThatIsANumberHasItsBounds) {
    Unbounded unbounded;
    const Scenario scenario;
    model::BrokerConfig::describe(scenario.cluster.config, unbounded);
    model::ProducerOptions::describe(scenario.workload.producer, unbounded);
    model::ConsumerOptions::describe(scenario.workload.consumer, unbounded);
    EXPECT_EQ(unbounded.keys, std::vector<std::string>{});
}

TEST(ScenarioFile, DefaultsLieWithinTheirBounds) {
    model::BrokerConfig config;
    for (const SettingText& setting : list_settings(config)) {
        if (setting.key == "controller.quorum.voters") continue;
        const Status set = set_setting(config, setting.key, setting.value);
        EXPECT_TRUE(set.ok()) << setting.key << " = " << setting.value;
    }
}

}  // namespace
}  // namespace squall::scenarios
