#include <gtest/gtest.h>

#include "model/events/ledger_events.h"
#include "tests/checkers/history.h"

namespace squall::checkers {
namespace {

using model::EffectPromise;

// A history of one ledger, and of orders of one customer.
class Books {
  public:
    explicit Books(EffectPromise promise, bool in_order = true, std::string flaw = "") {
        history.by_harness(model::LedgerOpened{.ledger = "payment",
                                               .promise = promise,
                                               .in_order = in_order,
                                               .flaw = std::move(flaw)});
    }
    void accept(std::uint64_t number) {
        history.by_client("source",
                          model::BusinessEventAccepted{
                              .event = id(number), .key = "customer-1", .number = number});
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
    std::string verdict() const { return summary(history.judged_by("ledger")); }

    History history;

  private:
    static std::string id(std::uint64_t number) { return "order-" + std::to_string(number); }
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

// What its handlers have not got to yet is not what they did wrong.
TEST(Ledger, ExcusesNoBacklogByAFlaw) {
    for (const int done : {0, 1, 2}) {
        Books books(EffectPromise::at_least_once, true, "commit-before-handling");
        for (const int number : {1, 2}) {
            books.accept(static_cast<std::uint64_t>(number));
            books.history.send("source", number, number - 1);
        }
        books.apply(1);
        books.history.by_client("payment-1", model::RecordHandled{.client_id = "payment-1",
                                                                  .group = "payment",
                                                                  .partition = orders,
                                                                  .offset = Offset{0},
                                                                  .record = RecordId{1}});
        if (done > 0) books.history.take_effect("payment-1", "payment", 1, done);
        const CheckerReport report = books.history.judged_by("ledger");
        if (done == 2) {
            EXPECT_EQ(summary(report), "pass, allowed: lost-effect (commit-before-handling)");
        } else {
            EXPECT_EQ(summary(report), "inconclusive");
            EXPECT_EQ(report.note,
                      "order-2 had no effect in ledger payment when the run ended, and group "
                      "payment had committed orders-0 up to " +
                          std::to_string(done) + " of 2");
        }
        EXPECT_EQ(summary(books.history.judged_by("ledger", Contract::safe)), "fail: lost-effect");
    }
}

TEST(Ledger, ExpectsNobodyToCommitWhatALogHasLost) {
    Books books(EffectPromise::at_least_once, true, "commit-before-handling");
    books.history.start_brokers();
    books.history.change(1, 0, {1, 2, 3});
    books.history.send("source", 9, 5);
    books.history.change(2, 1, {2}, true);
    books.accept(1);
    books.history.send("source", 1, 0);
    books.history.take_effect("payment-1", "payment", 1, 1);
    EXPECT_EQ(books.verdict(), "pass, allowed: lost-effect (commit-before-handling)");
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
