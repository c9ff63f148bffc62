#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/checkers/history.h"

namespace squall::checkers {
namespace {

constexpr auto leader = model::ReplicaRole::leader;

std::string judge(const History& history, Contract contract = Contract::configured) {
    return summary(history.judged_by("high-watermark", contract));
}

// Broker 1 leads epoch 0; it and broker 2 hold offsets 0..9, broker 3 holds 0..4.
History replicated() {
    History history;
    history.start_brokers();
    history.change(1, 0, {1, 2});
    history.lead(1, 0, 0);
    history.append(1, 0, 4, 0, 100, leader);
    history.append(1, 5, 9, 0, 101, leader);
    history.append(2, 0, 4, 0, 100);
    history.append(2, 5, 9, 0, 101);
    history.append(3, 0, 4, 0, 100);
    return history;
}

void serve(History& history, int from, int upto, int high_watermark, int replica = -1) {
    history.by_broker(1, model::FetchServed{.broker = BrokerId{1},
                                            .partition = orders,
                                            .replica = BrokerId{replica},
                                            .leader_epoch = LeaderEpoch{0},
                                            .from = Offset{from},
                                            .upto = Offset{upto},
                                            .high_watermark = Offset{high_watermark},
                                            .last_stable_offset = Offset{high_watermark}});
}

TEST(HighWatermark, AcceptsAWatermarkThatTheInSyncSetHolds) {
    History history = replicated();
    history.raise(1, 0, 0, 5, {1, 2});
    history.raise(1, 0, 5, 10, {1, 2});
    serve(history, 0, 10, 10);
    history.poll("c1", "a", 0, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
    EXPECT_EQ(judge(history), "pass");
}

TEST(HighWatermark, HasNothingToSayBeforeAnyIsTold) {
    EXPECT_EQ(judge(replicated()), "n/a");
}

TEST(HighWatermark, ObjectsToAWatermarkThatGoesBackInOneReign) {
    History history = replicated();
    history.raise(1, 0, 0, 10, {1, 2});
    history.raise(1, 0, 0, 5, {1, 2});
    EXPECT_EQ(judge(history), "fail: high-watermark-regressed");

    History restarted = replicated();
    restarted.raise(1, 0, 0, 10, {1, 2});
    restarted.stop(1);
    restarted.start_broker(1);
    restarted.open_log(1, 10, 5);
    restarted.lead(1, 1, 10, 5);
    restarted.raise(1, 1, 5, 7, {1});
    EXPECT_EQ(judge(restarted), "pass") << "the checkpoint may lag behind";
}

TEST(HighWatermark, ObjectsToAWatermarkPastTheEndOfAnInSyncMember) {
    History history = replicated();
    history.raise(1, 0, 0, 10, {1, 2, 3});
    const CheckerReport report = history.judged_by("high-watermark");
    EXPECT_EQ(summary(report), "fail: high-watermark-ahead");
    EXPECT_EQ(report.anomalies[0].evidence[4],
              (std::pair<std::string, std::string>{"member", "3"}));
}

TEST(HighWatermark, DoesNotJudgeAMemberThatIsDownOrCameBackMeanwhile) {
    for (const bool comes_back : {false, true}) {
        History history = replicated();
        history.lose_power(2);
        if (comes_back) {
            history.start_broker(2);
            history.open_log(2, 5);
        }
        history.raise(1, 0, 0, 10, {1, 2});
        EXPECT_EQ(judge(history), "pass");
    }
}

TEST(HighWatermark, ObjectsToAnInSyncMemberThatHoldsSomethingElse) {
    History history = replicated();
    history.append(3, 5, 9, 0, 777);
    history.raise(1, 0, 0, 5, {1, 2, 3});
    EXPECT_EQ(judge(history), "pass") << "they agree so far";
    history.raise(1, 0, 5, 10, {1, 2, 3});
    const CheckerReport report = history.judged_by("high-watermark");
    EXPECT_EQ(summary(report), "fail: in-sync-member-differs");
    EXPECT_EQ(report.anomalies[0].evidence[5],
              (std::pair<std::string, std::string>{"offset", "5"}));
}

TEST(HighWatermark, AllowsAMemberThatDiffersAfterAnUncleanElection) {
    History history = replicated();
    history.append(3, 5, 9, 0, 777);
    history.change(3, 1, {3}, true);
    history.raise(1, 0, 0, 10, {1, 2, 3});
    EXPECT_EQ(judge(history, Contract::safe), "fail: in-sync-member-differs");
    EXPECT_EQ(history.judged_by("high-watermark").allowed_count, 1u);
}

TEST(HighWatermark, JudgesAMemberThatWasLetInAgain) {
    History history = replicated();
    history.lose_power(2);
    history.change(1, 0, {1});
    history.start_broker(2);
    history.open_log(2, 5);
    history.change(1, 0, {1, 2});
    history.raise(1, 0, 0, 10, {1, 2});
    EXPECT_EQ(judge(history), "fail: high-watermark-ahead");
}

TEST(HighWatermark, ObjectsToALeaderThatLacksWhatWasCommitted) {
    History history = replicated();
    history.raise(1, 0, 0, 10, {1, 2});
    history.change(3, 1, {3});
    history.lead(3, 1, 5);
    const CheckerReport report = history.judged_by("high-watermark");
    EXPECT_EQ(summary(report), "fail: leader-incomplete");
    EXPECT_EQ(report.anomalies[0].evidence[3],
              (std::pair<std::string, std::string>{"offset", "5"}));
}

TEST(HighWatermark, ObjectsToALeaderThatHoldsAnotherBatchThere) {
    History history = replicated();
    history.append(3, 5, 9, 0, 777);
    history.raise(1, 0, 0, 10, {1, 2});
    history.lead(3, 1, 10);
    EXPECT_EQ(judge(history), "fail: leader-incomplete");
}

TEST(HighWatermark, AcceptsALeaderThatLacksOnlyWhatWasNotCommitted) {
    History history = replicated();
    history.raise(1, 0, 0, 5, {1, 2});
    history.lead(3, 1, 5);
    EXPECT_EQ(judge(history), "pass");
}

TEST(HighWatermark, DoesNotAskAnOldReignForWhatALaterOneCommitted) {
    History history = replicated();
    history.lead(2, 2, 10);
    history.raise(2, 2, 0, 10, {1, 2});
    history.lead(3, 1, 5);  // late to hear of an epoch that is over
    EXPECT_EQ(judge(history), "pass");
}

TEST(HighWatermark, AllowsAnIncompleteLeaderThatWasElectedUncleanly) {
    History history = replicated();
    history.raise(1, 0, 0, 10, {1, 2});
    history.change(3, 1, {3}, true);
    history.lead(3, 1, 5);
    EXPECT_EQ(judge(history), "pass, allowed: leader-incomplete (unclean election)");
    EXPECT_EQ(judge(history, Contract::safe), "fail: leader-incomplete");
}

TEST(HighWatermark, AsksOnceForWhatIsGone) {
    History history = replicated();
    history.raise(1, 0, 0, 10, {1, 2});
    history.lead(3, 1, 5);
    history.lead(3, 2, 5);
    EXPECT_EQ(judge(history), "fail: leader-incomplete");
}

TEST(HighWatermark, ObjectsToAFetchServedAboveIt) {
    History history = replicated();
    history.raise(1, 0, 0, 5, {1, 2});
    serve(history, 0, 10, 5, 2);  // a follower reads to the log end
    EXPECT_EQ(judge(history), "pass");
    serve(history, 0, 10, 5);
    EXPECT_EQ(judge(history), "fail: read-above-high-watermark");
}

TEST(HighWatermark, ObjectsToAnAnswerThatOverstatesIt) {
    History history = replicated();
    history.raise(1, 0, 0, 5, {1, 2});
    serve(history, 0, 10, 10);
    EXPECT_EQ(judge(history), "fail: high-watermark-overstated");
}

TEST(HighWatermark, ObjectsToARecordHandedOutAboveIt) {
    History history = replicated();
    history.raise(1, 0, 0, 5, {1, 2});
    history.poll("c1", "a", 4, {10});
    EXPECT_EQ(judge(history), "pass");
    history.poll("c1", "a", 5, {11});
    EXPECT_EQ(judge(history), "fail: read-above-high-watermark");
}

// Watermarks that always follow the least log end pass; one that does not is found.
RC_GTEST_PROP(HighWatermark, FindsOneStepTooFar, ()) {
    History history;
    history.start_brokers();
    history.change(1, 0, {1, 2, 3});
    history.lead(1, 0, 0);
    history.follow(2, 1, 0, 0);
    history.follow(3, 1, 0, 0);
    std::map<int, int> ends{{1, 0}, {2, 0}, {3, 0}};
    int high_watermark = 0;
    const int steps = *rc::gen::inRange(1, 40);
    for (int i = 0; i < steps; ++i) {
        const int broker = *rc::gen::inRange(1, 4);
        if (broker != 1 && ends[broker] == ends[1]) continue;
        const int offset = ends[broker]++;
        history.append(broker, offset, offset, 0, static_cast<std::uint32_t>(offset),
                       broker == 1 ? leader : model::ReplicaRole::follower);
        const int least = std::min({ends[1], ends[2], ends[3]});
        if (least > high_watermark) history.raise(1, 0, high_watermark, least, {1, 2, 3});
        high_watermark = least;
    }
    RC_ASSERT(history.judged_by("high-watermark").anomaly_count == 0);
    if (ends[1] == high_watermark) return;
    history.raise(1, 0, high_watermark, ends[1], {1, 2, 3});
    const CheckerReport report = history.judged_by("high-watermark");
    RC_ASSERT(report.verdict == CheckerVerdict::fail);
    for (const Anomaly& anomaly : report.anomalies)
        RC_ASSERT(anomaly.type == "high-watermark-ahead");
}

}  // namespace
}  // namespace squall::checkers
