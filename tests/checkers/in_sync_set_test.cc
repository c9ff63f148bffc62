#include <gtest/gtest.h>

#include "tests/checkers/history.h"

namespace squall::checkers {
namespace {

std::string judge(const History& history) {
    return summary(history.judged_by("in-sync-set"));
}

model::Uuid incarnation(int number) {
    return model::Uuid{1, static_cast<std::uint64_t>(number)};
}

// Broker comes back, with or without the marker of a clean stop, and the controller registers it.
void come_back(History& history, int broker, int number, bool clean = false) {
    history.stop(broker, sim::StopReason::power_loss, 100);
    history.by_broker(broker, model::BrokerStarted{.broker = BrokerId{broker},
                                                   .incarnation_id = incarnation(number),
                                                   .clean = clean});
    history.by_broker(1, model::BrokerRegistered{.broker = BrokerId{broker},
                                                 .broker_epoch = model::BrokerEpoch{number},
                                                 .incarnation_id = incarnation(number)});
}
void unfence(History& history, int broker) {
    history.by_broker(1, model::BrokerFenceChanged{.broker = BrokerId{broker}, .fenced = false});
}
void propose(History& history, const std::vector<int>& from, const std::vector<int>& to) {
    history.by_broker(
        1,
        model::IsrChangeProposed{
            .broker = BrokerId{1}, .partition = orders, .from = brokers(from), .to = brokers(to)});
}

TEST(InSyncSet, AcceptsABrokerThatLeftWithItsOldSelfAndWasLetInAgain) {
    History history;
    history.change(1, 0, {1, 2, 3});
    come_back(history, 3, 7);
    history.change(1, 0, {1, 2});
    unfence(history, 3);
    propose(history, {1, 2}, {1, 2, 3});
    history.change(1, 0, {1, 2, 3});
    EXPECT_EQ(judge(history), "pass");
}

TEST(InSyncSet, HasNothingToSayBeforeThereArePartitions) {
    History history;
    come_back(history, 3, 7);
    unfence(history, 3);
    EXPECT_EQ(judge(history), "n/a");
}

TEST(InSyncSet, ObjectsToABrokerThatStaysInTheSetThroughAnUncleanRestart) {
    for (const bool clean : {true, false}) {
        History history;
        history.change(1, 0, {1, 2, 3});
        come_back(history, 3, 7, clean);
        EXPECT_EQ(judge(history), "pass") << "the decisions of one batch are told one by one";
        unfence(history, 3);
        EXPECT_EQ(judge(history), clean ? "pass" : "fail: unclean-member");
        history.change(1, 0, {1, 3});
        EXPECT_EQ(judge(history), clean ? "pass" : "fail: unclean-member") << "told once";
    }
}

TEST(InSyncSet, ObjectsToAnEligibleLeaderReplicaThatCameBackUncleanly) {
    History history;
    history.change(1, 0, {1}, false, {3});
    come_back(history, 3, 7);
    history.change(3, 1, {3});
    EXPECT_EQ(judge(history), "fail: unclean-member");
}

TEST(InSyncSet, DoesNotTakeAnInvitationOfTheOldSelfForOne) {
    History history;
    history.change(1, 0, {1, 2});
    propose(history, {1, 2}, {1, 2, 3});
    come_back(history, 3, 7);
    history.change(1, 0, {1, 2, 3});
    EXPECT_EQ(judge(history), "fail: unclean-member");

    History kept;
    kept.change(1, 0, {1, 2, 3});
    come_back(kept, 3, 7);
    propose(kept, {1, 2, 3}, {1, 3});  // the leader has not heard: it keeps, and does not let in
    kept.change(1, 0, {1, 3});
    EXPECT_EQ(judge(kept), "fail: unclean-member");
}

TEST(InSyncSet, ObjectsToAMemberThatNoLeaderAskedFor) {
    History history;
    history.change(1, 0, {1, 2, 3});
    propose(history, {1, 2, 3}, {1, 2});
    history.change(1, 0, {1, 2});
    history.change(1, 0, {1, 2, 3});
    EXPECT_EQ(judge(history), "fail: uninvited-member");
}

TEST(InSyncSet, AcceptsAnEligibleLeaderReplicaThatIsElected) {
    History history;
    history.change(1, 0, {1, 2});
    history.change(1, 0, {1}, false, {2});
    history.change(2, 1, {2}, false, {1});
    EXPECT_EQ(judge(history), "pass");
}

TEST(InSyncSet, AcceptsTheLeaderOfAnUncleanElection) {
    for (const bool unclean : {true, false}) {
        History history;
        history.change(1, 0, {1, 2}, false, {3});
        come_back(history, 3, 7);
        history.change(1, 0, {1, 2});
        history.change(3, 1, {3}, unclean);
        EXPECT_EQ(judge(history), unclean ? "pass" : "fail: unclean-member");
    }
}

TEST(InSyncSet, ExcusesTheLastMemberWhereNobodyIsEverEligible) {
    History history;
    history.change(1, 0, {1, 3});
    history.change(3, 1, {3});
    come_back(history, 3, 7);
    history.change(3, 2, {3});
    unfence(history, 3);
    EXPECT_EQ(judge(history), "pass");
}

TEST(InSyncSet, BeginsAnewWithATopicThatIsMadeAgain) {
    History history;
    history.change(1, 0, {1, 3});
    come_back(history, 3, 7);
    history.by_broker(1, model::TopicDeleted{.topic = orders.topic});
    history.change(1, 0, {1, 3});
    unfence(history, 3);
    EXPECT_EQ(judge(history), "pass");
}

// ---- reassignments ----

struct Step {
    std::vector<int> replicas;
    std::vector<int> isr;
};
std::string judge_steps(const std::vector<Step>& steps) {
    History history;
    int partition_epoch = 0;
    std::vector<int> before;
    for (const Step& step : steps) {
        propose(history, before, step.isr);
        history.by_broker(
            1, model::PartitionChanged{.partition = orders,
                                       .leader = BrokerId{step.isr.front()},
                                       .partition_epoch = model::PartitionEpoch{partition_epoch++},
                                       .replicas = brokers(step.replicas),
                                       .isr = brokers(step.isr)});
        before = step.isr;
    }
    return judge(history);
}

TEST(InSyncSet, AcceptsAReassignmentThatEndsWhenItsTargetIsInSync) {
    EXPECT_EQ(judge_steps({{{1, 2, 3}, {1, 2, 3}},
                           {{4, 5, 1, 2, 3}, {1, 2, 3}},
                           {{4, 5, 1, 2, 3}, {1, 2, 3, 4}},
                           {{4, 5, 1}, {1, 4, 5}}}),
              "pass");
}

TEST(InSyncSet, ObjectsToAReassignmentThatDropsReplicasTooEarly) {
    EXPECT_EQ(
        judge_steps({{{1, 2, 3}, {1, 2, 3}}, {{4, 5, 1, 2, 3}, {1, 2, 3}}, {{4, 5, 1}, {1, 4}}}),
        "fail: reassigned-early");
    EXPECT_EQ(judge_steps({{{1, 2, 3}, {1, 2}}, {{1, 3}, {1}}}), "fail: reassigned-early")
        << "nobody new, but one of those that stay was behind";
}

TEST(InSyncSet, AcceptsAReassignmentThatIsCancelledOrTurnedElsewhere) {
    EXPECT_EQ(judge_steps({{{1, 2, 3}, {1, 2}},
                           {{4, 1, 2, 3}, {1, 2}},
                           {{5, 1, 2, 3}, {1, 2}},
                           {{1, 2, 3}, {1, 2}}}),
              "pass");
}

}  // namespace
}  // namespace squall::checkers
