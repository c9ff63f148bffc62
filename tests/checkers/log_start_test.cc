#include <gtest/gtest.h>

#include "tests/checkers/history.h"

namespace squall::checkers {
namespace {

constexpr auto leader = model::ReplicaRole::leader;

std::string judge(const History& history, std::string_view checker = "log-start") {
    return summary(history.judged_by(checker));
}

void create_topic(History& history, const std::vector<model::Setting>& settings = {}) {
    history.by_broker(
        1, model::TopicCreated{.topic = orders.topic, .topic_id = {1, 1}, .settings = settings});
}
void set(History& history, std::string resource, std::string setting, std::string value) {
    history.by_broker(1, model::ConfigChanged{.resource = std::move(resource),
                                              .setting = std::move(setting),
                                              .value = std::move(value)});
}
void append(History& history, int broker, int base, int last, model::TimestampMs max_timestamp,
            std::uint32_t bytes = 100, model::ReplicaRole role = leader) {
    history.by_broker(broker, model::BatchAppended{.broker = BrokerId{broker},
                                                   .partition = orders,
                                                   .role = role,
                                                   .base_offset = Offset{base},
                                                   .last_offset = Offset{last},
                                                   .leader_epoch = LeaderEpoch{0},
                                                   .crc = static_cast<std::uint32_t>(base),
                                                   .max_timestamp = max_timestamp,
                                                   .bytes = bytes});
}
void move(History& history, int broker, int to, std::string reason,
          model::TimestampMs wall_time = 0) {
    history.by_broker(broker, model::LogStartAdvanced{.broker = BrokerId{broker},
                                                      .partition = orders,
                                                      .to = Offset{to},
                                                      .reason = std::move(reason),
                                                      .wall_time = wall_time});
}
void ask(History& history, int offset, const TopicPartition& partition = orders) {
    history.by_client(
        "admin",
        model::DeleteRecordsInvoked{
            .client_id = "admin", .offsets = {{.partition = partition, .offset = Offset{offset}}}});
}
void clean(History& history, int broker, int to) {
    history.by_broker(
        broker,
        model::LogCleaned{
            .broker = BrokerId{broker}, .partition = orders, .from = Offset{0}, .to = Offset{to}});
}

// Broker 1 leads; three batches of five, written at 1000, 2000 and 3000 ms; ten are committed.
History three_batches(const std::vector<model::Setting>& settings = {}) {
    History history;
    history.start_brokers();
    create_topic(history, settings);
    history.change(1, 0, {1, 2, 3});
    history.lead(1, 0, 0);
    append(history, 1, 0, 4, 1000);
    append(history, 1, 5, 9, 2000);
    append(history, 1, 10, 14, 3000);
    history.raise(1, 0, 0, 10, {1});
    return history;
}

TEST(LogStart, AcceptsRecordsThatAreOldEnough) {
    for (const int age : {500, 501}) {
        History history = three_batches({{"retention.ms", "500"}});
        move(history, 1, 5, "retention", 1000 + age);
        EXPECT_EQ(judge(history), age == 501 ? "pass" : "fail: retention-not-allowed");
    }
}

TEST(LogStart, HasNothingToSayOfLogsThatStay) {
    EXPECT_EQ(judge(three_batches()), "n/a");
}

TEST(LogStart, AsksForTheAgeOfEachBatchThatGoes) {
    History history = three_batches({{"retention.ms", "500"}});
    move(history, 1, 10, "retention", 2400);
    const CheckerReport report = history.judged_by("log-start");
    EXPECT_EQ(summary(report), "fail: retention-not-allowed");
    EXPECT_EQ(report.anomalies[0].evidence[5],
              (std::pair<std::string, std::string>{"too_young", "5"}));
}

TEST(LogStart, AcceptsRecordsThatAreMoreThanMayStay) {
    for (const int most : {-1, 200, 201}) {
        History history =
            three_batches({{"retention.ms", "-1"}, {"retention.bytes", std::to_string(most)}});
        move(history, 1, 5, "retention", 9999);
        EXPECT_EQ(judge(history), most == 200 ? "pass" : "fail: retention-not-allowed") << most;
    }
}

TEST(LogStart, GoesByTheLoosestSettingThatEverWas) {
    for (const std::string_view where : {"topic orders", "all brokers", "broker 1"}) {
        History history = three_batches();
        history.by_broker(1, model::BrokerConfigured{.broker = BrokerId{1}});
        const std::string name = where == "topic orders" ? "retention.ms" : "log.retention.ms";
        set(history, std::string(where), name, "500");
        set(history, std::string(where), name, "90000");
        move(history, 1, 5, "retention", 2000);
        EXPECT_EQ(judge(history), "pass") << where;
    }
    History unchanged = three_batches();
    move(unchanged, 1, 5, "retention", 2000);
    EXPECT_EQ(judge(unchanged), "fail: retention-not-allowed") << "seven days";
}

TEST(LogStart, GoesByWhatBrokersWereStartedWith) {
    History history;
    history.by_broker(1, model::BrokerConfigured{.broker = BrokerId{1}, .retention_ms = 500});
    create_topic(history);
    append(history, 1, 0, 4, 1000);
    append(history, 1, 5, 9, 2000);
    move(history, 1, 5, "retention", 1600);
    EXPECT_EQ(judge(history), "pass");
}

TEST(LogStart, DoesNotJudgeTheAgeOfWhatWasNotTold) {
    History history;
    history.start_brokers();
    create_topic(history, {{"retention.ms", "500"}});
    history.open_log(1, 10, 10);
    append(history, 1, 10, 14, 3000);
    move(history, 1, 10, "retention", 3001);
    EXPECT_EQ(judge(history), "pass");
    History unknown;
    append(unknown, 1, 0, 4, 1000);
    move(unknown, 1, 5, "retention", 1001);
    EXPECT_EQ(judge(unknown), "pass") << "nobody told of the topic";
}

TEST(LogStart, ObjectsToRetentionOfATopicThatIsOnlyCompacted) {
    History history = three_batches({{"cleanup.policy", "compact"}, {"retention.ms", "1"}});
    move(history, 1, 5, "retention", 9999);
    EXPECT_EQ(judge(history), "fail: retention-not-allowed");
    History both = three_batches({{"cleanup.policy", "compact,delete"}, {"retention.ms", "1"}});
    move(both, 1, 5, "retention", 9999);
    EXPECT_EQ(judge(both), "pass");
}

TEST(LogStart, ObjectsToWhatIsNotCommitted) {
    for (const std::string_view reason : {"retention", "delete records"}) {
        History history = three_batches({{"retention.ms", "1"}});
        ask(history, 15);
        move(history, 1, 10, std::string(reason), 9999);
        EXPECT_EQ(judge(history), "pass");
        move(history, 1, 15, std::string(reason), 9999);
        EXPECT_EQ(judge(history), "fail: log-start-beyond-high-watermark");
    }
}

TEST(LogStart, ObjectsToADeletionThatNobodyAskedFor) {
    struct Case {
        int asked;
        TopicPartition partition;
        const char* expected;
    };
    for (const Case& c : {Case{7, orders, "pass"}, Case{-1, orders, "pass"},
                          Case{6, orders, "fail: deletion-not-asked"},
                          Case{7, {"orders", 1}, "fail: deletion-not-asked"}}) {
        History history = three_batches();
        ask(history, c.asked, c.partition);
        move(history, 1, 7, "delete records");
        EXPECT_EQ(judge(history), c.expected) << c.asked;
    }
    History made_again = three_batches();
    ask(made_again, 7);
    made_again.by_broker(1, model::TopicCreated{.topic = orders.topic, .topic_id = {2, 2}});
    append(made_again, 1, 0, 9, 1000);
    move(made_again, 1, 7, "delete records");
    EXPECT_EQ(judge(made_again), "fail: deletion-not-asked");
}

TEST(LogStart, HoldsFollowersToTheirLeaders) {
    History history = three_batches();
    append(history, 2, 0, 4, 1000, 100, model::ReplicaRole::follower);
    ask(history, 7);
    move(history, 1, 7, "delete records");
    move(history, 2, 7, "leader's log start");
    EXPECT_EQ(judge(history), "pass");
    move(history, 2, 8, "leader's log start");
    EXPECT_EQ(judge(history), "fail: log-start-not-the-leaders");
}

TEST(LogStart, ObjectsToOneThatGoesBack) {
    History history = three_batches();
    ask(history, 7);
    move(history, 1, 7, "delete records");
    move(history, 1, 6, "delete records");
    EXPECT_EQ(judge(history), "fail: log-start-regressed");

    History truncated = three_batches();
    ask(truncated, 7);
    move(truncated, 1, 7, "delete records");
    truncated.truncate(1, 15, 3, "out of range");
    move(truncated, 1, 5, "leader's log start");
    EXPECT_EQ(judge(truncated), "pass");
}

TEST(LogStart, JudgesWhereALogIsOpenedOnlyAfterACleanStop) {
    for (const bool clean : {true, false}) {
        for (const int start : {7, 5}) {
            History history = three_batches();
            ask(history, 7);
            move(history, 1, 7, "delete records");
            history.stop(1, clean ? sim::StopReason::shutdown : sim::StopReason::crash);
            history.by_broker(1, model::BrokerStarted{.broker = BrokerId{1}, .clean = clean});
            history.open_log(1, 15, 10, start);
            EXPECT_EQ(judge(history), clean && start == 5 ? "fail: log-start-regressed" : "pass");
        }
    }
}

TEST(LogStart, ObjectsToACleaningOfATopicThatIsNotCompacted) {
    History history = three_batches();
    clean(history, 1, 5);
    EXPECT_EQ(judge(history), "fail: cleaning-not-allowed");

    History compacted = three_batches({{"cleanup.policy", "compact"}});
    clean(compacted, 1, 10);
    EXPECT_EQ(judge(compacted), "pass");
    clean(compacted, 1, 15);
    EXPECT_EQ(judge(compacted), "fail: log-start-beyond-high-watermark");
}

TEST(LogStart, WhatMustNotGoExcusesNoLoss) {
    for (const bool asked : {true, false}) {
        History history = three_batches();
        history.configure_producer("p1", -1, true);
        history.send("p1", 1, 3);
        if (asked) ask(history, 5);
        move(history, 1, 5, "delete records");
        history.calm();
        history.set_position("v", "", 0, model::PositionReason::reset_earliest);
        history.poll("v", "", 5, {6, 7});
        EXPECT_EQ(judge(history, "lost-write"),
                  asked ? "pass, allowed: lost-write (log start moved)" : "fail: lost-write");
    }
}

// ---- deletions that were answered ----

struct Deleting {
    int asked = 7;
    bool follower_deletes = false;
    bool follower_is_in_sync = true;
    bool follower_restarts = false;
    Outcome outcome = Outcome::ok;
};
std::string judge_deletion(const Deleting& how) {
    History history = three_batches();
    for (const int base : {0, 5})
        append(history, 2, base, base + 4, 1000, 100, model::ReplicaRole::follower);
    if (!how.follower_is_in_sync) history.change(1, 0, {1, 3});
    ask(history, how.asked);
    move(history, 1, 7, "delete records");
    if (how.follower_deletes) move(history, 2, 7, "leader's log start");
    if (how.follower_restarts) {
        history.stop(2);
        history.start_broker(2);
    }
    history.by_client("admin", model::AdminCompleted{.client_id = "admin",
                                                     .request = "DeleteRecords orders-0",
                                                     .outcome = how.outcome});
    return judge(history);
}

TEST(LogStart, AcceptsADeletionThatIsAnsweredWhenEverybodyHasDoneIt) {
    EXPECT_EQ(judge_deletion({.follower_deletes = true}), "pass");
    EXPECT_EQ(judge_deletion({.asked = -1, .follower_deletes = true}), "pass");
}

TEST(LogStart, ObjectsToADeletionThatIsAnsweredBeforeAReplicaHasDoneIt) {
    EXPECT_EQ(judge_deletion({}), "fail: deletion-not-done");
    EXPECT_EQ(judge_deletion({.asked = -1}), "fail: deletion-not-done");
}

TEST(LogStart, DoesNotWaitForReplicasThatAreNotThere) {
    EXPECT_EQ(judge_deletion({.follower_is_in_sync = false}), "pass");
    EXPECT_EQ(judge_deletion({.follower_restarts = true}), "pass");
    EXPECT_EQ(judge_deletion({.outcome = Outcome::unknown}), "pass");
}

}  // namespace
}  // namespace squall::checkers
