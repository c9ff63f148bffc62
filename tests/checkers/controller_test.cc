#include <gtest/gtest.h>

#include "tests/checkers/history.h"

namespace squall::checkers {
namespace {

std::string judge(const History& history) {
    return summary(history.judged_by("controller"));
}

void start_raft(History& history, int replica) {
    history.by_broker(
        replica, model::RaftStarted{
                     .replica = BrokerId{replica}, .is_voter = true, .fetch_timeout_ms = 2000});
}
void take_role(History& history, int replica, int epoch, const char* role) {
    history.by_broker(replica, model::RaftRoleChanged{.replica = BrokerId{replica},
                                                      .role = role,
                                                      .epoch = model::RaftEpoch{epoch},
                                                      .leader = model::no_broker});
}
void fence(History& history, int controller, int broker) {
    history.by_broker(controller,
                      model::BrokerFenceChanged{.broker = BrokerId{broker}, .fenced = true});
}

TEST(Controller, AcceptsDecisionsOfTheOneThatLeads) {
    History history;
    start_raft(history, 1);
    take_role(history, 1, 1, "leader");
    fence(history, 1, 7);
    EXPECT_EQ(judge(history), "pass");
}

TEST(Controller, ObjectsToADecisionOfOneThatLeadsNoMore) {
    History history;
    start_raft(history, 1);
    take_role(history, 1, 1, "leader");
    take_role(history, 1, 1, "resigned");
    fence(history, 1, 7);
    EXPECT_EQ(judge(history), "fail: fenced-controller");
}

TEST(Controller, ObjectsToADecisionOfOneThatNeverLed) {
    History history;
    start_raft(history, 1);
    fence(history, 1, 7);
    EXPECT_EQ(judge(history), "fail: fenced-controller");
}

// Twice 1.5 x 2 s, and 2 s more.
TEST(Controller, GivesALeaderTheTimeToNoticeItsSuccessor) {
    for (const auto& [lasted, verdict] :
         {std::pair{7s, "pass"}, std::pair{9s, "fail: stale-leader"}}) {
        History history;
        start_raft(history, 1);
        start_raft(history, 2);
        take_role(history, 1, 1, "leader");
        take_role(history, 2, 2, "leader");
        history.wait(lasted);
        take_role(history, 1, 2, "follower");
        EXPECT_EQ(judge(history), verdict);
    }
}

TEST(Controller, ObjectsToALeaderThatStaysToTheEnd) {
    History history;
    start_raft(history, 1);
    start_raft(history, 2);
    take_role(history, 1, 1, "leader");
    take_role(history, 2, 2, "leader");
    history.wait(60s);
    fence(history, 2, 7);
    EXPECT_EQ(judge(history), "fail: stale-leader");
}

TEST(Controller, KnowsThatAPausedLeaderCannotResign) {
    History history;
    start_raft(history, 1);
    start_raft(history, 2);
    take_role(history, 1, 1, "leader");
    history.by_broker(1, sim::NodePaused{});
    take_role(history, 2, 2, "leader");
    history.wait(60s);
    history.by_broker(1, sim::NodeResumed{});
    history.wait(1s);
    take_role(history, 1, 2, "follower");
    EXPECT_EQ(judge(history), "pass");
}

TEST(Controller, HasNothingToSayOfARunWithoutControllers) {
    EXPECT_EQ(judge(History{}), "n/a");
}

}  // namespace
}  // namespace squall::checkers
