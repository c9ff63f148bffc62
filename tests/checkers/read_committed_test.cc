#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/checkers/transactions.h"

namespace squall::checkers {
namespace {

std::string judge(const History& history, Contract contract = Contract::configured) {
    return summary(history.judged_by("read-committed", contract));
}

// One transaction in orders-0: two records and a marker, at offsets 0, 1, 2.
struct OneTransaction : Transactions {
    explicit OneTransaction(bool commit, bool marks = true) {
        producer = start_producer("p1");
        const OperationId transaction = begin(producer);
        publish(producer, transaction, orders, 10);
        publish(producer, transaction, orders, 11);
        end(producer, transaction, commit);
        if (marks) mark(producer, orders, commit);
        start_consumer("c1", "g");
    }
    Producer producer;
};

TEST(ReadCommitted, AcceptsWhatIsCommittedAndTheGapsBetween) {
    OneTransaction history(true);
    history.poll_pairs(
        "c1", "g", 0, 3,
        {{Offset{0}, History::record_id(10), ""}, {Offset{1}, History::record_id(11), ""}});
    const CheckerReport report = history.judged_by("read-committed");
    EXPECT_EQ(summary(report), "pass");
    EXPECT_GE(report.judged, 2u);
}

TEST(ReadCommitted, AcceptsThatAbortedRecordsArePassedOver) {
    OneTransaction history(false);
    history.poll_pairs("c1", "g", 0, 3, {});
    EXPECT_EQ(judge(history), "n/a");
}

TEST(ReadCommitted, ObjectsToAnAbortedRecord) {
    OneTransaction history(false);
    history.poll("c1", "g", 0, {10});
    EXPECT_EQ(judge(history), "fail: g1a");
}

TEST(ReadCommitted, ObjectsToARecordThatIsNotDecidedYet) {
    OneTransaction history(true, false);
    history.poll("c1", "g", 0, {10});
    history.mark(history.producer, orders, true);  // too late
    EXPECT_EQ(judge(history), "fail: undecided-read");
}

TEST(ReadCommitted, LetsOthersReadEverythingButMarkers) {
    OneTransaction history(false);
    history.start_consumer("c2", "", false);
    history.poll("c2", "", 0, {10, 11});
    EXPECT_EQ(judge(history), "n/a");
    history.poll("c2", "", 2, {99});
    EXPECT_EQ(judge(history), "fail: marker-read");
}

TEST(ReadCommitted, ObjectsToACommittedRecordThatIsWithheld) {
    OneTransaction history(true);
    history.poll_pairs("c1", "g", 0, 3, {{Offset{1}, History::record_id(11), ""}});
    EXPECT_EQ(judge(history), "fail: withheld");
}

TEST(ReadCommitted, DoesNotMissWhatCompactionTook) {
    OneTransaction history(true);
    history.by_broker(
        1, model::LogCleaned{
               .broker = BrokerId{1}, .partition = orders, .from = Offset{0}, .to = Offset{2}});
    history.poll_pairs("c1", "g", 0, 3, {{Offset{1}, History::record_id(11), ""}});
    EXPECT_EQ(judge(history), "pass");
}

TEST(ReadCommitted, HoldsBrokersToTheFirstOffsetThatIsNotDecided) {
    OneTransaction history(true, false);
    history.serve(orders, 0, 0, 2, 0);
    EXPECT_EQ(judge(history), "pass");
    history.serve(orders, 0, 2, 2, 2);
    EXPECT_EQ(judge(history), "fail: above-stable-offset");
}

TEST(ReadCommitted, CountsATransactionAsOpenUntilItsMarkerIsCommitted) {
    for (const int high_watermark : {2, 3}) {
        OneTransaction history(true);
        history.serve(orders, 0, 2, high_watermark, 2);
        EXPECT_EQ(judge(history), high_watermark == 3 ? "pass" : "fail: above-stable-offset");
    }
}

// As in Kafka: a snapshot of producers does not say which ends were yet to be committed.
TEST(ReadCommitted, TakesAnEndForGoodThatWasFoundWhenTheLogWasLoaded) {
    for (const int end : {2, 3}) {
        OneTransaction history(true);
        history.stop(1, sim::StopReason::shutdown);
        history.start_broker(1);
        history.open_log(1, end);
        history.serve(orders, 0, 2, 2, 2);
        EXPECT_EQ(judge(history), end == 3 ? "pass" : "fail: above-stable-offset");
    }
}

TEST(ReadCommitted, ObjectsToAStableOffsetThatIsTooHighOrGoesBack) {
    OneTransaction high(true, false);
    high.move_stable(orders, 0, 1, 2);
    EXPECT_EQ(judge(high), "fail: stable-offset-overstated");

    OneTransaction back(true);
    back.move_stable(orders, 0, 3, 3);
    EXPECT_EQ(judge(back), "pass");
    back.move_stable(orders, 3, 2, 3);
    EXPECT_EQ(judge(back), "fail: stable-offset-regressed");
}

TEST(ReadCommitted, HoldsAGroupsNewOwnerToWaitForPendingOffsets) {
    struct Case {
        bool stored_before, resolved, read_committed;
        model::PositionReason reason;
        const char* verdict;
    };
    using enum model::PositionReason;
    for (const Case& c :
         {Case{true, false, true, committed, "fail: pending-offset-read"},
          Case{true, false, true, reset_earliest, "fail: pending-offset-read"},
          Case{true, false, true, seek, "n/a"}, Case{true, true, true, committed, "pass"},
          Case{false, false, true, committed, "pass"},
          Case{true, false, false, committed, "n/a"}}) {
        Transactions history;
        const auto producer = history.start_producer("p1");
        history.start_consumer("c2", "g", c.read_committed);
        if (c.stored_before) history.store_offset(producer, 5);
        history.assign("c2", "g", 2);
        if (!c.stored_before) history.store_offset(producer, 5);
        if (c.resolved) history.resolve(producer, 5, true);
        history.set_position("c2", "g", 3, c.reason);
        EXPECT_EQ(judge(history), c.verdict);
    }
}

TEST(ReadCommitted, DoesNotTakeOffsetsForPendingWhoseEndALoadFound) {
    for (const bool is_loaded : {false, true}) {
        Transactions history;
        const auto producer = history.start_producer("p1");
        history.start_consumer("c2", "g");
        history.write_offset(producer, 5);
        history.store_offset(producer, 5);
        history.mark(producer, offsets_log, false);
        if (is_loaded) history.load_offsets();
        history.assign("c2", "g", 2);
        history.set_position("c2", "g", 0, model::PositionReason::reset_earliest);
        EXPECT_EQ(judge(history), is_loaded ? "pass" : "fail: pending-offset-read")
            << "the marker is not committed before";
    }
}

TEST(ReadCommitted, AllowsWhatAnUncleanElectionBrokeAfterwards) {
    OneTransaction history(true);
    history.change(1, 1, {1}, true);
    history.truncate(1, 3, 2);  // the marker is gone
    history.poll("c1", "g", 0, {10, 11});
    EXPECT_EQ(judge(history),
              "pass, allowed: undecided-read (unclean election) undecided-read (unclean election)");
}

RC_GTEST_PROP(ReadCommitted, ObjectsToAnyMarkerThatIsTurned, ()) {
    Transactions history;
    auto producer = history.start_producer("p1");
    history.start_consumer("c1", "g");
    const int transactions = *rc::gen::inRange(1, 10);
    for (int i = 0; i < transactions; ++i) {
        const bool commit = *rc::gen::arbitrary<bool>();
        const OperationId transaction = history.begin(producer);
        const int from = history.publish(producer, transaction, orders, 10 * i);
        history.publish(producer, transaction, orders, 10 * i + 1);
        history.end(producer, transaction, commit);
        history.mark(producer, orders, commit);
        producer = Transactions::next(producer);
        std::vector<model::PolledRecord> records;
        if (commit) {
            records = {{Offset{from}, History::record_id(10 * i), ""},
                       {Offset{from + 1}, History::record_id(10 * i + 1), ""}};
        }
        history.poll_pairs("c1", "g", from, from + 3, std::move(records));
    }
    const std::string clean = judge(history);
    RC_ASSERT(clean == "pass" || clean == "n/a");
    const auto turned = static_cast<std::size_t>(*rc::gen::inRange(0, transactions));
    const CheckerReport report = judged_after<model::MarkerAppended>(
        history, "read-committed", turned, [](auto& marker) { marker.commit = !marker.commit; });
    RC_ASSERT(report.verdict == CheckerVerdict::fail);
}

// ---- offsets that clients ask for ----

std::string judge_listed(model::TimestampMs timestamp, int offset, int high_watermark,
                         bool read_committed = true, bool is_open = true) {
    OneTransaction history(true, !is_open);  // two records, and their marker
    history.raise(1, 0, 0, high_watermark, {1});
    history.by_broker(1, model::OffsetListed{.broker = BrokerId{1},
                                             .partition = orders,
                                             .leader_epoch = LeaderEpoch{0},
                                             .timestamp = timestamp,
                                             .offset = Offset{offset},
                                             .read_committed = read_committed});
    return judge(history);
}

TEST(ReadCommitted, HoldsTheEndThatClientsAreToldToTheFirstOffsetThatIsNotDecided) {
    constexpr model::TimestampMs latest = -1;
    EXPECT_EQ(judge_listed(latest, 0, 2), "pass");
    EXPECT_EQ(judge_listed(latest, 2, 2), "fail: stable-offset-overstated");
    EXPECT_EQ(judge_listed(latest, 3, 3, true, false), "pass") << "it has ended";
    EXPECT_EQ(judge_listed(latest, 2, 2, true, false), "fail: stable-offset-overstated")
        << "its end is not committed";
    EXPECT_EQ(judge_listed(latest, 2, 2, false), "n/a") << "who reads uncommitted may see it";
}

TEST(ReadCommitted, HoldsOffsetsThatAreFoundByTimeToTheSame) {
    EXPECT_EQ(judge_listed(1234, 0, 2), "fail: stable-offset-overstated");
    EXPECT_EQ(judge_listed(1234, 0, 3, true, false), "pass");
    constexpr model::TimestampMs earliest = -2;
    EXPECT_EQ(judge_listed(earliest, 0, 2), "n/a");
}

}  // namespace
}  // namespace squall::checkers
