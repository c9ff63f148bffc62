// The consumer group protocol (KIP-848): epochs, reconciliation, static members, time, failover,
// commits; against a coordinator without a host.
#include <gtest/gtest.h>

#include "model/coordinator/group/member_reconciliation.h"
#include "tests/model/coordinator/consumer_member.h"

namespace squall::model {
namespace {

using namespace std::chrono_literals;

class ConsumerGroupTest : public testing::Test {
  protected:
    ConsumerGroupTest() { fixture.set_topic("orders", 4); }

    ConsumerClient join(std::string id, std::optional<std::string> instance = std::nullopt) {
        ConsumerClient client{.member_id = std::move(id), .instance_id = std::move(instance)};
        EXPECT_EQ(converse(fixture, client, client.full()), ErrorCode::none);
        return client;
    }
    ConsumerGroupState state() const { return fixture.consumer_group()->state(); }
    MemberState state_of(const ConsumerClient& client) const {
        return fixture.consumer_group()->member(client.member_id).current.state;
    }
    ErrorCode commit(const std::string& member, std::int32_t epoch, ApiVersion version = 9) {
        const CallId call = fixture.send(commit_request(member, GenerationId(epoch), 10), version);
        fixture.commit_all();
        return error_of(*fixture.take<OffsetCommitResponse>(call));
    }

