// Online migration of groups between the classic and the consumer protocol (KIP-848): the rules,
// one by one, against a coordinator without a host.
#include "model/coordinator/group/group_migration.h"

#include <gtest/gtest.h>

#include "model/coordinator/group/classic_member_protocol.h"
#include "model/coordinator/group/group_description.h"
#include "tests/model/coordinator/classic_member.h"

namespace squall::model {
namespace {

using namespace std::chrono_literals;

GroupCoordinatorOptions with_policy(MigrationPolicy policy) {
    GroupCoordinatorOptions options;
    options.group_consumer_migration_policy = policy;
    return options;
}

class GroupMigrationTest : public testing::Test {
  protected:
    explicit GroupMigrationTest(GroupCoordinatorOptions options = {}) : fixture(options) {
        fixture.set_topic("orders", 4);
    }

    // "a" and "b" in a generation of the classic protocol, two partitions each.
    void settle_classic_group(std::optional<std::string> instance_of_b = std::nullopt) {
        b.instance_id = std::move(instance_of_b);
        const CallId first = fixture.send(a.joining(), 3);
        const CallId second = fixture.send(b.joining(), 3);
        fixture.advance(4s);
        fixture.advance(4s);
        a.take(*fixture.take<JoinGroupResponse>(first));
        b.take(*fixture.take<JoinGroupResponse>(second));
        const bool a_leads = fixture.group()->is_leader(a.member_id);
        const std::map<std::string, Bytes> assignment = {{a.member_id, orders_assignment({0, 1})},
                                                         {b.member_id, orders_assignment({2, 3})}};
        const CallId sync_a =
            fixture.send(a.syncing(a_leads ? assignment : decltype(assignment){}));
        const CallId sync_b =
            fixture.send(b.syncing(a_leads ? decltype(assignment){} : assignment));
        fixture.commit_all();
        a.take(*fixture.take<SyncGroupResponse>(sync_a));
        b.take(*fixture.take<SyncGroupResponse>(sync_b));
        a.adopt();
        b.adopt();
    }
    // "c" of the consumer protocol joins, and the group is upgraded.
    ErrorCode upgrade() { return converse(fixture, c, c.full()); }
    // Everybody goes on until nobody has a next step.
    void settle() {
        for (int round = 0; round < 6; ++round) {
            for (ClassicClient* const each : {&a, &b}) {
                if (heartbeat(fixture, *each) == ErrorCode::rebalance_in_progress) {
                    join_and_sync(fixture, *each);
                }
            }
            reconcile(fixture, c);
        }
    }
    const ConsumerMember& member(const std::string& id) const {
        return fixture.consumer_group()->member(id);
    }
    void expect_log_tells_all() const {
        EXPECT_TRUE(fixture.replayed().has_same_records_as(fixture.shard()));
    }

