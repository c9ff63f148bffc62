#include <gtest/gtest.h>

#include <functional>
#include <map>

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

void remove_member(History& history, const std::string& member) {
    history.by_broker(
        1, model::MemberRemoved{.group = "g", .member_id = member, .reason = "session timeout"});
}

TEST(CommittedOffset, ObjectsToACommitAskedForAfterTheGroupSettledInANewerGeneration) {
    for (const bool asked_before : {true, false}) {
        History history = delivered(10);
        if (asked_before) history.invoke_commit("c1", "g", 1, 10);
        history.tell_group("g", "Stable", 2, 1);
        if (!asked_before) history.invoke_commit("c1", "g", 1, 10);
        EXPECT_EQ(judge(history), "pass") << "it was only asked for";
        history.take_effect("c1", "g", 1, 10);
        EXPECT_EQ(judge(history), asked_before ? "pass" : "fail: fenced-commit");
    }
}

TEST(CommittedOffset, AcceptsCommitsWhileTheGroupIsNotSettled) {
    History history = delivered(10);
    history.tell_group("g", "PreparingRebalance", 1, 1);
    history.commit("c1", "g", 1, 5);
    history.tell_group("g", "CompletingRebalance", 2, 1);
    history.tell_group("g", "Stable", 2, 1);
    history.commit("c1", "g", 2, 10);
    EXPECT_EQ(judge(history), "pass");
}

TEST(CommittedOffset, ObjectsToACommitOfAMemberThatWasRemoved) {
    for (const bool comes_back : {true, false}) {
        History history = delivered(10);
        history.tell_group("g", "Stable", 1, 2);
        history.commit("c1", "g", 1, 5);
        remove_member(history, "c1");
        if (comes_back) history.assign("c1", "g", 1);
        history.commit("c1", "g", 1, 10);
        EXPECT_EQ(judge(history), comes_back ? "pass" : "fail: fenced-commit");
    }
    History other = delivered(10);
    remove_member(other, "c2");
    other.commit("c1", "g", 1, 10);
    EXPECT_EQ(judge(other), "pass");
}

