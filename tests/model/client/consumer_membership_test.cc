// The client's side of KIP-848, without a network.
#include "model/client/consumer/consumer_membership.h"

#include <gtest/gtest.h>

namespace squall::model {
namespace {

using State = ConsumerMembership::State;

const Uuid orders{.high = 1, .low = 1};

TopicIdPartitions of_orders(std::vector<std::int32_t> numbers) {
    if (numbers.empty()) return {};
    return {{.topic_id = orders, .partitions = std::move(numbers)}};
}

class ConsumerMembershipTest : public testing::Test {
  protected:
    explicit ConsumerMembershipTest(std::string instance = "")
        : member(options(std::move(instance)), "m1") {
        member.polled(now);
        member.begin_find();
        FindCoordinatorResponse response;
        response.node_id = BrokerId{1};
        response.host = "b1";
        response.port = 9092;
        member.on_found(response, now, jitter);
    }

    static ConsumerOptions options(std::string instance) {
        ConsumerOptions made;
        made.group_id = "payment";
        made.group_protocol = "consumer";
        made.group_instance_id = std::move(instance);
        return made;
    }
    ConsumerGroupHeartbeatRequest send() {
        sent_as = member.identity();
        return member.begin_heartbeat(now);
    }
    void answer(ErrorCode error, std::int32_t epoch,
                std::optional<std::vector<std::int32_t>> assigned = std::nullopt) {
        ConsumerGroupHeartbeatResponse response;
        response.error_code = error;
        response.member_id = "m1";
        response.member_epoch = epoch;
        response.heartbeat_interval_ms = 5000;
        if (assigned) {
            response.assignment.emplace();
            if (!assigned->empty()) {
                response.assignment->topic_partitions.push_back(
                    {.topic_id = orders, .partitions = *assigned});
            }
        }
        member.on_heartbeat(response, sent_as, now, jitter);
    }
    // Joined, with partitions 0 and 1 in hand, and the coordinator knows.
    void own_two() {
        member.subscribe({"orders"});
        send();
        answer(ErrorCode::none, 1, std::vector{0, 1});
        member.reconciled(of_orders({0, 1}));
        send();
        answer(ErrorCode::none, 1);
        ASSERT_EQ(member.state(), State::stable);
    }