    GroupFixture fixture;
};

TEST_F(ConsumerGroupTest, GivesEverythingToTheFirstMemberWithItsFirstHeartbeat) {
    ConsumerClient a = join("a");
    EXPECT_EQ(a.epoch, 1);
    EXPECT_EQ(a.target.size(), 4u);
    EXPECT_EQ(state(), ConsumerGroupState::stable);
    EXPECT_EQ(reconcile(fixture, a), ErrorCode::none);
}

TEST_F(ConsumerGroupTest, AnswersOnlyWhenTheStepIsInTheLog) {
    ConsumerClient a{.member_id = "a"};
    const CallId call = fixture.send(a.full());
    EXPECT_TRUE(fixture.is_parked(call));
    fixture.commit_one();
    EXPECT_FALSE(fixture.is_parked(call));
}

// The rule of the protocol: "b" waits until "a" has said that it let go.
TEST_F(ConsumerGroupTest, GivesAPartitionOnlyWhenItsHolderHasSaidThatItIsFree) {
    ConsumerClient a = join("a");
    reconcile(fixture, a);
    ConsumerClient b = join("b");
    EXPECT_EQ(b.epoch, 2);
    EXPECT_TRUE(b.target.empty());
    EXPECT_EQ(state_of(b), MemberState::unreleased_partitions);
    EXPECT_EQ(state(), ConsumerGroupState::reconciling);

    converse(fixture, a, a.keep_alive());
    EXPECT_EQ(a.target.size(), 2u);
    EXPECT_EQ(a.epoch, 1) << "its epoch stays until it has given up";
    EXPECT_EQ(state_of(a), MemberState::unrevoked_partitions);
    converse(fixture, b, b.keep_alive());
    EXPECT_TRUE(b.target.empty()) << "it was told, and has not answered";
    converse(fixture, a, a.owning());
    converse(fixture, b, b.keep_alive());
    EXPECT_TRUE(b.target.empty()) << "it answered that it still owns them";

    a.revoke();
    EXPECT_EQ(reconcile(fixture, a), ErrorCode::none);
    EXPECT_EQ(a.epoch, 2);
    converse(fixture, b, b.keep_alive());
    EXPECT_EQ(b.target.size(), 2u);
    EXPECT_EQ(state(), ConsumerGroupState::stable);
}

TEST_F(ConsumerGroupTest, FencesAMemberThatDoesNotGiveUpInTime) {
    ConsumerClient a = join("a");
    reconcile(fixture, a);
    ConsumerClient b = join("b");
    for (int i = 0; i < 13; ++i) {  // alive, and deaf
        converse(fixture, a, a.keep_alive());
        converse(fixture, b, b.keep_alive());
        fixture.advance(5s);
    }
    fixture.commit_all();
    EXPECT_EQ(converse(fixture, a, a.keep_alive()), ErrorCode::unknown_member_id);
    converse(fixture, b, b.keep_alive());
    EXPECT_EQ(b.target.size(), 4u);
}

TEST_F(ConsumerGroupTest, ForgetsASilentMemberAfterItsSession) {
    ConsumerClient a = join("a");
    fixture.advance(45s);
    fixture.commit_all();
    EXPECT_EQ(state(), ConsumerGroupState::empty);
    EXPECT_EQ(converse(fixture, a, a.keep_alive()), ErrorCode::unknown_member_id);
}

TEST_F(ConsumerGroupTest, TakesAHeartbeatWhoseAnswerWasLostFromTheEpochBefore) {
    ConsumerClient a = join("a");
    reconcile(fixture, a);
    ConsumerClient behind = a;
    ConsumerClient b = join("b");
    converse(fixture, a, a.keep_alive());
    a.revoke();
    reconcile(fixture, a);
    ASSERT_EQ(a.epoch, 2);
    behind.owned = a.owned;
    EXPECT_EQ(converse(fixture, behind, behind.owning()), ErrorCode::none);
    EXPECT_EQ(behind.epoch, 2);
}

TEST_F(ConsumerGroupTest, FencesAMemberOfAnotherEpoch) {
    ConsumerClient a = join("a");
    reconcile(fixture, a);
    ConsumerClient ahead = a;
    ahead.epoch = 7;
    EXPECT_EQ(converse(fixture, ahead, ahead.keep_alive()), ErrorCode::fenced_member_epoch);
    ConsumerClient b = join("b");
    converse(fixture, a, a.keep_alive());
    a.revoke();
    reconcile(fixture, a);
    // Of the epoch before, but with more in hand than it was given.
    ConsumerClient behind = a;
    behind.epoch = 1;
    behind.owned = {orders_partition(0), orders_partition(1), orders_partition(2)};
    EXPECT_EQ(converse(fixture, behind, behind.owning()), ErrorCode::fenced_member_epoch);
}

TEST_F(ConsumerGroupTest, MakesANewTargetWhenATopicGrows) {
    ConsumerClient a = join("a");
    reconcile(fixture, a);
    fixture.set_topic("orders", 6);
    converse(fixture, a, a.keep_alive());
    EXPECT_EQ(a.target.size(), 6u);
    EXPECT_EQ(a.epoch, 2);
}

TEST_F(ConsumerGroupTest, MovesTheEpochOnOnceForOneHeartbeat) {
    join("a");
    EXPECT_EQ(fixture.consumer_group()->epoch(), 1);
    join("b");
    EXPECT_EQ(fixture.consumer_group()->epoch(), 2);
}

TEST_F(ConsumerGroupTest, AssignsAsMostMembersPrefer) {
    ConsumerClient a{.member_id = "a"};
    Heartbeat request = a.full();
    request.server_assignor = "range";
    converse(fixture, a, request);
    EXPECT_EQ(fixture.consumer_group()->preferred_assignor(), "range");
    request = ConsumerClient{.member_id = "b"}.full();
    request.server_assignor = "no-such";
    EXPECT_EQ(fixture.ask(request).error_code, ErrorCode::unsupported_assignor);
}

TEST_F(ConsumerGroupTest, RefusesHeartbeatsThatMakeNoSense) {
    const ConsumerClient a{.member_id = "a"};
    EXPECT_EQ(fixture.ask(a.leaving()).error_code, ErrorCode::group_id_not_found);
    join("b");
    EXPECT_EQ(fixture.ask(a.leaving()).error_code, ErrorCode::unknown_member_id);
    Heartbeat request = a.full();
    request.topic_partitions.reset();
    EXPECT_EQ(fixture.ask(request).error_code, ErrorCode::invalid_request);
    EXPECT_EQ(fixture.ask(ConsumerClient{}.full()).error_code, ErrorCode::invalid_request);
    EXPECT_EQ(fixture.ask(a.leaving(static_leaving_member_epoch)).error_code,
              ErrorCode::invalid_request);
    request = a.full();
    request.subscribed_topic_names.reset();
    EXPECT_EQ(fixture.ask(request).error_code, ErrorCode::invalid_request);
}

TEST(ConsumerGroupSize, IsNoMoreThanTheMaximumAndTakesThePlaceOfWhoLeft) {
    GroupCoordinatorOptions options;
    options.group_consumer_max_size = 1;
    GroupFixture fixture(options);
    fixture.set_topic("orders", 4);
    ConsumerClient a{.member_id = "a"};
    ConsumerClient b{.member_id = "b"};
    EXPECT_EQ(converse(fixture, a, a.full()), ErrorCode::none);
    EXPECT_EQ(converse(fixture, b, b.full()), ErrorCode::group_max_size_reached);
    EXPECT_EQ(converse(fixture, a, a.owning()), ErrorCode::none);
    EXPECT_EQ(converse(fixture, a, a.leaving()), ErrorCode::none);
    EXPECT_EQ(converse(fixture, b, b.full()), ErrorCode::none);
}

// ---- static members ----

TEST_F(ConsumerGroupTest, KeepsThePartitionsOfAStaticMemberForItsNextProcess) {
    ConsumerClient a = join("a1", "pod-a");
    reconcile(fixture, a);
    ConsumerClient b = join("b1", "pod-b");
    converse(fixture, a, a.keep_alive());
    a.revoke();
    reconcile(fixture, a);
    converse(fixture, b, b.keep_alive());
    reconcile(fixture, b);
    const IdPartitions before = a.owned;
    const std::int32_t epoch = fixture.consumer_group()->epoch();

    converse(fixture, a, a.leaving(static_leaving_member_epoch));
    converse(fixture, b, b.keep_alive());
    EXPECT_EQ(b.target, b.owned);
    ConsumerClient again = join("a2", "pod-a");
    EXPECT_EQ(again.target, before);
    EXPECT_EQ(again.epoch, epoch) << "nobody else noticed";
    EXPECT_EQ(fixture.consumer_group()->epoch(), epoch);
    EXPECT_EQ(converse(fixture, a, a.keep_alive()), ErrorCode::fenced_instance_id);
}

TEST_F(ConsumerGroupTest, RefusesASecondProcessOfAStaticMemberThatIsThere) {
    ConsumerClient a = join("a1", "pod-a");
    ConsumerClient twin{.member_id = "a2", .instance_id = "pod-a"};
    EXPECT_EQ(converse(fixture, twin, twin.full()), ErrorCode::unreleased_instance_id);
    EXPECT_EQ(converse(fixture, a, a.keep_alive()), ErrorCode::none);
}

TEST_F(ConsumerGroupTest, TakesTheSameProcessBackThatWasAway) {
    ConsumerClient a = join("a1", "pod-a");
    converse(fixture, a, a.leaving(static_leaving_member_epoch));
    a.epoch = 0;
    a.owned.clear();
    EXPECT_EQ(converse(fixture, a, a.full()), ErrorCode::none);
    EXPECT_EQ(a.target.size(), 4u);
}

TEST_F(ConsumerGroupTest, GivesAwayWhatAStaticMemberHadWhenItDoesNotComeBack) {
    ConsumerClient a = join("a1", "pod-a");
    reconcile(fixture, a);
    ConsumerClient b = join("b");
    converse(fixture, a, a.leaving(static_leaving_member_epoch));
    for (int i = 0; i < 10; ++i) {
        fixture.advance(5s);
        fixture.commit_all();
        converse(fixture, b, b.keep_alive());
    }
    EXPECT_EQ(b.target.size(), 4u);
}

// ---- failover ----

TEST_F(ConsumerGroupTest, IsTheSameAfterAFailoverInTheMiddleOfARebalance) {
    ConsumerClient a = join("a");
    reconcile(fixture, a);
    ConsumerClient b = join("b");
    converse(fixture, a, a.keep_alive());
    ASSERT_EQ(state_of(a), MemberState::unrevoked_partitions);
    const ConsumerGroup before = *fixture.consumer_group();
    fixture.fail_over();
    EXPECT_TRUE(fixture.consumer_group()->has_same_records_as(before));
    a.revoke();
    EXPECT_EQ(reconcile(fixture, a), ErrorCode::none);
    converse(fixture, b, b.keep_alive());
    EXPECT_EQ(b.target.size(), 2u);
}

TEST_F(ConsumerGroupTest, LosesAStepThatWasNotStoredWithTheCoordinator) {
    ConsumerClient a{.member_id = "a"};
    fixture.send(a.full());
    fixture.fail_over();
    EXPECT_EQ(fixture.consumer_group(), nullptr);
    EXPECT_EQ(converse(fixture, a, a.full()), ErrorCode::none);
}

// ---- offsets ----

TEST_F(ConsumerGroupTest, TakesCommitsInTheMembersEpochOnly) {
    const ConsumerClient a = join("a");
    EXPECT_EQ(commit("a", a.epoch), ErrorCode::none);
    EXPECT_EQ(commit("a", a.epoch - 1), ErrorCode::stale_member_epoch);
    EXPECT_EQ(commit("b", a.epoch), ErrorCode::unknown_member_id);
    EXPECT_EQ(commit("a", a.epoch, 8), ErrorCode::unsupported_version);
    EXPECT_EQ(commit("", -1), ErrorCode::unknown_member_id) << "somebody is there";
}

TEST_F(ConsumerGroupTest, TakesStaleCommitsIfTheBugIsArmed) {
    BugSet bugs;
    bugs.arm(Bug::z78_zombie_commit);
    ConsumerGroup group("g");
    EXPECT_EQ(check_member_offsets(group, {.member_id = "gone", .member_epoch = 3}, &bugs),
              ErrorCode::none);
    EXPECT_EQ(bugs.hits(Bug::z78_zombie_commit), 1u);
}

TEST_F(ConsumerGroupTest, TellsOffsetsToMembersThatKnowTheirEpoch) {
    const ConsumerClient a = join("a");
    commit("a", a.epoch);
    OffsetFetchRequest::Group request;
    request.group_id = "g";
    request.member_id = "a";
    request.member_epoch = a.epoch + 1;
    EXPECT_EQ(fixture.shard().fetch(request).error_code, ErrorCode::stale_member_epoch);
    request.member_epoch = a.epoch;
    EXPECT_EQ(fixture.shard().fetch(request).topics.size(), 1u);
    request.member_id.reset();
    request.member_epoch = -1;
    EXPECT_EQ(fixture.shard().fetch(request).topics.size(), 1u) << "administrators may";
}

TEST_F(ConsumerGroupTest, IsForgottenWhenItIsEmptyAndItsOffsetsAreOld) {
    ConsumerClient a = join("a");
    commit("a", a.epoch);
    converse(fixture, a, a.leaving());
    fixture.advance(24h * 8);
    fixture.expire();
    fixture.commit_all();
    fixture.expire();
    fixture.commit_all();
    EXPECT_EQ(fixture.consumer_group(), nullptr);
    EXPECT_TRUE(fixture.replayed().consumer_groups().empty());
    EXPECT_TRUE(fixture.replayed().has_same_records_as(fixture.shard()));
}

// ---- two protocols ----

TEST_F(ConsumerGroupTest, LeavesAGroupToWhoeverComesToItFirst) {
    ConsumerClient a = join("a");
    converse(fixture, a, a.leaving());
    const CallId call = fixture.send(join_request(), 3);
    fixture.commit_all();
    fixture.advance(3s);
    EXPECT_EQ(fixture.take<JoinGroupResponse>(call)->error_code, ErrorCode::none);
    EXPECT_EQ(fixture.consumer_group(), nullptr);
    EXPECT_EQ(converse(fixture, a, ConsumerClient{.member_id = "a"}.full()),
              ErrorCode::group_id_not_found);
}

// ---- the rules of reconciliation, with a bug ----

TEST(MemberReconciliation, AsksNobodyIfTheBugIsArmed) {
    BugSet bugs;
    bugs.arm(Bug::z82_assign_before_revoke);
    EXPECT_FALSE(has_revoked({orders_partition(0)}, std::nullopt, nullptr));
    EXPECT_TRUE(has_revoked({orders_partition(0)}, std::nullopt, &bugs));
    EXPECT_TRUE(is_released(true, &bugs));
    EXPECT_EQ(bugs.hits(Bug::z82_assign_before_revoke), 2u);
}

TEST(MemberReconciliation, GoesOnlyAsFarAsOthersLetIt) {
    const CurrentAssignment next = reconcile(
        {.member = {.member_epoch = 1, .assigned = {orders_partition(0)}},
         .target_epoch = 2,
         .target = {orders_partition(0), orders_partition(1), orders_partition(2)},
         .is_held_by_another = [](const IdPartition& each) { return each.partition == 2; }});
    EXPECT_EQ(next, (CurrentAssignment{.member_epoch = 2,
                                       .previous_member_epoch = 1,
                                       .state = MemberState::unreleased_partitions,
                                       .assigned = {orders_partition(0), orders_partition(1)}}));
}

}  // namespace
}  // namespace squall::model