    GroupFixture fixture;
    ClassicClient a, b;
    ConsumerClient c{.member_id = "c"};
};

// ---- up ----

TEST_F(GroupMigrationTest, MakesAClassicGroupOneOfTheConsumerProtocolWhenAMemberOfThatJoins) {
    settle_classic_group();
    const GenerationId generation = a.generation;
    EXPECT_EQ(upgrade(), ErrorCode::none);

    EXPECT_EQ(fixture.group(), nullptr);
    const ConsumerGroup* const group = fixture.consumer_group();
    ASSERT_NE(group, nullptr);
    EXPECT_EQ(group->epoch(), generation.value() + 1);
    EXPECT_EQ(group->members().size(), 3u);
    EXPECT_EQ(member(a.member_id).current.member_epoch, generation.value());
    EXPECT_EQ(member(a.member_id).current.assigned,
              (IdPartitions{orders_partition(0), orders_partition(1)}));
    EXPECT_EQ(member(a.member_id).metadata.classic->session_timeout, 10s);
    EXPECT_EQ(member(a.member_id).metadata.classic->protocols.front().name, "cooperative-sticky");
    EXPECT_EQ(member(a.member_id).metadata.subscribed_topic_names,
              std::vector<std::string>{"orders"});
    EXPECT_FALSE(member("c").is_classic());
    EXPECT_TRUE(c.target.empty()) << "all of it is in the hands of others";
    expect_log_tells_all();
}

TEST_F(GroupMigrationTest, WritesTheConversionAndTheFirstStepOfTheNewMemberInOneBatch) {
    settle_classic_group();
    const CallId call = fixture.send(c.full());
    ASSERT_EQ(fixture.pending().size(), 1u);
    const std::vector<GroupRecord>& records = fixture.pending().front().records;
    EXPECT_EQ(records.front(), GroupRecord(GroupMetadataRecord{"g", std::nullopt}));
    EXPECT_TRUE(fixture.is_parked(call));
    // An append that failed: the next coordinator finds the classic group as it was.
    fixture.fail_over();
    EXPECT_EQ(fixture.consumer_group(), nullptr);
    EXPECT_EQ(fixture.group()->state(), GroupState::stable);
    EXPECT_EQ(heartbeat(fixture, a), ErrorCode::none);
}

TEST_F(GroupMigrationTest, LetsMembersOfBothProtocolsSettle) {
    settle_classic_group();
    upgrade();
    EXPECT_EQ(heartbeat(fixture, a), ErrorCode::rebalance_in_progress);
    settle();
    EXPECT_EQ(fixture.consumer_group()->state(), ConsumerGroupState::stable);
    EXPECT_EQ(a.owned.size() + b.owned.size() + c.owned.size(), 4u);
    EXPECT_FALSE(c.owned.empty());
    EXPECT_EQ(heartbeat(fixture, a), ErrorCode::none);
    EXPECT_EQ(a.generation.value(), fixture.consumer_group()->epoch());
    expect_log_tells_all();
}

TEST_F(GroupMigrationTest, TellsWhoWaitsForAGenerationToJoinAgain) {
    settle_classic_group();
    fixture.advance(1s);
    ClassicClient d;
    const CallId joining = fixture.send(d.joining(), 3);
    ASSERT_TRUE(fixture.is_parked(joining));
    ASSERT_TRUE(fixture.group()->is_in(GroupState::preparing_rebalance));
    EXPECT_EQ(upgrade(), ErrorCode::none);
    const auto answer = fixture.take<JoinGroupResponse>(joining);
    EXPECT_EQ(answer->error_code, ErrorCode::rebalance_in_progress);
    d.take(*answer);
    EXPECT_TRUE(member(d.member_id).current.assigned.empty()) << "it never had anything";
    EXPECT_EQ(join_and_sync(fixture, d), ErrorCode::none);
    EXPECT_EQ(d.generation.value(), fixture.consumer_group()->epoch());
}

TEST_F(GroupMigrationTest, TellsWhoWaitsForAnAssignmentToJoinAgain) {
    settle_classic_group();
    fixture.send(leave_request(b.member_id));
    fixture.commit_all();
    const CallId joining = fixture.send(a.joining());
    a.take(*fixture.take<JoinGroupResponse>(joining));
    const CallId syncing = fixture.send(a.syncing({{a.member_id, orders_assignment({0, 1, 2})}}));
    // The assignment of the leader is still on its way to the log.
    const CallId heartbeat_of_c = fixture.send(c.full());
    EXPECT_EQ(fixture.take<SyncGroupResponse>(syncing)->error_code,
              ErrorCode::rebalance_in_progress);
    fixture.commit_all();
    c.take(*fixture.take<ConsumerGroupHeartbeatResponse>(heartbeat_of_c));
    EXPECT_EQ(member(a.member_id).current.assigned,
              (IdPartitions{orders_partition(0), orders_partition(1)}));
    EXPECT_EQ(c.target, (IdPartitions{orders_partition(2), orders_partition(3)}));
    expect_log_tells_all();
}

// A cooperative member learns from its sync what it has to give up: until it joins again it has it.
TEST_F(GroupMigrationTest, CountsWhatAMemberOwnedWhenItJoinedAsHeldIfNobodyWasGivenIt) {
    settle_classic_group();
    const CallId joining_a = fixture.send(a.joining());
    const CallId joining_b = fixture.send(b.joining());
    a.take(*fixture.take<JoinGroupResponse>(joining_a));
    b.take(*fixture.take<JoinGroupResponse>(joining_b));
    ClassicClient& leader = fixture.group()->is_leader(a.member_id) ? a : b;
    ClassicClient& other = &leader == &a ? b : a;
    fixture.send(other.syncing());
    fixture.send(leader.syncing(
        {{a.member_id, orders_assignment({0})}, {b.member_id, orders_assignment({2, 3})}}));
    fixture.commit_all();
    EXPECT_EQ(upgrade(), ErrorCode::none);
    EXPECT_EQ(member(a.member_id).current.assigned,
              (IdPartitions{orders_partition(0), orders_partition(1)}));
    EXPECT_FALSE(c.target.contains(orders_partition(1)));
}

TEST_F(GroupMigrationTest, LeavesGroupsAloneThatAreNotOfConsumers) {
    JoinGroupRequest join = join_request();
    join.protocol_type = "connect";
    fixture.send(join, 3);
    EXPECT_EQ(upgrade(), ErrorCode::group_id_not_found);
}

TEST_F(GroupMigrationTest, LeavesGroupsAloneWhoseMembersCannotBeRead) {
    fixture.send(join_request("", Bytes{1}), 3);
    EXPECT_EQ(upgrade(), ErrorCode::group_id_not_found);
    EXPECT_EQ(fixture.group()->members().size(), 1u);
}

TEST_F(GroupMigrationTest, ConvertsNothingForAMemberThatIsRefused) {
    settle_classic_group();
    c.epoch = 5;
    EXPECT_EQ(converse(fixture, c, c.keep_alive()), ErrorCode::group_id_not_found);
    c.epoch = 0;
    Heartbeat strange = c.full();
    strange.server_assignor = "mine";
    EXPECT_EQ(converse(fixture, c, strange), ErrorCode::unsupported_assignor);
    EXPECT_NE(fixture.group(), nullptr);
    EXPECT_EQ(fixture.consumer_group(), nullptr);
}

class DowngradeOnlyTest : public GroupMigrationTest {
  protected:
    DowngradeOnlyTest() : GroupMigrationTest(with_policy(MigrationPolicy::downgrade)) {}
};
TEST_F(DowngradeOnlyTest, DoesNotUpgrade) {
    settle_classic_group();
    EXPECT_EQ(upgrade(), ErrorCode::group_id_not_found);
    EXPECT_EQ(heartbeat(fixture, a), ErrorCode::none);
}

class DisabledMigrationTest : public GroupMigrationTest {
  protected:
    DisabledMigrationTest() : GroupMigrationTest(with_policy(MigrationPolicy::disabled)) {}
};
TEST_F(DisabledMigrationTest, ChangesNothing) {
    settle_classic_group();
    EXPECT_EQ(upgrade(), ErrorCode::group_id_not_found);
    EXPECT_EQ(heartbeat(fixture, a), ErrorCode::none);
    EXPECT_NE(fixture.group(), nullptr);
    EXPECT_EQ(fixture.consumer_group(), nullptr);
}

class SmallGroupTest : public GroupMigrationTest {
  protected:
    SmallGroupTest()
        : GroupMigrationTest([] {
              GroupCoordinatorOptions options;
              options.group_consumer_max_size = 1;
              return options;
          }()) {}
};
TEST_F(SmallGroupTest, DoesNotUpgradeWhatWouldNotFit) {
    settle_classic_group();
    EXPECT_EQ(upgrade(), ErrorCode::group_id_not_found);
}

// ---- members of the classic protocol, in between ----

TEST_F(GroupMigrationTest, GivesANewClassicMemberAnIdThatItComesBackWith) {
    settle_classic_group();
    upgrade();
    ClassicClient d;
    const JoinGroupResponse first = fixture.ask(d.joining());
    EXPECT_EQ(first.error_code, ErrorCode::member_id_required);
    d.take(first);
    EXPECT_EQ(fixture.consumer_group()->members().size(), 3u);
    const JoinGroupResponse second = ask_and_store(fixture, d.joining());
    EXPECT_EQ(second.error_code, ErrorCode::none);
    EXPECT_EQ(second.leader, "") << "the coordinator assigns";
    EXPECT_EQ(second.protocol_name, "cooperative-sticky");
    EXPECT_EQ(second.generation_id.value(), fixture.consumer_group()->epoch());
    EXPECT_EQ(fixture.consumer_group()->members().size(), 4u);
}

TEST_F(GroupMigrationTest, RefusesAClassicMemberThatHasNoProtocolInCommonWithTheOthers) {
    settle_classic_group();
    upgrade();
    ClassicClient d;
    d.protocol = "range";
    EXPECT_EQ(fixture.ask(d.joining()).error_code, ErrorCode::inconsistent_group_protocol);
}

TEST_F(GroupMigrationTest, TakesAPartitionFromAClassicMemberInTwoRounds) {
    settle_classic_group();
    upgrade();
    // First it learns what to keep; only its next join says that the rest is gone.
    ASSERT_EQ(heartbeat(fixture, a), ErrorCode::rebalance_in_progress);
    a.take(ask_and_store(fixture, a.joining()));
    const std::size_t target = fixture.consumer_group()->target_of(a.member_id).size();
    if (target == 2) {
        // The other one is to give up.
        std::swap(a, b);
        a.take(ask_and_store(fixture, a.joining()));
    }
    EXPECT_EQ(member(a.member_id).current.state, MemberState::unrevoked_partitions);
    a.take(ask_and_store(fixture, a.syncing()));
    EXPECT_EQ(a.given.size(), 1u);
    converse(fixture, c, c.keep_alive());
    EXPECT_TRUE(c.target.empty()) << "it has not said that it gave it up";
    EXPECT_TRUE(a.adopt());
    EXPECT_EQ(heartbeat(fixture, a), ErrorCode::rebalance_in_progress);
    EXPECT_EQ(join_and_sync(fixture, a), ErrorCode::none);
    EXPECT_EQ(a.generation.value(), fixture.consumer_group()->epoch());
    converse(fixture, c, c.keep_alive());
    EXPECT_EQ(c.target.size(), 1u);
}

TEST_F(GroupMigrationTest, HasWhoSyncsInAnOlderEpochJoinAgain) {
    settle_classic_group();
    upgrade();
    a.take(ask_and_store(fixture, a.syncing()));
    EXPECT_EQ(ask_and_store(fixture, a.syncing()).error_code, ErrorCode::rebalance_in_progress);
    EXPECT_NE(fixture.consumer_group()->deadline(ConsumerGroup::Timer::join, a.member_id),
              LocalTime::max());
    ClassicClient late = a;
    late.generation = GenerationId(99);
    EXPECT_EQ(fixture.ask(late.syncing()).error_code, ErrorCode::illegal_generation);
    late = a;
    late.protocol = "range";
    EXPECT_EQ(fixture.ask(late.syncing()).error_code, ErrorCode::inconsistent_group_protocol);
    late.member_id = "c";
    EXPECT_EQ(fixture.ask(late.syncing()).error_code, ErrorCode::unknown_member_id)
        << "that one speaks the other protocol";
}

TEST_F(GroupMigrationTest, RemovesWhoIsCalledAndDoesNotJoin) {
    settle_classic_group();
    upgrade();
    // Called for the first time after five seconds.
    for (int i = 0; i < 12; ++i) {
        fixture.advance(5s);
        heartbeat(fixture, a);
        join_and_sync(fixture, b);
        reconcile(fixture, c);
    }
    EXPECT_NE(fixture.consumer_group()->find_member(a.member_id), nullptr);
    fixture.advance(5s);
    fixture.commit_all();
    EXPECT_EQ(fixture.consumer_group()->find_member(a.member_id), nullptr)
        << "a call is not extended by the next one";
    EXPECT_EQ(heartbeat(fixture, a), ErrorCode::unknown_member_id);
}

TEST_F(GroupMigrationTest, RemovesWhoJoinsAndDoesNotSync) {
    settle_classic_group();
    upgrade();
    a.take(ask_and_store(fixture, a.joining()));
    for (int i = 0; i < 11; ++i) {
        fixture.advance(5s);
        heartbeat(fixture, a);
        reconcile(fixture, c);
    }
    EXPECT_NE(fixture.consumer_group()->find_member(a.member_id), nullptr);
    fixture.advance(5s);
    fixture.commit_all();
    EXPECT_EQ(fixture.consumer_group()->find_member(a.member_id), nullptr);
}

TEST_F(GroupMigrationTest, WaitsForNobodyWhoJoinedAndSynced) {
    settle_classic_group();
    upgrade();
    heartbeat(fixture, a);
    join_and_sync(fixture, a);
    using Timer = ConsumerGroup::Timer;
    EXPECT_EQ(fixture.consumer_group()->deadline(Timer::sync, a.member_id), LocalTime::max());
    EXPECT_EQ(fixture.consumer_group()->deadline(Timer::join, a.member_id), LocalTime::max());
}

TEST_F(GroupMigrationTest, HoldsAClassicMemberToItsOwnSessionTimeout) {
    settle_classic_group();
    upgrade();
    fixture.advance(9s);
    EXPECT_NE(heartbeat(fixture, a), ErrorCode::unknown_member_id);
    fixture.advance(2s);
    fixture.commit_all();
    EXPECT_NE(fixture.consumer_group()->find_member(a.member_id), nullptr);
    EXPECT_EQ(fixture.consumer_group()->find_member(b.member_id), nullptr);
    EXPECT_NE(fixture.consumer_group()->find_member("c"), nullptr);
}

TEST_F(GroupMigrationTest, LetsClassicMembersLeave) {
    settle_classic_group("pod");
    upgrade();
    LeaveGroupRequest both = a.leaving();
    both.members.push_back({"", "pod", std::nullopt});
    both.members.push_back({"c", std::nullopt, std::nullopt});
    const LeaveGroupResponse response = ask_and_store(fixture, both);
    EXPECT_EQ(response.members.at(0).error_code, ErrorCode::none);
    EXPECT_EQ(response.members.at(1).error_code, ErrorCode::none);
    EXPECT_EQ(response.members.at(2).error_code, ErrorCode::unknown_member_id);
    EXPECT_EQ(fixture.consumer_group()->members().size(), 1u);
    converse(fixture, c, c.keep_alive());
    EXPECT_EQ(c.target.size(), 4u);
}

TEST_F(GroupMigrationTest, FencesTheFormerProcessOfAStaticMember) {
    settle_classic_group("pod");
    upgrade();
    ClassicClient next;
    next.instance_id = "pod";
    EXPECT_EQ(ask_and_store(fixture, next.joining()).error_code, ErrorCode::none)
        << "a static member needs no second round";
    EXPECT_EQ(fixture.ask(b.beating()).error_code, ErrorCode::fenced_instance_id);
    EXPECT_EQ(fixture.ask(b.joining()).error_code, ErrorCode::fenced_instance_id);
    EXPECT_EQ(fixture.consumer_group()->members().size(), 3u);
}

TEST_F(GroupMigrationTest, LetsTheNewProcessOfAStaticMemberSpeakTheConsumerProtocol) {
    settle_classic_group("pod");
    ConsumerClient next{.member_id = "next", .instance_id = "pod"};
    EXPECT_EQ(converse(fixture, next, next.full()), ErrorCode::none);
    EXPECT_EQ(fixture.consumer_group()->members().size(), 2u);
    EXPECT_FALSE(member("next").is_classic());
    EXPECT_EQ(next.target, (IdPartitions{orders_partition(2), orders_partition(3)}))
        << "it has what its former process had";
    EXPECT_EQ(fixture.ask(b.beating()).error_code, ErrorCode::fenced_instance_id);
}

TEST_F(GroupMigrationTest, ChecksCommitsByTheProtocolOfTheMember) {
    settle_classic_group();
    upgrade();
    settle();
    const auto commit = [&](const std::string& id, std::int32_t epoch, ApiVersion version = 9) {
        return error_of(
            ask_and_store(fixture, commit_request(id, GenerationId(epoch), 10), version));
    };
    const std::int32_t epoch = fixture.consumer_group()->epoch();
    EXPECT_EQ(commit(a.member_id, epoch), ErrorCode::none);
    EXPECT_EQ(commit(a.member_id, epoch, 8), ErrorCode::none);
    EXPECT_EQ(commit(a.member_id, epoch - 1), ErrorCode::illegal_generation);
    EXPECT_EQ(commit("c", epoch), ErrorCode::none);
    EXPECT_EQ(commit("c", epoch, 8), ErrorCode::unsupported_version);
    EXPECT_EQ(commit("c", epoch - 1), ErrorCode::stale_member_epoch);
    EXPECT_EQ(commit("nobody", epoch), ErrorCode::unknown_member_id);
}

TEST_F(GroupMigrationTest, DescribesMembersByTheProtocolTheySpeak) {
    settle_classic_group();
    upgrade();
    const auto group = describe_consumer_group(fixture.shard(), "g", MetadataImage{});
    std::map<std::string, int> types;
    for (const auto& each : group.members) types[each.member_id] = each.member_type;
    EXPECT_EQ(types.at(a.member_id), 0);
    EXPECT_EQ(types.at("c"), 1);
    EXPECT_EQ(list_groups(fixture.shard(), {}).at(0).group_type, "Consumer");
    converse(fixture, c, c.leaving());
    EXPECT_EQ(list_groups(fixture.shard(), {}).at(0).group_type, "Classic");
    EXPECT_EQ(describe_classic_group(fixture.shard(), "g", 6).members.size(), 2u);
}

// An answer that rests on what is not in the log yet waits for that.
TEST_F(GroupMigrationTest, AnswersNothingThatCouldStillBeLost) {
    settle_classic_group();
    upgrade();
    const CallId joining = fixture.send(a.joining());
    const CallId again = fixture.send(a.joining());
    EXPECT_TRUE(fixture.is_parked(joining));
    EXPECT_TRUE(fixture.is_parked(again));
    fixture.commit_all();
    EXPECT_EQ(fixture.take<JoinGroupResponse>(again)->generation_id,
              fixture.take<JoinGroupResponse>(joining)->generation_id);
}

// ---- down ----

TEST_F(GroupMigrationTest, MakesTheGroupClassicAgainWhenTheLastOfTheConsumerProtocolLeaves) {
    settle_classic_group();
    upgrade();
    settle();
    const std::int32_t epoch = fixture.consumer_group()->epoch();
    EXPECT_EQ(converse(fixture, c, c.leaving()), ErrorCode::none);
    EXPECT_EQ(fixture.consumer_group(), nullptr);
    const ClassicGroup* const group = fixture.group();
    ASSERT_NE(group, nullptr);
    EXPECT_EQ(group->state(), GroupState::preparing_rebalance);
    EXPECT_EQ(group->generation().value(), epoch);
    EXPECT_EQ(group->protocol_name(), "cooperative-sticky");
    EXPECT_EQ(heartbeat(fixture, a), ErrorCode::rebalance_in_progress);
    expect_log_tells_all();
    EXPECT_EQ(fixture.replayed().find_stored_consumer_group("g"), nullptr);

    const CallId joining_a = fixture.send(a.joining());
    const CallId joining_b = fixture.send(b.joining());
    EXPECT_EQ(fixture.take<JoinGroupResponse>(joining_a)->generation_id.value(), epoch + 1);
    EXPECT_FALSE(fixture.is_parked(joining_b));
}

TEST_F(GroupMigrationTest, MakesTheGroupClassicAgainWhenTheLastOfTheConsumerProtocolIsSilent) {
    settle_classic_group();
    upgrade();
    for (int i = 0; i < 10; ++i) {
        fixture.advance(5s);
        for (ClassicClient* const each : {&a, &b}) {
            if (heartbeat(fixture, *each) == ErrorCode::rebalance_in_progress &&
                fixture.consumer_group() != nullptr) {
                join_and_sync(fixture, *each);
            }
        }
    }
    EXPECT_EQ(fixture.consumer_group(), nullptr);
    EXPECT_EQ(fixture.group()->members().size(), 2u);
}

TEST_F(GroupMigrationTest, StaysAsItIsWhileOneOfTheConsumerProtocolIsThere) {
    settle_classic_group();
    upgrade();
    ConsumerClient d{.member_id = "d"};
    converse(fixture, d, d.full());
    converse(fixture, c, c.leaving());
    EXPECT_EQ(fixture.group(), nullptr);
    ask_and_store(fixture, a.leaving());
    ask_and_store(fixture, b.leaving());
    converse(fixture, d, d.leaving());
    ASSERT_NE(fixture.consumer_group(), nullptr) << "an empty group has nobody to convert it for";
    EXPECT_EQ(fixture.consumer_group()->state(), ConsumerGroupState::empty);
}

class UpgradeOnlyTest : public GroupMigrationTest {
  protected:
    UpgradeOnlyTest() : GroupMigrationTest(with_policy(MigrationPolicy::upgrade)) {}
};
TEST_F(UpgradeOnlyTest, DoesNotDowngrade) {
    settle_classic_group();
    upgrade();
    converse(fixture, c, c.leaving());
    ASSERT_NE(fixture.consumer_group(), nullptr);
    for (int round = 0; round < 4; ++round) {
        for (ClassicClient* const each : {&a, &b}) {
            if (heartbeat(fixture, *each) == ErrorCode::rebalance_in_progress) {
                join_and_sync(fixture, *each);
            }
        }
    }
    EXPECT_EQ(a.owned.size() + b.owned.size(), 4u) << "classic members alone settle as well";
}

TEST_F(GroupMigrationTest, KeepsEverythingWhereItWasWhenTheLastOfTheConsumerProtocolIsReplaced) {
    settle_classic_group("pod");
    ConsumerClient next{.member_id = "next", .instance_id = "pod"};
    converse(fixture, next, next.full());
    reconcile(fixture, next);
    while (heartbeat(fixture, a) == ErrorCode::rebalance_in_progress) join_and_sync(fixture, a);
    reconcile(fixture, next);
    ASSERT_EQ(fixture.consumer_group()->state(), ConsumerGroupState::stable);

    ClassicClient back;
    back.instance_id = "pod";
    back.take(ask_and_store(fixture, back.joining()));
    ASSERT_NE(fixture.group(), nullptr);
    EXPECT_EQ(fixture.group()->state(), GroupState::stable);
    EXPECT_EQ(fixture.group()->generation(), back.generation);
    back.take(ask_and_store(fixture, back.syncing()));
    EXPECT_EQ(back.given.size(), next.target.size());
    EXPECT_EQ(heartbeat(fixture, a), ErrorCode::none);
    expect_log_tells_all();
}

// Whoever takes over before the members have joined anew knows that they must: nobody has what the
// last member of the consumer protocol had.
TEST_F(GroupMigrationTest, RebalancesAfterAFailoverInTheMiddleOfADowngrade) {
    settle_classic_group();
    upgrade();
    settle();
    converse(fixture, c, c.leaving());
    fixture.fail_over();
    ASSERT_NE(fixture.group(), nullptr);
    EXPECT_EQ(fixture.group()->state(), GroupState::preparing_rebalance);
    EXPECT_EQ(heartbeat(fixture, a), ErrorCode::rebalance_in_progress);
}

TEST_F(GroupMigrationTest, GoesOnAfterAFailoverInTheMiddleOfAnUpgrade) {
    settle_classic_group();
    upgrade();
    join_and_sync(fixture, a);
    const ConsumerGroup before = *fixture.consumer_group();
    fixture.fail_over();
    EXPECT_TRUE(fixture.consumer_group()->has_same_records_as(before));
    settle();
    EXPECT_EQ(fixture.consumer_group()->state(), ConsumerGroupState::stable);
}

TEST_F(GroupMigrationTest, CanGoUpAndDownAgainAndAgain) {
    settle_classic_group();
    for (int round = 0; round < 3; ++round) {
        ASSERT_EQ(upgrade(), ErrorCode::none);
        converse(fixture, c, c.leaving());
        ASSERT_NE(fixture.group(), nullptr);
        c = ConsumerClient{.member_id = "c"};
        expect_log_tells_all();
    }
    EXPECT_EQ(fixture.group()->members().size(), 2u);
}

// ---- the switch ----

TEST(GroupMigrationBug, Z82FreesWhatACooperativeMemberHasStillToGiveUp) {
    GroupFixture fixture;
    fixture.set_topic("orders", 2);
    GroupMetadata stored;
    stored.protocol_type = "consumer";
    stored.generation = GenerationId(3);
    stored.protocol = "cooperative-sticky";
    stored.leader = "a";
    Subscription subscription{.topics = {"orders"}};
    subscription.owned_partitions = {{"orders", 0}, {"orders", 1}};
    stored.members.push_back({.member_id = "a",
                              .subscription = encode_subscription(subscription),
                              .assignment = orders_assignment({0})});
    MetadataImage image;
    image.topics["orders"].name = "orders";
    image.topics["orders"].id = GroupFixture::topic_id("orders");
    const ClassicGroup group("g", stored);
    EXPECT_EQ(holdings_of(group, image, nullptr)->at("a").size(), 2u);
    BugSet bugs;
    bugs.arm(Bug::z82_assign_before_revoke);
    EXPECT_EQ(holdings_of(group, image, &bugs)->at("a").size(), 1u);
    EXPECT_EQ(bugs.hits(Bug::z82_assign_before_revoke), 1u);
}

}  // namespace
}  // namespace squall::model
