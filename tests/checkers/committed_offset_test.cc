#include <gtest/gtest.h>

#include "tests/checkers/transactions.h"

namespace squall::checkers {
namespace {

std::string judge(const History& history) {
    return summary(history.judged_by("committed-offset"));
}

History delivered(int records) {
    History history;
    history.poll("c1", "g", 0, std::vector<int>(static_cast<std::size_t>(records), 7), 1);
    return history;
}

TEST(CommittedOffset, AcceptsCommitsOfWhatWasDelivered) {
    History history = delivered(10);
    history.commit("c1", "g", 1, 5);
    history.commit("c1", "g", 1, 10);
    EXPECT_EQ(judge(history), "pass");
}

TEST(CommittedOffset, HasNothingToSayWithoutCommitsOfAGeneration) {
    History history = delivered(1);
    EXPECT_EQ(judge(history), "n/a");
    history.commit("c1", "g", -1, 99);
    EXPECT_EQ(judge(history), "n/a");
}

TEST(CommittedOffset, ObjectsToACommitBeyondWhatAnyMemberGot) {
    History history = delivered(10);
    history.commit("c1", "g", 1, 11);
    EXPECT_EQ(judge(history), "fail: committed-beyond-delivered");
}

TEST(CommittedOffset, DoesNotTakeAnotherGroupsDeliveryForItsOwn) {
    History history = delivered(10);
    history.poll("c2", "other", 0, {1}, 1);
    history.commit("c2", "other", 1, 10);
    EXPECT_EQ(judge(history), "fail: committed-beyond-delivered");
}

TEST(CommittedOffset, AcceptsACommitOfThePositionThatWasSet) {
    History history;
    history.set_position("c1", "g", 42, model::PositionReason::committed);
    history.commit("c1", "g", 1, 42);
    EXPECT_EQ(judge(history), "pass");
}

TEST(CommittedOffset, ObjectsToACommitThatGoesBackInItsGeneration) {
    History history = delivered(10);
    history.commit("c1", "g", 1, 10);
    history.commit("c1", "g", 1, 5);
    EXPECT_EQ(judge(history), "fail: committed-offset-regressed");
}

TEST(CommittedOffset, AcceptsThatAnotherGenerationBeginsLower) {
    History history = delivered(10);
    history.commit("c1", "g", 1, 10);
    history.commit("c1", "g", 2, 5);
    EXPECT_EQ(judge(history), "pass");
}

TEST(CommittedOffset, AcceptsACommitOvertakenOnItsWay) {
    History history = delivered(10);
    const OperationId low = history.invoke_commit("c1", "g", 1, 5);
    const OperationId high = history.invoke_commit("c1", "g", 1, 10);
    history.take_effect("c1", "g", 1, 10);
    history.complete_commit(high);
    history.take_effect("c1", "g", 1, 5);
    history.complete_commit(low);
    EXPECT_EQ(judge(history), "pass");
}

TEST(CommittedOffset, AcceptsALowerCommitAfterAHigherOneOfUnknownOutcome) {
    History history = delivered(10);
    const OperationId high = history.invoke_commit("c1", "g", 1, 10);
    history.complete_commit(high, Outcome::unknown);
    const OperationId low = history.invoke_commit("c1", "g", 1, 5);
    history.take_effect("c1", "g", 1, 10);
    history.take_effect("c1", "g", 1, 5);
    history.complete_commit(low);
    EXPECT_EQ(judge(history), "pass");
}

TEST(CommittedOffset, AcceptsAnApplicationThatSoughtBackAndNoFurther) {
    History history = delivered(10);
    history.commit("c1", "g", 1, 10);
    history.set_position("c1", "g", 3, model::PositionReason::seek);
    history.commit("c1", "g", 1, 4);
    EXPECT_EQ(judge(history), "pass");
    history.commit("c1", "g", 1, 2);
    EXPECT_EQ(judge(history), "fail: committed-offset-regressed");
}

TEST(CommittedOffset, DoesNotForgetASeekOverACommitThatWasOnItsWay) {
    History history = delivered(10);
    history.commit("c1", "g", 1, 8);
    const OperationId high = history.invoke_commit("c1", "g", 1, 10);
    history.set_position("c1", "g", 3, model::PositionReason::seek);
    history.take_effect("c1", "g", 1, 10);
    history.complete_commit(high);
    history.commit("c1", "g", 1, 4);
    EXPECT_EQ(judge(history), "pass");
}

TEST(CommittedOffset, IsNotFooledByAPositionTakenFromAStaleCommit) {
    History history = delivered(10);
    history.commit("c1", "g", 1, 10);
    history.set_position("c1", "g", 3, model::PositionReason::committed);
    history.commit("c1", "g", 1, 4);
    EXPECT_EQ(judge(history), "fail: committed-offset-regressed");
}

TEST(CommittedOffset, ObjectsToACommitOfAnOlderGeneration) {
    History history = delivered(10);
    history.commit("c2", "g", 2, 10);
    history.take_effect("c1", "g", 1, 10);
    EXPECT_EQ(judge(history), "fail: fenced-commit");
}

TEST(CommittedOffset, CountsAnewAfterTheGroupDied) {
    History history = delivered(10);
    history.commit("c1", "g", 5, 10);
    history.tell_group("g", "Dead", 5, 0);
    history.commit("c1", "g", 1, 5);
    EXPECT_EQ(judge(history), "pass");
}

TEST(CommittedOffset, AllowsAnythingAfterTheGroupsTopicLostRecords) {
    History history = delivered(10);
    history.commit("c1", "g", 5, 10);
    history.by_broker(
        1, model::PartitionChanged{.partition = {.topic = "__consumer_offsets", .partition = 0},
                                   .leader = BrokerId{2},
                                   .leader_epoch = LeaderEpoch{3},
                                   .isr = brokers({2}),
                                   .unclean = true});
    history.commit("c1", "g", 1, 5);
    EXPECT_EQ(judge(history), "pass, allowed: fenced-commit (unclean election)");
}

TEST(CommittedOffset, HoldsOffsetsOfTransactionsToWhatWasDelivered) {
    for (const int offset : {2, 3}) {
        Transactions history;
        const auto producer = history.start_producer("p1");
        history.poll("c1", "g", 0, {10, 11}, 1);
        history.send_offset(producer, history.begin(producer), offset);
        EXPECT_EQ(summary(history.judged_by("committed-offset")),
                  offset == 2 ? "pass" : "fail: committed-beyond-delivered");
    }
}

}  // namespace
}  // namespace squall::checkers
