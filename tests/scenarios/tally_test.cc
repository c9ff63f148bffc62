// Probes as they are written, and what a run counts.
#include "scenarios/tally.h"

#include <gtest/gtest.h>

#include "model/events/client_events.h"
#include "model/events/replica_events.h"
#include "sim/trace/trace.h"

namespace squall::scenarios {
namespace {

TEST(Probe, NamesAnEventAndHowOftenItMustBeSeen) {
    const Result<Probe> probe = parse_probe("PartitionChanged >= 12");
    ASSERT_TRUE(probe.ok());
    EXPECT_EQ(probe->events.text(), "PartitionChanged");
    EXPECT_EQ(probe->at_least, 12u);
    const Result<Probe> tight = parse_probe("  NodeStopped>=1  ");
    ASSERT_TRUE(tight.ok());
    EXPECT_EQ(tight->events.text(), "NodeStopped");
    EXPECT_EQ(tight->at_least, 1u);
}

TEST(Probe, MayAskForFields) {
    const Result<Probe> probe = parse_probe("LogOpened{broker = 1, truncated_bytes!=0} >= 2");
    ASSERT_TRUE(probe.ok());
    EXPECT_EQ(probe->events.text(), "LogOpened{broker=1 truncated_bytes!=0}");
    EXPECT_EQ(probe->at_least, 2u);
    EXPECT_EQ(parse_event_pattern("RaftVotersChanged{voters=[1 2], replica=1}")->text(),
              "RaftVotersChanged{voters=[1 2] replica=1}");
}

TEST(Probe, AnythingElseIsNone) {
    for (const char* text : {"LogOpened{} >= 1", "LogOpened{broker} >= 1", "LogOpened{=1} >= 1",
                             "LogOpened{broker=1 >= 1", "LogOpened broker=1} >= 1x", "{a=1} >= 1",
                             "", "NodeStopped", "NodeStopped > 1", ">= 1", "NodeStopped >=",
                             "NodeStopped >= one", "NodeStopped >= 1x", "NodeStopped >= -1"}) {
        const Result<Probe> probe = parse_probe(text);
        ASSERT_FALSE(probe.ok()) << text;
        EXPECT_EQ(probe.error().failure, Failure::invalid_input);
        EXPECT_NE(probe.error().detail.find("PartitionChanged >= 1"), std::string::npos);
    }
}

TEST(Tally, CountsOperationsByTheirOutcome) {
    sim::Trace trace;
    Tally tally;
    trace.observe([&](const sim::Event& event) { tally.observe(event); });
    for (const model::Outcome outcome : {model::Outcome::ok, model::Outcome::ok,
                                         model::Outcome::failed, model::Outcome::unknown}) {
        trace.emit(model::SendCompleted{.outcome = outcome});
    }
    trace.emit(model::CommitCompleted{.outcome = model::Outcome::unknown});
    trace.emit(model::RecordsPolled{});
    const auto counts = tally.operations();
    EXPECT_EQ(counts.at("send").ok, 2u);
    EXPECT_EQ(counts.at("send").failed, 1u);
    EXPECT_EQ(counts.at("send").unknown, 1u);
    EXPECT_EQ(counts.at("commit").unknown, 1u);
    EXPECT_EQ(counts.at("poll").ok, 1u);
    EXPECT_FALSE(counts.contains("admin"));
}

TEST(Tally, CountsWhatAPatternMatches) {
    sim::Trace trace;
    Tally tally;
    for (const char* text :
         {"LogOpened{broker = 1}", "LogOpened{broker=1}",
          "LogOpened{broker = 1, truncated_bytes != 0}", "LogOpened{broker=3}"}) {
        tally.watch(parse_event_pattern(text).value());
    }
    trace.observe([&](const sim::Event& event) { tally.observe(event); });
    trace.emit(model::LogOpened{.broker = model::BrokerId(1)});
    trace.emit(model::LogOpened{.broker = model::BrokerId(1), .truncated_bytes = 7});
    trace.emit(model::LogOpened{.broker = model::BrokerId(2), .truncated_bytes = 7});
    trace.emit(model::RoleTaken{.broker = model::BrokerId(1)});
    const std::map<std::string, std::uint64_t> expected{
        {"LogOpened{broker=1}", 2},
        {"LogOpened{broker=1 truncated_bytes!=0}", 1},
        {"LogOpened{broker=3}", 0},
    };
    EXPECT_EQ(tally.watched(), expected);
}

TEST(Tally, NobodyCanTellOfAnOperationWhoseClientDied) {
    using Id = model::OperationId;
    sim::Trace trace;
    Tally tally;
    trace.observe([&](const sim::Event& event) { tally.observe(event); });
    for (const std::uint64_t id : {1u, 2u, 3u}) trace.emit(model::SendInvoked{.operation = Id{id}});
    trace.emit(model::SendCompleted{.operation = Id{2}, .outcome = model::Outcome::ok});
    trace.emit(model::CommitInvoked{.operation = Id{4}});
    const auto counts = tally.operations();
    EXPECT_EQ(counts.at("send").ok, 1u);
    EXPECT_EQ(counts.at("send").unknown, 2u);
    EXPECT_EQ(counts.at("commit").unknown, 1u);
}

}  // namespace
}  // namespace squall::scenarios
