#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/checkers/history.h"

namespace squall::checkers {
namespace {

std::string judge(const History& history, Contract contract = Contract::configured) {
    return summary(history.judged_by("duplicate", contract));
}

TEST(Duplicate, AcceptsRecordsSeenOftenAtOnePlace) {
    History history;
    history.send("p1", 10, 0);
    history.send("p1", 11, 1);
    history.poll("c1", "a", 0, {10, 11});
    history.poll("c2", "b", 0, {10, 11});
    const CheckerReport report = history.judged_by("duplicate");
    EXPECT_EQ(summary(report), "pass");
    EXPECT_EQ(report.judged, 2u);
}

TEST(Duplicate, ObjectsToARecordAtTwoOffsetsSentOnce) {
    History history;
    history.configure_producer("p1", -1, false);
    history.send("p1", 10, 1);
    history.poll("c1", "a", 3, {10});
    const CheckerReport report = history.judged_by("duplicate");
    EXPECT_EQ(summary(report), "fail: duplicate");
    EXPECT_EQ(report.anomalies[0].evidence[2],
              (std::pair<std::string, std::string>{"offsets", "1 3"}));
}

TEST(Duplicate, AllowsARetryWithoutIdempotence) {
    History history;
    history.configure_producer("p1", -1, false);
    history.send("p1", 10, 1, 2);
    history.poll("c1", "a", 0, {10, 10});
    EXPECT_EQ(judge(history), "pass, allowed: duplicate (retry without idempotence)");
    EXPECT_EQ(judge(history, Contract::safe), "fail: duplicate");
}

TEST(Duplicate, AllowsARetryWhoseOutcomeWasNeverKnown) {
    History history;
    history.configure_producer("p1", -1, false);
    const OperationId send = history.invoke("p1", 10);
    history.retry("p1");
    history.complete_unknown(send);
    history.poll("c1", "a", 0, {10, 10});
    EXPECT_EQ(judge(history), "pass, allowed: duplicate (retry without idempotence)");
}

TEST(Duplicate, DoesNotTakeTheRetryOfAnotherTimeForACause) {
    History history;
    history.configure_producer("p1", -1, false);
    history.retry("p1");
    history.send("p1", 10, 1);
    history.retry("p1");
    history.poll("c1", "a", 0, {10, 10});
    EXPECT_EQ(judge(history), "fail: duplicate");
}

TEST(Duplicate, ExcusesAnIdempotentProducerByNothing) {
    History history;
    history.configure_producer("p1", -1, true);
    history.send("p1", 10, 1, 2);
    history.poll("c1", "a", 0, {10, 10});
    EXPECT_EQ(judge(history), "fail: duplicate");
}

TEST(Duplicate, AllowsWhatTheApplicationSentTwiceButNotAThirdPlace) {
    History history;
    history.send("p1", 10, 0);
    history.send("p2", 10, 1);
    EXPECT_EQ(judge(history), "pass, allowed: duplicate (application sent twice)");
    history.poll("c1", "a", 2, {10});
    EXPECT_EQ(judge(history), "fail: duplicate");
}

TEST(Duplicate, DoesNotCountASendThatFailed) {
    for (const Outcome outcome : {Outcome::unknown, Outcome::failed}) {
        History history;
        history.configure_producer("p1", -1, true);
        const OperationId first = history.invoke("p1", 10);
        history.by_client(
            "p1",
            model::SendCompleted{
                .operation = first, .outcome = outcome, .partition = orders, .error = "timed_out"});
        history.send("p1", 10, 0);
        history.poll("c1", "a", 0, {10, 10});
        EXPECT_EQ(judge(history), outcome == Outcome::failed
                                      ? "fail: duplicate"
                                      : "pass, allowed: duplicate (application sent twice)");
    }
}

TEST(Duplicate, LooksAtTheDisksOfRunningInSyncReplicasBelowTheHighWatermark) {
    for (const bool is_in_sync : {false, true}) {
        History history;
        history.configure_producer("p1", -1, false);
        history.change(1, 0, is_in_sync ? std::vector{1, 2} : std::vector{1, 3});
        history.lead(1, 0, 0);
        history.send("p1", 10, 0);
        history.raise(1, 0, 0, 2, {1, 2});
        history.audit_batch(2, 0, 0, 1, {10, 10});
        history.audit_batch(2, 2, 0, 2, {10});  // above the high watermark: not yet part of the log
        history.audit_log(2, 2);
        EXPECT_EQ(judge(history), is_in_sync ? "fail: duplicate" : "n/a");
        if (is_in_sync) {
            EXPECT_EQ(history.judged_by("duplicate").anomalies[0].evidence[2].second, "0 1");
        }
    }
}

TEST(Duplicate, DoesNotMindEqualRecordsOfInternalTopics) {
    History history;
    for (int i = 0; i < 2; ++i) {
        history.by_client(
            "c1", model::RecordsPolled{.client_id = "c1",
                                       .partition = {.topic = "__consumer_offsets", .partition = 0},
                                       .position = Offset{i},
                                       .next_position = Offset{i + 1},
                                       .records = {{Offset{i}, History::record_id(5), ""}}});
    }
    EXPECT_EQ(judge(history), "n/a");
}

RC_GTEST_PROP(Duplicate, FindsExactlyTheRecordThatWasRepeated, ()) {
    const int records = *rc::gen::inRange(2, 40);
    const bool repeats = *rc::gen::arbitrary<bool>();
    const int repeated = *rc::gen::inRange(0, records);
    History history;
    std::vector<int> log;
    for (int i = 0; i < records; ++i) {
        history.send("p1", 100 + i, i);
        log.push_back(100 + i);
    }
    if (repeats) log.push_back(100 + repeated);
    history.poll("c1", "a", 0, log);
    const CheckerReport report = history.judged_by("duplicate");
    RC_ASSERT(summary(report) == (repeats ? "fail: duplicate" : "pass"));
    if (repeats)
        RC_ASSERT(report.anomalies[0].evidence[1].second == std::to_string(100 + repeated));
}

}  // namespace
}  // namespace squall::checkers
