#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/checkers/transactions.h"

namespace squall::checkers {
namespace {

std::string judge(const History& history, Contract contract = Contract::configured) {
    return summary(history.judged_by("atomicity", contract));
}

TEST(Atomicity, AcceptsTransactionsThatEndOneWayInAllTheirPartitions) {
    Transactions history;
    auto producer = history.start_producer("p1");
    for (const bool commit : {true, false}) {
        const OperationId transaction = history.begin(producer);
        history.publish(producer, transaction, orders, commit ? 10 : 20);
        history.publish(producer, transaction, refunds, commit ? 11 : 21);
        history.send_offset(producer, transaction, 5);
        history.end(producer, transaction, commit);
        history.mark(producer, orders, commit);
        history.mark(producer, refunds, commit);
        history.resolve(producer, 5, commit);
        producer = Transactions::next(producer);
    }
    const CheckerReport report = history.judged_by("atomicity");
    EXPECT_EQ(summary(report), "pass");
    EXPECT_EQ(report.judged, 4u) << "both as wholes, and each send of the committed one";
}

TEST(Atomicity, ObjectsToATornTransaction) {
    Transactions history;
    const auto producer = history.start_producer("p1");
    const OperationId transaction = history.begin(producer);
    history.publish(producer, transaction, orders, 10);
    history.publish(producer, transaction, refunds, 11);
    history.end(producer, transaction, true, Outcome::unknown);
    history.mark(producer, orders, true);
    history.mark(producer, refunds, false);
    const CheckerReport report = history.judged_by("atomicity");
    EXPECT_EQ(summary(report), "fail: torn");
    const auto& shown = report.anomalies[0].evidence;
    EXPECT_EQ(shown[6], (std::pair<std::string, std::string>{"committed", "orders-0 offset 0"}));
    EXPECT_EQ(shown[7], (std::pair<std::string, std::string>{"aborted", "refunds-0 offset 0"}));
}

TEST(Atomicity, ObjectsToOffsetsThatEndOtherwiseThanTheRecords) {
    Transactions history;
    const auto producer = history.start_producer("p1");
    const OperationId transaction = history.begin(producer);
    history.publish(producer, transaction, orders, 10);
    history.send_offset(producer, transaction, 5);
    history.end(producer, transaction, true);
    history.mark(producer, orders, true);
    history.resolve(producer, 5, false);
    EXPECT_EQ(judge(history), "fail: torn");
}

// Whoever coordinates the group next finds the marker in its log, and tells nothing; what it tells
// of the transaction after that is about other offsets.
TEST(Atomicity, OffsetsWhoseEndWasFoundByALoadEndAsTheLogSays) {
    for (const bool is_group_aborted : {true, false}) {
        Transactions history;
        const auto first = history.start_producer("p1");
        const OperationId aborted = history.begin(first);
        history.publish(first, aborted, orders, 10);
        history.write_offset(first, 5);
        history.send_offset(first, aborted, 5);
        history.end(first, aborted, false);
        history.mark(first, orders, false);
        history.mark(first, offsets_log, !is_group_aborted);
        history.load_offsets();

        const auto second = Transactions::next(first);
        const OperationId committed = history.begin(second);
        history.publish(second, committed, orders, 11);
        history.write_offset(second, 7);
        history.send_offset(second, committed, 7);
        history.end(second, committed, true);
        history.mark(second, orders, true);
        history.mark(second, offsets_log, true);
        history.resolve(second, 7, true);
        EXPECT_EQ(judge(history), is_group_aborted ? "pass" : "fail: torn");
    }
}

TEST(Atomicity, ObjectsToACommittedTransactionThatIsAborted) {
    Transactions history;
    const auto producer = history.start_producer("p1");
    const OperationId transaction = history.begin(producer);
    history.publish(producer, transaction, orders, 10);
    history.end(producer, transaction, true);
    history.mark(producer, orders, false);
    EXPECT_EQ(judge(history), "fail: contradicted");
}

TEST(Atomicity, ObjectsToACommitThatNobodyAskedFor) {
    for (const int what : {0, 1, 2}) {
        Transactions history;
        const auto producer = history.start_producer("p1");
        const OperationId transaction = history.begin(producer);
        history.publish(producer, transaction, orders, 10);
        if (what == 1) history.end(producer, transaction, false);
        if (what == 2) history.end(producer, transaction, true, Outcome::failed);
        history.mark(producer, orders, true);
        EXPECT_EQ(judge(history), "fail: contradicted") << what;
    }
}

TEST(Atomicity, LetsACommitOfUnknownOutcomeEndEitherWay) {
    for (const bool commit : {false, true}) {
        Transactions history;
        const auto producer = history.start_producer("p1");
        const OperationId transaction = history.begin(producer);
        history.publish(producer, transaction, orders, 10);
        if (commit) {
            history.end(producer, transaction, true, Outcome::unknown);
        } else {
            history.end_invoked(producer, transaction, true);  // the application died
        }
        history.mark(producer, orders, commit);
        EXPECT_EQ(judge(history), "pass") << commit;
    }
}

TEST(Atomicity, DoesNotTakeTheRetryOfAnAbortedTransactionForAPartOfIt) {
    Transactions history;
    auto producer = history.start_producer("p1");
    for (const bool commit : {false, true}) {  // the same records, and the same offset
        const OperationId transaction = history.begin(producer);
        history.publish(producer, transaction, orders, 10);
        history.publish(producer, transaction, refunds, 11);
        history.send_offset(producer, transaction, 5);
        history.end(producer, transaction, commit);
        history.mark(producer, orders, commit);
        history.mark(producer, refunds, commit);
        history.resolve(producer, 5, commit);
        producer = Transactions::next(producer);
    }
    EXPECT_EQ(judge(history), "pass");
}

TEST(Atomicity, ObjectsToAnAcknowledgedPartOfACommittedTransactionThatIsNowhere) {
    Transactions history;
    const auto producer = history.start_producer("p1");
    const OperationId transaction = history.begin(producer);
    history.publish(producer, transaction, orders, 10);
    const OperationId send = history.send_invoked(producer, transaction, refunds, 11);
    history.send_completed(producer, send, refunds, 0);
    history.append_numbered(history.start_producer("p2", 8), refunds, {12});
    history.end(producer, transaction, true);
    history.mark(producer, orders, true);
    const CheckerReport report = history.judged_by("atomicity");
    EXPECT_EQ(summary(report), "fail: torn");
    EXPECT_EQ(report.anomalies[0].evidence.back().first, "lost");
}

TEST(Atomicity, LeavesAPartOpenWhoseMarkerDidNotComeBeforeTheEnd) {
    Transactions history;
    const auto producer = history.start_producer("p1");
    const OperationId transaction = history.begin(producer);
    history.publish(producer, transaction, orders, 10);
    history.publish(producer, transaction, refunds, 11);
    history.end(producer, transaction, true);
    history.mark(producer, orders, true);
    EXPECT_EQ(judge(history), "inconclusive");
}

TEST(Atomicity, HasNoDoubtOfAnAbortThatHasNotReachedAllParts) {
    Transactions history;
    const auto producer = history.start_producer("p1");
    const OperationId transaction = history.begin(producer);
    history.publish(producer, transaction, orders, 10);
    history.publish(producer, transaction, refunds, 11);
    history.end(producer, transaction, false);
    history.mark(producer, orders, false);
    EXPECT_EQ(judge(history), "pass");
}

// The part stands, and nobody will end it any more: its marker went, or the coordinator's memory.
TEST(Atomicity, AllowsAPartWhoseEndWasLostSince) {
    for (const bool has_lost_the_marker : {true, false}) {
        for (const bool is_lost_before : {true, false}) {
            Transactions history;
            const auto producer = history.start_producer("p1");
            const auto lose = [&] {
                history.by_broker(1,
                                  model::PartitionChanged{
                                      .partition = has_lost_the_marker ? orders : transaction_log,
                                      .leader = BrokerId{1},
                                      .leader_epoch = LeaderEpoch{1},
                                      .partition_epoch = model::PartitionEpoch{9},
                                      .replicas = brokers({1, 2, 3}),
                                      .isr = brokers({1}),
                                      .unclean = true,
                                      .reason = "test"});
            };
            const OperationId transaction = history.begin(producer);
            if (is_lost_before) lose();
            history.publish(producer, transaction, orders, 10);
            history.publish(producer, transaction, refunds, 11);
            history.end(producer, transaction, true);
            history.mark(producer, refunds, true);
            if (has_lost_the_marker) {
                history.mark(producer, orders, true);
                history.cut_back(orders, 1);
            }
            if (!is_lost_before) lose();
            EXPECT_EQ(judge(history),
                      is_lost_before ? "inconclusive" : "pass, allowed: torn (unclean election)");
            EXPECT_EQ(judge(history, Contract::safe), "inconclusive");
        }
    }
}

TEST(Atomicity, ExcusesVersionOneByTheConfiguredContractOnly) {
    Transactions history;
    const auto producer = history.start_producer("p1", 7, 0, 1);
    const OperationId transaction = history.begin(producer);
    history.publish(producer, transaction, orders, 10);
    history.publish(producer, transaction, refunds, 11);
    history.end(producer, transaction, true, Outcome::unknown);
    history.mark(producer, orders, true);
    history.mark(producer, refunds, false);
    EXPECT_EQ(judge(history), "pass, allowed: torn (transactions of version 1)");
    EXPECT_EQ(judge(history, Contract::safe), "fail: torn");
}

TEST(Atomicity, AllowsWhatAnUncleanElectionTookAway) {
    Transactions history;
    const auto producer = history.start_producer("p1");
    const OperationId transaction = history.begin(producer);
    history.publish(producer, transaction, refunds, 11);
    history.publish(producer, transaction, orders, 10);
    history.end(producer, transaction, true);
    history.mark(producer, refunds, true);
    history.change(1, 1, {1}, true);
    history.truncate(1, 1, 0);
    EXPECT_EQ(judge(history), "pass, allowed: torn (unclean election)");
    EXPECT_EQ(judge(history, Contract::safe), "fail: torn");
}

TEST(Atomicity, ObjectsToACommitOfATransactionOneOfWhoseSendsFailed) {
    for (const Outcome told : {Outcome::ok, Outcome::failed, Outcome::unknown}) {
        Transactions history;
        const auto producer = history.start_producer("p1");
        const OperationId transaction = history.begin(producer);
        history.publish(producer, transaction, orders, 10);
        const OperationId refused = history.send_invoked(producer, transaction, refunds, 11);
        history.send_completed(producer, refused, refunds, -1, Outcome::failed);
        history.end(producer, transaction, true, told);
        if (told != Outcome::failed) history.mark(producer, orders, true);
        EXPECT_EQ(judge(history, Contract::configured), told == Outcome::ok
                                                            ? "fail: incomplete-commit"
                                                        : told == Outcome::unknown ? "pass"
                                                                                   : "n/a");
    }
}

TEST(Atomicity, AsksOfACommitOnlyForItsOwnSends) {
    Transactions history;
    auto producer = history.start_producer("p1");
    const OperationId aborted = history.begin(producer);
    const OperationId refused = history.send_invoked(producer, aborted, orders, 10);
    history.send_completed(producer, refused, orders, -1, Outcome::failed);
    history.end(producer, aborted, false);
    producer = Transactions::next(producer);
    const OperationId retried = history.begin(producer);
    history.publish(producer, retried, orders, 10);
    history.end(producer, retried, true);
    history.mark(producer, orders, true);
    EXPECT_EQ(judge(history), "pass");
}

TEST(Atomicity, SaysNothingOfRecordsOutsideTransactions) {
    Transactions history;
    history.append_numbered(history.start_producer("p1"), orders, {10}, 0, false);
    EXPECT_EQ(judge(history), "n/a");
}

RC_GTEST_PROP(Atomicity, ObjectsToAnyMarkerThatIsTurned, ()) {
    Transactions history;
    auto producer = history.start_producer("p1");
    const int transactions = *rc::gen::inRange(1, 8);
    for (int i = 0; i < transactions; ++i) {
        const OperationId transaction = history.begin(producer);
        const bool commit = *rc::gen::arbitrary<bool>();
        const int records = *rc::gen::inRange(1, 4);
        for (int r = 0; r < records; ++r) {
            history.publish(producer, transaction, orders, 100 * i + 2 * r);
            history.publish(producer, transaction, refunds, 100 * i + 2 * r + 1);
        }
        history.end(producer, transaction, commit);
        history.mark(producer, orders, commit);
        history.mark(producer, refunds, commit);
        producer = Transactions::next(producer);
    }
    RC_ASSERT(judge(history) == "pass");
    const auto turned = static_cast<std::size_t>(*rc::gen::inRange(0, 2 * transactions));
    const CheckerReport report = judged_after<model::MarkerAppended>(
        history, "atomicity", turned, [](auto& marker) { marker.commit = !marker.commit; });
    RC_ASSERT(summary(report) == "fail: torn");
}

}  // namespace
}  // namespace squall::checkers
