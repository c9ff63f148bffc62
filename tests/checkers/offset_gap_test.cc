#include <gtest/gtest.h>

#include "tests/checkers/transactions.h"

namespace squall::checkers {
namespace {

constexpr auto leader = model::ReplicaRole::leader;
constexpr auto committed = model::PositionReason::committed;

std::string judge(const History& history, Contract contract = Contract::configured) {
    return summary(history.judged_by("offset-gap", contract));
}

// ---- logs ----

TEST(OffsetGap, AcceptsBatchesThatFollowEachOther) {
    History history;
    history.append(1, 0, 4, 0, 100, leader);
    history.append(1, 5, 9, 0, 101, leader);
    history.append(2, 0, 4, 0, 100);
    history.append(2, 5, 9, 0, 101);
    EXPECT_EQ(judge(history), "pass");
}

TEST(OffsetGap, HasNothingToSayOfWhatIsNotWritten) {
    History history;
    history.open_log(1, 5);
    EXPECT_EQ(judge(history), "n/a");
}

TEST(OffsetGap, ObjectsToAHoleBetweenBatches) {
    for (const auto role : {leader, model::ReplicaRole::follower}) {
        History history;
        history.append(1, 0, 4, 0, 100, role);
        history.append(1, 6, 9, 0, 101, role);
        EXPECT_EQ(judge(history), "fail: offset-gap");
    }
}

TEST(OffsetGap, ObjectsToAHoleInABatch) {
    for (const int records : {2, 3}) {
        History history;
        model::BatchAppended batch{.broker = BrokerId{1},
                                   .partition = orders,
                                   .base_offset = Offset{0},
                                   .last_offset = Offset{2}};
        for (int i = 0; i < records; ++i) batch.records.push_back(History::record_id(i));
        history.by_broker(1, batch);
        EXPECT_EQ(judge(history), records == 3 ? "pass" : "fail: offset-gap");
    }
}

TEST(OffsetGap, AcceptsAHoleThatAFollowerCopiesFromACompactedLog) {
    for (const int cleaned_to : {6, 5}) {
        History history;
        history.append(1, 0, 4, 0, 100, leader);
        history.append(1, 5, 9, 0, 101, leader);
        history.append(2, 0, 4, 0, 100);
        history.by_broker(1, model::LogCleaned{.broker = BrokerId{1},
                                               .partition = orders,
                                               .from = Offset{0},
                                               .to = Offset{cleaned_to}});
        history.append(2, 6, 9, 0, 102);
        EXPECT_EQ(judge(history), cleaned_to == 6 ? "pass" : "fail: offset-gap");
    }
    History by_the_leader;
    by_the_leader.append(1, 0, 4, 0, 100, leader);
    by_the_leader.by_broker(
        1, model::LogCleaned{
               .broker = BrokerId{1}, .partition = orders, .from = Offset{0}, .to = Offset{9}});
    by_the_leader.append(1, 6, 9, 0, 102, leader);
    EXPECT_EQ(judge(by_the_leader), "fail: offset-gap");
}

TEST(OffsetGap, AcceptsALogThatGoesOnElsewhere) {
    History history;
    history.append(2, 0, 4, 0, 100);
    history.truncate(2, 5, 0, "out of range");
    history.move_log_start(2, 20, "leader's log start");
    history.append(2, 20, 24, 0, 104);
    history.lose_power(2);
    history.append(2, 30, 34, 0, 105);
    EXPECT_EQ(judge(history), "pass") << "after a loss of power nobody knows where it ends";
}

// ---- consumers ----

// Offsets 0..5: two records, a transaction of two that ends at 4, and a record.
struct Mixed {
    Transactions history;

