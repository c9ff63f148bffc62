#include <gtest/gtest.h>

#include "tests/checkers/history.h"

namespace squall::checkers {
namespace {

using enum model::AssignmentChange;

std::string judge(const History& history) {
    return summary(history.judged_by("liveness"));
}

History healthy() {
    History history;
    history.start_brokers();
    history.change(1, 0, {1, 2, 3});
    return history;
}

void end(History& history) {
    history.by_broker(1, sim::NodeStopped{.reason = sim::StopReason::end_of_run});
}

TEST(Liveness, AcceptsAClusterThatCameToItself) {
    History history = healthy();
    history.tell_group("g", "Stable", 1, 1);
    history.assign("c1", "g", 1);
    history.change(-1, 1, {2});
    history.calm();
    history.wait(5s);
    history.change(2, 2, {1, 2, 3});
    history.wait(30s);
    end(history);
    history.change(-1, 9, {});  // whatever happens at the end is the end
    const CheckerReport report = history.judged_by("liveness");
    EXPECT_EQ(summary(report), "pass");
    EXPECT_EQ(report.judged, 4u) << "a leader, an in-sync set, a group, its partition";
}

TEST(Liveness, DemandsNothingBeforeTheCalm) {
    History history = healthy();
    history.change(-1, 1, {2});
    history.wait(100s);
    EXPECT_EQ(judge(history), "n/a");
}

TEST(Liveness, ObjectsToAPartitionLongWithoutALeader) {
    History history = healthy();
    history.change(-1, 1, {2});
    history.calm();
    history.wait(21s);
    history.by_harness(sim::FaultHealed{});
    EXPECT_EQ(judge(history), "fail: no-leader");
    history.change(2, 2, {1, 2, 3});
    EXPECT_EQ(judge(history), "fail: no-leader") << "late is late";
}

TEST(Liveness, ExcusesALeaderNobodyUpCanBe) {
    History history = healthy();
    history.change(-1, 1, {2});
    history.stop(2);
    history.calm();
    history.wait(60s);
    history.by_harness(sim::FaultHealed{});
    EXPECT_EQ(judge(history), "pass");
}

TEST(Liveness, LeavesABoundOpenThatTheRunDidNotReach) {
    History history = healthy();
    history.change(-1, 1, {2});
    history.calm();
    history.wait(10s);
    end(history);
    EXPECT_EQ(judge(history), "inconclusive");
}

TEST(Liveness, ObjectsToAReplicaThatStaysOutOfTheIsr) {
    History history = healthy();
    history.change(1, 0, {1, 2});
    history.calm();
    history.wait(20s);
    history.by_harness(sim::FaultHealed{});
    EXPECT_EQ(judge(history), "inconclusive");
    history.wait(6s);
    history.by_harness(sim::FaultHealed{});
    EXPECT_EQ(judge(history), "fail: isr-not-whole");
    history.stop(3);
    EXPECT_EQ(judge(history), "pass") << "a broker that is down cannot be in sync";
}

TEST(Liveness, ObjectsToAPartitionThatAGroupLeavesToNobody) {
    History history = healthy();
    history.tell_group("g", "Stable", 1, 2);
    history.assign("c1", "g", 1);
    history.calm();
    history.assign("c1", "g", 1, revoked);
    history.wait(21s);
    history.assign("c1", "g", 2);
    EXPECT_EQ(judge(history), "fail: group-unsettled");
}

TEST(Liveness, ObjectsToAGroupThatDoesNotSettle) {
    for (const int seconds : {19, 21}) {
        for (const bool settles : {true, false}) {
            History history = healthy();
            history.assign("c1", "g", 1);
            history.tell_group("g", "PreparingRebalance", 1, 2);
            history.calm();
            history.wait(10s);
            history.tell_group("g", "CompletingRebalance", 2, 2);
            history.wait((seconds - 10) * 1s);
            if (settles) history.tell_group("g", "Stable", 2, 2);
            history.by_harness(sim::FaultHealed{});
            end(history);
            EXPECT_EQ(judge(history), seconds == 19 ? "pass" : "fail: group-restless");
        }
    }
}

TEST(Liveness, GivesAGroupTimeForMembersThatComeAndGo) {
    for (const bool is_told : {true, false}) {
        History history = healthy();
        history.by_client("c1", model::ConsumerConfigured{.client_id = "c1", .group = "g"});
        history.assign("c2", "g", 1);
        history.tell_group("g", "Stable", 1, 2);
        history.calm();
        history.stop_client("c1");
        history.tell_group("g", "PreparingRebalance", 1, 2);
        history.wait(45s);
        if (is_told) history.by_broker(1, model::MemberRemoved{.group = "g", .member_id = "c1"});
        history.wait(30s);
        history.tell_group("g", "Stable", 2, 1);
        EXPECT_EQ(judge(history), is_told ? "fail: group-restless" : "pass");
    }
}

TEST(Liveness, CountsFromWhenTheCoordinatorLearnedOfACrash) {
    History history = healthy();
    history.tell_group("g", "Stable", 1, 2);
    history.assign("c1", "g", 1);
    history.calm();
    history.stop_client("c1");
    history.wait(45s);
    history.by_broker(
        1, model::MemberRemoved{.group = "g", .member_id = "c1", .reason = "session timeout"});
    history.wait(5s);
    history.assign("c2", "g", 2);
    EXPECT_EQ(judge(history), "pass");
}

// Kafka lets a JoinGroup wait for max.poll.interval.ms and more, and nobody tells the member that
// the machine at the other end is gone.
TEST(Liveness, LeavesOpenAGroupWhoseMemberWaitsForACoordinatorThatLostPower) {
    for (const bool by_power : {true, false}) {
        for (const bool is_answered : {true, false}) {
            History history = healthy();
            history.by_client("c1", model::ConsumerConfigured{.client_id = "c1", .group = "g"});
            history.tell_group("g", "Stable", 1, 1);
            history.assign("c1", "g", 1);
            history.assign("c1", "g", 1, revoked);
            const sim::ConnectionId connection{7};
            history.by_client("c1", sim::FrameSent{.connection = connection,
                                                   .peer = History::node(3),
                                                   .label = "JoinGroup"});
            if (is_answered) {
                history.by_client("c1", sim::FrameSent{.connection = connection,
                                                       .peer = History::node(3),
                                                       .label = "SyncGroup"});
            }
            history.stop(3, by_power ? sim::StopReason::power_loss : sim::StopReason::crash);
            history.calm();
            history.wait(30s);
            history.by_harness(sim::FaultHealed{});
            EXPECT_EQ(judge(history),
                      by_power && !is_answered ? "inconclusive" : "fail: group-unsettled");
        }
    }
}

TEST(Liveness, LeavesOpenAGroupWhoseMemberWasNotToldThatItsCoordinatorLostTheConnection) {
    struct Case {
        int closed;  // the coordinator's connection of that number
        bool is_told = false;
        std::string verdict;
    };
    const std::vector<Case> cases = {
        {.closed = 7, .verdict = "inconclusive"},
        {.closed = 8, .verdict = "fail: group-unsettled"},
        {.closed = 7, .is_told = true, .verdict = "fail: group-unsettled"}};
    for (const Case& of : cases) {
        History history = healthy();
        history.by_client("c1", model::ConsumerConfigured{.client_id = "c1", .group = "g"});
        history.tell_group("g", "Stable", 1, 1);
        history.assign("c1", "g", 1);
        history.assign("c1", "g", 1, revoked);
        history.by_client("c1", sim::FrameSent{.connection = sim::ConnectionId{7},
                                               .peer = History::node(3),
                                               .label = "JoinGroup"});
        const sim::ConnectionClosed closed{
            .connection = sim::ConnectionId{static_cast<std::uint64_t>(of.closed)}};
        history.by_broker(3, closed);
        if (of.is_told) history.by_client("c1", closed);
        history.calm();
        history.wait(30s);
        history.by_harness(sim::FaultHealed{});
        EXPECT_EQ(judge(history), of.verdict) << of.closed << ", told: " << of.is_told;
    }
}

TEST(Liveness, DemandsNothingOfAGroupThatEveryoneLeft) {
    History history = healthy();
    history.tell_group("g", "Stable", 1, 1);
    history.assign("c1", "g", 1);
    history.assign("c1", "g", 1, revoked);
    history.tell_group("g", "Empty", 2, 0);
    history.calm();
    history.wait(60s);
    history.by_harness(sim::FaultHealed{});
    EXPECT_EQ(judge(history), "pass");
}

TEST(Liveness, KnowsThePartitionsThatNoMemberEverHad) {
    History history = healthy();
    history.tell_group("g", "Stable", 1, 1);
    history.assign("c1", "g", 1, assigned, {.topic = "orders", .partition = 7});
    history.calm();
    history.wait(30s);
    history.by_harness(sim::FaultHealed{});
    EXPECT_EQ(judge(history), "fail: group-unsettled") << "orders-0 is nobody's";
}

// ---- members that run ----

struct Expiry {
    Duration calm = 40s;
    std::string reason = "session timeout";
    model::AssignmentChange last = assigned;
    bool crashes = false;
};
std::string judge_expiry(const Expiry& how) {
    History history = healthy();
    history.tell_group("g", "Stable", 1, 1);
    history.assign("c1", "g", 1);
    history.calm();
    history.wait(how.calm);
    if (how.last != assigned) history.assign("c1", "g", 1, how.last);
    if (how.crashes) history.stop_client("c1");
    history.by_broker(1,
                      model::MemberRemoved{.group = "g", .member_id = "c1", .reason = how.reason});
    history.assign("c1", "g", 2);
    end(history);
    return judge(history);
}

TEST(Liveness, ObjectsToAMemberThatRunsAndIsTakenForDead) {
    EXPECT_EQ(judge_expiry({}), "fail: member-expired");
}

TEST(Liveness, AcceptsThatAMemberIsRemovedForItsOwnDoing) {
    EXPECT_EQ(judge_expiry({.reason = "left"}), "pass");
    EXPECT_EQ(judge_expiry({.last = revoked}), "pass") << "a static member leaves without a word";
    EXPECT_EQ(judge_expiry({.crashes = true}), "pass");
}

TEST(Liveness, GivesMembersTimeToGiveUpWhatTheStormLeftHanging) {
    EXPECT_EQ(judge_expiry({.calm = 30s}), "pass");
}

}  // namespace
}  // namespace squall::checkers