    ConsumerMembership member;
    GroupIdentity sent_as;
    LocalTime now{1s};
    Draws jitter{Noise(1), Meaning("jitter")};
};

class StaticConsumerMembershipTest : public ConsumerMembershipTest {
  protected:
    StaticConsumerMembershipTest() : ConsumerMembershipTest("pod-1") {}
};

TEST_F(ConsumerMembershipTest, JoinsWithEpochZeroAndAllThereIsToSay) {
    EXPECT_FALSE(member.may_heartbeat(now)) << "nothing is subscribed to";
    member.subscribe({"orders"});
    const ConsumerGroupHeartbeatRequest request = send();
    EXPECT_EQ(request.member_epoch, 0);
    EXPECT_EQ(request.member_id, "m1");
    EXPECT_EQ(request.rebalance_timeout_ms, 300000);
    EXPECT_EQ(request.subscribed_topic_names, std::vector<std::string>{"orders"});
    EXPECT_EQ(request.topic_partitions, TopicIdPartitions{});
}

TEST_F(ConsumerMembershipTest, SaysItsPatternOnceAndWhenItIsGone) {
    member.subscribe_to_pattern("ord.*");
    const ConsumerGroupHeartbeatRequest first = send();
    EXPECT_EQ(first.subscribed_topic_regex, "ord.*");
    EXPECT_EQ(first.subscribed_topic_names, std::vector<std::string>{});
    answer(ErrorCode::none, 1, std::vector<std::int32_t>{});
    now = now + 5s;
    member.reconciled({});
    EXPECT_EQ(send().subscribed_topic_regex, std::nullopt);
    answer(ErrorCode::none, 1);
    member.subscribe({"orders"});
    member.subscribe_to_pattern("");
    ASSERT_TRUE(member.may_heartbeat(now));
    const ConsumerGroupHeartbeatRequest last = send();
    EXPECT_EQ(last.subscribed_topic_regex, "");
    EXPECT_EQ(last.subscribed_topic_names, std::vector<std::string>{"orders"});
}

TEST_F(ConsumerMembershipTest, CannotGoOnWithAPatternThatTheCoordinatorCannotRead) {
    member.subscribe_to_pattern("(");
    send();
    answer(ErrorCode::invalid_regular_expression, 0);
    EXPECT_EQ(member.fatal(), "INVALID_REGULAR_EXPRESSION");
}

TEST_F(ConsumerMembershipTest, SaysAtOnceWhatItOwnsWhenTheApplicationHasTheTarget) {
    member.subscribe({"orders"});
    send();
    answer(ErrorCode::none, 1, std::vector{0, 1});
    EXPECT_TRUE(member.must_reconcile());
    EXPECT_FALSE(member.may_heartbeat(now)) << "there is nothing to say yet";
    member.reconciled(of_orders({0, 1}));
    ASSERT_TRUE(member.may_heartbeat(now));
    const ConsumerGroupHeartbeatRequest request = send();
    EXPECT_EQ(request.topic_partitions, of_orders({0, 1}));
    EXPECT_EQ(request.subscribed_topic_names, std::nullopt) << "it was said";
    EXPECT_EQ(request.member_epoch, 1);
    EXPECT_EQ(member.state(), State::stable);
}

TEST_F(ConsumerMembershipTest, HeartbeatsAtTheIntervalOfTheBrokerAndThenSaysNothingNew) {
    own_two();
    EXPECT_FALSE(member.may_heartbeat(now + 4999ms));
    now += 5s;
    ASSERT_TRUE(member.may_heartbeat(now));
    const ConsumerGroupHeartbeatRequest request = send();
    EXPECT_EQ(request.topic_partitions, std::nullopt);
    EXPECT_EQ(request.rebalance_timeout_ms, -1);
}

TEST_F(ConsumerMembershipTest, SaysEverythingAgainAfterAHeartbeatThatWasNotAnswered) {
    own_two();
    now += 5s;
    send();
    member.on_heartbeat(Error{Failure::timed_out, ""}, sent_as, now, jitter);
    EXPECT_FALSE(member.coordinator().has_value());
    now += 5s;
    member.begin_find();
    FindCoordinatorResponse found;
    found.host = "b2";
    member.on_found(found, now, jitter);
    const ConsumerGroupHeartbeatRequest request = send();
    EXPECT_EQ(request.topic_partitions, of_orders({0, 1}));
    EXPECT_EQ(request.subscribed_topic_names, std::vector<std::string>{"orders"});
    EXPECT_EQ(request.rebalance_timeout_ms, 300000);
}

TEST_F(ConsumerMembershipTest, GivesUpFirstAndStaysReconcilingUntilTheTargetIsReached) {
    own_two();
    now += 5s;
    send();
    answer(ErrorCode::none, 1, std::vector{1});
    EXPECT_TRUE(member.must_reconcile());
    // The target changes while the application is in its callback.
    now += 5s;
    send();
    answer(ErrorCode::none, 2, std::vector{1, 2});
    member.reconciled(of_orders({1}));
    EXPECT_TRUE(member.must_reconcile());
    EXPECT_EQ(send().topic_partitions, of_orders({1})) << "what was given up is told at once";
}

// The coordinator may give partition 2 to another when it hears of 1 alone, if its target has
// changed.
TEST_F(ConsumerMembershipTest, TakesNothingWhileItSaysWhatItOwned) {
    own_two();
    now += 5s;
    send();
    answer(ErrorCode::none, 2, std::vector{1, 2});
    EXPECT_TRUE(member.may_take());
    member.reconciled(of_orders({1}));
    EXPECT_TRUE(member.may_take()) << "what is taken now is said with the next heartbeat";
    send();
    EXPECT_TRUE(member.must_reconcile());
    EXPECT_FALSE(member.may_take());
    answer(ErrorCode::none, 2);
    EXPECT_TRUE(member.may_take());
    now += 5s;
    EXPECT_EQ(send().topic_partitions, std::nullopt);
    EXPECT_TRUE(member.may_take()) << "this one names nothing";
}

TEST_F(ConsumerMembershipTest, TakesNothingWhileItSaysEverythingAgain) {
    own_two();
    now += 5s;
    send();
    member.on_heartbeat(Error{Failure::timed_out, ""}, sent_as, now, jitter);
    now += 5s;
    member.begin_find();
    FindCoordinatorResponse found;
    found.host = "b2";
    member.on_found(found, now, jitter);
    send();
    EXPECT_FALSE(member.may_take());
    answer(ErrorCode::none, 1);
    EXPECT_TRUE(member.may_take());
}

TEST_F(ConsumerMembershipTest, LosesEverythingWhenItIsFencedAndJoinsAnew) {
    own_two();
    now += 5s;
    send();
    answer(ErrorCode::fenced_member_epoch, 0);
    EXPECT_TRUE(member.has_lost_partitions());
    EXPECT_EQ(member.may_commit(), ErrorCode::unknown_member_id);
    EXPECT_FALSE(member.may_heartbeat(now + 10s)) << "not before the application knows";
    member.gave_up();
    EXPECT_EQ(member.state(), State::joining);
    now += 10s;
    const ConsumerGroupHeartbeatRequest request = send();
    EXPECT_EQ(request.member_epoch, 0);
    EXPECT_EQ(request.topic_partitions, TopicIdPartitions{});
}

TEST_F(ConsumerMembershipTest, IgnoresAnAnswerToWhatItSaidBeforeItLeft) {
    own_two();
    now += 5s;
    send();
    EXPECT_EQ(member.leave()->member_epoch, -1);
    answer(ErrorCode::none, 2, std::vector{0});
    EXPECT_TRUE(member.must_give_up());
    EXPECT_FALSE(member.has_joined());
}

TEST_F(ConsumerMembershipTest, IsLateWhenTheApplicationDoesNotPoll) {
    own_two();
    EXPECT_FALSE(member.is_poll_late(now + 300s));
    EXPECT_TRUE(member.is_poll_late(now + 300s + Duration(1)));
}

TEST_F(ConsumerMembershipTest, CannotGoOnWithAnAssignorThatTheBrokerDoesNotKnow) {
    member.subscribe({"orders"});
    send();
    answer(ErrorCode::unsupported_assignor, 0);
    EXPECT_EQ(member.fatal(), "UNSUPPORTED_ASSIGNOR");
}

TEST_F(StaticConsumerMembershipTest, LeavesOnlyForAWhile) {
    own_two();
    const auto request = member.leave();
    ASSERT_TRUE(request.has_value());
    EXPECT_EQ(request->member_epoch, -2);
    EXPECT_EQ(request->instance_id, "pod-1");
}

}  // namespace
}  // namespace squall::model
