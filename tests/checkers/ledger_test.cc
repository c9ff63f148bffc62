#include <gtest/gtest.h>

#include "model/events/ledger_events.h"
#include "tests/checkers/history.h"

namespace squall::checkers {
namespace {

using model::EffectPromise;

// A history of one ledger, and of orders of one customer.
class Books {
  public:
    explicit Books(EffectPromise promise, bool in_order = true, std::string flaw = "",
                   std::string topic = "") {
        history.by_harness(model::LedgerOpened{.ledger = "payment",
                                               .promise = promise,
                                               .in_order = in_order,
                                               .flaw = std::move(flaw),
                                               .groups = "checking,payment",
                                               .topic = std::move(topic)});
    }
    void accept(std::uint64_t number, RecordId record = {}) {
        history.by_client(
            "source",
            model::BusinessEventAccepted{
                .event = id(number), .key = "customer-1", .number = number, .record = record});
    }
    // What its record will be is known, wherever that is.
    void owe(std::uint64_t number) { accept(number, History::record_id(record(number))); }
    // Its record is acknowledged at the offset of its number.
    void send(std::uint64_t number) {
        history.send("source", record(number), static_cast<int>(number));
    }
    void order(std::uint64_t number) {
        send(number);
        owe(number);
    }
    void withdraw(std::uint64_t number) {
        history.by_client("source", model::BusinessEventWithdrawn{.event = id(number)});
    }
    void apply(std::uint64_t number, const std::string& key = "customer-1") {
        history.by_client(
            "payment-1",
            model::EffectApplied{
                .ledger = "payment", .event = id(number), .key = key, .number = number});
    }
    void park(std::uint64_t number) {
        history.by_client("payment-1",
                          model::BusinessEventParked{.ledger = "payment", .event = id(number)});
    }
    void end() {
        history.start_broker(3);  // the last event before the end says when that was
        history.by_broker(1, sim::NodeStopped{.reason = sim::StopReason::end_of_run});
    }
    std::string verdict() const { return summary(history.judged_by("ledger")); }

    History history;

