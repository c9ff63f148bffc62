#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/checkers/transactions.h"

namespace squall::checkers {
namespace {

// The producers of these histories have five seconds: with scan and grace the bound is 30 s.
std::string judge(const History& history, Contract contract = Contract::configured) {
    return summary(history.judged_by("hanging-transaction", contract));
}

TEST(HangingTransaction, AcceptsTransactionsThatEndInTime) {
    Transactions history;
    const auto producer = history.start_producer("p1");
    history.append_numbered(producer, orders, {10});
    history.store_offset(producer, 5);
    history.take_step(Transactions::step("Empty", "Ongoing", 0, 0, {orders}));
    history.calm();
    history.wait(20s);
    history.mark(producer, orders, false);
    history.resolve(producer, 5, false);
    history.take_step(Transactions::step("Ongoing", "PrepareAbort", 1, 1, {orders}));
    history.take_step(Transactions::step("PrepareAbort", "CompleteAbort", 1, 2));
    history.wait(100s);
    history.calm();
    const CheckerReport report = history.judged_by("hanging-transaction");
    EXPECT_EQ(summary(report), "pass");
    EXPECT_EQ(report.judged, 4u);
}

TEST(HangingTransaction, ObjectsToAnOpenTransactionInAPartition) {
    for (const bool ends_late : {false, true}) {
        Transactions history;
        const auto producer = history.start_producer("p1");
        history.append_numbered(producer, orders, {10});
        history.calm();
        history.wait(40s);
        if (ends_late) {
            history.mark(producer, orders, false);
        } else {
            history.by_harness(sim::FaultHealed{});
        }
        EXPECT_EQ(judge(history), "fail: stable-offset-stuck");
    }
}

TEST(HangingTransaction, AllowsWhatVersionOneLetsInUnverified) {
    const auto hung = [](int version, bool is_verified, Contract contract) {
        Transactions history;
        const auto producer = history.start_producer("p1", 7, 0, version);
        history.begin(producer);
        if (is_verified) {
            history.by_broker(1, model::PartitionVerified{.broker = BrokerId{1},
                                                          .partition = orders,
                                                          .producer_id = ProducerId{7},
                                                          .producer_epoch = ProducerEpoch{0},
                                                          .error = "TRANSACTION_ABORTABLE"});
        }
        history.append_numbered(producer, orders, {10});
        history.calm();
        history.wait(40s);
        history.by_harness(sim::FaultHealed{});
        return judge(history, contract);
    };
    using enum Contract;
    EXPECT_EQ(hung(1, false, configured),
              "pass, allowed: stable-offset-stuck (unverified transactions of version 1)");
    EXPECT_EQ(hung(1, false, safe), "fail: stable-offset-stuck");
    EXPECT_EQ(hung(1, true, configured), "fail: stable-offset-stuck");
    EXPECT_EQ(hung(2, false, configured), "fail: stable-offset-stuck");
}

TEST(HangingTransaction, AllowsWhatACoordinatorForgotWithItsLog) {
    const TopicPartition offsets{.topic = model::offsets_topic, .partition = 0};
    const auto hung = [](const TopicPartition& lost, bool is_before, Contract contract) {
        Transactions history;
        const auto lose = [&] {
            history.by_broker(1, model::PartitionChanged{.partition = lost,
                                                         .leader = BrokerId{2},
                                                         .leader_epoch = LeaderEpoch{1},
                                                         .replicas = brokers({1, 2}),
                                                         .isr = brokers({2}),
                                                         .unclean = true});
        };
        const auto producer = history.start_producer("p1");
        if (is_before) lose();
        history.append_numbered(producer, orders, {10});
        history.store_offset(producer, 5);
        if (!is_before) lose();
        history.calm();
        history.wait(40s);
        history.by_harness(sim::FaultHealed{});
        return judge(history, contract);
    };
    using enum Contract;
    const std::string allowed =
        "pass, allowed: stable-offset-stuck (unclean election) offsets-pending (unclean election)";
    const std::string hanging = "fail: stable-offset-stuck offsets-pending";
    EXPECT_EQ(hung(transaction_log, false, configured), allowed);
    EXPECT_EQ(hung(transaction_log, false, safe), hanging);
    EXPECT_EQ(hung(transaction_log, true, configured), hanging) << "lost before it began";
    EXPECT_EQ(hung({.topic = "others", .partition = 0}, false, configured), hanging);
    EXPECT_EQ(hung(offsets, false, configured),
              "fail: stable-offset-stuck, allowed: offsets-pending (unclean election)")
        << "the marker may be lost there";
    EXPECT_EQ(hung(orders, false, configured),
              "fail: offsets-pending, allowed: stable-offset-stuck (unclean election)");
}

TEST(HangingTransaction, CountsFromTheCalmOn) {
    Transactions history;
    const auto producer = history.start_producer("p1");
    history.append_numbered(producer, orders, {10});
    history.wait(100s);
    history.calm();
    history.wait(20s);
    history.mark(producer, orders, false);
    EXPECT_EQ(judge(history), "pass");
}

TEST(HangingTransaction, LeavesOpenWhatTheEndOfTheRunCutShort) {
    Transactions history;
    const auto producer = history.start_producer("p1");
    history.append_numbered(producer, orders, {10});
    history.calm();
    history.wait(20s);
    history.by_harness(sim::FaultHealed{});
    EXPECT_EQ(judge(history), "inconclusive");
}

TEST(HangingTransaction, DoesNotMindATransactionThatBeganInTheCalm) {
    Transactions history;
    const auto producer = history.start_producer("p1");
    history.calm();
    history.append_numbered(producer, orders, {10});
    history.wait(20s);
    history.by_harness(sim::FaultHealed{});
    EXPECT_EQ(judge(history), "pass");
}

// A follower whose leader forgot the connection asks again after replica.socket.timeout.ms, 30 s.
TEST(HangingTransaction, WaitsForWhoLostAConnectionWithoutAWord) {
    for (const char* reason : {"half open", "reset"}) {
        Transactions history;
        history.start_producer("p1");
        history.take_step(Transactions::step("Empty", "PrepareCommit", 0, 0, {orders}));
        history.by_harness(sim::FrameLost{.reason = reason});
        history.wait(5s);
        history.calm();
        history.wait(40s);
        history.take_step(Transactions::step("PrepareCommit", "CompleteCommit", 1, 1));
        EXPECT_EQ(judge(history),
                  reason == std::string_view("reset") ? "fail: transaction-unfinished" : "pass");
    }
    Transactions history;
    history.start_producer("p1");
    history.take_step(Transactions::step("Empty", "PrepareCommit", 0, 0, {orders}));
    history.by_harness(sim::FrameLost{.reason = "half open"});
    history.wait(5s);
    history.calm();
    history.wait(60s);
    history.take_step(Transactions::step("PrepareCommit", "CompleteCommit", 1, 1));
    EXPECT_EQ(judge(history), "fail: transaction-unfinished");
}

TEST(HangingTransaction, DoesNotHoldAPartitionWithoutALeaderToIt) {
    Transactions history;
    const auto producer = history.start_producer("p1");
    history.append_numbered(producer, orders, {10});
    history.change(-1, 1, {});
    history.calm();
    history.wait(50s);
    history.by_harness(sim::FaultHealed{});
    EXPECT_EQ(judge(history), "n/a");
}

TEST(HangingTransaction, ObjectsToACoordinatorThatDoesNotFinish) {
    for (const char* state : {"Ongoing", "PrepareCommit"}) {
        Transactions history;
        history.start_producer("p1");
        history.calm();
        history.take_step(Transactions::step("Empty", state, 0, 0, {orders}));
        history.wait(26s);
        history.by_harness(sim::FaultHealed{});
        const bool is_prepared = std::string_view(state) == "PrepareCommit";
        EXPECT_EQ(judge(history), is_prepared ? "fail: transaction-unfinished" : "pass");
        history.wait(10s);
        history.by_harness(sim::FaultHealed{});
        EXPECT_EQ(judge(history), "fail: transaction-unfinished");
    }
}

TEST(HangingTransaction, ObjectsToOffsetsThatNobodyResolves) {
    Transactions history;
    const auto producer = history.start_producer("p1");
    history.store_offset(producer, 5);
    history.calm();
    history.wait(40s);
    history.by_harness(sim::FaultHealed{});
    EXPECT_EQ(judge(history), "fail: offsets-pending");
}

TEST(HangingTransaction, DoesNotHoldAGroupToOffsetsWhoseEndItsNextCoordinatorFound) {
    for (const bool is_loaded : {false, true}) {
        Transactions history;
        const auto producer = history.start_producer("p1");
        history.write_offset(producer, 5);
        history.store_offset(producer, 5);
        history.mark(producer, offsets_log, true);
        if (is_loaded) history.load_offsets();
        history.calm();
        history.wait(40s);
        history.by_harness(sim::FaultHealed{});
        EXPECT_EQ(judge(history), is_loaded ? "n/a" : "fail: offsets-pending");

        // The next transaction of the same producer is another one.
        const auto next = Transactions::next(producer);
        history.write_offset(next, 7);
        history.store_offset(next, 7);
        history.mark(next, offsets_log, true);
        history.resolve(next, 7, true);
        EXPECT_EQ(judge(history), is_loaded ? "pass" : "fail: offsets-pending");
    }
}

TEST(HangingTransaction, TakesTheIntervalOfTheScanFromTheBrokers) {
    for (const int seconds : {1, 10, 30}) {
        Transactions history;
        const auto producer = history.start_producer("p1");
        for (const int broker : {1, 2}) {
            history.by_broker(broker,
                              model::BrokerConfigured{
                                  .broker = BrokerId{broker},
                                  .transaction_abort_interval = (broker == 1 ? 1 : seconds) * 1s});
        }
        history.append_numbered(producer, orders, {10});
        history.calm();
        history.wait(25s);
        history.mark(producer, orders, false);
        EXPECT_EQ(judge(history), seconds == 1 ? "fail: stable-offset-stuck" : "pass");
    }
}

TEST(HangingTransaction, HasNothingToSayWithoutACalm) {
    Transactions history;
    const auto producer = history.start_producer("p1");
    history.append_numbered(producer, orders, {10});
    history.wait(100s);
    history.mark(producer, orders, false);
    EXPECT_EQ(judge(history), "n/a");
}

RC_GTEST_PROP(HangingTransaction, ObjectsToAnyMarkerThatNeverCame, ()) {
    Transactions history;
    auto producer = history.start_producer("p1");
    const int transactions = *rc::gen::inRange(1, 6);
    for (int i = 0; i < transactions; ++i) {
        history.append_numbered(producer, i % 2 == 0 ? orders : refunds, {i});
        history.mark(producer, i % 2 == 0 ? orders : refunds, true);
        producer = Transactions::next(producer);
        producer.producer_id = 7 + i + 1;  // the next one does not end it
    }
    history.calm();
    history.wait(100s);
    history.by_harness(sim::FaultHealed{});
    RC_ASSERT(judge(history) == "n/a");
    // Each marker is the second batch of its transaction. Producers without a name have a minute.
    const auto dropped = static_cast<std::size_t>(2 * *rc::gen::inRange(0, transactions) + 1);
    RC_ASSERT(summary(judged_without<model::BatchAppended>(
                  history, "hanging-transaction", dropped)) == "fail: stable-offset-stuck");
}

}  // namespace
}  // namespace squall::checkers
