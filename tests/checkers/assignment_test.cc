#include <gtest/gtest.h>

#include "tests/checkers/history.h"

namespace squall::checkers {
namespace {

using enum model::AssignmentChange;

std::string judge(const History& history) {
    return summary(history.judged_by("assignment"));
}

TEST(Assignment, AcceptsAPartitionHandedFromOneMemberToAnother) {
    History history;
    history.assign("c1", "g", 1);
    history.assign("c1", "g", 1, revoked);
    history.assign("c2", "g", 2);
    const CheckerReport report = history.judged_by("assignment");
    EXPECT_EQ(summary(report), "pass");
    EXPECT_EQ(report.judged, 2u);
}

TEST(Assignment, ObjectsToTwoOwnersInOneGeneration) {
    History history;
    history.assign("c1", "g", 1);
    history.assign("c2", "g", 1);
    EXPECT_EQ(judge(history), "fail: double-owner");
}

void remove_member(History& history, const std::string& member, const std::string& group = "g") {
    history.by_broker(
        1, model::MemberRemoved{.group = group, .member_id = member, .reason = "session timeout"});
}

TEST(Assignment, AllowsAZombieThatWasRemoved) {
    History history;
    history.assign("c1", "g", 1);
    remove_member(history, "c1");
    history.assign("c2", "g", 2);
    EXPECT_EQ(judge(history), "pass, allowed: zombie-owner (fenced member has not noticed)");
}

void replace_member(History& history, const std::string& member) {
    history.by_broker(
        1, model::MemberRemoved{.group = "g", .member_id = member, .reason = "replaced"});
}

TEST(Assignment, AllowsAStaticMemberThatWasReplacedWithoutARebalance) {
    const std::string allowed = "pass, allowed: zombie-owner (fenced member has not noticed)";
    History history;
    history.assign("c1", "g", 1);
    replace_member(history, "c1");
    history.assign("c2", "g", 1);
    EXPECT_EQ(judge(history), allowed);

    History late;
    replace_member(late, "c1");
    late.assign("c2", "g", 1);
    late.assign("c1", "g", 1);
    EXPECT_EQ(judge(late), allowed) << "it was told of what it had got before";
}

TEST(Assignment, ObjectsToTwoOwnersInOneGenerationOfWhomNoneWasReplaced) {
    History third;
    third.assign("c1", "g", 1);
    replace_member(third, "c3");
    third.assign("c2", "g", 1);
    EXPECT_EQ(judge(third), "fail: double-owner");

    History removed;
    removed.assign("c1", "g", 1);
    remove_member(removed, "c1");
    removed.assign("c2", "g", 1);
    EXPECT_EQ(judge(removed), "fail: double-owner") << "that takes a rebalance";
}

void reconcile_member(History& history, const std::string& member) {
    history.by_broker(1, model::MemberReconciled{.group = "g", .member_id = member});
}

TEST(Assignment, KnowsWhoCameBackUnderItsIdOfTheConsumerProtocol) {
    for (const bool came_back : {true, false}) {
        History history;
        reconcile_member(history, "c1");
        remove_member(history, "c1");
        if (came_back) reconcile_member(history, "c1");
        history.assign("c1", "g", 1);
        history.assign("c2", "g", 2);
        EXPECT_EQ(judge(history),
                  came_back ? "fail: double-owner"
                            : "pass, allowed: zombie-owner (fenced member has not noticed)");
    }
}

// A process that was paused reads the answer of a heartbeat that it sent before it was removed.
TEST(Assignment, AllowsAZombieWhomAnOldAnswerReaches) {
    History history;
    remove_member(history, "c1");
    history.assign("c2", "g", 3);
    history.assign("c1", "g", 2);
    EXPECT_EQ(judge(history), "pass, allowed: zombie-owner (fenced member has not noticed)");

    History same_generation;
    remove_member(same_generation, "c1");
    same_generation.assign("c2", "g", 2);
    same_generation.assign("c1", "g", 2);
    EXPECT_EQ(judge(same_generation), "fail: double-owner");

    History back;
    remove_member(back, "c1");
    back.by_broker(1, model::MemberReconciled{.group = "g", .member_id = "c1"});
    back.assign("c2", "g", 3);
    back.assign("c1", "g", 2);
    EXPECT_EQ(judge(back), "fail: double-owner") << "it was let in again";
}

TEST(Assignment, ObjectsToAnOwnerThatNobodyAskedToGiveBack) {
    History history;
    history.assign("c1", "g", 1);
    history.assign("c2", "g", 2);
    EXPECT_EQ(judge(history), "fail: double-owner");

    History others;
    others.assign("c1", "g", 1);
    remove_member(others, "c3");
    remove_member(others, "c1", "h");
    others.assign("c2", "g", 2);
    EXPECT_EQ(judge(others), "fail: double-owner");

    History before;
    remove_member(before, "c1");
    before.assign("c1", "g", 1);
    before.assign("c2", "g", 2);
    EXPECT_EQ(judge(before), "fail: double-owner") << "it came back";
}

TEST(Assignment, AllowsAZombieWhoseCoordinatorMovedOrWhoseGroupDied) {
    for (const bool moved : {true, false}) {
        History history;
        history.assign("c1", "g", 1);
        if (moved) {
            history.by_broker(2, model::CoordinatorChanged{.broker = BrokerId{2}, .active = true});
        } else {
            history.tell_group("g", "Dead", 1, 0);
        }
        history.assign("c2", "g", 2);
        EXPECT_EQ(judge(history), "pass, allowed: zombie-owner (fenced member has not noticed)");
    }
}

TEST(Assignment, ObjectsToAMemberThatIsAssignedWhatItDidNotGiveBack) {
    for (const auto change : {assigned, revoked, lost}) {
        History history;
        history.assign("c1", "g", 1);
        if (change != assigned) history.assign("c1", "g", 1, change);
        history.assign("c1", "g", 2);
        EXPECT_EQ(judge(history), change == assigned ? "fail: assigned-twice" : "pass");
    }
    History restarted;
    restarted.assign("c1", "g", 1);
    restarted.stop_client("c1");
    restarted.assign("c1", "g", 2);
    EXPECT_EQ(judge(restarted), "pass");
}

TEST(Assignment, KnowsTheGenerationOfAMemberThatKeptItsPartition) {
    History history;
    history.assign("c1", "g", 1);
    history.poll("c1", "g", 0, {10}, 2);  // it kept the partition over a rebalance, untold
    history.assign("c2", "g", 2);
    EXPECT_EQ(judge(history), "fail: double-owner");
}

TEST(Assignment, ObjectsToAMemberThatKeptWhatAnotherHasBeenGivenMeanwhile) {
    for (const bool was_removed : {true, false}) {
        History history;
        history.assign("c1", "g", 1);
        remove_member(history, "c1");
        history.assign("c2", "g", 2);  // of a zombie, so far
        if (was_removed) remove_member(history, "c2");
        history.poll("c1", "g", 0, {10}, 3);
        const std::string allowed = "zombie-owner (fenced member has not noticed)";
        EXPECT_EQ(judge(history), was_removed ? "pass, allowed: " + allowed + " " + allowed
                                              : "fail: double-owner, allowed: " + allowed);
    }
}

TEST(Assignment, ObjectsToAMemberThatReadsOnUnderAnotherId) {
    const auto poll_as = [](History& history, const std::string& member, int generation) {
        history.by_client("c1", model::RecordsPolled{.client_id = "c1",
                                                     .group = "g",
                                                     .member_id = member,
                                                     .generation = GenerationId{generation},
                                                     .partition = orders,
                                                     .position = Offset{0},
                                                     .next_position = Offset{0},
                                                     .records = {}});
    };
    History kept;
    kept.assign("c1", "g", 1);
    poll_as(kept, "c1", 2);
    EXPECT_EQ(judge(kept), "pass");
    poll_as(kept, "c1-again", 3);
    poll_as(kept, "c1-again", 4);
    EXPECT_EQ(judge(kept), "fail: kept-too-long");

    History lost;
    lost.assign("c1", "g", 1);
    lost.assign("c1", "g", 1, model::AssignmentChange::lost);
    lost.by_client("c1", model::AssignmentChanged{.client_id = "c1",
                                                  .group = "g",
                                                  .member_id = "c1-again",
                                                  .generation = GenerationId{3},
                                                  .change = assigned,
                                                  .partitions = {orders}});
    poll_as(lost, "c1-again", 3);
    poll_as(lost, "c1-again", 4);
    EXPECT_EQ(judge(lost), "pass");
}

TEST(Assignment, EndsTheOwnershipOfAMemberWhoseNodeStopped) {
    History history;
    history.assign("c1", "g", 1);
    history.stop_client("c1");
    history.assign("c2", "g", 1);
    EXPECT_EQ(judge(history), "pass");
}

TEST(Assignment, KeepsGroupsAndPartitionsApart) {
    History history;
    history.assign("c1", "g", 1);
    history.assign("c2", "h", 1);
    history.assign("c3", "g", 1, assigned, {.topic = "orders", .partition = 1});
    EXPECT_EQ(judge(history), "pass");
}

TEST(Assignment, HasNothingToSayOfManualAssignment) {
    History history;
    history.assign("c1", "", -1);
    history.assign("c2", "", -1);
    EXPECT_EQ(judge(history), "n/a");
}

}  // namespace
}  // namespace squall::checkers
