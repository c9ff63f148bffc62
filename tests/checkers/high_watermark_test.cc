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

// ListOffsets answered by broker 1, or by `broker` in a later epoch.
void list_end(History& history, int end, int epoch = 0, int broker = 1, bool read_committed = false,
              std::uint64_t topic = 1) {
    history.by_broker(broker, model::OffsetListed{.broker = BrokerId{broker},
                                                  .partition = orders,
                                                  .topic_id = model::Uuid{topic, topic},
                                                  .leader_epoch = LeaderEpoch{epoch},
                                                  .timestamp = -1,
                                                  .offset = Offset{end},
                                                  .read_committed = read_committed});
}

// Broker 1 got to 10 and told it; broker 2 leads after it, with a high watermark of 5.
History succeeded() {
    History history = replicated();
    history.raise(1, 0, 0, 10, {1, 2});
    list_end(history, 8);
    list_end(history, 10);
    history.lose_power(1);
    history.change(2, 1, {2});
    history.lead(2, 1, 10, 5);
    return history;
}

TEST(HighWatermark, ObjectsToAnEndThatIsListedLowerThanItWas) {
    History in_one_reign = replicated();
    in_one_reign.raise(1, 0, 0, 10, {1, 2});
    list_end(in_one_reign, 10);
    list_end(in_one_reign, 9);
    EXPECT_EQ(judge(in_one_reign), "fail: listed-end-regressed");

    History by_the_next = succeeded();
    list_end(by_the_next, 5, 1, 2);
    const CheckerReport report = by_the_next.judged_by("high-watermark");
    EXPECT_EQ(summary(report), "fail: listed-end-regressed");
    EXPECT_EQ(report.anomalies[0].evidence[4],
              (std::pair<std::string, std::string>{"told_before", "10"}));

    History when_it_knows = succeeded();
    when_it_knows.raise(2, 1, 5, 10, {2});
    list_end(when_it_knows, 10, 1, 2);
    EXPECT_EQ(judge(when_it_knows), "pass");
}

TEST(HighWatermark, TakesEndsOfIsolationLevelsTopicsAndEarlierReignsForThemselves) {
    History levels = succeeded();
    list_end(levels, 5, 1, 2, true);
    EXPECT_EQ(judge(levels), "pass") << "no read_committed end was told before";
    History made_again = succeeded();
    list_end(made_again, 5, 1, 2, false, 2);
    EXPECT_EQ(judge(made_again), "pass") << "a topic of the same name";
    History deposed = replicated();
    deposed.raise(1, 0, 0, 5, {1, 2});
    deposed.change(2, 1, {2});
    deposed.lead(2, 1, 10, 5);
    deposed.raise(2, 1, 5, 10, {2});
    list_end(deposed, 10, 1, 2);
    list_end(deposed, 5);
    EXPECT_EQ(judge(deposed), "pass") << "it has not heard of its successor";
}

TEST(HighWatermark, AllowsAnEndListedLowerAfterAnUncleanElection) {
    History history = replicated();
    history.raise(1, 0, 0, 10, {1, 2});
    list_end(history, 10);
    history.change(3, 1, {3}, true);
    history.lead(3, 1, 5, 5);
    list_end(history, 5, 1, 3);
    EXPECT_EQ(judge(history, Contract::safe), "fail: leader-incomplete listed-end-regressed");
    EXPECT_EQ(judge(history),
              "pass, allowed: leader-incomplete (unclean election) "
              "listed-end-regressed (unclean election)");
}

TEST(HighWatermark, AnElectionExcusesOnlyWhatWasToldBeforeItsEpoch) {
    History history = replicated();
    history.raise(1, 0, 0, 10, {1, 2});
    history.change(3, 1, {3}, true);
    history.lead(3, 1, 5, 5);
    list_end(history, 5, 1, 3);
    history.change(2, 2, {2});
    list_end(history, 4, 2, 2);
    EXPECT_EQ(judge(history),
              "fail: listed-end-regressed, allowed: leader-incomplete (unclean election)");

    History hidden = replicated();
    hidden.raise(1, 0, 0, 10, {1, 2});
    list_end(hidden, 10);
    hidden.change(3, 1, {3}, true);
    hidden.lead(3, 1, 5, 5);
    list_end(hidden, 5, 1, 3);
    list_end(hidden, 4, 2, 2);
    EXPECT_EQ(hidden.judged_by("high-watermark").anomaly_count, 1u)
        << "the higher end before the election does not hide the one after it";
}

