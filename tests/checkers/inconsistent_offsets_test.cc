#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/checkers/history.h"

namespace squall::checkers {
namespace {

std::string judge(const History& history, Contract contract = Contract::configured) {
    return summary(history.judged_by("inconsistent-offsets", contract));
}

TEST(InconsistentOffsets, AcceptsOffsetsThatAllAgreeOn) {
    History history;
    history.send("p1", 10, 0);
    history.poll("c1", "a", 0, {10});
    history.poll("c2", "", 0, {10});
    const CheckerReport report = history.judged_by("inconsistent-offsets");
    EXPECT_EQ(summary(report), "pass");
    EXPECT_EQ(report.judged, 1u);
}

TEST(InconsistentOffsets, HasNothingToSayOfOffsetsSeenOnce) {
    History history;
    history.send("p1", 10, 0);
    history.send("p1", 11, 1);
    EXPECT_EQ(judge(history), "n/a");
}

TEST(InconsistentOffsets, ObjectsToTwoSendsAcknowledgedAtOneOffset) {
    History history;
    history.send("p1", 641, 537);
    history.send("p2", 645, 537);
    EXPECT_EQ(judge(history), "fail: inconsistent-offsets");
}

TEST(InconsistentOffsets, ObjectsToTwoReadersHandedDifferentRecords) {
    History history;
    history.poll("c1", "a", 0, {10});
    history.poll("c2", "b", 0, {11});
    EXPECT_EQ(judge(history), "fail: inconsistent-offsets");
}

TEST(InconsistentOffsets, ComparesWithTheDisksBelowTheHighWatermark) {
    History history;
    history.change(1, 0, {1, 2});
    history.lead(1, 0, 0);
    history.raise(1, 0, 0, 1, {1, 2});
    history.poll("c1", "a", 0, {10});
    history.audit_batch(1, 0, 0, 1, {10, 20});
    history.audit_log(1, 1);
    history.audit_batch(2, 0, 0, 1, {10, 21});  // offset 1 is not committed: no matter
    history.audit_log(2, 1);
    EXPECT_EQ(judge(history), "pass");
    history.poll("c1", "a", 0, {11});
    EXPECT_EQ(judge(history), "fail: inconsistent-offsets");
}

TEST(InconsistentOffsets, AllowsAnotherValueAfterAnUncleanElection) {
    History history;
    history.change(1, 0, {1, 2});
    const OperationId send = history.invoke("p1", 10);
    history.change(2, 1, {2}, true);
    history.complete(send, 0);
    history.poll("c2", "b", 0, {11});
    EXPECT_EQ(judge(history), "pass, allowed: inconsistent-offsets (unclean election)");
    EXPECT_EQ(judge(history, Contract::safe), "fail: inconsistent-offsets");
}

TEST(InconsistentOffsets, ExcusesAcksOneOnlyWhereTheValueWasNeverPolled) {
    for (const bool is_polled : {false, true}) {
        History history;
        history.configure_producer("p1", 1, false);
        history.change(1, 0, {1, 2});
        history.send("p1", 10, 0);
        if (is_polled) history.poll("c1", "a", 0, {10});
        history.change(2, 1, {2});
        history.poll("c2", "b", 0, {11});
        EXPECT_EQ(judge(history),
                  is_polled
                      ? "fail: inconsistent-offsets"
                      : "pass, allowed: inconsistent-offsets (acks < all and a change of leader)");
    }
}

TEST(InconsistentOffsets, ExcusesAcksOneOfALeaderThatWasDeposedBefore) {
    for (const int acks : {1, -1}) {
        History history;
        history.configure_producer("p1", acks, false);
        history.change(1, 0, {1, 2});
        history.change(2, 1, {2});
        const OperationId late = history.invoke("p1", 10);
        history.append(1, 0, 0, 0, 7, model::ReplicaRole::leader);
        history.complete(late, 0);
        history.poll("c2", "b", 0, {11});
        EXPECT_EQ(judge(history),
                  acks == 1
                      ? "pass, allowed: inconsistent-offsets (acks < all and a change of leader)"
                      : "fail: inconsistent-offsets");
    }
}

RC_GTEST_PROP(InconsistentOffsets, FindsExactlyTheOffsetWhereOneReaderDiffers, ()) {
    const int records = *rc::gen::inRange(1, 40);
    const int changed = *rc::gen::inRange(-1, records);
    History history;
    std::vector<int> log;
    for (int i = 0; i < records; ++i) log.push_back(100 + i);
    history.poll("c1", "a", 0, log);
    if (changed >= 0) log[static_cast<std::size_t>(changed)] = 999;
    history.poll("c2", "b", 0, log);
    const CheckerReport report = history.judged_by("inconsistent-offsets");
    RC_ASSERT(summary(report) == (changed < 0 ? "pass" : "fail: inconsistent-offsets"));
    if (changed >= 0) RC_ASSERT(report.anomalies[0].evidence[1].second == std::to_string(changed));
}

}  // namespace
}  // namespace squall::checkers