  private:
    static std::string id(std::uint64_t number) { return "order-" + std::to_string(number); }
    static int record(std::uint64_t number) { return 100 + static_cast<int>(number); }
};

constexpr std::array all_promises{EffectPromise::at_most_once, EffectPromise::at_least_once,
                                  EffectPromise::exactly_once};

// What Kafka may lose, its users lose: not what was accepted later.
TEST(Ledger, AllowsWhatWentWithTheWholeInSyncSet) {
    for (const bool is_accepted_before : {true, false}) {
        Books books(EffectPromise::exactly_once);
        books.history.start_brokers();
        books.history.change(1, 0, {1, 2, 3});
        if (is_accepted_before) books.accept(1);
        for (const int broker : {1, 2, 3}) books.history.lose_power(broker);
        if (!is_accepted_before) books.accept(1);
        EXPECT_EQ(books.verdict(), is_accepted_before
                                       ? "pass, allowed: lost-effect (power loss of the whole ISR)"
                                       : "fail: lost-effect");
    }
}

TEST(Ledger, AcceptsOneEffectOfEachEvent) {
    for (const EffectPromise promise : all_promises) {
        Books books(promise);
        for (std::uint64_t n = 1; n <= 3; ++n) {
            books.accept(n);
            books.apply(n);
        }
        EXPECT_EQ(books.verdict(), "pass");
        EXPECT_EQ(books.history.judged_by("ledger").judged, 3u);
    }
}

TEST(Ledger, HasNothingToSayWithoutALedger) {
    History history;
    EXPECT_EQ(summary(history.judged_by("ledger")), "n/a");
}

TEST(Ledger, ObjectsToALossUnlessItIsAtMostOnce) {
    for (const EffectPromise promise : all_promises) {
        Books books(promise);
        books.accept(1);
        books.accept(2);
        books.apply(1);
        EXPECT_EQ(books.verdict(),
                  promise == EffectPromise::at_most_once ? "pass" : "fail: lost-effect");
    }
}

TEST(Ledger, ObjectsToTwoEffectsUnlessItIsAtLeastOnce) {
    for (const EffectPromise promise : all_promises) {
        Books books(promise);
        books.accept(1);
        books.apply(1);
        books.apply(1);
        EXPECT_EQ(books.verdict(),
                  promise == EffectPromise::at_least_once ? "pass" : "fail: doubled-effect");
    }
}

TEST(Ledger, TakesWhatWasPutAsideForHandled) {
    Books books(EffectPromise::at_least_once);
    books.accept(1);
    books.park(1);
    EXPECT_EQ(books.verdict(), "pass");
}

TEST(Ledger, ObjectsToAnEffectOfWhatWasWithdrawn) {
    for (const EffectPromise promise : all_promises) {
        Books books(promise);
        books.apply(1);  // before its source decided
        books.withdraw(1);
        EXPECT_EQ(books.verdict(), "fail: phantom-effect");
    }
}

TEST(Ledger, LeavesWhatIsInDoubtAlone) {
    Books books(EffectPromise::exactly_once);
    books.accept(2);
    books.apply(2);
    books.apply(1);  // neither accepted nor withdrawn, and late besides
    books.apply(1);
    EXPECT_EQ(books.verdict(), "pass");
}

TEST(Ledger, ObjectsToAFirstEffectOutOfOrderWhereOrderIsPromised) {
    for (const bool in_order : {true, false}) {
        Books books(EffectPromise::at_least_once, in_order);
        for (const std::uint64_t n : {1u, 2u, 3u}) books.accept(n);
        books.apply(1);
        books.apply(3);
        books.apply(2);
        EXPECT_EQ(books.verdict(), in_order ? "fail: reordered-effect" : "pass");
    }
}

TEST(Ledger, SeesNoDisorderInARedelivery) {
    Books books(EffectPromise::at_least_once);
    for (const std::uint64_t n : {1u, 2u, 3u}) books.accept(n);
    for (const std::uint64_t n : {1u, 2u, 1u, 2u, 3u}) books.apply(n);
    EXPECT_EQ(books.verdict(), "pass");
}

// ---- what there was no time for ----

// Two orders, of which the group handled the first, and committed up to an offset.
Books half_handled(int committed, std::string flaw = "") {
    Books books(EffectPromise::at_least_once, true, std::move(flaw));
    books.order(1);
    books.order(2);
    books.history.assign("checker-1", "checking", 1);
    books.history.assign("payment-1", "payment", 1);
    books.apply(1);
    books.history.take_effect("checker-1", "checking", 1, 3);
    books.history.take_effect("payment-1", "payment", 1, committed);
    return books;
}

// What its handlers have not got to is not what they did wrong, however long they had.
TEST(Ledger, ExcusesNoBacklogByAFlaw) {
    for (const int committed : {2, 3}) {
        Books books = half_handled(committed, "commit-before-handling");
        books.history.calm();
        books.history.wait(100s);
        books.end();
        EXPECT_EQ(books.verdict(), committed == 2
                                       ? "inconclusive"
                                       : "pass, allowed: lost-effect (commit-before-handling)");
        EXPECT_EQ(summary(books.history.judged_by("ledger", Contract::safe)), "fail: lost-effect");
    }
}

TEST(Ledger, LeavesOpenWhatAGroupHadNotGotToAndObjectsToWhatItCommittedPast) {
    for (const int committed : {2, 3}) {
        Books books = half_handled(committed);
        books.history.calm();
        books.history.wait(6s);
        books.end();
        const CheckerReport report = books.history.judged_by("ledger");
        EXPECT_EQ(summary(report), committed == 2 ? "inconclusive" : "fail: lost-effect");
        if (committed == 2) {
            EXPECT_EQ(report.note,
                      "order-2 had no effect in payment when the run ended: orders-0@2 was ahead "
                      "of group payment");
        }
    }
}

TEST(Ledger, GivesAGroupThirtySecondsOfCalm) {
    for (const Duration calm : {29s, 31s}) {
        Books books = half_handled(2);
        books.history.calm();
        books.history.wait(calm);
        books.end();
        EXPECT_EQ(books.verdict(), calm == 29s ? "inconclusive" : "fail: lost-effect");
    }
}

TEST(Ledger, GivesAGroupThatGetsOnMoreTime) {
    for (const Duration idle : {4s, 6s}) {
        Books books = half_handled(2);
        books.order(3);
        books.history.calm();
        books.history.wait(40s);
        books.apply(3);
        books.apply(3);
        books.history.wait(idle);
        books.apply(3);  // what it did already gets it no further
        books.end();
        EXPECT_EQ(books.verdict(), idle == 4s ? "inconclusive" : "fail: lost-effect");
    }
}

TEST(Ledger, GivesAGroupAMinuteToMissAMemberThatDied) {
    for (const bool is_replaced : {true, false}) {
        for (const Duration calm : {40s, 61s}) {
            Books books = half_handled(2);
            books.history.stop_client("payment-1");
            if (is_replaced) books.history.assign("payment-2", "payment", 2);
            books.history.calm();
            books.history.wait(calm);
            books.end();
            EXPECT_EQ(books.verdict(),
                      is_replaced || calm == 61s ? "fail: lost-effect" : "inconclusive");
        }
    }
}

TEST(Ledger, TakesABeginAtTheEndOfTheLogForAStepPastTheRest) {
    Books books = half_handled(2);
    books.history.set_position("payment-1", "payment", 3, model::PositionReason::reset_latest);
    books.history.calm();
    books.end();
    EXPECT_EQ(books.verdict(), "fail: lost-effect");
}

TEST(Ledger, ObjectsToWhatIsGoneThoughNobodyHadGotToIt) {
    Books books = half_handled(2);
    books.history.calm();
    books.history.audit_batch(1, 1, 0, 7, {101});
    books.history.audit_log(1, 1);
    books.end();
    EXPECT_EQ(books.verdict(), "fail: lost-effect");
}

TEST(Ledger, KnowsWhereItsOwnReaderIs) {
    for (const int next : {2, 3}) {
        Books books(EffectPromise::exactly_once, true, "", orders.topic);
        books.order(1);
        books.order(2);
        books.history.poll("payment-1", "", 1, {101});
        books.apply(1);
        // Others read without a group as well.
        books.history.poll("reader", "", 1, {101, 102});
        if (next == 3) books.history.poll("payment-1", "", 2, {102});
        books.history.calm();
        books.end();
        EXPECT_EQ(books.verdict(), next == 2 ? "inconclusive" : "fail: lost-effect");
    }
}

TEST(Ledger, LeavesOpenWhatItsSourceHadNotGotTo) {
    for (const std::uint64_t sent : {1u, 3u}) {
        Books books = half_handled(3);
        books.apply(2);
        for (const std::uint64_t n : {4u, 3u, 5u}) books.owe(n);
        if (sent == 3) {
            books.send(3);  // before 4, which had been accepted first
            books.apply(3);
        }
        books.history.calm();
        books.end();
        EXPECT_EQ(books.verdict(), sent == 1 ? "inconclusive" : "fail: lost-effect");
    }
}

TEST(Ledger, AllowsWhatItIsBuiltToGetWrongAndNotByTheSafeContract) {
    Books books(EffectPromise::at_least_once, true, "commit-before-handling");
    books.accept(1);
    const CheckerReport report = books.history.judged_by("ledger");
    EXPECT_EQ(summary(report), "pass, allowed: lost-effect (commit-before-handling)");
    EXPECT_EQ(report.allowed_count, 1u);
    ASSERT_EQ(report.anomalies.size(), 1u);
    EXPECT_EQ(report.anomalies[0].type, "lost-effect");
    EXPECT_EQ(report.anomalies[0].cause, "commit-before-handling");
    EXPECT_EQ(summary(books.history.judged_by("ledger", Contract::safe)), "fail: lost-effect");
}

}  // namespace
}  // namespace squall::checkers
