#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/checkers/transactions.h"

namespace squall::checkers {
namespace {

std::string judge(const History& history, Contract contract = Contract::configured) {
    return summary(history.judged_by("fencing", contract));
}

TEST(Fencing, AcceptsEpochsThatGrow) {
    Transactions history;
    auto producer = history.start_producer("p1");
    for (int i = 0; i < 3; ++i) {
        const OperationId transaction = history.begin(producer);
        history.publish(producer, transaction, orders, 10 + i);
        history.end(producer, transaction, true);
        history.mark(producer, orders, true);
        producer = Transactions::next(producer);
    }
    const CheckerReport report = history.judged_by("fencing");
    EXPECT_EQ(summary(report), "pass");
    EXPECT_GE(report.judged, 5u);
}

TEST(Fencing, AcceptsAZombieWhoseRecordsAreAborted) {
    Transactions history;
    const auto zombie = history.start_producer("p1", 7, 0);
    const OperationId transaction = history.begin(zombie);
    history.publish(zombie, transaction, orders, 10);
    history.start_producer("p2", 7, 2);
    history.append_numbered(zombie, orders, {11});  // before the marker it may still come in
    history.mark(zombie, orders, false);
    EXPECT_EQ(judge(history), "pass");
}

TEST(Fencing, ObjectsToAZombieWhoseRecordsAreCommitted) {
    for (const int version : {2, 1}) {
        Transactions history;
        const auto zombie = history.start_producer("p1", 7, 0, version);
        history.begin(zombie);
        history.start_producer("p2", 7, 2, version);
        history.append_numbered(zombie, orders, {11});
        history.mark(zombie, orders, true);
        EXPECT_EQ(judge(history), version == 2
                                      ? "fail: fenced-append"
                                      : "pass, allowed: fenced-append (transactions of version 1)");
        EXPECT_EQ(judge(history, Contract::safe), "fail: fenced-append");
    }
}

TEST(Fencing, ObjectsToAZombieOfAnotherProducerId) {
    Transactions history;
    const auto zombie = history.start_producer("p1", 7, 0);
    history.start_producer("p2", 8, 0);
    history.append_numbered(zombie, orders, {11});
    history.mark(zombie, orders, true);
    EXPECT_EQ(judge(history), "fail: fenced-append");
}

TEST(Fencing, ObjectsToACommitOfAZombie) {
    for (const bool is_before : {true, false}) {
        Transactions history;
        const auto zombie = history.start_producer("p1", 7, 0);
        const OperationId transaction = history.begin(zombie);
        history.publish(zombie, transaction, orders, 10);
        if (is_before) {
            const OperationId end = history.end_invoked(zombie, transaction, true);
            history.mark(zombie, orders, true);
            history.start_producer("p2", 7, 2);
            history.end_completed(zombie, end, transaction, true);
        } else {
            history.start_producer("p2", 7, 2);
            history.end(zombie, transaction, true);
            history.mark(zombie, orders, true);
        }
        EXPECT_EQ(judge(history), is_before ? "pass" : "fail: fenced-commit");
    }
}

TEST(Fencing, AcceptsThatAZombieCommitsNothing) {
    Transactions history;
    const auto zombie = history.start_producer("p1", 7, 0);
    const OperationId transaction = history.begin(zombie);
    history.start_producer("p2", 7, 2);
    history.end(zombie, transaction, true);
    EXPECT_EQ(judge(history), "pass");
}

TEST(Fencing, ObjectsToASendOfAZombieThatIsAcknowledged) {
    Transactions history;
    const auto zombie = history.start_producer("p1", 7, 0);
    const OperationId transaction = history.begin(zombie);
    const OperationId before = history.send_invoked(zombie, transaction, orders, 10);
    history.start_producer("p2", 7, 2);
    history.send_completed(zombie, before, orders, 0);
    const OperationId after = history.send_invoked(zombie, transaction, orders, 11);
    history.send_completed(zombie, after, orders, -1, Outcome::failed);
    EXPECT_EQ(judge(history), "pass");
    history.publish(zombie, transaction, orders, 12);
    EXPECT_EQ(judge(history), "fail: fenced-send");
}

TEST(Fencing, LetsAProducerGoOnThatRaisedItsOwnEpoch) {
    Transactions history;
    auto producer = history.start_producer("p1", 7, 0);
    const OperationId transaction = history.begin(producer);
    history.by_client("p1", model::ProducerIdentified{.client_id = "p1",
                                                      .transactional_id = "shop",
                                                      .producer_id = ProducerId{7},
                                                      .producer_epoch = ProducerEpoch{1},
                                                      .reason = "transaction end"});
    history.publish(producer, transaction, orders, 10);
    history.mark(producer, orders, true);
    EXPECT_EQ(judge(history), "pass");
}

TEST(Fencing, ObjectsToLowerEpochsInALog) {
    Transactions history;
    const auto older = history.start_producer("p1", 7, 0);
    const auto newer = history.start_producer("p2", 7, 3);
    history.append_numbered(newer, orders, {10});
    history.append_numbered(older, orders, {11});
    EXPECT_EQ(judge(history), "fail: stale-append");
    history.append_numbered(newer, orders, {12});
    history.mark(older, orders, false);
    EXPECT_EQ(judge(history), "fail: stale-append stale-marker");
}

TEST(Fencing, AsksForAHigherEpochOfMarkersByVersionTwo) {
    for (const int version : {1, 2}) {
        Transactions history;
        const auto producer = history.start_producer("p1", 7, 0, version);
        const OperationId transaction = history.begin(producer);
        history.publish(producer, transaction, orders, 10);
        auto marking = producer;
        marking.version = 1;  // with the epoch of the records
        history.mark(marking, orders, true);
        EXPECT_EQ(judge(history), version == 1 ? "pass" : "fail: stale-marker");
    }
}

TEST(Fencing, ObjectsToAMarkerOfAnOlderCoordinator) {
    for (const int second : {3, 2}) {
        Transactions history;
        auto producer = history.start_producer("p1");
        history.mark(producer, orders, true, 3);
        producer = Transactions::next(producer);
        history.mark(producer, orders, true, second);
        EXPECT_EQ(judge(history), second == 3 ? "pass" : "fail: stale-coordinator");
    }
}

TEST(Fencing, ObjectsToOffsetsOfAnOlderGeneration) {
    Transactions history;
    const auto producer = history.start_producer("p1");
    history.store_offset(producer, 5, 3);
    history.store_offset(producer, 6, -1);
    history.store_offset(producer, 7, 4);
    EXPECT_EQ(judge(history), "pass");
    history.store_offset(producer, 6, 3);
    EXPECT_EQ(judge(history), "fail: fenced-offsets");
}

TEST(Fencing, KnowsThatMembersOfTheConsumerProtocolMoveOnEachInItsOwnTime) {
    const TopicPartition others{.topic = "orders", .partition = 1};
    for (const std::string protocol : {"classic", "consumer"}) {
        Transactions history;
        history.by_client("c1", model::ConsumerConfigured{
                                    .client_id = "c1", .group = "g", .group_protocol = protocol});
        const auto ahead = history.start_producer("p1");
        const auto behind = history.start_producer("p2", 8);
        history.store_offset(ahead, 5, 4);
        history.store_offset(behind, 9, 3, others);
        EXPECT_EQ(judge(history), protocol == "classic" ? "fail: fenced-offsets" : "pass");
        history.store_offset(behind, 6, 3);
        EXPECT_EQ(judge(history), protocol == "classic" ? "fail: fenced-offsets fenced-offsets"
                                                        : "fail: fenced-offsets")
            << "what another has taken over";
    }
}

TEST(Fencing, ObjectsToOffsetsSentAfterTheGroupHadMovedOn) {
    for (const Outcome outcome : {Outcome::failed, Outcome::ok}) {
        for (const int stable : {3, 4}) {
            Transactions history;
            const auto producer = history.start_producer("p1");
            const OperationId transaction = history.begin(producer);
            history.tell_group("g", "Stable", stable, 2);
            history.tell_group("g", "PreparingRebalance", 9, 2);
            history.by_client("p1", model::TransactionOffsetsInvoked{
                                        .operation = OperationId{77},
                                        .transaction = transaction,
                                        .client_id = "p1",
                                        .group = "g",
                                        .member_id = "p1",
                                        .generation = GenerationId{3},
                                        .offsets = {{.partition = orders, .offset = Offset{5}}}});
            history.by_client("p1", model::TransactionOffsetsCompleted{.operation = OperationId{77},
                                                                       .outcome = outcome});
            const bool is_fenced = stable == 4 && outcome == Outcome::ok;
            EXPECT_EQ(judge(history), is_fenced ? "fail: fenced-offsets" : "pass");
        }
    }
}

TEST(Fencing, ObjectsToTwoProducersOfOneIdentity) {
    Transactions history;
    history.start_producer("p1", 7, 3);
    history.start_producer("p2", 7, 4);
    EXPECT_EQ(judge(history), "pass");
    Transactions same = Transactions();
    same.start_producer("p1", 7, 3);
    same.start_producer("p2", 7, 3);
    EXPECT_EQ(judge(same), "fail: identity-shared");
    Transactions restarted;
    restarted.start_producer("p1", 7, 3);
    restarted.start_producer("p1", 7, 3);  // another process of that name
    EXPECT_EQ(judge(restarted), "fail: identity-shared");
}

RC_GTEST_PROP(Fencing, ObjectsToAnyBatchOfALowerEpoch, ()) {
    Transactions history;
    auto producer = history.start_producer("p1");
    const int transactions = *rc::gen::inRange(2, 10);
    for (int i = 0; i < transactions; ++i) {
        const OperationId transaction = history.begin(producer);
        history.publish(producer, transaction, orders, i);
        history.end(producer, transaction, true);
        history.mark(producer, orders, true);
        producer = Transactions::next(producer);
    }
    RC_ASSERT(judge(history) == "pass");
    // Batches and markers come by turns; the first one has nobody before it.
    const auto changed = static_cast<std::size_t>(*rc::gen::inRange(1, 2 * transactions));
    const CheckerReport report = judged_after<model::BatchAppended>(
        history, "fencing", changed,
        [](auto& batch) { batch.producer_epoch = batch.producer_epoch - 1; });
    RC_ASSERT(report.verdict == CheckerVerdict::fail);
}

}  // namespace
}  // namespace squall::checkers
