#include "model/client/consumer/membership.h"

#include <gtest/gtest.h>

#include "model/client/consumer/auto_commit.h"

namespace squall::model {
namespace {

using namespace std::chrono_literals;

class MembershipTest : public testing::Test {
  protected:
    MembershipTest() : member(options()) {}

    static ConsumerOptions options() {
        ConsumerOptions made;
        made.group_id = "payment";
        return made;
    }
    void find() {
        member.begin_find();
        FindCoordinatorResponse response;
        response.node_id = BrokerId{1};
        response.host = "b1";
        response.port = 9092;
        member.on_found(response, now, jitter);
    }
    void join(ErrorCode error, std::string member_id, std::int32_t generation) {
        member.begin_join({});
        JoinGroupResponse response;
        response.error_code = error;
        response.member_id = std::move(member_id);
        response.generation_id = GenerationId{generation};
        response.leader = "another";
        response.protocol_name = "range";
        member.on_joined(response, now, jitter);
    }
    void sync(ErrorCode error) {
        member.begin_sync({});
        SyncGroupResponse response;
        response.error_code = error;
        member.on_synced(response, now, jitter);
    }
    void heartbeat(ErrorCode error) {
        const GroupIdentity as = member.identity();
        now += 3s;
        member.begin_heartbeat(now);
        HeartbeatResponse response;
        response.error_code = error;
        member.on_heartbeat(response, as, now);
    }
    void become_stable() {
        member.polled(now);
        find();
        member.prepared();
        join(ErrorCode::member_id_required, "m1", -1);
        join(ErrorCode::none, "m1", 5);
        sync(ErrorCode::none);
        member.take_assignment();
    }