TEST(HighWatermark, AnElectionExcusesNoWatermarkOfTheNewLeader) {
    for (const int epoch : {0, 1}) {
        History history = replicated();
        history.change(3, 1, {3}, true);
        history.change(1, 2, {1, 2, 3});
        history.lead(1, epoch == 0 ? 0 : 3, 10, 0);
        history.raise(1, epoch == 0 ? 0 : 3, 0, 10, {1, 2, 3});
        EXPECT_EQ(judge(history), epoch == 0
                                      ? "pass, allowed: high-watermark-ahead (unclean election)"
                                      : "fail: high-watermark-ahead");
    }
}

TEST(HighWatermark, ALossExcusesOnlyWhatWasCommittedBefore) {
    for (const bool before : {true, false}) {
        History history = replicated();
        const auto lose_all = [&] {
            history.lose_power(1);
            history.lose_power(2);
            for (const int broker : {1, 2}) {
                history.start_broker(broker);
                history.open_log(broker, 10);
            }
        };
        if (before) lose_all();
        history.lead(1, 1, 10, 0);
        history.raise(1, 1, 0, 10, {1});
        if (!before) lose_all();
        history.lead(3, 2, 5, 0);
        EXPECT_EQ(judge(history), before ? "fail: leader-incomplete"
                                         : "pass, allowed: leader-incomplete (power loss of the "
                                           "whole ISR)");
    }
}

// ---- the controller's in-sync set, at each of its decisions ----

TEST(HighWatermark, ObjectsToAMemberThatIsLetInShortOfWhatIsCommitted) {
    for (const int end : {5, 10}) {
        History history = replicated();
        history.raise(1, 0, 0, 10, {1, 2});
        if (end == 10) history.append(3, 5, 9, 0, 101);
        history.change(1, 0, {1, 2, 3});
        EXPECT_EQ(judge(history), end == 10 ? "pass" : "fail: high-watermark-ahead");
        history.change(1, 0, {1, 3});
        EXPECT_EQ(judge(history), end == 10 ? "pass" : "fail: high-watermark-ahead") << "once";
    }
}

TEST(HighWatermark, ObjectsToAMemberThatIsLetInWithSomethingElse) {
    History history = replicated();
    history.raise(1, 0, 0, 10, {1, 2});
    history.append(3, 5, 9, 0, 777);
    history.change(1, 0, {1, 2, 3});
    EXPECT_EQ(judge(history), "fail: in-sync-member-differs");
}

TEST(HighWatermark, ObjectsToAMemberThatCutsBackWhatIsCommitted) {
    History history = replicated();
    history.raise(1, 0, 0, 10, {1, 2});
    history.truncate(2, 10, 5);
    history.change(1, 0, {1, 2});
    EXPECT_EQ(judge(history), "fail: high-watermark-ahead");
}

TEST(HighWatermark, CountsTheControllersMembersThatTheLeaderHasNotHeardOf) {
    History history = replicated();
    history.change(1, 0, {1, 2, 3});
    history.raise(1, 0, 0, 5, {1, 2});
    EXPECT_EQ(judge(history), "pass");
    history.raise(1, 0, 5, 10, {1, 2});
    EXPECT_EQ(judge(history), "fail: high-watermark-ahead");
}

TEST(HighWatermark, LeavesAMemberAloneWhoseProcessIsNotRegisteredYet) {
    for (const bool is_registered : {true, false}) {
        History history = replicated();
        const auto enrol = [&] {
            history.by_broker(1, model::BrokerRegistered{.broker = BrokerId{3}});
        };
        enrol();
        history.raise(1, 0, 0, 10, {1, 2});
        history.lose_power(3);
        history.start_broker(3);
        history.open_log(3, 5);
        if (is_registered) enrol();
        history.change(1, 0, {1, 2, 3});
        EXPECT_EQ(judge(history), is_registered ? "fail: high-watermark-ahead" : "pass");
    }
}

TEST(HighWatermark, AllowsAMemberThatFollowsAnUncleanLeader) {
    History history = replicated();
    history.raise(1, 0, 0, 10, {1, 2});
    history.change(3, 1, {3}, true);
    history.truncate(2, 10, 5);
    history.change(3, 1, {2, 3});
    EXPECT_EQ(judge(history, Contract::safe), "fail: high-watermark-ahead high-watermark-ahead");
    EXPECT_EQ(history.judged_by("high-watermark").allowed_count, 2u);
}

