// What a run leaves in words: trace lines, timeline, the difference of two traces.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "model/events/raft_events.h"
#include "reports/first_difference.h"
#include "reports/timeline.h"
#include "reports/trace_lines.h"
#include "tests/reports/recorded.h"

namespace squall::reports {
namespace {

TEST(TraceLines, AreOneJsonObjectAnEvent) {
    Recorded recorded;
    const sim::EventSequence first = recorded.at(0ms, "b1", sim::NodeStarted{.name = "b1"});
    recorded.at(1500us, "harness", sim::FaultHealed{.id = "a \"cut\"\n\x01"}, first);
    EXPECT_EQ(trace_lines(recorded.trace()),
              R"({"seq":1,"ns":0,"node":"b1","incarnation":1,"cause":0,"event":"NodeStarted",)"
              R"("fields":{"name":"b1"}})"
              "\n"
              R"({"seq":2,"ns":1500000,"node":"harness","incarnation":0,"cause":1,)"
              R"("event":"FaultHealed","fields":{"id":"a \"cut\"\n\u0001"}})"
              "\n");
}

TEST(TraceLines, QuoteTextSoThatAnyJsonReaderGetsItBack) {
    std::string text;
    for (int c = 0; c < 128; ++c) text += static_cast<char>(c);
    EXPECT_EQ(nlohmann::json::parse(json_quote(text)).get<std::string>(), text);
}

TEST(Timeline, TellsOfFaultsMachinesAndLeaders) {
    Recorded recorded;
    recorded.at(0ms, "b1", sim::NodeStarted{.name = "b1"});
    recorded.at(7ms, "c1", model::RaftRoleChanged{.role = "leader", .epoch = model::RaftEpoch(1)});
    recorded.at(7ms, "c1",
                model::RaftRoleChanged{.role = "follower", .epoch = model::RaftEpoch(1)});
    recorded.change(156ms, orders, 1, {1, 2}, "created");
    recorded.at(
        8s, "harness",
        sim::FaultStarted{.id = "kill", .kind = "crash", .target = "leader(orders-0) = b1"});
    recorded.at(8s, "b1", sim::NodeStopped{.reason = sim::StopReason::power_loss});
    recorded.at(9s, "c1", model::BrokerFenceChanged{.broker = model::BrokerId(1), .fenced = true});
    recorded.change(9s, orders, 2, {2}, "broker fenced", true);
    recorded.change(9s, orders, 2, {2}, "alter partition");
    recorded.change(10s, orders, -1, {2}, "broker fenced");
    recorded.at(12s, "harness", sim::FaultHealed{.id = "kill"});
    recorded.at(60s, "harness", sim::CalmBegan{});
    recorded.at(90s, "b1", sim::NodeStopped{.reason = sim::StopReason::end_of_run});
    EXPECT_EQ(
        timeline_text(recorded.trace()),
        "    0.000s  b1             started\n"
        "    0.007s  c1             active controller, epoch 1\n"
        "    0.156s  c1             orders-0 leader none -> 1, epoch 1, in-sync [] -> [1,2] "
        "(created)\n"
        "    8.000s  harness        fault kill: crash leader(orders-0) = b1\n"
        "    8.000s  b1             stopped: power_loss\n"
        "    9.000s  c1             broker 1 fenced\n"
        "    9.000s  c1             orders-0 leader 1 -> 2 UNCLEAN, epoch 2, in-sync [1,2] -> "
        "[2] (broker fenced)\n"
        "   10.000s  c1             orders-0 leader 2 -> none, epoch -1 (broker fenced)\n"
        "   12.000s  harness        fault kill ends\n"
        "   60.000s  harness        the calm begins\n");
}

TEST(FirstDifference, ShowsTheTwoEventsAndTheThreeBefore) {
    EXPECT_EQ(first_difference("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nd\nX\nf\n"),
              "first difference: event 5\n    b\n    c\n    d\n  < e\n  > X\n");
}

TEST(FirstDifference, ShowsWhichTraceEndsEarly) {
    EXPECT_EQ(first_difference("a\n", "a\nb\n"),
              "first difference: event 2\n    a\n  < (no more events)\n  > b\n");
    EXPECT_EQ(first_difference("a\nb", "a"),
              "first difference: event 2\n    a\n  < b\n  > (no more events)\n");
}

TEST(FirstDifference, SaysSoWhereThereIsNone) {
    EXPECT_EQ(first_difference("a\nb\n", "a\nb\n"),
              "the recorded traces are equal: the difference comes and goes\n");
}

}  // namespace
}  // namespace squall::reports
