#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/checkers/transactions.h"

namespace squall::checkers {
namespace {

std::string judge(const History& history, Contract contract = Contract::configured) {
    return summary(history.judged_by("transaction-state", contract));
}

model::TransactionLoaded load(const model::TransactionStateChanged& step, int coordinator_epoch) {
    return {.broker = BrokerId{2},
            .coordinator_epoch = coordinator_epoch,
            .log = step.log,
            .log_offset = step.log_offset,
            .transactional_id = step.transactional_id,
            .state = step.to,
            .producer_id = step.producer_id,
            .producer_epoch = step.producer_epoch,
            .partitions = step.partitions};
}

// A producer that starts, publishes, commits, and starts anew.
std::vector<model::TransactionStateChanged> life() {
    return {Transactions::step("", "Empty", 0, 0),
            Transactions::step("Empty", "Ongoing", 0, 1, {orders}),
            Transactions::step("Ongoing", "Ongoing", 0, 2, {orders, refunds}),
            Transactions::step("Ongoing", "PrepareCommit", 1, 3, {orders, refunds}),
            Transactions::step("PrepareCommit", "CompleteCommit", 1, 4),
            Transactions::step("CompleteCommit", "Empty", 2, 5)};
}

Transactions history_of(const std::vector<model::TransactionStateChanged>& steps) {
    Transactions history;
    for (const auto& step : steps) history.take_step(step);
    return history;
}

TEST(TransactionState, AcceptsTheLifeOfAProducer) {
    const CheckerReport report = history_of(life()).judged_by("transaction-state");
    EXPECT_EQ(summary(report), "pass");
    EXPECT_EQ(report.judged, 6u);
}

TEST(TransactionState, AcceptsACoordinatorThatReadsWhatTookEffect) {
    auto steps = life();
    steps.resize(4);
    Transactions history = history_of(steps);
    history.by_broker(2, load(steps.back(), 1));
    EXPECT_EQ(judge(history), "pass");
}

TEST(TransactionState, AcceptsACoordinatorThatReadsMoreThanWasTold) {
    auto steps = life();
    const auto prepared = steps[3];
    steps.resize(3);
    Transactions history = history_of(steps);
    history.by_broker(2, load(prepared, 1));
    auto completed = life()[4];
    completed.broker = BrokerId{2};
    completed.coordinator_epoch = 1;
    history.by_broker(2, completed);
    EXPECT_EQ(judge(history), "pass");
}

TEST(TransactionState, ObjectsToACoordinatorThatReadsLessOrOtherwise) {
    auto steps = life();
    steps.resize(4);
    Transactions history = history_of(steps);
    auto older = load(steps[2], 1);
    history.by_broker(2, older);
    EXPECT_EQ(judge(history), "fail: state-lost");

    Transactions other = history_of(steps);
    auto wrong = load(steps[3], 1);
    wrong.state = "PrepareAbort";
    other.by_broker(2, wrong);
    EXPECT_EQ(judge(other), "fail: replay-differs");

    Transactions fewer = history_of(steps);
    wrong = load(steps[3], 1);
    wrong.partitions = {orders};
    fewer.by_broker(2, wrong);
    EXPECT_EQ(judge(fewer), "fail: replay-differs");
}

TEST(TransactionState, AllowsAStateToBeLostWithItsRecords) {
    auto steps = life();
    steps.resize(4);
    Transactions history = history_of(steps);
    history.by_broker(1, model::PartitionChanged{.partition = transaction_log,
                                                 .leader = BrokerId{2},
                                                 .leader_epoch = LeaderEpoch{1},
                                                 .replicas = brokers({1, 2}),
                                                 .isr = brokers({2}),
                                                 .unclean = true,
                                                 .reason = "test"});
    history.by_broker(2, load(steps[1], 1));
    EXPECT_EQ(judge(history), "pass, allowed: state-lost (unclean election)");
    EXPECT_EQ(judge(history, Contract::safe), "fail: state-lost");
}

TEST(TransactionState, ObjectsToAnEffectBeforeItsRecordIsCommitted) {
    Transactions history;
    history.write_log(0);
    history.by_broker(1, Transactions::step("", "Empty", 0, 0));
    EXPECT_EQ(judge(history), "pass");
    history.by_broker(1, Transactions::step("Empty", "Ongoing", 0, 1, {orders}));
    EXPECT_EQ(judge(history), "fail: uncommitted-state");
}

TEST(TransactionState, ObjectsToAStepThatIsNone) {
    EXPECT_EQ(judge(history_of({Transactions::step("", "Empty", 0, 0),
                                Transactions::step("Empty", "PrepareCommit", 0, 1)})),
              "fail: illegal-transition");
}

TEST(TransactionState, ObjectsToAStepFromAnotherState) {
    EXPECT_EQ(judge(history_of({Transactions::step("Empty", "Ongoing", 0, 0, {orders}),
                                Transactions::step("Empty", "Ongoing", 0, 1, {orders})})),
              "fail: state-forgotten");
}

TEST(TransactionState, ObjectsToEpochsThatGoDown) {
    EXPECT_EQ(judge(history_of({Transactions::step("", "Empty", 3, 0),
                                Transactions::step("Empty", "Ongoing", 2, 1, {orders})})),
              "fail: epoch-regressed");
}

TEST(TransactionState, AcceptsAnotherProducerIdAtEpochZeroButNotASharedOne) {
    auto rotated = Transactions::step("Empty", "Empty", 0, 1);
    rotated.producer_id = ProducerId{8};
    Transactions history = history_of({Transactions::step("", "Empty", 32766, 0), rotated});
    EXPECT_EQ(judge(history), "pass");
    auto other = Transactions::step("", "Empty", 0, 2);
    other.transactional_id = "stock";
    history.take_step(other);
    EXPECT_EQ(judge(history), "fail: producer-id-shared");
}

TEST(TransactionState, ObjectsToAPartitionThatIsForgotten) {
    EXPECT_EQ(judge(history_of({Transactions::step("Empty", "Ongoing", 0, 0, {orders, refunds}),
                                Transactions::step("Ongoing", "PrepareAbort", 1, 1, {refunds})})),
              "fail: partitions-forgotten");
}

TEST(TransactionState, AcceptsWhatADeposedCoordinatorTellsLate) {
    auto steps = life();
    const auto prepared = steps[3];
    steps.resize(3);
    Transactions history = history_of(steps);
    history.by_broker(2, load(prepared, 1));
    history.take_step(prepared);  // of epoch 0, which was held up
    EXPECT_EQ(judge(history), "pass");
    auto other = prepared;
    other.producer_epoch = ProducerEpoch{9};  // not what its successor read there
    history.by_broker(1, other);
    EXPECT_EQ(judge(history), "fail: stale-coordinator");
}

TEST(TransactionState, ObjectsToADeposedCoordinator) {
    auto steps = life();
    steps.resize(4);
    Transactions history = history_of(steps);
    history.by_broker(2, load(steps.back(), 1));
    history.take_step(life()[4]);  // of epoch 0
    EXPECT_EQ(judge(history), "fail: stale-coordinator");
}

TEST(TransactionState, ForgetsWhatIsDead) {
    EXPECT_EQ(judge(history_of({Transactions::step("", "Empty", 0, 0),
                                Transactions::step("Empty", "Dead", 0, 1),
                                Transactions::step("", "Empty", 0, 2)})),
              "pass");
}

RC_GTEST_PROP(TransactionState, ObjectsToAnyStepThatIsLeftOut, ()) {
    const Transactions history = history_of(life());
    // Ongoing twice in a row, the second may be missing.
    const auto dropped = *rc::gen::element<std::size_t>(1, 3, 4);
    RC_ASSERT(summary(judged_without<model::TransactionStateChanged>(history, "transaction-state",
                                                                     dropped)) != "pass");
}

RC_GTEST_PROP(TransactionState, ObjectsToAnyRecordThatTookEffectAtAnotherPlace, ()) {
    const Transactions history = history_of(life());
    const auto changed = static_cast<std::size_t>(*rc::gen::inRange(0, 6));
    const int by = *rc::gen::element(-2, -1, 1, 2);
    const CheckerReport report = judged_after<model::TransactionStateChanged>(
        history, "transaction-state", changed,
        [&](auto& step) { step.log_offset = step.log_offset + by; });
    RC_ASSERT(report.verdict == CheckerVerdict::fail);
}

}  // namespace
}  // namespace squall::checkers
