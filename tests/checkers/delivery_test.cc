#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>

#include "tests/checkers/transactions.h"

namespace squall::checkers {
namespace {

std::string judge(const History& history) {
    return summary(history.judged_by("delivery"));
}

History four_sent() {
    History history;
    for (int i = 0; i < 4; ++i) history.send("p1", 10 + i, i);
    return history;
}

TEST(Delivery, AcceptsAGroupThatWasHandedEverythingItCommitted) {
    History history = four_sent();
    history.poll("c1", "g", 0, {10, 11}, 1);
    history.poll("c2", "g", 2, {12}, 2);
    history.commit("c2", "g", 2, 3);
    const CheckerReport report = history.judged_by("delivery");
    EXPECT_EQ(summary(report), "pass");
    EXPECT_EQ(report.judged, 5u) << "two polls, three records";
}

TEST(Delivery, HasNothingToSayOfReadersWithoutAGroup) {
    History history = four_sent();
    history.poll("c1", "", 0, {10, 11});
    history.poll("c1", "", 0, {10, 11});
    EXPECT_EQ(judge(history), "n/a");
}

TEST(Delivery, ObjectsToARecordThatWasCommittedUnread) {
    History history = four_sent();
    history.poll("c1", "g", 0, {10, 11}, 1);
    history.poll("c1", "g", 3, {13}, 1);
    history.commit("c1", "g", 1, 4);
    const CheckerReport report = history.judged_by("delivery");
    EXPECT_EQ(summary(report), "fail: skipped");
    EXPECT_EQ(report.anomalies[0].evidence[2],
              (std::pair<std::string, std::string>{"offset", "2"}));
}

TEST(Delivery, ObjectsToARecordDroppedInsideAPoll) {
    History history = four_sent();
    history.poll_pairs(
        "c1", "g", 0, 4,
        {{Offset{0}, History::record_id(10), ""}, {Offset{3}, History::record_id(13), ""}}, 1);
    history.commit("c1", "g", 1, 4);
    EXPECT_EQ(judge(history), "fail: skipped skipped");
}

TEST(Delivery, DoesNotAskForRecordsBeforeTheFirstPosition) {
    History history = four_sent();
    history.set_position("c1", "g", 2, model::PositionReason::committed);
    history.poll("c1", "g", 2, {12}, 1);
    history.commit("c1", "g", 1, 3);
    EXPECT_EQ(judge(history), "pass");
}

TEST(Delivery, AllowsASkipByASeekOrAResetToLatest) {
    for (const auto reason : {model::PositionReason::seek, model::PositionReason::reset_latest,
                              model::PositionReason::committed}) {
        History history = four_sent();
        history.poll("c1", "g", 0, {10}, 1);
        history.set_position("c1", "g", 3, reason);
        history.poll("c1", "g", 3, {13}, 1);
        history.commit("c1", "g", 1, 4);
        const std::string expected =
            reason == model::PositionReason::seek ? "pass, allowed: skipped (seek) skipped (seek)"
            : reason == model::PositionReason::reset_latest
                ? "pass, allowed: skipped (reset to latest) skipped (reset to latest)"
                : "fail: skipped skipped";
        EXPECT_EQ(judge(history), expected);
    }
}

// A seek excuses what lies between where the consumer had got to and where it went.
TEST(Delivery, ASeekExcusesOnlyWhatItPassesOver) {
    for (const bool before : {true, false}) {
        History history;
        history.configure_producer("p1", -1, true);
        for (int i = 0; i < 10; ++i) history.send("p1", 100 + i, i);
        history.assign("c1", "g", 1);
        history.set_position("c1", "g", 0, model::PositionReason::committed);
        history.poll("c1", "g", 0, {100, 101});
        // Record 102 is left out, by nobody's will or by the seek's.
        if (!before) history.poll_pairs("c1", "g", 2, 3, {});
        history.set_position("c1", "g", 3, model::PositionReason::seek);
        history.poll("c1", "g", 3, {103, 104, 105, 106, 107, 108, 109});
        history.commit("c1", "g", 1, 10);
        EXPECT_EQ(judge(history), before ? "pass, allowed: skipped (seek)" : "fail: skipped");
    }
}

TEST(Delivery, DoesNotTakeAResetWithoutACauseForAnExcuse) {
    using model::ResetCause;
    for (const auto cause : {ResetCause::asked, ResetCause::out_of_range, ResetCause::no_commit}) {
        History skips = four_sent();
        skips.poll("c1", "g", 0, {10}, 1);
        skips.commit("c1", "g", 1, 1);
        skips.assign("c2", "g", 2);
        if (cause == ResetCause::out_of_range) skips.poll("c2", "g", 1, {}, 2);
        skips.set_position("c2", "g", 3, model::PositionReason::reset_latest, cause);
        skips.poll("c2", "g", 3, {13}, 2);
        skips.commit("c2", "g", 2, 4);
        EXPECT_EQ(judge(skips),
                  cause == ResetCause::asked
                      ? "pass, allowed: skipped (reset to latest) skipped (reset to latest)"
                      : "fail: skipped skipped");

        History repeats = four_sent();
        repeats.assign("c1", "g", 1);
        repeats.commit("c1", "g", 1, 0);
        repeats.assign("c1", "g", 1);
        repeats.poll("c1", "g", 0, {10}, 1);
        repeats.set_position("c1", "g", 0, model::PositionReason::reset_earliest, cause);
        repeats.poll("c1", "g", 0, {10}, 1);
        EXPECT_EQ(judge(repeats), cause == ResetCause::asked
                                      ? "pass, allowed: redelivery (reset or truncation)"
                                      : "fail: redelivery");
    }
}

TEST(Delivery, AllowsASkipOfWhatRetentionRemoved) {
    History history = four_sent();
    history.poll("c1", "g", 0, {10, 11}, 1);
    history.move_log_start(1, 3);
    history.set_position("c1", "g", 3, model::PositionReason::reset_earliest);
    history.poll("c1", "g", 3, {13}, 1);
    history.commit("c1", "g", 1, 4);
    EXPECT_EQ(judge(history), "pass, allowed: skipped (log start moved)");
}

TEST(Delivery, AsksTheDisksWhatThereWasToHandOut) {
    History history;
    history.change(1, 0, {1});
    history.lead(1, 0, 0);
    history.raise(1, 0, 0, 2, {1});
    history.poll("c1", "g", 0, {10}, 1);
    history.set_position("c1", "g", 2, model::PositionReason::committed);
    history.commit("c1", "g", 1, 2);
    EXPECT_EQ(judge(history), "pass") << "nobody knows of a record at offset 1";
    history.audit_batch(1, 0, 0, 1, {10, 11});
    history.audit_log(1, 1);
    EXPECT_EQ(judge(history), "fail: skipped");
}

// It has not heard that another process came with its group.instance.id, in the same generation.
TEST(Delivery, AllowsWhatAReplacedMemberStillReads) {
    for (const bool was_replaced : {true, false}) {
        History history = four_sent();
        history.assign("c1", "g", 1);
        history.poll("c1", "g", 0, {10}, 1);
        history.by_broker(
            1, model::MemberRemoved{
                   .group = "g", .member_id = "c1", .reason = was_replaced ? "replaced" : "left"});
        history.assign("c2", "g", 1);
        history.poll("c1", "g", 1, {11}, 1);
        history.poll("c2", "g", 1, {11}, 1);
        history.poll("c1", "g", 1, {11}, 1);
        EXPECT_EQ(judge(history), was_replaced
                                      ? "pass, allowed: redelivery (rebalance) redelivery (zombie)"
                                      : "fail: redelivery redelivery");
    }
}

// Three records were read; an unclean election left the first, and three others came after it.
History regrown_after_an_unclean_election() {
    History history;
    history.change(1, 0, {1, 2});
    history.lead(1, 0, 0);
    history.raise(1, 0, 0, 3, {1});
    history.poll("c1", "g", 0, {10, 11, 12}, 1);
    history.commit("c1", "g", 1, 3);
    history.change(2, 1, {2}, true);
    history.lead(2, 1, 1);
    history.raise(2, 1, 0, 4, {2});
    return history;
}
std::string judge_regrown(History& history, Contract contract = Contract::configured) {
    history.audit_batch(2, 0, 0, 1, {10});
    history.audit_batch(2, 1, 1, 2, {21, 22, 23});
    history.audit_log(2, 2);
    return summary(history.judged_by("delivery", contract));
}

TEST(Delivery, ObjectsToAMemberThatReadsOnInALogThatWasCutOffBehindIt) {
    for (const auto contract : {Contract::configured, Contract::safe}) {
        History history = regrown_after_an_unclean_election();
        history.poll("c1", "g", 3, {23}, 1);
        history.commit("c1", "g", 1, 4);
        EXPECT_EQ(judge_regrown(history, contract), "fail: skipped skipped");
    }
}

TEST(Delivery, AcceptsAMemberThatWasPutBackToWhereTheLogWasCutOff) {
    History history = regrown_after_an_unclean_election();
    history.set_position("c1", "g", 1, model::PositionReason::truncation);
    history.poll("c1", "g", 1, {21, 22, 23}, 1);
    history.commit("c1", "g", 1, 4);
    EXPECT_EQ(judge_regrown(history), "pass, allowed: redelivery (reset or truncation)");

    History too_far = regrown_after_an_unclean_election();
    too_far.set_position("c1", "g", 2, model::PositionReason::truncation);
    too_far.poll("c1", "g", 2, {22, 23}, 1);
    too_far.commit("c1", "g", 1, 4);
    EXPECT_EQ(judge_regrown(too_far), "fail: skipped, allowed: redelivery (reset or truncation)");
}

TEST(Delivery, SaysNothingOfAMemberThatHasNotReadOnYet) {
    History history = regrown_after_an_unclean_election();
    EXPECT_EQ(judge_regrown(history), "pass");
}

TEST(Delivery, AllowsWhatWasPassedByAPositionThatWasSetAfterwards) {
    using model::PositionReason;
    const auto judge_set = [](PositionReason reason) {
        History history = regrown_after_an_unclean_election();
        history.set_position("c1", "g", 3, reason);
        history.poll("c1", "g", 3, {23}, 1);
        history.commit("c1", "g", 1, 4);
        return judge_regrown(history);
    };
    EXPECT_EQ(judge_set(PositionReason::seek), "pass, allowed: skipped (seek) skipped (seek)");
    EXPECT_EQ(judge_set(PositionReason::committed),
              "pass, allowed: skipped (position from a commit) skipped (position from a commit)");
}

// A partition that comes while the group reads its topic. (Four records are in it by then.)
History found_at_the_end(bool is_added_later, model::ResetCause cause) {
    const TopicPartition other{.topic = "orders", .partition = 1};
    const auto add = [](History& history) {
        history.by_broker(
            1, model::PartitionChanged{
                   .partition = orders, .leader = BrokerId{1}, .reason = "partitions added"});
    };
    History history;
    if (!is_added_later) add(history);
    history.assign("c1", "g", 1, model::AssignmentChange::assigned, other);
    if (is_added_later) add(history);
    for (int i = 0; i < 4; ++i) history.send("p1", 10 + i, i);
    history.assign("c1", "g", 2);
    history.set_position("c1", "g", 3, model::PositionReason::reset_latest, cause);
    history.poll("c1", "g", 3, {13}, 2);
    history.commit("c1", "g", 2, 4);
    return history;
}

TEST(Delivery, AsksForTheStartOfAPartitionThatWasAddedWhileTheGroupRead) {
    using model::ResetCause;
    const std::string skips = "skipped (reset to latest) ";
    const History history = found_at_the_end(true, ResetCause::no_commit);
    EXPECT_EQ(summary(history.judged_by("delivery")),
              "pass, allowed: " + skips + skips + "skipped (reset to latest)");
    EXPECT_EQ(summary(history.judged_by("delivery", Contract::safe)),
              "fail: skipped skipped skipped");
    for (const auto contract : {Contract::configured, Contract::safe}) {
        EXPECT_EQ(
            summary(found_at_the_end(false, ResetCause::no_commit).judged_by("delivery", contract)),
            "pass")
            << "a group that comes to a topic that is there begins where it likes";
        EXPECT_EQ(
            summary(found_at_the_end(true, ResetCause::asked).judged_by("delivery", contract)),
            "pass")
            << "that was the application";
    }
}

TEST(Delivery, ObjectsToAnOffsetHandedAgainForNoReason) {
    History history = four_sent();
    history.poll("c1", "g", 0, {10, 11}, 1);
    history.poll("c2", "g", 1, {11, 12}, 1);
    EXPECT_EQ(judge(history), "fail: redelivery");
}

TEST(Delivery, AllowsAZombieThatPollsWhatTheNewOwnerWasHanded) {
    History history = four_sent();
    history.assign("c1", "g", 1);
    history.assign("c2", "g", 3);
    history.poll("c2", "g", 0, {10, 11, 12}, 3);
    history.poll("c1", "g", 0, {10, 11}, 1);
    EXPECT_EQ(judge(history), "pass, allowed: redelivery (zombie)");
    history.poll("c2", "g", 1, {11}, 3);
    EXPECT_EQ(judge(history), "fail: redelivery, allowed: redelivery (zombie)")
        << "the owner's own repetition is none of that";
}

TEST(Delivery, DoesNotTakeTheOwnersDeliveryForASecondOneAfterAZombies) {
    History history = four_sent();
    history.assign("c1", "g", 1);
    history.assign("c2", "g", 3);
    history.poll("c1", "g", 0, {10, 11}, 1);
    history.poll("c2", "g", 0, {10, 11}, 3);
    EXPECT_EQ(judge(history), "pass, allowed: redelivery (rebalance)");
    history.poll("c2", "g", 0, {10, 11}, 3);
    EXPECT_EQ(judge(history), "fail: redelivery, allowed: redelivery (rebalance)");
}

TEST(Delivery, CountsGenerationsAnewAfterTheGroupDied) {
    History history = four_sent();
    history.assign("c1", "g", 5);
    history.tell_group("g", "Dead", 5, 0);
    history.assign("c1", "g", 1);
    history.poll("c1", "g", 0, {10, 11}, 1);
    history.poll("c1", "g", 0, {10, 11}, 1);
    EXPECT_EQ(judge(history), "fail: redelivery") << "generation 1 is no zombie now";
}

TEST(Delivery, NamesTheCauseOfARedelivery) {
    const std::map<std::string, std::function<void(History&)>> causes{
        {"rebalance", [](History& h) { h.assign("c1", "g", 1); }},
        {"crash", [](History& h) { h.stop_client("c1"); }},
        {"seek", [](History& h) { h.set_position("c1", "g", 0, model::PositionReason::seek); }},
        {"reset or truncation",
         [](History& h) { h.set_position("c1", "g", 0, model::PositionReason::truncation); }},
        {"failed commit",
         [](History& h) { h.complete_commit(h.invoke_commit("c1", "g", 1, 2), Outcome::failed); }}};
    for (const auto& [name, happens] : causes) {
        History after = four_sent();
        after.poll("c1", "g", 0, {10, 11}, 1);
        happens(after);
        after.poll("c1", "g", 0, {10, 11}, 1);
        EXPECT_EQ(judge(after), "pass, allowed: redelivery (" + name + ")");
        EXPECT_EQ(after.judged_by("delivery").allowed_count, 2u) << "each record counts";

        History before = four_sent();
        before.assign("c1", "g", 1);
        happens(before);
        before.poll("c1", "g", 0, {10, 11}, 1);
        before.poll("c1", "g", 0, {10, 11}, 1);
        EXPECT_EQ(judge(before), "fail: redelivery") << name << " came before the first delivery";
    }
}

TEST(Delivery, DoesNotTakeABrokersCrashForAMembers) {
    History history = four_sent();
    history.start_broker(1);
    history.poll("c1", "g", 0, {10, 11}, 1);
    history.stop(1);
    history.poll("c1", "g", 0, {10, 11}, 1);
    EXPECT_EQ(judge(history), "fail: redelivery");
}

// Members hand over at random places and resume at the committed offset: legal. Jump over one
// record and it is missed, and nothing else is.
TEST(Delivery, DoesNotMissWhatReadCommittedHidesFromAGroup) {
    for (const bool read_committed : {true, false}) {
        for (const bool commit : {true, false}) {
            Transactions history;
            const auto producer = history.start_producer("p1");
            history.start_consumer("c1", "g", read_committed);
            const OperationId transaction = history.begin(producer);
            history.publish(producer, transaction, orders, 10);
            history.end(producer, transaction, commit);
            history.mark(producer, orders, commit);
            history.poll_pairs("c1", "g", 0, 2, {});
            history.commit("c1", "g", 1, 2);
            const bool is_hidden = read_committed && !commit;
            EXPECT_EQ(summary(history.judged_by("delivery")), is_hidden ? "pass" : "fail: skipped");
        }
    }
}

// KAFKA-17582: what was handled in a transaction that was aborted was not handled. `rewinds`: the
// application seeks back and reads it again.
void copy_and_abort(Transactions& history, bool is_committed, bool rewinds, bool is_known = true) {
    const auto source = history.start_producer("p1");
    for (const int record : {10, 11, 12}) {
        const OperationId transaction = history.begin(source);
        history.publish(source, transaction, orders, record);
        history.end(source, transaction, true);
        history.mark(source, orders, true);
    }
    auto copier = history.start_producer("c1", 8);
    history.start_consumer("c1", "g");
    history.poll_pairs(
        "c1", "g", 0, 4,
        {{Offset{0}, History::record_id(10), ""}, {Offset{2}, History::record_id(11), ""}}, 1);
    const OperationId first = history.begin(copier);
    history.send_offset(copier, first, 4);
    history.end(copier, first, is_committed, is_known ? Outcome::ok : Outcome::unknown);
    if (rewinds) {
        history.set_position("c1", "g", 0, model::PositionReason::seek);
        history.poll_pairs(
            "c1", "g", 0, 4,
            {{Offset{0}, History::record_id(10), ""}, {Offset{2}, History::record_id(11), ""}}, 1);
    }
    history.poll_pairs("c1", "g", 4, 6, {{Offset{4}, History::record_id(12), ""}}, 1);
    copier = Transactions::next(copier);
    const OperationId second = history.begin(copier);
    history.send_offset(copier, second, 6);
    history.end(copier, second, true);
    history.commit("c1", "g", 1, 6);
}

TEST(Delivery, ObjectsToWhatWasTakenBackAndNotReadAgain) {
    {
        Transactions history;
        copy_and_abort(history, false, false);
        EXPECT_EQ(summary(history.judged_by("delivery")), "fail: skipped skipped");
    }
    {
        Transactions history;
        copy_and_abort(history, false, true);
        EXPECT_EQ(summary(history.judged_by("delivery")), "pass, allowed: redelivery (seek)");
    }
}

TEST(Delivery, CountsWhatWasCommittedOrMayHaveBeen) {
    for (const bool is_known : {true, false}) {
        Transactions history;
        copy_and_abort(history, true, false, is_known);
        EXPECT_EQ(summary(history.judged_by("delivery")), "pass");
    }
}

RC_GTEST_PROP(Delivery, FindsTheOneRecordThatWasJumpedOver, ()) {
    const int records = *rc::gen::inRange(2, 60);
    const int skipped = *rc::gen::inRange(-1, records);
    History history;
    for (int i = 0; i < records; ++i) history.send("p1", 100 + i, i);
    int committed = 0;
    int generation = 1;
    history.set_position("c1", "g", 0, model::PositionReason::committed);
    while (committed < records) {
        const std::string client = "c" + std::to_string(generation % 3);
        history.assign(client, "g", generation);
        int position = committed;
        for (int polls = *rc::gen::inRange(1, 4); polls > 0 && position < records; --polls) {
            if (position == skipped) ++position;
            const int next = std::min(records, position + *rc::gen::inRange(1, 6));
            const int upto = skipped > position && skipped < next ? skipped : next;
            std::vector<int> polled;
            for (int offset = position; offset < upto; ++offset) polled.push_back(100 + offset);
            if (polled.empty()) continue;
            history.poll(client, "g", position, polled, generation);
            position = upto;
        }
        if (position == skipped) ++position;
        const int upto = *rc::gen::inRange(committed, position + 1);
        if (upto > committed) history.commit(client, "g", generation, upto);
        committed = upto;
        ++generation;
        if (generation > 400) break;
    }
    const CheckerReport report = history.judged_by("delivery");
    RC_ASSERT(summary(report).starts_with(skipped >= 0 && skipped < committed ? "fail: skipped"
                                                                              : "pass"));
    RC_ASSERT(report.anomaly_count == (skipped >= 0 && skipped < committed ? 1u : 0u));
}

}  // namespace
}  // namespace squall::checkers
