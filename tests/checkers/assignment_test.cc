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

TEST(Assignment, AllowsAZombieOfAnOlderGeneration) {
    History history;
    history.assign("c1", "g", 1);
    history.assign("c2", "g", 2);
    EXPECT_EQ(judge(history), "pass, allowed: zombie-owner (fenced member has not noticed)");
}

TEST(Assignment, KnowsTheGenerationOfAMemberThatKeptItsPartition) {
    History history;
    history.assign("c1", "g", 1);
    history.poll("c1", "g", 0, {10}, 2);  // it kept the partition over a rebalance, untold
    history.assign("c2", "g", 2);
    EXPECT_EQ(judge(history), "fail: double-owner");
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