TEST(CommittedOffset, AMemberOfTheConsumerProtocolComesBackUnderItsName) {
    History history = delivered(10);
    remove_member(history, "c1");
    history.by_broker(1, model::MemberReconciled{.group = "g", .member_id = "c1"});
    history.commit("c1", "g", 1, 10);
    EXPECT_EQ(judge(history), "pass");
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

using model::PositionReason;
using model::ResetCause;

// Ten records delivered, and 8 committed in generation 1.
History committed_eight() {
    History history = delivered(10);
    history.commit("c1", "g", 1, 5);
    history.commit("c1", "g", 1, 8);
    return history;
}

TEST(CommittedOffset, ObjectsToAMemberThatStartsBelowWhatWasCommitted) {
    for (const int offset : {0, 5, 8, 9}) {
        History history = committed_eight();
        history.assign("c2", "g", 2);
        history.set_position("c2", "g", offset, PositionReason::committed);
        EXPECT_EQ(judge(history), offset < 8 ? "fail: position-below-commit" : "pass");
    }
}

TEST(CommittedOffset, DoesNotAskForACommitThatMayNotHaveBeenThereYet) {
    History history = delivered(10);
    history.commit("c1", "g", 1, 5);
    const OperationId high = history.invoke_commit("c1", "g", 1, 8);
    history.assign("c2", "g", 1);
    history.take_effect("c1", "g", 1, 8);
    history.complete_commit(high);
    history.set_position("c2", "g", 5, PositionReason::committed);
    EXPECT_EQ(judge(history), "pass") << "answered after the partition was assigned";
    for (const Outcome outcome : {Outcome::unknown, Outcome::failed}) {
        History other = delivered(10);
        other.commit("c1", "g", 1, 5);
        other.complete_commit(other.invoke_commit("c1", "g", 1, 8), outcome);
        other.assign("c2", "g", 2);
        other.set_position("c2", "g", 5, PositionReason::committed);
        EXPECT_EQ(judge(other), "pass");
    }
}

TEST(CommittedOffset, AcceptsAStartAtALowerCommitThatCameLaterOrWasOnItsWay) {
    History later = committed_eight();
    later.set_position("c1", "g", 3, PositionReason::seek);
    later.commit("c1", "g", 1, 4);
    later.assign("c2", "g", 2);
    later.set_position("c2", "g", 4, PositionReason::committed);
    EXPECT_EQ(judge(later), "pass");

    History on_its_way = delivered(10);
    const OperationId low = on_its_way.invoke_commit("c1", "g", 1, 5);
    on_its_way.commit("c1", "g", 1, 8);
    on_its_way.take_effect("c1", "g", 1, 5);
    on_its_way.complete_commit(low);
    on_its_way.assign("c2", "g", 2);
    on_its_way.set_position("c2", "g", 5, PositionReason::committed);
    EXPECT_EQ(judge(on_its_way), "pass");
    on_its_way.set_position("c2", "g", 6, PositionReason::committed);
    EXPECT_EQ(judge(on_its_way), "fail: position-below-commit") << "which nobody ever committed";
}

TEST(CommittedOffset, ObjectsToAMemberThatFindsNothingCommitted) {
    for (const auto reason : {PositionReason::reset_earliest, PositionReason::reset_latest}) {
        History history = committed_eight();
        history.assign("c2", "g", 2);
        history.set_position("c2", "g", reason == PositionReason::reset_latest ? 10 : 0, reason,
                             ResetCause::no_commit);
        EXPECT_EQ(judge(history), "fail: commit-forgotten");
    }
    History first;
    first.assign("c1", "g", 1);
    first.set_position("c1", "g", 0, PositionReason::reset_earliest, ResetCause::no_commit);
    first.commit("c1", "g", 1, 0);
    EXPECT_EQ(judge(first), "pass");
}

TEST(CommittedOffset, ForgetsCommitsWithTheirGroupTheirTopicOrByRetention) {
    const std::map<std::string, std::function<void(History&)>> causes{
        {"group", [](History& h) { h.tell_group("g", "Dead", 1, 0); }},
        {"topic", [](History& h) { h.by_broker(1, model::TopicDeleted{.topic = orders.topic}); }},
        {"retention", [](History& h) {
             h.tell_group("g", "Empty", 1, 0);
             h.wait(60s);
             h.tell_group("g", "PreparingRebalance", 1, 1);
         }}};
    for (const auto& [name, happens] : causes) {
        History history = committed_eight();
        happens(history);
        history.assign("c2", "g", 2);
        history.set_position("c2", "g", 0, PositionReason::reset_earliest, ResetCause::no_commit);
        EXPECT_EQ(judge(history), "pass") << name;
    }
    History shortly = committed_eight();
    shortly.tell_group("g", "Empty", 1, 0);
    shortly.wait(30s);
    shortly.tell_group("g", "PreparingRebalance", 1, 1);
    shortly.assign("c2", "g", 2);
    shortly.set_position("c2", "g", 0, PositionReason::reset_earliest, ResetCause::no_commit);
    EXPECT_EQ(judge(shortly), "fail: commit-forgotten");
}

TEST(CommittedOffset, AllowsAForgottenCommitAfterTheGroupsTopicLostRecords) {
    History history = committed_eight();
    history.by_broker(
        1, model::PartitionChanged{.partition = {.topic = "__consumer_offsets", .partition = 0},
                                   .leader = BrokerId{2},
                                   .leader_epoch = LeaderEpoch{3},
                                   .isr = brokers({2}),
                                   .unclean = true});
    history.assign("c2", "g", 2);
    history.set_position("c2", "g", 0, PositionReason::reset_earliest, ResetCause::no_commit);
    EXPECT_EQ(judge(history), "pass, allowed: commit-forgotten (unclean election)");
}

TEST(CommittedOffset, AsksAResetForACauseOfItsOwn) {
    const std::map<std::string, std::function<void(History&)>> causes{
        {"log start moved", [](History& h) { h.move_log_start(1, 11); }},
        {"truncation", [](History& h) { h.change(2, 1, {2}, true); }},
        {"seek", [](History& h) { h.set_position("c1", "g", 99, PositionReason::seek); }}};
    for (const auto& [name, happens] : causes) {
        History history = delivered(10);
        history.commit("c1", "g", 1, 8);
        happens(history);
        history.set_position("c1", "g", 11, PositionReason::reset_earliest,
                             ResetCause::out_of_range);
        EXPECT_EQ(judge(history), "pass") << name;
    }
    History without = delivered(10);
    without.commit("c1", "g", 1, 8);
    without.move_log_start(1, 10);  // not beyond the position
    without.set_position("c1", "g", 0, PositionReason::reset_earliest, ResetCause::out_of_range);
    EXPECT_EQ(judge(without), "fail: reset-without-cause");
    History asked = delivered(10);
    asked.commit("c1", "g", 1, 8);
    asked.set_position("c1", "g", 0, PositionReason::reset_earliest, ResetCause::asked);
    asked.commit("c1", "g", 1, 2);
    EXPECT_EQ(judge(asked), "pass");
}

TEST(CommittedOffset, DoesNotLetAResetWithoutCauseExcuseALowerCommit) {
    History history = committed_eight();
    history.set_position("c1", "g", 0, PositionReason::reset_earliest, ResetCause::out_of_range);
    history.commit("c1", "g", 1, 2);
    EXPECT_EQ(judge(history), "fail: reset-without-cause committed-offset-regressed");
}

// ---- what was told failed ----

TEST(CommittedOffset, ObjectsToACommitThatWasToldFailedAndTookEffect) {
    History history = delivered(10);
    const OperationId commit = history.invoke_commit("c1", "g", 1, 5);
    history.complete_commit(commit, Outcome::failed);
    EXPECT_EQ(judge(history), "pass");
    history.take_effect("c1", "g", 1, 5);
    EXPECT_EQ(judge(history), "fail: failed-but-committed") << "whenever it does";
}

TEST(CommittedOffset, AcceptsACommitOfUnknownOutcomeThatTookEffect) {
    History history = delivered(10);
    const OperationId commit = history.invoke_commit("c1", "g", 1, 5);
    history.take_effect("c1", "g", 1, 5);
    history.complete_commit(commit, Outcome::unknown);
    EXPECT_EQ(judge(history), "pass");
}

TEST(CommittedOffset, DoesNotTakeAnotherCommitsEffectForThatOfAFailedOne) {
    History again = delivered(10);
    again.complete_commit(again.invoke_commit("c1", "g", 1, 5), Outcome::failed);
    again.commit("c1", "g", 1, 5);
    EXPECT_EQ(judge(again), "pass") << "which of the two it was, nobody can tell";

    History other = delivered(10);
    other.complete_commit(other.invoke_commit("c1", "g", 1, 5), Outcome::failed);
    other.poll("c2", "g", 0, {1, 2, 3, 4, 5}, 2);
    other.commit("c2", "g", 2, 5);
    EXPECT_EQ(judge(other), "pass");
}

TEST(CommittedOffset, AcceptsACommitThatWasRefusedInPart) {
    History history = delivered(10);
    const OperationId operation{77};
    const TopicPartition gone{.topic = "gone", .partition = 0};
    history.by_client("c1", model::PositionSet{.client_id = "c1",
                                               .group = "g",
                                               .partition = gone,
                                               .offset = Offset{0},
                                               .reason = model::PositionReason::reset_earliest,
                                               .cause = model::ResetCause::no_commit});
    history.by_client("c1",
                      model::CommitInvoked{.operation = operation,
                                           .client_id = "c1",
                                           .group = "g",
                                           .member_id = "c1",
                                           .generation = GenerationId{1},
                                           .offsets = {{gone, Offset{0}}, {orders, Offset{5}}}});
    history.take_effect("c1", "g", 1, 5);
    history.by_client("c1",
                      model::CommitCompleted{.operation = operation, .outcome = Outcome::failed});
    EXPECT_EQ(judge(history), "pass");
}

TEST(CommittedOffset, ObjectsToACommitThatWasToldOkAndHadNotTakenEffect) {
    History history = delivered(10);
    history.complete_commit(history.invoke_commit("c1", "g", 1, 5));
    EXPECT_EQ(judge(history), "fail: commit-not-stored");
    history.take_effect("c1", "g", 1, 5);
    EXPECT_EQ(judge(history), "fail: commit-not-stored") << "it came too late";

    History again = delivered(10);
    again.commit("c1", "g", 1, 5);
    again.complete_commit(again.invoke_commit("c1", "g", 1, 5));
    EXPECT_EQ(judge(again), "fail: commit-not-stored") << "an earlier one did";
}

TEST(CommittedOffset, AcceptsACommitThatTookEffectUnderANewerEpochOfItsMember) {
    History history = delivered(10);
    const OperationId commit = history.invoke_commit("c1", "g", 1, 5);
    history.take_effect("c1", "g", 2, 5);
    history.complete_commit(commit);
    EXPECT_EQ(judge(history), "pass");
}

// A coordinator that is held up may have a commit replicated and not know it; who took over has
// read it, and goes on from there.
TEST(CommittedOffset, AcceptsWhatADeposedCoordinatorTellsLateAndNobodyElse) {
    for (const bool is_deposed : {true, false}) {
        History history = delivered(10);
        const auto take_office = [&](int broker, int epoch) {
            history.by_broker(broker,
                              model::CoordinatorChanged{.broker = BrokerId{broker},
                                                        .partition = {model::offsets_topic, 0},
                                                        .leader_epoch = LeaderEpoch{epoch},
                                                        .active = true});
        };
        const auto tell = [&](int broker, int generation, int offset) {
            history.by_broker(broker, model::OffsetCommitted{.group = "g",
                                                             .member_id = "c1",
                                                             .generation = GenerationId{generation},
                                                             .partition = orders,
                                                             .offset = Offset{offset}});
        };
        take_office(1, 0);
        history.invoke_commit("c1", "g", 1, 3);
        take_office(2, 1);
        const OperationId commit = history.invoke_commit("c1", "g", 2, 6);
        tell(2, 2, 6);
        history.complete_commit(commit);
        if (!is_deposed) take_office(1, 2);
        tell(1, 1, 3);
        EXPECT_EQ(judge(history), is_deposed ? "pass" : "fail: fenced-commit");
    }
}

// A client from outside is told by its member id alone: kafkajs commits where it seeks, and then
// reads from there.
class CommittedAhead : public testing::Test {
  protected:
    CommittedAhead() {
        history_.assign("m1", "g", 1);
        history_.poll("m1", "g", 0, std::vector<int>(10, 7), 1);
        history_.commit("m1", "g", 1, 40);
    }
    void seek(int offset) { history_.set_position("m1", "g", offset, model::PositionReason::seek); }

    History history_;
};

TEST_F(CommittedAhead, IsASeekWhereTheClientGoesThere) {
    history_.poll("m1", "g", 10, {7, 7}, 1);  // on its way when the application sought
    seek(40);
    history_.poll("m1", "g", 40, {7, 7}, 1);
    history_.commit("m1", "g", 1, 42);
    EXPECT_EQ(judge(history_),
              "pass, allowed: committed-beyond-delivered (a seek, committed first)");
}

TEST_F(CommittedAhead, IsASeekTheClientThoughtBetterOf) {
    seek(5);
    history_.commit("m1", "g", 1, 5);
    EXPECT_EQ(judge(history_), "pass");
}

TEST_F(CommittedAhead, IsNoneWhereTheClientReadsOn) {
    history_.poll("m1", "g", 10, std::vector<int>(40, 7), 1);
    EXPECT_EQ(judge(history_), "fail: committed-beyond-delivered");
    history_.commit("m1", "g", 1, 50);
    seek(40);
    EXPECT_EQ(judge(history_), "fail: committed-beyond-delivered");
}

TEST_F(CommittedAhead, IsNoneWhereTheClientGoesElsewhere) {
    seek(30);
    EXPECT_EQ(judge(history_), "fail: committed-beyond-delivered");
}

TEST_F(CommittedAhead, IsNoneWhereTheNextOwnerGoesThere) {
    history_.assign("m1", "g", 1, model::AssignmentChange::revoked);
    history_.assign("m1", "g", 2);
    seek(40);
    EXPECT_EQ(judge(history_), "fail: committed-beyond-delivered");
}

}  // namespace
}  // namespace squall::checkers
