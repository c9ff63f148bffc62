// Histories: the op grammar of Jepsen's Kafka workload, and the client events in our own.
#include "reports/history.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/reports/recorded.h"

namespace squall::reports {
namespace {

using model::Outcome;

void assign(Recorded& recorded, Duration time, model::AssignmentChange change) {
    recorded.at(
        time, "audit-1",
        model::AssignmentChanged{
            .client_id = "audit-1", .group = "audit", .change = change, .partitions = {orders}});
}

TEST(HistoryEdn, SendsThatOverlapAreOpsOfDifferentProcesses) {
    Recorded recorded;
    recorded.invoke(1ms, "shop", 1);
    recorded.invoke(2ms, "shop", 2);
    recorded.complete(3ms, "shop", 1, Outcome::ok, 0);
    recorded.complete(4ms, "shop", 2, Outcome::failed, -1);
    recorded.invoke(5ms, "shop", 3);
    recorded.complete(6ms, "shop", 3, Outcome::ok, 1);
    EXPECT_EQ(
        history_edn(recorded.trace()),
        "; key 0 = orders-0\n"
        "{:index 0, :time 1000000, :process 0, :type :invoke, :f :send, :value [[:send 0 0]]}\n"
        "{:index 1, :time 2000000, :process 1, :type :invoke, :f :send, :value [[:send 0 1]]}\n"
        "{:index 2, :time 3000000, :process 0, :type :ok, :f :send, :value [[:send 0 [0 0]]]}\n"
        "{:index 3, :time 4000000, :process 1, :type :fail, :f :send, :value [[:send 0 [nil "
        "1]]]}\n"
        "{:index 4, :time 5000000, :process 0, :type :invoke, :f :send, :value [[:send 0 2]]}\n"
        "{:index 5, :time 6000000, :process 0, :type :ok, :f :send, :value [[:send 0 [1 2]]]}\n");
}

TEST(HistoryEdn, AnUnknownOutcomeEndsItsProcess) {
    Recorded recorded;
    recorded.invoke(1ms, "shop", 1);
    recorded.complete(2ms, "shop", 1, Outcome::unknown, -1);
    recorded.invoke(3ms, "shop", 2);
    recorded.complete(4ms, "shop", 2, Outcome::ok, 0);
    const std::string history = history_edn(recorded.trace());
    EXPECT_NE(history.find(":process 0, :type :info, :f :send"), std::string::npos) << history;
    EXPECT_NE(history.find(":process 1, :type :ok, :f :send"), std::string::npos) << history;
}

TEST(HistoryEdn, ACrashEndsWhatTheClientWasAt) {
    Recorded recorded;
    assign(recorded, 1ms, model::AssignmentChange::assigned);
    recorded.at(
        2ms, "audit-1",
        model::RecordsPolled{
            .client_id = "audit-1",
            .group = "audit",
            .partition = orders,
            .position = model::Offset(0),
            .next_position = model::Offset(1),
            .records = {{.offset = model::Offset(0), .record = model::RecordId(7), .key = ""}}});
    recorded.at(3ms, "audit-1", sim::NodeStopped{.reason = sim::StopReason::crash});
    assign(recorded, 4ms, model::AssignmentChange::assigned);
    EXPECT_EQ(history_edn(recorded.trace()),
              "; key 0 = orders-0\n"
              "{:index 0, :time 1000000, :process 0, :type :invoke, :f :assign, :value [0]}\n"
              "{:index 1, :time 1000000, :process 0, :type :ok, :f :assign, :value [0]}\n"
              "{:index 2, :time 2000000, :process 0, :type :invoke, :f :poll, :value [[:poll]]}\n"
              "{:index 3, :time 2000000, :process 0, :type :ok, :f :poll, :value [[:poll {0 [[0 "
              "0]]}]]}\n"
              "{:index 4, :time 3000000, :process 0, :type :invoke, :f :crash, :value nil}\n"
              "{:index 5, :time 3000000, :process 0, :type :info, :f :crash, :value nil}\n"
              "{:index 6, :time 4000000, :process 1, :type :invoke, :f :assign, :value [0]}\n"
              "{:index 7, :time 4000000, :process 1, :type :ok, :f :assign, :value [0]}\n");
}

// The grammar has no op for it: a key that is left and named again has a new position.
TEST(HistoryEdn, APositionThatIsSetLeavesTheKeyAndNamesItAgain) {
    Recorded recorded;
    assign(recorded, 1ms, model::AssignmentChange::assigned);
    recorded.at(2ms, "audit-1",
                model::PositionSet{.client_id = "audit-1",
                                   .group = "audit",
                                   .partition = orders,
                                   .offset = model::Offset(0),
                                   .reason = model::PositionReason::seek});
    std::vector<std::string> values;
    std::istringstream lines(history_edn(recorded.trace()));
    for (std::string line; std::getline(lines, line);) {
        if (line.find(":ok") != std::string::npos)
            values.push_back(line.substr(line.find(":value")));
    }
    EXPECT_EQ(values, (std::vector<std::string>{":value [0]}", ":value []}", ":value [0]}"}));
}

TEST(HistoryJsonl, HoldsTheEventsOfClientsAndNoOthers) {
    Recorded recorded;
    record_a_crash(recorded);
    recorded.invoke(10s, "app", 9);
    std::vector<std::string> events;
    std::istringstream lines(history_jsonl(recorded.trace()));
    for (std::string line; std::getline(lines, line);) {
        events.push_back(nlohmann::json::parse(line).at("event"));
    }
    EXPECT_EQ(events, (std::vector<std::string>{"SendCompleted", "SendCompleted", "SendCompleted",
                                                "SendCompleted", "SendInvoked"}));
}

}  // namespace
}  // namespace squall::reports
