#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/checkers/history.h"

namespace squall::checkers {
namespace {

std::string judge(const History& history, Contract contract = Contract::configured) {
    return summary(history.judged_by("order", contract));
}

TEST(Order, AcceptsSendsThatLandInTheOrderTheyWereMade) {
    History history;
    const OperationId first = history.invoke("p1", 10);
    const OperationId second = history.invoke("p1", 11);
    history.complete(second, 1);
    history.complete(first, 0);
    history.send("p2", 12, 2);
    EXPECT_EQ(judge(history), "pass");
}

TEST(Order, HasNothingToSayOfOneSend) {
    History history;
    history.send("p1", 10, 0);
    EXPECT_EQ(judge(history), "n/a");
}

TEST(Order, ObjectsToSendsThatSwappedPlacesWithoutARetry) {
    History history;
    history.configure_producer("p1", -1, false);
    const OperationId first = history.invoke("p1", 10);
    const OperationId second = history.invoke("p1", 11);
    history.complete(second, 0);
    history.complete(first, 1);
    EXPECT_EQ(judge(history), "fail: nonmonotonic-send");
}

TEST(Order, AllowsTheSwapOnlyWithARetrySeveralInFlightAndNoIdempotence) {
    const auto swapped = [](bool idempotent, int in_flight,
                            Contract contract = Contract::configured) {
        History history;
        history.configure_producer("p1", -1, idempotent, in_flight);
        const OperationId first = history.invoke("p1", 10);
        const OperationId second = history.invoke("p1", 11);
        history.complete(second, 0);
        history.complete(first, 1, 2);
        return judge(history, contract);
    };
    EXPECT_EQ(swapped(false, 5), "pass, allowed: nonmonotonic-send (retry without idempotence)");
    EXPECT_EQ(swapped(false, 5, Contract::safe), "fail: nonmonotonic-send");
    EXPECT_EQ(swapped(false, 1), "fail: nonmonotonic-send");
    EXPECT_EQ(swapped(true, 5), "fail: nonmonotonic-send");
}

// A batch that is queued again is overtaken by those in flight; one that was not sent yet is not.
TEST(Order, AllowsTheSwapOnlyIfTheRetryCameWhileOneOfTheTwoWasOpen) {
    enum class Retry { before, while_open, after };
    const auto swapped = [](Retry when) {
        History history;
        history.configure_producer("p1", -1, false);
        if (when == Retry::before) history.retry("p1");
        const OperationId first = history.invoke("p1", 10);
        const OperationId second = history.invoke("p1", 11);
        if (when == Retry::while_open) history.retry("p1");
        history.complete(second, 0);
        history.complete(first, 1);
        if (when == Retry::after) history.retry("p1");
        return judge(history);
    };
    EXPECT_EQ(swapped(Retry::before), "fail: nonmonotonic-send");
    EXPECT_EQ(swapped(Retry::while_open),
              "pass, allowed: nonmonotonic-send (retry without idempotence)");
    EXPECT_EQ(swapped(Retry::after), "fail: nonmonotonic-send");
}

TEST(Order, BlamesTheSendThatMovedAndNotThoseItLetPass) {
    History late;
    late.configure_producer("p1", -1, true);
    std::vector<OperationId> sends;
    for (int i = 0; i < 6; ++i) sends.push_back(late.invoke("p1", 10 + i));
    for (int i = 1; i < 6; ++i) late.complete(sends[static_cast<std::size_t>(i)], i);
    late.complete(sends[0], 6);
    EXPECT_EQ(judge(late), "fail: nonmonotonic-send");

    History early;
    early.configure_producer("p1", -1, true);
    sends.clear();
    for (int i = 0; i < 6; ++i) sends.push_back(early.invoke("p1", 10 + i));
    for (int i = 0; i < 5; ++i) early.complete(sends[static_cast<std::size_t>(i)], i + 1);
    early.complete(sends[5], 0);
    EXPECT_EQ(judge(early), "fail: nonmonotonic-send");
    EXPECT_EQ(early.judged_by("order").anomalies[0].evidence[2].second, "15");
}

TEST(Order, DoesNotCompareDifferentProducersWhoseSendsOverlap) {
    History history;
    const OperationId first = history.invoke("p1", 10);
    const OperationId second = history.invoke("p2", 11);
    history.complete(second, 0);
    history.complete(first, 1);
    EXPECT_EQ(judge(history), "n/a");
}

TEST(Order, ObjectsToASendThatLandsBeforeOneAcknowledgedEarlier) {
    History history;
    history.send("p1", 10, 5);
    history.send("p2", 11, 3);
    EXPECT_EQ(judge(history), "fail: realtime-order");
}

TEST(Order, AllowsOffsetsToBeUsedAgainAfterTheEarlierRecordWasLost) {
    History history;
    history.change(1, 0, {1, 2});
    history.send("p1", 10, 5);
    history.change(2, 1, {2}, true);
    history.send("p2", 11, 3);
    EXPECT_EQ(judge(history), "pass, allowed: realtime-order (unclean election)");
    EXPECT_EQ(judge(history, Contract::safe), "fail: realtime-order");
}

TEST(Order, AcceptsAConsumerThatMovesForward) {
    History history;
    history.poll("c1", "a", 0, {10, 11});
    history.poll("c1", "a", 2, {12});
    EXPECT_EQ(judge(history), "pass");
}

TEST(Order, ObjectsToAConsumerThatGoesBackUnlessItsPositionWasSet) {
    enum class Excuse { none, seek, rebalance, restart };
    for (const Excuse excuse : {Excuse::none, Excuse::seek, Excuse::rebalance, Excuse::restart}) {
        History history;
        history.poll("c1", "a", 0, {10, 11, 12});
        if (excuse == Excuse::seek) {
            history.set_position("c1", "a", 1, model::PositionReason::seek);
        } else if (excuse == Excuse::rebalance) {
            history.assign("c1", "a", 2);
        } else if (excuse == Excuse::restart) {
            history.stop_client("c1");
        }
        history.poll("c1", "a", 1, {11, 12});
        EXPECT_EQ(judge(history), excuse == Excuse::none ? "fail: nonmonotonic-poll" : "pass");
    }
}

TEST(Order, ObjectsToOffsetsThatGoBackInsideOnePoll) {
    History history;
    history.poll_pairs(
        "c1", "a", 0, 4,
        {{Offset{3}, History::record_id(13), ""}, {Offset{1}, History::record_id(11), ""}});
    EXPECT_EQ(judge(history), "fail: int-nonmonotonic-poll");
}

TEST(Order, ObjectsToRecordsOutsideTheRangeOfTheirPoll) {
    History history;
    history.poll_pairs("c1", "a", 2, 4, {{Offset{1}, History::record_id(11), ""}});
    history.poll_pairs("c2", "a", 2, 4, {{Offset{4}, History::record_id(14), ""}});
    EXPECT_EQ(judge(history), "fail: int-nonmonotonic-poll int-nonmonotonic-poll");
}

// A legal log: producers send one after another or at once, the log orders each producer's sends as
// they were made. Swapping the places of two sends of one producer is found.
RC_GTEST_PROP(Order, FindsASwapInAnyLegalHistory, ()) {
    const int sends = *rc::gen::inRange(2, 40);
    const bool swaps = *rc::gen::arbitrary<bool>();
    std::vector<int> offsets(static_cast<std::size_t>(sends));
    for (int i = 0; i < sends; ++i) offsets[static_cast<std::size_t>(i)] = i;
    const int at = *rc::gen::inRange(0, sends - 1);
    if (swaps)
        std::swap(offsets[static_cast<std::size_t>(at)], offsets[static_cast<std::size_t>(at) + 1]);
    History history;
    history.configure_producer("p1", -1, true);
    std::vector<OperationId> operations;
    for (int i = 0; i < sends; ++i) operations.push_back(history.invoke("p1", 100 + i));
    const auto order = *rc::gen::arbitrary<std::vector<std::uint8_t>>();
    std::vector<std::size_t> completions;
    for (std::size_t i = 0; i < operations.size(); ++i) {
        const std::size_t place = i < order.size() ? order[i] % (completions.size() + 1) : i;
        completions.insert(completions.begin() + static_cast<std::ptrdiff_t>(place), i);
    }
    for (const std::size_t i : completions) history.complete(operations[i], offsets[i]);
    RC_ASSERT(judge(history) == (swaps ? "fail: nonmonotonic-send" : "pass"));
}

}  // namespace
}  // namespace squall::checkers
