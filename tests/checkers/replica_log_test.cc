#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/checkers/history.h"

namespace squall::checkers {
namespace {

constexpr auto leader = model::ReplicaRole::leader;

std::string judge(const History& history, Contract contract = Contract::configured) {
    return summary(history.judged_by("replica-log", contract));
}

TEST(ReplicaLog, AcceptsFollowersThatCopyTheirLeader) {
    History history;
    history.change(1, 0, {1, 2, 3});
    history.lead(1, 0, 0);
    history.append(1, 0, 4, 0, 100, leader);
    history.append(1, 5, 5, 0, 101, leader);
    for (const int follower : {2, 3}) {
        history.append(follower, 0, 4, 0, 100);
        history.append(follower, 5, 5, 0, 101);
    }
    EXPECT_EQ(judge(history), "pass");
}

TEST(ReplicaLog, ObjectsToAnotherBatchUnderTheSameOffsetAndEpoch) {
    History history;
    history.append(1, 0, 4, 0, 100, leader);
    history.append(2, 0, 4, 0, 999);
    EXPECT_EQ(judge(history), "fail: log-divergence");
}

TEST(ReplicaLog, ObjectsToTheSameBatchAfterAnotherPrefix) {
    History history;
    history.append(1, 0, 4, 0, 100, leader);
    history.append(1, 5, 9, 1, 101, leader);
    history.append(1, 10, 10, 2, 102, leader);
    history.append(2, 0, 4, 0, 100);
    history.append(2, 5, 9, 0, 103);  // of an epoch before; legal until it meets batch 10
    EXPECT_EQ(judge(history), "pass");
    history.append(2, 10, 10, 2, 102);
    EXPECT_EQ(judge(history, Contract::configured), "fail: log-divergence");
}

TEST(ReplicaLog, AcceptsATruncationToTheLeadersLog) {
    History history;
    history.append(1, 0, 4, 0, 100, leader);
    history.append(2, 0, 4, 0, 100);
    history.append(1, 5, 9, 0, 101, leader);
    history.append(2, 5, 9, 1, 102, leader);
    history.truncate(1, 10, 5);
    history.append(1, 5, 9, 1, 102);
    EXPECT_EQ(judge(history), "pass");
}

TEST(ReplicaLog, ObjectsToAnAppendOverWhatIsThere) {
    History history;
    history.append(1, 0, 4, 0, 100, leader);
    history.append(1, 3, 6, 1, 101, leader);
    EXPECT_EQ(judge(history), "fail: overwrite");
}

TEST(ReplicaLog, AcceptsALogThatLostItsUnsyncedEndToAPowerFailure) {
    History history;
    history.start_broker(2);
    history.append(2, 0, 4, 0, 100);
    history.append(2, 5, 9, 0, 101);
    history.lose_power(2);
    history.start_broker(2);
    history.open_log(2, 5);
    history.append(2, 5, 9, 0, 101);
    EXPECT_EQ(judge(history), "pass");
}

TEST(ReplicaLog, DoesNotCompareThePrefixOfALogThatStartsLater) {
    History later;
    later.append(1, 0, 4, 0, 100, leader);
    later.append(1, 5, 9, 0, 101, leader);
    later.truncate(3, 0, 5, "out of range");
    later.append(3, 5, 9, 0, 101);
    EXPECT_EQ(judge(later), "pass");
}

TEST(ReplicaLog, DoesNotCompareThePrefixOfALogOpenedWithMoreThanWasTold) {
    History history;
    history.append(1, 0, 4, 0, 100, leader);
    history.append(1, 5, 9, 0, 101, leader);
    history.append(1, 10, 10, 0, 102, leader);
    history.append(2, 0, 4, 0, 100);
    history.open_log(2, 10);
    history.append(2, 10, 10, 0, 102);
    EXPECT_EQ(judge(history), "pass");
}

TEST(ReplicaLog, ObjectsToTwoLeadersOfOneEpoch) {
    History history;
    history.lead(1, 4, 0);
    history.lead(2, 4, 0);
    EXPECT_EQ(judge(history), "fail: two-leaders");
}

TEST(ReplicaLog, ObjectsToABatchWrittenByALeaderOfSomebodyElsesEpoch) {
    History history;
    history.lead(1, 4, 0);
    history.append(2, 0, 0, 4, 1, leader);
    EXPECT_EQ(judge(history), "fail: two-leaders");
}

TEST(ReplicaLog, ObjectsToALeaderEpochThatGoesBack) {
    History history;
    history.change(1, 3, {1, 2});
    history.change(2, 2, {1, 2});
    EXPECT_EQ(judge(history), "fail: leader-epoch");
}

TEST(ReplicaLog, ObjectsToANewLeaderUnderTheOldEpoch) {
    History history;
    history.change(1, 3, {1, 2});
    history.change(2, 3, {1, 2});
    EXPECT_EQ(judge(history), "fail: leader-epoch");
}

TEST(ReplicaLog, ObjectsToABrokerThatFollowsAnOlderEpoch) {
    History history;
    history.start_broker(1);
    history.lead(1, 3, 0);
    history.lead(1, 2, 0);
    EXPECT_EQ(judge(history), "fail: leader-epoch");

    History restarted;
    restarted.start_broker(1);
    restarted.lead(1, 2, 0);
    restarted.lead(1, 3, 0);
    restarted.stop(1);
    restarted.start_broker(1);
    restarted.lead(1, 2, 0);  // it replays what it knew
    EXPECT_EQ(judge(restarted), "pass");
}

TEST(ReplicaLog, ObjectsToALeaderOutsideTheIsr) {
    History history;
    history.change(1, 3, {2, 3});
    EXPECT_EQ(judge(history), "fail: leader-not-in-isr");
    History leaderless;
    leaderless.change(-1, 3, {});
    EXPECT_EQ(judge(leaderless), "pass");
}

TEST(ReplicaLog, ObjectsToAPartitionEpochThatStandsStill) {
    History history;
    const auto changed = [&](std::vector<int> isr) {
        history.by_broker(1, model::PartitionChanged{.partition = orders,
                                                     .leader = BrokerId{1},
                                                     .leader_epoch = LeaderEpoch{0},
                                                     .partition_epoch = model::PartitionEpoch{4},
                                                     .isr = brokers(isr)});
    };
    changed({1, 2});
    changed({1, 2});  // told again by another controller
    EXPECT_EQ(judge(history), "pass");
    changed({1});
    EXPECT_EQ(judge(history), "fail: partition-epoch");
}

TEST(ReplicaLog, StartsAnewWithATopicMadeAgain) {
    History history;
    const auto create = [&](std::uint64_t id) {
        history.by_broker(
            1, model::TopicCreated{
                   .topic = orders.topic, .topic_id = {.high = 0, .low = id}, .partitions = 1});
    };
    create(1);
    history.append(1, 0, 0, 0, 100, leader);
    create(2);
    history.append(2, 0, 0, 0, 200, leader);
    EXPECT_EQ(judge(history), "pass");
}

// Leaders come and go cleanly; every follower first truncates to where the logs agree, then copies.
// Such a history passes, and one flipped CRC on one replica is found.
RC_GTEST_PROP(ReplicaLog, AcceptsEveryCleanHistoryAndFindsOneFlippedBatch, ()) {
    struct Batch {
        int base, last, epoch;
        std::uint32_t crc;
    };
    History history;
    history.start_brokers();
    std::map<int, std::vector<Batch>> logs{{1, {}}, {2, {}}, {3, {}}};
    const int reigns = *rc::gen::inRange(1, 6);
    const bool flips = *rc::gen::arbitrary<bool>();
    std::uint32_t crc = 1;
    bool has_flipped = false;
    for (int epoch = 0; epoch < reigns; ++epoch) {
        // The longest log leads, as a member of the in-sync set would.
        int chief = *rc::gen::inRange(1, 4);
        for (const auto& [broker, log] : logs) {
            if (log.size() > logs[chief].size()) chief = broker;
        }
        const auto end = [](const std::vector<Batch>& log) {
            return log.empty() ? 0 : log.back().last + 1;
        };
        history.lead(chief, epoch, end(logs[chief]));
        for (int i = *rc::gen::inRange(1, 5); i > 0; --i) {
            const int base = end(logs[chief]);
            const Batch batch{base, base + *rc::gen::inRange(0, 3), epoch, crc++};
            logs[chief].push_back(batch);
            history.append(chief, batch.base, batch.last, batch.epoch, batch.crc, leader);
        }
        for (auto& [broker, log] : logs) {
            if (broker == chief) continue;
            std::size_t same = 0;
            while (same < log.size() && same < logs[chief].size() &&
                   log[same].crc == logs[chief][same].crc) {
                ++same;
            }
            if (same < log.size()) {
                history.truncate(broker, end(log), log[same].base);
                log.resize(same);
            }
            const std::size_t upto = *rc::gen::inRange(same, logs[chief].size() + 1);
            for (; same < upto; ++same) {
                Batch batch = logs[chief][same];
                log.push_back(batch);
                if (flips && !has_flipped) {
                    has_flipped = true;
                    batch.crc ^= 0x80000000u;
                }
                history.append(broker, batch.base, batch.last, batch.epoch, batch.crc);
            }
        }
    }
    const CheckerReport report = history.judged_by("replica-log");
    RC_ASSERT(report.verdict == (has_flipped ? CheckerVerdict::fail : CheckerVerdict::pass));
    for (const Anomaly& anomaly : report.anomalies) RC_ASSERT(anomaly.type == "log-divergence");
}

// Each replica writes what compaction leaves at its own time: neither is the other's.
TEST(ReplicaLog, DoesNotCompareWhatWasCompacted) {
    for (const bool is_compacted : {false, true}) {
        History history;
        history.start_brokers();
        history.append(1, 0, 4, 0, 100, model::ReplicaRole::leader);
        history.append(1, 5, 9, 0, 101, model::ReplicaRole::leader);
        if (is_compacted) {
            history.by_broker(1, model::LogCleaned{.broker = BrokerId{1},
                                                   .partition = orders,
                                                   .from = Offset{0},
                                                   .to = Offset{5}});
        }
        history.append(2, 0, 4, 0, 999);
        history.append(2, 5, 9, 0, 101);
        EXPECT_EQ(judge(history), is_compacted ? "pass" : "fail: log-divergence log-divergence");
    }
}

// No loss of power is told of a broker that is down already.
TEST(ReplicaLog, ALogMayBeginAnewAfterItsDiskWasReplacedWhileItsBrokerWasDown) {
    for (const bool is_replaced : {false, true}) {
        History history;
        history.start_brokers();
        history.append(1, 0, 9, 0, 100, model::ReplicaRole::leader);
        history.append(2, 0, 9, 0, 100);
        history.stop(2, sim::StopReason::shutdown);
        if (is_replaced) {
            history.by_broker(2, sim::DiskFaultHit{.fault = "lost",
                                                   .path = "orders-0/00000000000000000000.log",
                                                   .bytes = 500,
                                                   .rule_id = "replaced"});
        }
        history.start_broker(2);
        history.append(2, 0, 9, 0, 100);
        EXPECT_EQ(judge(history), is_replaced ? "pass" : "fail: overwrite");
    }
}

// Whoever runs on still has what it had.
TEST(ReplicaLog, ALogDoesNotBeginAnewUnderABrokerThatRuns) {
    History history;
    history.start_brokers();
    history.append(1, 0, 9, 0, 100, model::ReplicaRole::leader);
    history.append(2, 0, 9, 0, 100);
    history.by_broker(2, sim::DiskFaultHit{.fault = "lost",
                                           .path = "orders-0/00000000000000000000.log",
                                           .bytes = 500,
                                           .rule_id = "replaced"});
    history.append(2, 0, 9, 0, 100);
    EXPECT_EQ(judge(history), "fail: overwrite");
}

}  // namespace
}  // namespace squall::checkers