    explicit Mixed(bool commit, bool read_committed = true) {
        const Transactions::Producer plain{
            .client = "p0", .transactional_id = "", .producer_id = 1};
        history.append_numbered(plain, orders, {1, 2}, 0, false);
        const auto producer = history.start_producer("p1");
        history.begin(producer);
        history.append_numbered(producer, orders, {3, 4}, 0);
        history.mark(producer, orders, commit);
        history.append_numbered(plain, orders, {5}, 2, false);
        history.by_client("c1", model::ConsumerConfigured{.client_id = "c1",
                                                          .group = "",
                                                          .read_committed = read_committed,
                                                          .auto_offset_reset = "earliest"});
        history.set_position("c1", "", 0, committed);
    }
    void poll(int position, int next, const std::vector<int>& offsets) {
        std::vector<model::PolledRecord> records;
        for (const int offset : offsets) {
            records.push_back({.offset = Offset{offset}, .record = History::record_id(offset)});
        }
        history.poll_pairs("c1", "", position, next, std::move(records));
    }
};

TEST(OffsetGap, AcceptsThatMarkersAndAbortedRecordsAreLeftOut) {
    Mixed aborted(false);
    aborted.poll(0, 6, {0, 1, 5});
    EXPECT_EQ(judge(aborted.history), "pass");
    Mixed committed_one(true);
    committed_one.poll(0, 6, {0, 1, 2, 3, 5});
    EXPECT_EQ(judge(committed_one.history), "pass");
}

TEST(OffsetGap, ObjectsToARecordThatIsLeftOut) {
    Mixed inside(false);
    inside.poll(0, 6, {0, 5});
    const CheckerReport report = inside.history.judged_by("offset-gap");
    EXPECT_EQ(summary(report), "fail: offset-gap");
    EXPECT_EQ(report.anomalies[0].evidence[4],
              (std::pair<std::string, std::string>{"offset", "1"}));

    Mixed at_the_end(false);
    at_the_end.poll(0, 6, {0, 1});
    EXPECT_EQ(judge(at_the_end.history), "fail: offset-gap");

    Mixed between_polls(false);
    between_polls.poll(0, 1, {0});
    between_polls.poll(2, 6, {5});
    EXPECT_EQ(judge(between_polls.history), "fail: offset-gap");
}

TEST(OffsetGap, WhoReadsEverythingIsHandedAbortedRecords) {
    Mixed mixed(false, false);
    mixed.poll(0, 6, {0, 1, 2, 3, 5});
    EXPECT_EQ(judge(mixed.history), "pass");
    Mixed left_out(false, false);
    left_out.poll(0, 6, {0, 1, 5});
    EXPECT_EQ(judge(left_out.history), "fail: offset-gap");
}

TEST(OffsetGap, AcceptsAPositionThatWasSetOrAssigned) {
    for (const bool by_seek : {true, false}) {
        Mixed mixed(false);
        mixed.poll(0, 1, {0});
        if (by_seek) {
            mixed.history.set_position("c1", "", 5, model::PositionReason::seek);
        } else {
            mixed.history.assign("c1", "", 1);
        }
        mixed.poll(5, 6, {5});
        EXPECT_EQ(judge(mixed.history), "pass");
    }
}

TEST(OffsetGap, AcceptsALogStartThatMoved) {
    for (const int start : {2, 1}) {
        Mixed mixed(false);
        mixed.history.move_log_start(1, start);
        mixed.poll(0, 6, {5});
        EXPECT_EQ(judge(mixed.history), start == 2 ? "pass" : "fail: offset-gap");
    }
}

TEST(OffsetGap, AcceptsACompactedStretch) {
    Mixed mixed(false);
    mixed.history.by_broker(
        1, model::LogCleaned{
               .broker = BrokerId{1}, .partition = orders, .from = Offset{0}, .to = Offset{2}});
    mixed.poll(0, 6, {1, 5});
    EXPECT_EQ(judge(mixed.history), "pass");
}

TEST(OffsetGap, AllowsWhatAnUncleanElectionBrought) {
    for (const bool before : {true, false}) {
        Mixed mixed(false);
        if (!before) mixed.poll(0, 1, {0});
        mixed.history.change(3, 1, {3}, true);
        if (before) mixed.history.set_position("c1", "", 0, committed);
        mixed.poll(before ? 0 : 1, 6, {5});
        EXPECT_EQ(judge(mixed.history),
                  before ? "fail: offset-gap" : "pass, allowed: offset-gap (unclean election)");
        EXPECT_EQ(judge(mixed.history, Contract::safe), "fail: offset-gap");
    }
}

}  // namespace
}  // namespace squall::checkers