    Membership member;
    LocalTime now{1s};
    Draws jitter{Noise(1), Meaning("jitter")};
};

TEST_F(MembershipTest, JoinsAgainAtOnceWithTheIdItWasGiven) {
    find();
    member.prepared();
    join(ErrorCode::member_id_required, "m1", -1);
    EXPECT_TRUE(member.may_join(now));
    EXPECT_EQ(member.begin_join({}).member_id, "m1");
}

TEST_F(MembershipTest, BecomesStableWithTheAnswerToSync) {
    become_stable();
    EXPECT_EQ(member.state(), Membership::State::stable);
    EXPECT_EQ(member.identity(), (GroupIdentity{GenerationId{5}, "m1"}));
    EXPECT_FALSE(member.needs_rejoin());
}

TEST_F(MembershipTest, KeepsItsIdentityWhenCalledToRebalance) {
    become_stable();
    heartbeat(ErrorCode::rebalance_in_progress);
    EXPECT_EQ(member.state(), Membership::State::stable) << "it may still commit";
    EXPECT_TRUE(member.needs_preparation());
    EXPECT_FALSE(member.has_lost_partitions());
    EXPECT_FALSE(member.may_join(now)) << "not before the partitions are given up";
    member.prepared();
    EXPECT_TRUE(member.may_join(now));
}

// KAFKA-13419
TEST_F(MembershipTest, KeepsItsIdWhenTheGenerationIsIllegal) {
    become_stable();
    heartbeat(ErrorCode::illegal_generation);
    EXPECT_EQ(member.identity(), (GroupIdentity{no_generation, "m1"}));
    EXPECT_TRUE(member.has_lost_partitions());
}

TEST_F(MembershipTest, ForgetsItsIdWhenItIsUnknown) {
    become_stable();
    heartbeat(ErrorCode::unknown_member_id);
    EXPECT_EQ(member.identity(), (GroupIdentity{}));
    EXPECT_TRUE(member.has_lost_partitions());
    EXPECT_EQ(member.state(), Membership::State::unjoined);
}

// KAFKA-12983. Under the cooperative protocol it still holds what it was to keep.
TEST_F(MembershipTest, GivesUpItsPartitionsBeforeItJoinsAgainWhenForgottenWhileItJoins) {
    become_stable();
    heartbeat(ErrorCode::rebalance_in_progress);
    member.prepared();
    join(ErrorCode::unknown_member_id, "", -1);
    EXPECT_TRUE(member.has_lost_partitions());
    EXPECT_TRUE(member.needs_preparation());
    EXPECT_FALSE(member.may_join(now));

    member.prepared();
    join(ErrorCode::none, "m2", 7);
    heartbeat(ErrorCode::unknown_member_id);
    EXPECT_TRUE(member.needs_preparation()) << "forgotten between join and sync";
}

TEST_F(MembershipTest, IgnoresTheAnswerToAHeartbeatOfAnOlderGeneration) {
    become_stable();
    const GroupIdentity old{GenerationId{4}, "m1"};
    now += 3s;
    member.begin_heartbeat(now);
    HeartbeatResponse response;
    response.error_code = ErrorCode::illegal_generation;
    member.on_heartbeat(response, old, now);
    EXPECT_EQ(member.identity().generation, GenerationId{5});
}

TEST_F(MembershipTest, DropsAnAssignmentOfAGenerationThatIsOver) {
    member.polled(now);
    find();
    member.prepared();
    join(ErrorCode::none, "m1", 5);
    sync(ErrorCode::none);
    heartbeat(ErrorCode::illegal_generation);
    EXPECT_EQ(member.take_assignment(), std::nullopt);
    EXPECT_TRUE(member.needs_preparation());
    member.prepared();
    EXPECT_TRUE(member.may_join(now));
}

TEST_F(MembershipTest, FindsTheCoordinatorAgainAfterABackoff) {
    become_stable();
    heartbeat(ErrorCode::not_coordinator);
    EXPECT_FALSE(member.coordinator());
    EXPECT_TRUE(member.may_find(now));
    find();
    EXPECT_TRUE(member.coordinator());
    EXPECT_EQ(member.state(), Membership::State::stable) << "nothing else is lost";
}

TEST_F(MembershipTest, GivesUpASilentCoordinatorAfterTheSessionTimeout) {
    become_stable();
    member.check_session(now + 44s);
    EXPECT_TRUE(member.coordinator());
    member.check_session(now + 45s);
    EXPECT_FALSE(member.coordinator());
}

TEST_F(MembershipTest, SendsHeartbeatsOnTimeAndOneByOne) {
    become_stable();
    EXPECT_FALSE(member.may_heartbeat(now + 2999ms));
    EXPECT_TRUE(member.may_heartbeat(now + 3s));
    member.begin_heartbeat(now + 3s);
    EXPECT_FALSE(member.may_heartbeat(now + 60s));
}

TEST_F(MembershipTest, IsLateOnlyBeyondMaxPollInterval) {
    become_stable();
    EXPECT_FALSE(member.is_poll_late(now + 300s));
    EXPECT_TRUE(member.is_poll_late(now + 300s + 1ns));
}

TEST_F(MembershipTest, GivesUpForGoodOnAnErrorOfConfiguration) {
    find();
    member.prepared();
    join(ErrorCode::inconsistent_group_protocol, "", -1);
    EXPECT_EQ(member.fatal(), "INCONSISTENT_GROUP_PROTOCOL");
    EXPECT_FALSE(member.may_join(now + 1h));
}

TEST_F(MembershipTest, DoesNotMistakeALateAnswerForTheNextOne) {
    find();
    member.prepared();
    member.begin_join({});
    member.leave("unsubscribed");
    member.request_rejoin();
    member.prepared();
    EXPECT_FALSE(member.may_join(now)) << "the first JoinGroup is still out";
    JoinGroupResponse response;
    response.member_id = "m1";
    response.generation_id = GenerationId{5};
    member.on_joined(response, now, jitter);
    EXPECT_EQ(member.state(), Membership::State::unjoined);
    EXPECT_TRUE(member.may_join(now));
}

TEST_F(MembershipTest, AStaticMemberDoesNotSayThatItLeaves) {
    ConsumerOptions with_instance = options();
    with_instance.group_instance_id = "payment-1";
    Membership fixed(with_instance);
    EXPECT_EQ(fixed.leave("closed"), std::nullopt);
    become_stable();
    EXPECT_TRUE(member.leave("closed").has_value());
}

TEST(AutoCommit, IsDueOnceTheIntervalPassedAndAgainAfterTheNext) {
    AutoCommit commit(true, 5s);
    commit.start(LocalTime(1s));
    EXPECT_FALSE(commit.is_due(LocalTime(5999ms)));
    EXPECT_TRUE(commit.is_due(LocalTime(6s)));
    commit.began(LocalTime(8s));
    EXPECT_FALSE(commit.is_due(LocalTime(12s)));
    EXPECT_TRUE(commit.is_due(LocalTime(13s)));
}

TEST(AutoCommit, TriesAgainSoonAfterAFailureThatPasses) {
    AutoCommit commit(true, 5s);
    commit.began(LocalTime(8s));
    commit.failed_for_now(LocalTime(9s), 100ms);
    EXPECT_TRUE(commit.is_due(LocalTime(9100ms)));
}

TEST(AutoCommit, IsNeverDueWhenItIsOff) {
    AutoCommit commit(false, 5s);
    commit.start(LocalTime{});
    EXPECT_FALSE(commit.is_due(LocalTime(1h)));
}

}  // namespace
}  // namespace squall::model
