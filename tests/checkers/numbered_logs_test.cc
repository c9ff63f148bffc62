// NumberedLogs and TransactionHistory: what the checkers of transactions stand on.
#include "checkers/numbered_logs.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <optional>
#include <vector>

#include "checkers/transaction_history.h"
#include "tests/checkers/transactions.h"

namespace squall::checkers {
namespace {

NumberedLogs logs_of(const History& history) {
    NumberedLogs logs;
    history.trace().replay([&](const sim::Event& event) {
        logs.observe(event);
        logs.settle();
    });
    return logs;
}

TransactionHistory history_of(const History& history) {
    TransactionHistory transactions;
    history.trace().replay([&](const sim::Event& event) { transactions.observe(event); });
    return transactions;
}

Fate fate_at(const NumberedLogs& logs, int offset) {
    const NumberedLog& log = *logs.leader_log(orders);
    return log.fate_of(*log.find(Offset{offset}));
}

TEST(NumberedLogs, TellTheFateOfARecordByTheNextMarkerOfItsProducer) {
    Transactions history;
    const Transactions::Producer one{.client = "p1", .producer_id = 1};
    const Transactions::Producer two{.client = "p2", .producer_id = 2};
    history.append_numbered(one, orders, {10});
    history.append_numbered(two, orders, {20});
    history.append_numbered(two, orders, {30}, -1, false);
    history.mark(two, orders, false);
    history.append_numbered(two, orders, {21});
    history.mark(one, orders, true);
    const NumberedLogs logs = logs_of(history);
    EXPECT_EQ(fate_at(logs, 0), Fate::committed);
    EXPECT_EQ(fate_at(logs, 1), Fate::aborted);
    EXPECT_EQ(fate_at(logs, 2), Fate::plain);
    EXPECT_EQ(fate_at(logs, 4), Fate::undecided);
    EXPECT_EQ(logs.leader_log(orders)->find(Offset{9}), nullptr);
}

TEST(NumberedLogs, DoNotTellAFateAcrossWhatWasNeverTold) {
    Transactions history;
    const Transactions::Producer one{.client = "p1", .producer_id = 1};
    history.append_numbered(one, orders, {10});
    history.stop(1);
    history.start_broker(1);
    history.open_log(1, 3);
    EXPECT_EQ(fate_at(logs_of(history), 0), Fate::untold);
}

TEST(NumberedLogs, FollowTheReplicaThatLeads) {
    Transactions history;
    const Transactions::Producer one{.client = "p1", .producer_id = 1};
    history.append_numbered(one, orders, {10});
    history.by_broker(2, model::BatchAppended{.broker = BrokerId{2},
                                              .partition = orders,
                                              .base_offset = Offset{0},
                                              .last_offset = Offset{0},
                                              .leader_epoch = LeaderEpoch{0},
                                              .producer_id = ProducerId{1},
                                              .producer_epoch = ProducerEpoch{0},
                                              .is_transactional = true});
    history.mark(one, orders, true);
    EXPECT_EQ(fate_at(logs_of(history), 0), Fate::committed);
    history.lead(2, 1, 1);  // it has not copied the marker
    EXPECT_EQ(fate_at(logs_of(history), 0), Fate::undecided);
}

// One partition, several producers, and what a reader of the log from its start would say.
RC_GTEST_PROP(NumberedLogs, AgreeWithAReadingFromTheStart, ()) {
    Transactions history;
    struct Entry {
        int producer;
        bool is_marker, is_transactional, commit;
    };
    std::vector<Entry> log;
    const int steps = *rc::gen::inRange(1, 40);
    for (int i = 0; i < steps; ++i) {
        const int producer = *rc::gen::inRange(0, 3);
        const Transactions::Producer writer{.client = "p", .producer_id = producer};
        const int what = *rc::gen::inRange(0, 10);
        if (what < 6) {
            const bool is_transactional = what < 5;
            history.append_numbered(writer, orders, {i}, -1, is_transactional);
            log.push_back({producer, false, is_transactional, false});
        } else if (what < 9) {
            const bool commit = what < 8;
            history.mark(writer, orders, commit);
            log.push_back({producer, true, true, commit});
        } else if (!log.empty()) {
            const int to = *rc::gen::inRange(0, static_cast<int>(log.size()));
            history.cut_back(orders, to);
            log.resize(static_cast<std::size_t>(to));
        }
    }
    const NumberedLogs logs = logs_of(history);
    const NumberedLog* found = logs.leader_log(orders);
    if (found == nullptr) return;  // nothing was written
    const auto marker_after = [&](std::size_t place) -> std::optional<std::size_t> {
        for (std::size_t i = place + 1; i < log.size(); ++i) {
            if (log[i].is_marker && log[i].producer == log[place].producer) return i;
        }
        return std::nullopt;
    };
    const auto high_watermark =
        static_cast<std::size_t>(*rc::gen::inRange(0, static_cast<int>(log.size()) + 1));
    std::size_t stable = high_watermark;
    RC_ASSERT(found->batches().size() == log.size());
    for (std::size_t i = log.size(); i-- > 0;) {
        if (log[i].is_marker) continue;
        const auto marker = marker_after(i);
        Fate fate = Fate::plain;
        if (log[i].is_transactional) {
            fate =
                !marker ? Fate::undecided : (log[*marker].commit ? Fate::committed : Fate::aborted);
            if (!marker || *marker >= high_watermark) stable = std::min(stable, i);
        }
        RC_ASSERT(found->fate_of(*found->batches()[i]) == fate);
    }
    RC_ASSERT(found->stable_offset(Offset{static_cast<std::int64_t>(high_watermark)}) ==
              Offset{static_cast<std::int64_t>(stable)});
}

TEST(TransactionHistory, KnowsFromWhenAnIdentityIsFenced) {
    Transactions history;
    history.start_producer("p1", 7, 0);
    history.by_client("p1", model::ProducerIdentified{.client_id = "p1",
                                                      .transactional_id = "shop",
                                                      .producer_id = ProducerId{7},
                                                      .producer_epoch = ProducerEpoch{1},
                                                      .reason = "transaction end"});
    const auto fence = [&](int producer, int epoch) {
        return history_of(history)
            .fence_of(ProducerId{producer}, ProducerEpoch{static_cast<std::int16_t>(epoch)})
            .has_value();
    };
    EXPECT_FALSE(fence(7, 0)) << "who raises its own epoch fences nobody";
    history.start_producer("p2", 7, 2);
    EXPECT_TRUE(fence(7, 0));
    EXPECT_TRUE(fence(7, 1));
    EXPECT_FALSE(fence(7, 2));
    history.start_producer("p3", 9, 0);  // the epochs of 7 are used up
    EXPECT_TRUE(fence(7, 2));
    EXPECT_FALSE(fence(9, 0));
    EXPECT_FALSE(fence(8, 0)) << "nobody knows whose it is";
}

TEST(TransactionHistory, KnowsWhatMustNotBeCommitted) {
    struct End {
        bool commit;
        std::optional<Outcome> outcome;  // none: never answered
    };
    struct Case {
        std::vector<End> ends;
        bool must_not_commit;
    };
    for (const Case& c : {Case{{}, true}, Case{{{true, Outcome::ok}}, false},
                          Case{{{true, Outcome::unknown}}, false}, Case{{{true, {}}}, false},
                          Case{{{true, Outcome::failed}}, true}, Case{{{false, {}}}, true},
                          Case{{{false, Outcome::ok}}, true},
                          Case{{{true, Outcome::unknown}, {false, Outcome::ok}}, true},
                          Case{{{true, Outcome::unknown}, {false, Outcome::failed}}, false}}) {
        Transactions history;
        const auto producer = history.start_producer("p1");
        const OperationId transaction = history.begin(producer);
        for (const End& end : c.ends) {
            const OperationId operation = history.end_invoked(producer, transaction, end.commit);
            if (end.outcome) {
                history.end_completed(producer, operation, transaction, end.commit, *end.outcome);
            }
        }
        EXPECT_EQ(history_of(history).find(transaction)->must_not_commit(), c.must_not_commit);
    }
}

}  // namespace
}  // namespace squall::checkers
