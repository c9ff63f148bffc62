#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <tuple>

#include "tests/checkers/transactions.h"

namespace squall::checkers {
namespace {

std::string judge(const History& history, Contract contract = Contract::configured) {
    return summary(history.judged_by("idempotence", contract));
}

// Batches of one record each, with these numbers.
std::string judge_numbers(const std::vector<int>& numbers) {
    Transactions history;
    const Transactions::Producer producer{.client = "p1", .transactional_id = ""};
    int record = 100;
    for (const int number : numbers) {
        history.append_numbered(producer, orders, {record++}, number, false);
    }
    return judge(history);
}

TEST(Idempotence, AcceptsNumbersThatFollowEachOther) {
    EXPECT_EQ(judge_numbers({0, 1, 2, 3}), "pass");
}

TEST(Idempotence, ObjectsToAGapAndToARepetition) {
    EXPECT_EQ(judge_numbers({0, 1, 3}), "fail: sequence-gap");
    EXPECT_EQ(judge_numbers({0, 1, 0}), "fail: sequence-repeated");
}

TEST(Idempotence, AcceptsAnyFirstNumber) {
    EXPECT_EQ(judge_numbers({5, 6}), "pass");
    EXPECT_EQ(judge_numbers({5}), "n/a");
}

TEST(Idempotence, KnowsThatNumbersWrap) {
    constexpr int most = std::numeric_limits<int>::max();
    EXPECT_EQ(judge_numbers({most - 1, most, 0, 1}), "pass");
}

TEST(Idempotence, AsksForZeroInANewEpoch) {
    for (const int first : {0, 2}) {
        Transactions history;
        Transactions::Producer producer{.client = "p1", .transactional_id = ""};
        history.append_numbered(producer, orders, {10, 11}, 0, false);
        ++producer.producer_epoch;
        history.append_numbered(producer, orders, {12}, first, false);
        EXPECT_EQ(judge(history), first == 0 ? "pass" : "fail: sequence-gap");
    }
}

TEST(Idempotence, AsksForZeroWhereATransactionOfVersionTwoBegins) {
    for (const int version : {1, 2}) {
        for (const int first : {0, 1}) {
            Transactions history;
            const auto producer = history.start_producer("p1", 7, 3, version);
            history.begin(producer);
            history.append_numbered(producer, orders, {10}, first);
            const bool is_judged = version == 2;
            EXPECT_EQ(judge(history), !is_judged   ? "n/a"
                                      : first == 0 ? "pass"
                                                   : "fail: sequence-gap");
        }
    }
}

TEST(Idempotence, AsksForZeroInEachTransactionOfVersionTwo) {
    Transactions history;
    auto producer = history.start_producer("p1");
    history.begin(producer);
    history.append_numbered(producer, orders, {10, 11}, 0);
    history.append_numbered(producer, orders, {12}, 2);
    history.mark(producer, orders, true);
    producer = Transactions::next(producer);
    history.begin(producer);
    history.append_numbered(producer, refunds, {13}, 0);
    EXPECT_EQ(judge(history), "pass");
    history.append_numbered(producer, orders, {14}, 3);
    EXPECT_EQ(judge(history), "fail: sequence-gap");
}

TEST(Idempotence, DoesNotAskForZeroBehindWhatTheLogDidNotTell) {
    Transactions history;
    const auto producer = history.start_producer("p1");
    history.begin(producer);
    history.open_log(1, 3);
    history.by_broker(1, model::BatchAppended{.broker = BrokerId{1},
                                              .partition = orders,
                                              .base_offset = Offset{3},
                                              .last_offset = Offset{3},
                                              .leader_epoch = LeaderEpoch{0},
                                              .producer_id = ProducerId{producer.producer_id},
                                              .producer_epoch = ProducerEpoch{0},
                                              .base_sequence = SequenceNumber{3},
                                              .is_transactional = true});
    EXPECT_EQ(judge(history), "n/a");
}

TEST(Idempotence, JudgesByTheLogOfTheReplicaThatLeads) {
    // Broker 2 has copied two of three batches when it takes over; the third is sent again.
    Transactions history;
    const Transactions::Producer producer{.client = "p1", .transactional_id = ""};
    for (const int record : {0, 1, 2})
        history.append_numbered(producer, orders, {record}, record, false);
    const auto copy = [&](int offset, model::ReplicaRole role, int number) {
        history.by_broker(
            2, model::BatchAppended{
                   .broker = BrokerId{2},
                   .partition = orders,
                   .role = role,
                   .base_offset = Offset{offset},
                   .last_offset = Offset{offset},
                   .leader_epoch = LeaderEpoch{role == model::ReplicaRole::leader ? 1 : 0},
                   .producer_id = ProducerId{7},
                   .producer_epoch = ProducerEpoch{0},
                   .base_sequence = SequenceNumber{number}});
    };
    copy(0, model::ReplicaRole::follower, 0);
    copy(1, model::ReplicaRole::follower, 1);
    history.lead(2, 1, 2);
    copy(2, model::ReplicaRole::leader, 2);
    EXPECT_EQ(judge(history), "pass");
    copy(3, model::ReplicaRole::leader, 1);
    EXPECT_EQ(judge(history), "fail: sequence-repeated");
}

TEST(Idempotence, DoesNotJudgeByWhatAProcessDiedBeforeTelling) {
    Transactions history;
    const Transactions::Producer producer{.client = "p1", .transactional_id = ""};
    history.append_numbered(producer, orders, {10}, 0, false);
    history.stop(1);
    history.start_broker(1);
    history.open_log(1, 2);  // one more than was told
    history.by_broker(1, model::BatchAppended{.broker = BrokerId{1},
                                              .partition = orders,
                                              .role = model::ReplicaRole::leader,
                                              .base_offset = Offset{2},
                                              .last_offset = Offset{2},
                                              .leader_epoch = LeaderEpoch{1},
                                              .producer_id = ProducerId{7},
                                              .producer_epoch = ProducerEpoch{0},
                                              .base_sequence = SequenceNumber{2}});
    EXPECT_EQ(judge(history), "n/a");
}

TEST(Idempotence, AcceptsAnyNumberAfterTheRecordsBeforeWereRemoved) {
    Transactions history;
    const Transactions::Producer producer{.client = "p1", .transactional_id = ""};
    history.append_numbered(producer, orders, {10}, 0, false);
    history.move_log_start(1, 1);
    history.append_numbered(producer, orders, {11}, 9, false);
    EXPECT_EQ(judge(history), "n/a");
}

TEST(Idempotence, ObjectsToARepetitionThatIsNone) {
    for (const int offset : {0, 1, 7}) {
        Transactions history;
        const Transactions::Producer producer{.client = "p1", .transactional_id = ""};
        history.append_numbered(producer, orders, {10}, 0, false);
        history.append_numbered(producer, orders, {11}, 1, false);
        history.by_broker(1, model::DuplicateAnswered{.broker = BrokerId{1},
                                                      .partition = orders,
                                                      .producer_id = ProducerId{7},
                                                      .producer_epoch = ProducerEpoch{0},
                                                      .base_sequence = SequenceNumber{1},
                                                      .base_offset = Offset{offset}});
        EXPECT_EQ(judge(history), offset == 1 ? "pass" : "fail: false-duplicate") << offset;
    }
}

TEST(Idempotence, ObjectsToARepetitionThatIsRefusedForItsNumbers) {
    for (const auto& [number, epoch, error, verdict] :
         {std::tuple{3, 0, "OUT_OF_ORDER_SEQUENCE_NUMBER", "fail: repetition-refused"},
          std::tuple{9, 0, "OUT_OF_ORDER_SEQUENCE_NUMBER", "pass"},
          std::tuple{0, 0, "out_of_order_sequence_number", "pass"},  // six batches ago
          std::tuple{3, 0, "NOT_LEADER_OR_FOLLOWER", "pass"},
          std::tuple{3, 1, "OUT_OF_ORDER_SEQUENCE_NUMBER", "pass"}}) {
        Transactions history;
        const Transactions::Producer producer{.client = "p1", .transactional_id = ""};
        for (int i = 0; i < 6; ++i) history.append_numbered(producer, orders, {i}, i, false);
        history.by_broker(1, model::NumberedBatchRefused{
                                 .broker = BrokerId{1},
                                 .partition = orders,
                                 .producer_id = ProducerId{7},
                                 .producer_epoch = ProducerEpoch{static_cast<std::int16_t>(epoch)},
                                 .base_sequence = SequenceNumber{number},
                                 .error = error});
        EXPECT_EQ(judge(history), verdict) << number << error;
    }
}

TEST(Idempotence, ObjectsToSendsOutOfOrder) {
    History history;
    history.configure_producer("p1", -1, true);
    const OperationId first = history.invoke("p1", 10);
    const OperationId second = history.invoke("p1", 11);
    history.complete(second, 0);
    history.complete(first, 1);
    EXPECT_EQ(judge(history), "fail: reordered");
}

TEST(Idempotence, FindsTheSendThatWasNeverAnswered) {
    for (const bool is_told : {false, true}) {
        History history;
        history.configure_producer("p1", -1, true);
        const OperationId first = history.invoke("p1", 10);
        history.send("p1", 11, 0);
        if (is_told) history.complete_unknown(first);
        history.poll("c1", "g", 0, {11, 10});
        EXPECT_EQ(judge(history),
                  is_told ? "pass, allowed: reordered (failure reported)" : "fail: reordered");
    }
}

TEST(Idempotence, TakesARestartedProducerForAnother) {
    History history;
    history.configure_producer("p1", -1, true);
    history.invoke("p1", 10);  // its answer never came, and the client died
    history.stop_client("p1");
    history.configure_producer("p1", -1, true);
    history.send("p1", 11, 0);
    history.poll("c1", "g", 0, {11, 10});
    EXPECT_EQ(judge(history), "n/a");
}

TEST(Idempotence, AsksNothingOfProducersWithoutIt) {
    History history;
    history.configure_producer("p1", -1, false);
    const OperationId first = history.invoke("p1", 10);
    history.send("p1", 11, 0);
    history.complete(first, 1);
    EXPECT_EQ(judge(history), "n/a");
}

TEST(Idempotence, AllowsWhatAnUncleanElectionMadeOfTheOffsets) {
    History history;
    history.configure_producer("p1", -1, true);
    history.change(1, 0, {1});
    history.send("p1", 10, 5);
    history.change(2, 1, {2}, true);
    history.send("p1", 11, 0);
    EXPECT_EQ(judge(history), "pass, allowed: reordered (unclean election)");
    EXPECT_EQ(judge(history, Contract::safe), "fail: reordered");
}

RC_GTEST_PROP(Idempotence, ObjectsToAnyNumberThatIsChanged, ()) {
    Transactions history;
    Transactions::Producer producer{.client = "p1", .transactional_id = ""};
    const int batches = *rc::gen::inRange(2, 20);
    for (int i = 0; i < batches; ++i) {
        std::vector<int> records(static_cast<std::size_t>(*rc::gen::inRange(1, 5)), i);
        history.append_numbered(producer, orders, records, -1, false);
        if (*rc::gen::inRange(0, 5) == 0) ++producer.producer_epoch;
    }
    RC_ASSERT(judge(history) == "pass");
    // Of the first batch any number is taken.
    const auto changed = static_cast<std::size_t>(*rc::gen::inRange(1, batches));
    const int by = *rc::gen::distinctFrom(rc::gen::inRange(-3, 4), 0);
    const CheckerReport report = judged_after<model::BatchAppended>(
        history, "idempotence", changed, [&](model::BatchAppended& batch) {
            const int number = batch.base_sequence.value() + by;
            batch.base_sequence = SequenceNumber{number < 0 ? 99 : number};
        });
    RC_ASSERT(report.verdict == CheckerVerdict::fail);
}

}  // namespace
}  // namespace squall::checkers