TEST(HighWatermark, ObjectsToAnEndListedAboveIt) {
    History history = replicated();
    history.raise(1, 0, 0, 5, {1, 2});
    list_end(history, 10);
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

// A topic of three replicas, of which broker 1 leads epoch 0 with the in-sync set {1, 2}.
History with_min_in_sync(int required) {
    History history;
    history.start_brokers();
    history.by_broker(1, model::TopicCreated{.topic = orders.topic,
                                             .partitions = 1,
                                             .replication_factor = 3,
                                             .min_insync_replicas = required});
    history.change(1, 0, {1, 2});
    history.lead(1, 0, 0);
    history.append(1, 0, 4, 0, 100, leader);
    history.append(2, 0, 4, 0, 100);
    return history;
}
// Broker 1 raises its high watermark, told the controller's decision `partition_epoch`.
void raise_as_told(History& history, int from, int to, int partition_epoch,
                   const std::vector<int>& isr) {
    history.by_broker(
        1, model::HighWatermarkAdvanced{.broker = BrokerId{1},
                                        .partition = orders,
                                        .role = leader,
                                        .leader_epoch = LeaderEpoch{0},
                                        .from = Offset{from},
                                        .to = Offset{to},
                                        .maximal_isr = brokers(isr),
                                        .partition_epoch = model::PartitionEpoch{partition_epoch}});
}
void configure(History& history, std::string resource, std::string value, bool is_default = false) {
    history.by_broker(1, model::ConfigChanged{.resource = std::move(resource),
                                              .setting = "min.insync.replicas",
                                              .value = std::move(value),
                                              .is_default = is_default});
}

TEST(HighWatermark, ObjectsToOneThatAdvancesBelowMinIsr) {
    History history = with_min_in_sync(2);
    raise_as_told(history, 0, 2, 0, {1, 2});
    EXPECT_EQ(judge(history), "pass");
    history.change(1, 0, {1});
    raise_as_told(history, 2, 3, 0, {1, 2});
    EXPECT_EQ(judge(history), "pass") << "the leader had not been told yet";
    raise_as_told(history, 3, 4, 1, {1, 2});
    const CheckerReport report = history.judged_by("high-watermark");
    EXPECT_EQ(summary(report), "fail: below-min-isr") << "what it proposes is not committed";
    EXPECT_EQ(report.anomalies[0].evidence[5],
              (std::pair<std::string, std::string>{"required", "2"}));
}

TEST(HighWatermark, AsksForNoMoreInSyncThanThereAreReplicas) {
    for (const int in_sync : {2, 3}) {
        History history = with_min_in_sync(5);
        std::vector<int> isr{1, 2, 3};
        isr.resize(static_cast<std::size_t>(in_sync));
        history.append(3, 0, 4, 0, 100);
        history.change(1, 0, isr);
        raise_as_told(history, 0, 5, 1, isr);
        EXPECT_EQ(judge(history), in_sync == 3 ? "pass" : "fail: below-min-isr");
    }
}

TEST(HighWatermark, HoldsALeaderToTheLowestMinIsrSinceItsElection) {
    History lowered = with_min_in_sync(2);
    lowered.change(1, 0, {1});
    configure(lowered, "topic orders", "1");
    raise_as_told(lowered, 0, 5, 1, {1});
    EXPECT_EQ(judge(lowered), "pass");

    History raised = with_min_in_sync(1);
    raised.change(1, 0, {1});
    configure(raised, "topic orders", "2");
    raise_as_told(raised, 0, 4, 1, {1});
    EXPECT_EQ(judge(raised), "pass") << "it may not have heard of it";

    History elsewhere = with_min_in_sync(2);
    elsewhere.change(1, 0, {1});
    configure(elsewhere, "topic payments", "1");
    raise_as_told(elsewhere, 0, 5, 1, {1});
    EXPECT_EQ(judge(elsewhere), "fail: below-min-isr");

    for (const std::string_view resource : {"topic orders", "all brokers"}) {
        History unknown = with_min_in_sync(2);
        unknown.change(1, 0, {1});
        configure(unknown, std::string(resource), "", true);
        raise_as_told(unknown, 0, 5, 1, {1});
        EXPECT_EQ(judge(unknown), "pass") << resource;
    }
}

TEST(HighWatermark, HoldsTheNextLeaderToAMinIsrThatWasRaisedBefore) {
    History history = with_min_in_sync(1);
    configure(history, "topic orders", "2");
    history.change(1, 1, {1});
    history.lead(1, 1, 5);
    history.by_broker(1, model::HighWatermarkAdvanced{.broker = BrokerId{1},
                                                      .partition = orders,
                                                      .role = leader,
                                                      .leader_epoch = LeaderEpoch{1},
                                                      .from = Offset{0},
                                                      .to = Offset{5},
                                                      .maximal_isr = brokers({1}),
                                                      .partition_epoch = model::PartitionEpoch{1}});
    EXPECT_EQ(judge(history), "fail: below-min-isr");
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

// ---- followers ----

CheckerReport judge_follower(std::uint32_t crc, int to, bool is_elected_uncleanly = false) {
    History history;
    history.start_brokers();
    history.change(1, 0, {1, 2});
    history.lead(1, 0, 0);
    history.append(1, 0, 4, 0, 11, model::ReplicaRole::leader);
    history.append(2, 0, 4, 0, 11);
    history.append(3, 0, 4, 0, crc);
    history.raise(1, 0, 0, 5, {1, 2});
    if (is_elected_uncleanly) history.change(3, 1, {3}, true);
    history.by_broker(3, model::HighWatermarkAdvanced{.broker = BrokerId{3},
                                                      .partition = orders,
                                                      .role = model::ReplicaRole::follower,
                                                      .leader_epoch = LeaderEpoch{0},
                                                      .from = Offset{0},
                                                      .to = Offset{to}});
    return history.judged_by("high-watermark");
}

TEST(HighWatermark, ObjectsToAFollowerThatTakesItsOwnForWhatIsCommitted) {
    EXPECT_EQ(summary(judge_follower(11, 5)), "pass");
    EXPECT_EQ(summary(judge_follower(12, 5)), "fail: follower-differs");
    EXPECT_EQ(summary(judge_follower(12, 3)), "pass") << "not all of the batch";
    const CheckerReport excused = judge_follower(12, 5, true);
    EXPECT_EQ(excused.anomaly_count, 0u);
    EXPECT_EQ(excused.anomalies.back().type, "follower-differs");
    EXPECT_EQ(excused.anomalies.back().cause, "unclean election");
}

// ---- beginnings ----

TEST(HighWatermark, ObjectsToAReplicaThatBeginsWithMoreThanAnyLeaderGotTo) {
    const auto begun_at = [](int high_watermark, bool is_restarted) {
        History history;
        history.start_brokers();
        history.change(1, 0, {1, 2});
        history.lead(1, 0, 0);
        history.append(1, 0, 9, 0, 11, model::ReplicaRole::leader);
        history.append(2, 0, 9, 0, 11);
        history.raise(1, 0, 0, 5, {1, 2});
        if (is_restarted) history.open_log(2, 10, high_watermark);
        history.lead(2, 1, 10, high_watermark);
        return judge(history);
    };
    for (const bool is_restarted : {true, false}) {
        EXPECT_EQ(begun_at(0, is_restarted), "pass");
        EXPECT_EQ(begun_at(5, is_restarted), "pass");
        EXPECT_EQ(begun_at(6, is_restarted), "fail: high-watermark-assumed");
    }
}

TEST(HighWatermark, AcceptsTheCheckpointOfATopicThatIsGone) {
    History history;
    history.start_brokers();
    history.open_log(2, 10, 10);
    EXPECT_EQ(judge(history), "n/a");
}

TEST(HighWatermark, AcceptsAReplicaThatBeginsWhereItsLogDoes) {
    History history;
    history.start_brokers();
    history.append(1, 0, 9, 0, 11);
    history.move_log_start(1, 10, "leader's log start");
    history.open_log(1, 10, 10, 10);
    history.lead(1, 0, 10, 10);
    EXPECT_EQ(judge(history), "pass");
}

std::string judge_coordinator(int committed, int epoch = 1) {
    History history;
    history.start_brokers();
    history.change(1, 0, {1, 2});
    history.append(1, 0, 9, 0, 11);
    history.lead(1, 1, 10);
    if (committed > 0) history.raise(1, 1, 0, committed, {1});
    history.by_broker(1, model::CoordinatorChanged{.broker = BrokerId{1},
                                                   .partition = orders,
                                                   .leader_epoch = LeaderEpoch{epoch},
                                                   .active = true});
    return judge(history);
}

TEST(HighWatermark, ObjectsToACoordinatorOnRecordsThatAreNotCommitted) {
    EXPECT_EQ(judge_coordinator(10), "pass");
    EXPECT_EQ(judge_coordinator(9), "fail: read-above-high-watermark");
    EXPECT_EQ(judge_coordinator(0), "fail: read-above-high-watermark");
    EXPECT_EQ(judge_coordinator(9, 0), "pass") << "of a reign that the trace did not tell of";
}

}  // namespace
}  // namespace squall::checkers
