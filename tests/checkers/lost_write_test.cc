#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/checkers/transactions.h"

namespace squall::checkers {
namespace {

std::string judge(const History& history, Contract contract = Contract::configured) {
    return summary(history.judged_by("lost-write", contract));
}

// Records 10, 11, 12 acknowledged at offsets 0, 1, 2.
History three_sent(int acks = -1) {
    History history;
    history.start_brokers();
    history.configure_producer("p1", acks, false);
    history.change(1, 0, {1, 2, 3});
    for (int i = 0; i < 3; ++i) history.send("p1", 10 + i, i);
    return history;
}

TEST(LostWrite, AcceptsRecordsThatAFinalReaderFindsAtTheirOffsets) {
    History history = three_sent();
    history.calm();
    history.poll("reader", "", 0, {10, 11, 12});
    const CheckerReport report = history.judged_by("lost-write");
    EXPECT_EQ(summary(report), "pass");
    EXPECT_EQ(report.judged, 3u);
}

TEST(LostWrite, ObjectsToAHoleBelowWhatTheReaderReached) {
    History history = three_sent();
    history.calm();
    history.poll_pairs(
        "reader", "", 0, 3,
        {{Offset{0}, History::record_id(10), ""}, {Offset{2}, History::record_id(12), ""}});
    const CheckerReport report = history.judged_by("lost-write");
    EXPECT_EQ(summary(report), "fail: lost-write");
    ASSERT_EQ(report.anomalies.size(), 1u);
    EXPECT_EQ(report.anomalies[0].evidence[1],
              (std::pair<std::string, std::string>{"offset", "1"}));
    EXPECT_EQ(report.anomalies[0].evidence[2],
              (std::pair<std::string, std::string>{"record", "11"}));
}

TEST(LostWrite, ObjectsToAnotherRecordInItsPlace) {
    History history = three_sent();
    history.calm();
    history.poll("reader", "", 0, {10, 99, 12});
    EXPECT_EQ(judge(history), "fail: lost-write");
}

TEST(LostWrite, AsksOnlyReadersThatBeganAtTheLogStartAfterTheCalm) {
    History history = three_sent();
    history.poll("early", "", 0, {10, 99, 12});
    history.poll("member", "group", 0, {10, 99, 12});
    history.calm();
    history.set_position("late", "", 2, model::PositionReason::reset_latest);
    history.poll("late", "", 2, {98});
    EXPECT_EQ(judge(history), "n/a");
}

TEST(LostWrite, LeavesOpenWhatNoFinalReaderReached) {
    History history = three_sent();
    history.calm();
    history.poll("reader", "", 0, {10, 11});
    const CheckerReport report = history.judged_by("lost-write");
    EXPECT_EQ(summary(report), "inconclusive");
    EXPECT_NE(report.note.find("offset 2"), std::string::npos) << report.note;
}

TEST(LostWrite, IsSureOfTheLossWhenNoDiskHoldsTheRecord) {
    History history = three_sent();
    history.calm();
    history.poll("reader", "", 0, {10, 11});
    history.audit_batch(2, 0, 0, 1, {10, 11});
    history.audit_log(2, 1);
    EXPECT_EQ(judge(history), "fail: unseen");
}

TEST(LostWrite, IsNotConsoledByAReplicaThatDoesNotLead) {
    History history = three_sent();
    history.audit_batch(1, 0, 0, 1, {10, 11});
    history.audit_log(1, 1);
    history.audit_batch(2, 0, 0, 1, {10, 11, 12});
    history.audit_log(2, 1);
    EXPECT_EQ(judge(history), "fail: unseen");
}

// It lost power, was back before its session ran out, and the run ended before the controllers
// missed it: the others have what it lost, and one of them is to lead.
TEST(LostWrite, DoesNotAskALeaderThatIsBackAndHasNotLedSince) {
    const auto back = [] {
        History history = three_sent();
        history.start_broker(1);
        return history;
    };
    const auto audit = [](History& history, const std::vector<int>& others) {
        history.audit_log(1, 1);
        history.audit_batch(2, 0, 0, 1, others);
        history.audit_log(2, 1);
        return judge(history);
    };
    History kept = back();
    EXPECT_EQ(audit(kept, {10, 11, 12}), "inconclusive");
    History lost = back();
    EXPECT_EQ(audit(lost, {10, 11}), "fail: unseen");
    History leads = back();
    leads.lead(1, 0, 0);
    EXPECT_EQ(audit(leads, {10, 11, 12}), "fail: unseen unseen unseen");
    History elected = back();
    elected.change(1, 1, {1, 2, 3});
    EXPECT_EQ(audit(elected, {10, 11, 12}), "fail: unseen unseen unseen");
}

TEST(LostWrite, TakesTheRunningLeadersDiskAsAWitnessWithoutReaders) {
    History history = three_sent();
    history.audit_batch(1, 0, 0, 1, {10, 11, 12});
    history.audit_log(1, 1);
    const CheckerReport report = history.judged_by("lost-write");
    EXPECT_EQ(summary(report), "pass");
    EXPECT_EQ(report.judged, 3u);
}

TEST(LostWrite, JudgesNothingWithoutReadersAndAudit) {
    EXPECT_EQ(judge(three_sent()), "n/a");
}

TEST(LostWrite, DoesNotAskForWhatWasNeverAcknowledged) {
    History history;
    history.complete_unknown(history.invoke("p1", 10));
    history.invoke("p1", 11);
    history.calm();
    history.poll("reader", "", 0, {12, 13});
    EXPECT_EQ(judge(history), "n/a");
}

TEST(LostWrite, AllowsTheLossAfterAnUncleanElectionButNotByTheSafeContract) {
    History history = three_sent();
    history.change(2, 1, {2}, true);
    history.calm();
    history.poll("reader", "", 0, {10, 11, 99});
    EXPECT_EQ(judge(history), "pass, allowed: lost-write (unclean election)");
    EXPECT_EQ(judge(history, Contract::safe), "fail: lost-write");
}

TEST(LostWrite, DoesNotExcuseARecordSentAfterTheUncleanElection) {
    History history;
    history.start_brokers();
    history.change(1, 0, {1, 2, 3});
    history.change(2, 1, {2}, true);
    history.send("p1", 10, 0);
    history.calm();
    history.poll("reader", "", 0, {99});
    EXPECT_EQ(judge(history), "fail: lost-write");
}

TEST(LostWrite, AllowsTheLossUnderAcksOneOnlyIfTheLeaderChanged) {
    History moved = three_sent(1);
    moved.change(2, 1, {2, 3});
    moved.calm();
    moved.poll("reader", "", 0, {10, 11, 99});
    EXPECT_EQ(judge(moved), "pass, allowed: lost-write (acks < all and a change of leader)");
    EXPECT_EQ(judge(moved, Contract::safe), "fail: lost-write");

    for (const int epoch : {0, 1}) {
        History deposed = three_sent(1);
        deposed.change(2, 1, {2, 3});
        const OperationId late = deposed.invoke("p1", 13);
        deposed.append(1, 3, 3, epoch, 7, model::ReplicaRole::leader);
        deposed.complete(late, 3);
        deposed.calm();
        deposed.poll("reader", "", 0, {10, 11, 12, 99});
        EXPECT_EQ(judge(deposed),
                  epoch == 0 ? "pass, allowed: lost-write (acks < all and a change of leader)"
                             : "fail: lost-write")
            << "acknowledged by a leader that did not know of its successor, or by the successor";
        EXPECT_EQ(judge(deposed, Contract::safe), "fail: lost-write");
    }

    History stayed = three_sent(1);
    stayed.change(1, 0, {1, 2});
    stayed.calm();
    stayed.poll("reader", "", 0, {10, 11, 99});
    EXPECT_EQ(judge(stayed), "fail: lost-write");

    History all = three_sent(-1);
    all.change(2, 1, {2, 3});
    all.calm();
    all.poll("reader", "", 0, {10, 11, 99});
    EXPECT_EQ(judge(all), "fail: lost-write");
}

TEST(LostWrite, AllowsTheLossWhenTheWholeIsrLostPowerAndNotLess) {
    for (const bool is_whole : {false, true}) {
        History history = three_sent();
        history.lose_power(1);
        history.lose_power(2);
        if (is_whole) history.lose_power(3);
        history.calm();
        history.poll("reader", "", 0, {10, 11, 99});
        EXPECT_EQ(judge(history), is_whole
                                      ? "pass, allowed: lost-write (power loss of the whole ISR)"
                                      : "fail: lost-write");
        EXPECT_EQ(judge(history, Contract::safe), "fail: lost-write")
            << "by the safe contract what is acknowledged is flushed";
    }
}

TEST(LostWrite, CountsEligibleLeaderReplicasAmongThoseWhoHaveIt) {
    for (const bool is_whole : {false, true}) {
        History history = three_sent();
        history.change(1, 0, {1}, false, {2});
        history.lose_power(1);
        if (is_whole) history.lose_power(2);
        history.calm();
        history.poll("reader", "", 0, {10, 11, 99});
        EXPECT_EQ(judge(history), is_whole
                                      ? "pass, allowed: lost-write (power loss of the whole ISR)"
                                      : "fail: lost-write");
    }
}

TEST(LostWrite, AllowsTheLossOfEveryDiskByAnyContract) {
    History history = three_sent();
    for (int broker = 1; broker <= 3; ++broker) {
        history.by_broker(broker, sim::DiskFaultHit{.fault = "lost",
                                                    .path = "orders-0/00000000000000000000.log",
                                                    .bytes = 100,
                                                    .rule_id = "wiped"});
    }
    history.calm();
    history.poll("reader", "", 0, {10, 11, 99});
    EXPECT_EQ(judge(history, Contract::safe),
              "pass, allowed: lost-write (power loss of the whole ISR)");
}

TEST(LostWrite, CountsAMemberThatResyncedAsWhole) {
    History history = three_sent();
    history.lose_power(1);
    history.change(2, 1, {2, 3});
    history.start_broker(1);
    history.change(2, 1, {2, 3, 1});  // it has fetched everything again
    history.lose_power(2);
    history.lose_power(3);
    history.calm();
    history.poll("reader", "", 0, {10, 11, 99});
    EXPECT_EQ(judge(history), "fail: lost-write");
}

TEST(LostWrite, AllowsWhatRetentionRemoved) {
    History history = three_sent();
    history.move_log_start(1, 2);
    history.calm();
    history.set_position("reader", "", 2, model::PositionReason::reset_earliest);
    history.poll("reader", "", 2, {12});
    EXPECT_EQ(judge(history),
              "pass, allowed: lost-write (log start moved) lost-write (log start moved)");

    History silent = three_sent();
    silent.calm();
    silent.set_position("reader", "", 2, model::PositionReason::reset_earliest);
    silent.poll("reader", "", 2, {12});
    EXPECT_EQ(judge(silent), "fail: lost-write lost-write");
}

// Behind the beginning of an open transaction no read_committed reader may go: what stands there on
// the leader's disk is not lost.
TEST(LostWrite, TakesForKeptWhatAnOpenTransactionHoldsBack) {
    struct Case {
        bool is_open, reads_committed, is_on_disk;
        std::string verdict;
    };
    for (const Case& each :
         {Case{true, true, true, "pass"}, Case{true, true, false, "fail: unseen"},
          Case{true, false, true, "inconclusive"}, Case{false, true, true, "inconclusive"}}) {
        Transactions history;
        const auto hanging = history.start_producer("p1");
        const OperationId transaction = history.begin(hanging);
        history.send(
            "plain", 9,
            history.append_numbered(history.start_producer("plain", 8), orders, {9}, 0, false));
        history.publish(hanging, transaction, orders, 10);
        if (!each.is_open) history.mark(hanging, orders, false);
        const int kept =
            history.append_numbered({.client = "plain", .producer_id = 8}, orders, {11}, 1, false);
        history.send("plain", 11, kept);
        history.calm();
        history.start_consumer("c1", "", each.reads_committed);
        history.poll("c1", "", 0, {9});
        history.audit_batch(1, 0, 0, 1, {9, 10});
        if (each.is_on_disk) history.audit_batch(1, kept, 0, 2, {11});
        history.audit_log(1, each.is_on_disk ? 2 : 1);
        EXPECT_EQ(summary(history.judged_by("lost-write")), each.verdict);
    }
}

// Any log, read to its end in polls of any size, is accepted; take one record out of what the
// reader was handed and exactly that one is missed.
TEST(LostWrite, AsksForTheRecordsOfCommittedTransactionsOnly) {
    for (const auto& [commit, outcome, verdict] :
         {std::tuple{true, Outcome::ok, "fail: lost-write"},
          std::tuple{true, Outcome::unknown, "n/a"}, std::tuple{false, Outcome::ok, "n/a"}}) {
        Transactions history;
        const auto producer = history.start_producer("p1");
        const OperationId transaction = history.begin(producer);
        history.publish(producer, transaction, orders, 10);
        history.end(producer, transaction, commit, outcome);
        history.calm();
        history.poll_pairs("c1", "", 0, 2, {});
        EXPECT_EQ(summary(history.judged_by("lost-write")), verdict);
    }
}

RC_GTEST_PROP(LostWrite, FindsExactlyTheRecordThatWasTakenOut, ()) {
    const int records = *rc::gen::inRange(1, 40);
    const int missing = *rc::gen::inRange(-1, records);
    History history;
    for (int i = 0; i < records; ++i) history.send("p" + std::to_string(i % 3), 100 + i, i);
    history.calm();
    int position = 0;
    while (position < records) {
        const int next = std::min(records, position + *rc::gen::inRange(1, 8));
        std::vector<model::PolledRecord> polled;
        for (int offset = position; offset < next; ++offset) {
            if (offset == missing) continue;
            polled.push_back({Offset{offset}, History::record_id(100 + offset), ""});
        }
        history.poll_pairs("reader", "", position, next, polled);
        position = next;
    }
    const CheckerReport report = history.judged_by("lost-write");
    RC_ASSERT(report.judged == static_cast<std::uint64_t>(records));
    RC_ASSERT(summary(report) == (missing < 0 ? "pass" : "fail: lost-write"));
    if (missing >= 0) RC_ASSERT(report.anomalies[0].evidence[1].second == std::to_string(missing));
}

}  // namespace
}  // namespace squall::checkers
