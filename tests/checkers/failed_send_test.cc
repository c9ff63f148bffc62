#include <gtest/gtest.h>

#include "tests/checkers/transactions.h"

namespace squall::checkers {
namespace {

std::string judge(const History& history) {
    return summary(history.judged_by("failed-send"));
}

void fail(History& history, OperationId send, Outcome outcome = Outcome::failed) {
    history.by_client("p1", model::SendCompleted{.operation = send,
                                                 .outcome = outcome,
                                                 .partition = orders,
                                                 .error = "MESSAGE_TOO_LARGE",
                                                 .attempts = 1});
}

// Broker 1 holds these records from offset 0 on, and the first `committed` are.
void audit(History& history, const std::vector<int>& records, int committed) {
    history.change(1, 0, {1});
    history.lead(1, 0, 0);
    history.raise(1, 0, 0, committed, {1});
    history.audit_batch(1, 0, 0, 1, records);
    history.audit_log(1, 1);
}

TEST(FailedSend, AcceptsWhatIsNowhere) {
    History history;
    fail(history, history.invoke("p1", 10));
    history.send("p1", 11, 0);
    history.poll("c1", "g", 0, {11});
    audit(history, {11}, 1);
    const CheckerReport report = history.judged_by("failed-send");
    EXPECT_EQ(summary(report), "pass");
    EXPECT_EQ(report.judged, 1u);
}

TEST(FailedSend, HasNothingToSayWhereNothingFailed) {
    History history;
    history.send("p1", 10, 0);
    fail(history, history.invoke("p1", 11), Outcome::unknown);
    history.invoke("p1", 12);
    history.poll("c1", "g", 0, {10, 11, 12});
    EXPECT_EQ(judge(history), "n/a");
}

TEST(FailedSend, ObjectsToARecordThatAnybodyIsHanded) {
    for (const std::string group : {"", "g"}) {
        History history;
        const OperationId send = history.invoke("p1", 10);
        history.poll("c1", group, 0, {10});  // before its producer gave up
        fail(history, send);
        EXPECT_EQ(judge(history), "fail: failed-but-visible");
    }
}

TEST(FailedSend, ObjectsToARecordThatIsCommittedOnDisk) {
    for (const int committed : {0, 1}) {
        History history;
        fail(history, history.invoke("p1", 10));
        audit(history, {10}, committed);
        EXPECT_EQ(judge(history), committed == 0 ? "pass" : "fail: failed-but-visible")
            << "what lies above the high watermark may still be cut off";
    }
}

TEST(FailedSend, ObjectsOnceToWhatIsHandedOutAndOnDisk) {
    History history;
    fail(history, history.invoke("p1", 10));
    history.poll("c1", "g", 0, {10});
    audit(history, {10}, 1);
    EXPECT_EQ(judge(history), "fail: failed-but-visible");
}

TEST(FailedSend, DoesNotTakeWhatWasSentAgainForTheFailedOne) {
    History history;
    fail(history, history.invoke("p1", 10));
    history.send("p1", 10, 0);
    history.poll("c1", "g", 0, {10});
    EXPECT_EQ(judge(history), "n/a");
}

TEST(FailedSend, DoesNotTakeARecordOfAnotherTopicForIt) {
    History history;
    fail(history, history.invoke("p1", 10));
    history.by_client(
        "c1", model::RecordsPolled{
                  .client_id = "c1",
                  .partition = {.topic = "payments", .partition = 0},
                  .position = Offset{0},
                  .next_position = Offset{1},
                  .records = {{.offset = Offset{0}, .record = History::record_id(10), .key = ""}}});
    EXPECT_EQ(judge(history), "pass");
}

TEST(FailedSend, LetsARecordOfATransactionLieOnDiskButNotBeHandedOut) {
    for (const bool is_polled : {false, true}) {
        Transactions history;
        const auto producer = history.start_producer("p1");
        const OperationId transaction = history.begin(producer);
        const OperationId send = history.send_invoked(producer, transaction, orders, 10);
        history.send_completed(producer, send, orders, -1, Outcome::failed);
        if (is_polled) history.poll("c1", "", 0, {10});
        audit(history, {10}, 1);
        EXPECT_EQ(judge(history), is_polled ? "fail: failed-but-visible" : "pass");
    }
}

}  // namespace
}  // namespace squall::checkers
