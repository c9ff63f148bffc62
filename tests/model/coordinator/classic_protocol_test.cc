#include "model/coordinator/group/classic_protocol.h"

#include <gtest/gtest.h>

#include "tests/model/coordinator/group_fixture.h"

namespace squall::model {
namespace {

using namespace std::chrono_literals;

// Joins as clients since KIP-394 do: once for an id, once with it. The call parks.
struct Joining {
    std::string member_id;
    CallId call;
};
Joining join(GroupFixture& fixture, Bytes metadata = {1}) {
    const JoinGroupResponse first = fixture.ask(join_request("", metadata));
    EXPECT_EQ(first.error_code, ErrorCode::member_id_required);
    return {first.member_id, fixture.send(join_request(first.member_id, metadata))};
}

JoinGroupResponse joined(GroupFixture& fixture, CallId call) {
    const auto response = fixture.take<JoinGroupResponse>(call);
    EXPECT_TRUE(response.has_value()) << "still parked";
    return response.value_or(JoinGroupResponse());
}

SyncGroupResponse synced(GroupFixture& fixture, CallId call) {
    const auto response = fixture.take<SyncGroupResponse>(call);
    EXPECT_TRUE(response.has_value()) << "still parked";
    return response.value_or(SyncGroupResponse());
}

// Two members "a" (the leader) and "b" in generation 1, each with its assignment.
struct StableGroup {
    GroupFixture fixture;
    std::string a;
    std::string b;
    GenerationId generation;

    explicit StableGroup(GroupCoordinatorOptions options = {}) : fixture(options) {
        const Joining first = join(fixture);
        const Joining second = join(fixture);
        fixture.advance(7s);
        a = first.member_id;
        b = second.member_id;
        generation = joined(fixture, first.call).generation_id;
        EXPECT_EQ(joined(fixture, second.call).leader, a);
        sync();
    }
    void sync() {
        const CallId b_call = fixture.send(sync_request(b, generation));
        const CallId a_call = fixture.send(sync_request(a, generation, {{a, {0xa}}, {b, {0xb}}}));
        fixture.commit_all();
        EXPECT_EQ(synced(fixture, a_call).assignment, Bytes{0xa});
        EXPECT_EQ(synced(fixture, b_call).assignment, Bytes{0xb});
        EXPECT_EQ(fixture.group()->state(), GroupState::stable);
    }
    ErrorCode heartbeat(const std::string& member) {
        return fixture.ask(heartbeat_request(member, generation)).error_code;
    }
    void both_heartbeat_for(Duration time) {
        for (Duration passed{}; passed < time; passed += Duration(3s)) {
            fixture.advance(3s);
            heartbeat(a);
            heartbeat(b);
        }
    }
};

// ---- join ----

TEST(ClassicProtocol, GivesANewMemberAnIdToComeBackWith) {
    GroupFixture fixture;
    const JoinGroupResponse response = fixture.ask(join_request());
    EXPECT_EQ(response.error_code, ErrorCode::member_id_required);
    EXPECT_EQ(response.member_id, "app-u1");
    EXPECT_EQ(response.generation_id, no_generation);
    EXPECT_TRUE(fixture.group()->is_pending("app-u1"));
    EXPECT_TRUE(fixture.group()->is_in(GroupState::empty));
}

TEST(ClassicProtocol, LetsOldClientsJoinWithoutComingBack) {
    GroupFixture fixture;
    const CallId call = fixture.send(join_request(), 3);
    fixture.advance(3s);
    EXPECT_EQ(joined(fixture, call).error_code, ErrorCode::none);
}

TEST(ClassicProtocol, ForgetsAPendingMemberThatDoesNotComeBack) {
    GroupFixture fixture;
    const std::string id = fixture.ask(join_request()).member_id;
    fixture.advance(10s);
    EXPECT_EQ(fixture.ask(join_request(id)).error_code, ErrorCode::unknown_member_id);
}

TEST(ClassicProtocol, WaitsTheInitialDelayForMoreMembers) {
    GroupFixture fixture;
    const Joining first = join(fixture);
    fixture.advance(2999ms);
    EXPECT_TRUE(fixture.is_parked(first.call));
    fixture.advance(1ms);
    const JoinGroupResponse response = joined(fixture, first.call);
    EXPECT_EQ(response.error_code, ErrorCode::none);
    EXPECT_EQ(response.generation_id, GenerationId(1));
    EXPECT_EQ(response.leader, first.member_id);
    EXPECT_EQ(response.protocol_name, "range");
}

TEST(ClassicProtocol, ExtendsTheInitialDelayWhileMembersKeepComing) {
    GroupFixture fixture;
    const Joining first = join(fixture);
    fixture.advance(2s);
    const Joining second = join(fixture);
    fixture.advance(3999ms);
    EXPECT_TRUE(fixture.is_parked(first.call));
    fixture.advance(1ms);
    EXPECT_EQ(joined(fixture, first.call).members.size(), 2u);
    EXPECT_EQ(joined(fixture, second.call).members.size(), 0u);
}

TEST(ClassicProtocol, ExtendsTheInitialDelayNoLongerThanTheRebalanceTimeout) {
    GroupFixture fixture;
    JoinGroupRequest request = join_request();
    request.rebalance_timeout_ms = 5000;
    const CallId first = fixture.send(request, 3);
    for (int i = 0; i < 4; ++i) {
        fixture.advance(1s);
        fixture.send(request, 3);
    }
    fixture.advance(999ms);
    EXPECT_TRUE(fixture.is_parked(first));
    fixture.advance(1ms);
    EXPECT_EQ(joined(fixture, first).members.size(), 5u);
}

TEST(ClassicProtocol, RefusesSessionTimeoutsOutOfBounds) {
    GroupFixture fixture;
    JoinGroupRequest request = join_request();
    request.session_timeout_ms = 5999;
    EXPECT_EQ(fixture.ask(request).error_code, ErrorCode::invalid_session_timeout);
    request.session_timeout_ms = 1800001;
    EXPECT_EQ(fixture.ask(request).error_code, ErrorCode::invalid_session_timeout);
    request.session_timeout_ms = 6000;
    EXPECT_EQ(fixture.ask(request).error_code, ErrorCode::member_id_required);
}

TEST(ClassicProtocol, RefusesAMemberIdNobodyGaveOut) {
    GroupFixture fixture;
    EXPECT_EQ(fixture.ask(join_request("stranger")).error_code, ErrorCode::unknown_member_id);
    EXPECT_EQ(fixture.group(), nullptr);
}

TEST(ClassicProtocol, RefusesProtocolsThatTheOthersDoNotSupport) {
    StableGroup stable;
    JoinGroupRequest request = join_request();
    request.protocols = {{"roundrobin", {}}};
    EXPECT_EQ(stable.fixture.ask(request).error_code, ErrorCode::inconsistent_group_protocol);
    request = join_request();
    request.protocol_type = "connect";
    EXPECT_EQ(stable.fixture.ask(request).error_code, ErrorCode::inconsistent_group_protocol);
    request = join_request();
    request.protocols.clear();
    GroupFixture empty;
    EXPECT_EQ(empty.ask(request).error_code, ErrorCode::inconsistent_group_protocol);
}

TEST(ClassicProtocol, RefusesMembersBeyondTheMaximum) {
    GroupCoordinatorOptions options;
    options.group_max_size = 2;
    StableGroup stable(options);
    EXPECT_EQ(stable.fixture.ask(join_request()).error_code, ErrorCode::group_max_size_reached);
    EXPECT_EQ(stable.fixture.group()->members().size(), 2u);
}

TEST(ClassicProtocol, ChoosesTheProtocolWithMostVotesAmongThoseAllSupport) {
    GroupFixture fixture;
    JoinGroupRequest request = join_request();
    request.protocols = {{"sticky", {}}, {"range", {}}};
    fixture.send(request, 3);
    request.protocols = {{"range", {}}, {"sticky", {}}};
    fixture.send(request, 3);
    request.protocols = {{"only-mine", {}}, {"sticky", {}}, {"range", {}}};
    const CallId call = fixture.send(request, 3);
    fixture.advance(10s);
    EXPECT_EQ(joined(fixture, call).protocol_name, "sticky");
}

TEST(ClassicProtocol, TellsTheMembersToTheLeaderOnly) {
    GroupFixture fixture;
    const Joining first = join(fixture, {1});
    const Joining second = join(fixture, {2});
    fixture.advance(10s);
    const JoinGroupResponse leader = joined(fixture, first.call);
    ASSERT_EQ(leader.members.size(), 2u);
    EXPECT_EQ(leader.members[0].metadata, Bytes{1});
    EXPECT_EQ(leader.members[1].metadata, Bytes{2});
    EXPECT_TRUE(joined(fixture, second.call).members.empty());
}

TEST(ClassicProtocol, RebalancesWhenTheLeaderRejoins) {
    StableGroup stable;
    stable.fixture.send(join_request(stable.a));
    EXPECT_TRUE(stable.fixture.group()->is_in(GroupState::preparing_rebalance));
}

TEST(ClassicProtocol, TellsARejoiningFollowerTheCurrentGeneration) {
    StableGroup stable;
    const JoinGroupResponse response = stable.fixture.ask(join_request(stable.b));
    EXPECT_EQ(response.generation_id, stable.generation);
    EXPECT_TRUE(response.members.empty());
    EXPECT_TRUE(stable.fixture.group()->is_in(GroupState::stable));
}

TEST(ClassicProtocol, RebalancesWhenAFollowerChangesItsSubscription) {
    StableGroup stable;
    const CallId call = stable.fixture.send(join_request(stable.b, {9}));
    EXPECT_TRUE(stable.fixture.is_parked(call));
    EXPECT_EQ(stable.heartbeat(stable.a), ErrorCode::rebalance_in_progress);
    const CallId other = stable.fixture.send(join_request(stable.a));
    EXPECT_EQ(joined(stable.fixture, call).generation_id, stable.generation.next());
    EXPECT_EQ(joined(stable.fixture, other).leader, stable.a);
}

TEST(ClassicProtocol, DropsDynamicMembersThatDoNotRejoinInTime) {
    StableGroup stable;
    const CallId call = stable.fixture.send(join_request(stable.b, {9}));
    for (int i = 0; i < 19; ++i) {
        stable.fixture.advance(3s);
        stable.heartbeat(stable.a);
    }
    EXPECT_TRUE(stable.fixture.is_parked(call));
    stable.fixture.advance(3s);
    const JoinGroupResponse response = joined(stable.fixture, call);
    EXPECT_EQ(response.leader, stable.b);
    EXPECT_EQ(response.members.size(), 1u);
    EXPECT_EQ(stable.heartbeat(stable.a), ErrorCode::unknown_member_id);
}

TEST(ClassicProtocol, AnswersASupersededJoinWithRebalanceInProgress) {
    GroupFixture fixture;
    const Joining first = join(fixture);
    const CallId retry = fixture.send(join_request(first.member_id));
    EXPECT_EQ(joined(fixture, first.call).error_code, ErrorCode::rebalance_in_progress);
    fixture.advance(3s);
    EXPECT_EQ(joined(fixture, retry).error_code, ErrorCode::none);
}

TEST(ClassicProtocol, DropsANewMemberThatWaitsForFiveMinutes) {
    StableGroup stable;
    JoinGroupRequest slow = join_request(stable.b, {9});
    slow.rebalance_timeout_ms = 600000;
    stable.fixture.send(slow);
    const Joining late = join(stable.fixture);
    for (Duration passed{}; passed < Duration(297s); passed += Duration(3s)) {
        stable.fixture.advance(3s);
        stable.heartbeat(stable.a);
    }
    EXPECT_TRUE(stable.fixture.is_parked(late.call));
    stable.fixture.advance(3s);
    EXPECT_EQ(joined(stable.fixture, late.call).error_code, ErrorCode::unknown_member_id);
}

// ---- sync ----

TEST(ClassicProtocol, GivesAssignmentsOnlyWhenTheyAreStored) {
    GroupFixture fixture;
    const Joining member = join(fixture);
    fixture.advance(3s);
    const GenerationId generation = joined(fixture, member.call).generation_id;
    const CallId sync =
        fixture.send(sync_request(member.member_id, generation, {{member.member_id, {7}}}));
    EXPECT_TRUE(fixture.is_parked(sync));
    EXPECT_TRUE(fixture.group()->is_in(GroupState::completing_rebalance));
    fixture.commit_one();
    EXPECT_EQ(synced(fixture, sync).assignment, Bytes{7});
    EXPECT_TRUE(fixture.group()->is_in(GroupState::stable));
}

TEST(ClassicProtocol, RebalancesWhenTheAssignmentCannotBeStored) {
    GroupFixture fixture;
    const Joining member = join(fixture);
    fixture.advance(3s);
    const GenerationId generation = joined(fixture, member.call).generation_id;
    const CallId sync = fixture.send(sync_request(member.member_id, generation));
    fixture.commit_one(ErrorCode::not_enough_replicas);
    EXPECT_EQ(synced(fixture, sync).error_code, ErrorCode::coordinator_not_available);
    EXPECT_TRUE(fixture.group()->is_in(GroupState::preparing_rebalance));
    EXPECT_TRUE(fixture.shard().stored_groups().empty());
}

TEST(ClassicProtocol, IgnoresAStoredAssignmentOfAGenerationThatIsOver) {
    GroupFixture fixture;
    const Joining member = join(fixture);
    fixture.advance(3s);
    const GenerationId generation = joined(fixture, member.call).generation_id;
    const CallId sync =
        fixture.send(sync_request(member.member_id, generation, {{member.member_id, {7}}}));
    const Joining other = join(fixture);
    EXPECT_EQ(synced(fixture, sync).error_code, ErrorCode::rebalance_in_progress);
    fixture.commit_one();
    EXPECT_TRUE(fixture.group()->is_in(GroupState::preparing_rebalance));
    EXPECT_TRUE(fixture.group()->member(member.member_id).assignment.empty());
    EXPECT_TRUE(fixture.is_parked(other.call));
}

TEST(ClassicProtocol, GivesNothingToAMemberThatTheLeaderForgot) {
    GroupFixture fixture;
    const Joining member = join(fixture);
    fixture.advance(3s);
    const GenerationId generation = joined(fixture, member.call).generation_id;
    const CallId sync = fixture.send(sync_request(member.member_id, generation));
    fixture.commit_one();
    const SyncGroupResponse response = synced(fixture, sync);
    EXPECT_EQ(response.error_code, ErrorCode::none);
    EXPECT_TRUE(response.assignment.empty());
}

TEST(ClassicProtocol, ChecksWhoSyncs) {
    StableGroup stable;
    const auto error = [&](const SyncGroupRequest& request) {
        return stable.fixture.ask(request).error_code;
    };
    EXPECT_EQ(error(sync_request("stranger", stable.generation)), ErrorCode::unknown_member_id);
    EXPECT_EQ(error(sync_request(stable.a, GenerationId(0))), ErrorCode::illegal_generation);
    EXPECT_EQ(error(sync_request(stable.a, stable.generation.next())),
              ErrorCode::illegal_generation);
    SyncGroupRequest request = sync_request(stable.a, stable.generation);
    request.protocol_name = "roundrobin";
    EXPECT_EQ(error(request), ErrorCode::inconsistent_group_protocol);
    request = sync_request(stable.a, stable.generation);
    request.protocol_type = "connect";
    EXPECT_EQ(error(request), ErrorCode::inconsistent_group_protocol);
    EXPECT_EQ(stable.fixture.ask(sync_request(stable.b, stable.generation)).assignment, Bytes{0xb});
    stable.fixture.send(join_request(stable.a));
    EXPECT_EQ(error(sync_request(stable.b, stable.generation)), ErrorCode::rebalance_in_progress);
}

TEST(ClassicProtocol, DropsMembersThatMissTheirSync) {
    StableGroup stable;
    const CallId rejoin_b = stable.fixture.send(join_request(stable.b, {9}));
    const CallId rejoin_a = stable.fixture.send(join_request(stable.a));
    stable.generation = joined(stable.fixture, rejoin_a).generation_id;
    joined(stable.fixture, rejoin_b);
    const CallId sync = stable.fixture.send(sync_request(stable.a, stable.generation));
    stable.fixture.commit_all();
    synced(stable.fixture, sync);
    stable.both_heartbeat_for(57s);
    EXPECT_TRUE(stable.fixture.group()->is_in(GroupState::stable));
    stable.both_heartbeat_for(3s);
    EXPECT_EQ(stable.fixture.group()->find_member(stable.b), nullptr);
    EXPECT_TRUE(stable.fixture.group()->is_in(GroupState::preparing_rebalance));
}

// ---- heartbeat, leave, sessions ----

TEST(ClassicProtocol, ChecksWhoSendsHeartbeats) {
    StableGroup stable;
    EXPECT_EQ(stable.heartbeat(stable.a), ErrorCode::none);
    EXPECT_EQ(stable.heartbeat("stranger"), ErrorCode::unknown_member_id);
    EXPECT_EQ(stable.fixture.ask(heartbeat_request(stable.a, GenerationId(0))).error_code,
              ErrorCode::illegal_generation);
    HeartbeatRequest elsewhere = heartbeat_request(stable.a, stable.generation);
    elsewhere.group_id = "nowhere";
    EXPECT_EQ(stable.fixture.ask(elsewhere).error_code, ErrorCode::unknown_member_id);
    EXPECT_EQ(stable.fixture.group("nowhere"), nullptr);
}

TEST(ClassicProtocol, TakesHeartbeatsBeforeTheAssignmentIsThere) {
    GroupFixture fixture;
    const Joining member = join(fixture);
    fixture.advance(3s);
    const GenerationId generation = joined(fixture, member.call).generation_id;
    EXPECT_EQ(fixture.ask(heartbeat_request(member.member_id, generation)).error_code,
              ErrorCode::none);
}

TEST(ClassicProtocol, KeepsMembersThatSendHeartbeatsAndDropsTheSilent) {
    StableGroup stable;
    for (int i = 0; i < 3; ++i) {
        stable.fixture.advance(3s);
        EXPECT_EQ(stable.heartbeat(stable.a), ErrorCode::none);
    }
    stable.fixture.advance(999ms);
    EXPECT_EQ(stable.heartbeat(stable.a), ErrorCode::none);
    stable.fixture.advance(1ms);
    EXPECT_EQ(stable.heartbeat(stable.a), ErrorCode::rebalance_in_progress);
    EXPECT_EQ(stable.heartbeat(stable.b), ErrorCode::unknown_member_id);
}

TEST(ClassicProtocol, DoesNotExpireAMemberThatItLeavesWaiting) {
    StableGroup stable;
    const CallId call = stable.fixture.send(join_request(stable.b, {9}));
    for (int i = 0; i < 10; ++i) {
        stable.fixture.advance(3s);
        stable.heartbeat(stable.a);
    }
    EXPECT_TRUE(stable.fixture.is_parked(call));
    EXPECT_NE(stable.fixture.group()->find_member(stable.b), nullptr);
}

TEST(ClassicProtocol, RebalancesAtOnceWhenAMemberLeaves) {
    StableGroup stable;
    const LeaveGroupResponse response = stable.fixture.ask(leave_request(stable.b));
    EXPECT_EQ(response.members.at(0).error_code, ErrorCode::none);
    EXPECT_EQ(stable.heartbeat(stable.a), ErrorCode::rebalance_in_progress);
    EXPECT_EQ(stable.fixture.ask(leave_request(stable.b)).members.at(0).error_code,
              ErrorCode::unknown_member_id);
}

TEST(ClassicProtocol, AnswersOldLeaveRequestsAtTheTop) {
    StableGroup stable;
    LeaveGroupRequest request;
    request.group_id = "g";
    request.member_id = "stranger";
    EXPECT_EQ(stable.fixture.ask(request, 2).error_code, ErrorCode::unknown_member_id);
    request.member_id = stable.a;
    EXPECT_EQ(stable.fixture.ask(request, 2).error_code, ErrorCode::none);
}

TEST(ClassicProtocol, StoresThatTheGroupIsEmptyWhenTheLastMemberLeaves) {
    StableGroup stable;
    stable.fixture.ask(leave_request(stable.b));
    stable.fixture.ask(leave_request(stable.a));
    EXPECT_TRUE(stable.fixture.group()->is_in(GroupState::empty));
    EXPECT_EQ(stable.fixture.group()->generation(), stable.generation.next());
    stable.fixture.commit_all();
    EXPECT_TRUE(stable.fixture.shard().stored_groups().at("g").members.empty());
}

TEST(ClassicProtocol, LetsAPendingMemberLeave) {
    GroupFixture fixture;
    const std::string id = fixture.ask(join_request()).member_id;
    EXPECT_EQ(fixture.ask(leave_request(id)).members.at(0).error_code, ErrorCode::none);
    EXPECT_FALSE(fixture.group()->is_pending(id));
}

TEST(ClassicProtocol, ElectsAnotherLeaderWhenTheLeaderIsGone) {
    StableGroup stable;
    stable.fixture.ask(leave_request(stable.a));
    const CallId call = stable.fixture.send(join_request(stable.b));
    const JoinGroupResponse response = joined(stable.fixture, call);
    EXPECT_EQ(response.leader, stable.b);
    EXPECT_EQ(response.members.size(), 1u);
}

// ---- static members ----

JoinGroupRequest static_join(const std::string& instance, const std::string& member_id = "") {
    JoinGroupRequest request = join_request(member_id);
    request.group_instance_id = instance;
    return request;
}

struct StaticGroup {
    GroupFixture fixture;
    std::string x;
    std::string y;
    GenerationId generation;

    StaticGroup() {
        const CallId first = fixture.send(static_join("x"));
        const CallId second = fixture.send(static_join("y"));
        fixture.advance(6s);
        const JoinGroupResponse response = joined(fixture, first);
        x = response.member_id;
        y = joined(fixture, second).member_id;
        generation = response.generation_id;
        fixture.send(sync_request(y, generation));
        fixture.send(sync_request(x, generation, {{x, {1}}, {y, {2}}}));
        fixture.commit_all();
        EXPECT_TRUE(fixture.group()->is_in(GroupState::stable));
    }
};

TEST(StaticMembership, NeedsNoSecondRoundTripAndNamesTheMemberAfterTheInstance) {
    StaticGroup group;
    EXPECT_EQ(group.x.substr(0, 2), "x-");
}

TEST(StaticMembership, LetsARestartedProcessTakeItsPlaceWithoutARebalance) {
    StaticGroup group;
    const CallId call = group.fixture.send(static_join("y"));
    EXPECT_TRUE(group.fixture.is_parked(call));
    group.fixture.commit_one();
    const JoinGroupResponse response = joined(group.fixture, call);
    EXPECT_EQ(response.generation_id, group.generation);
    EXPECT_NE(response.member_id, group.y);
    EXPECT_TRUE(group.fixture.group()->is_in(GroupState::stable));
    EXPECT_EQ(group.fixture.ask(sync_request(response.member_id, group.generation)).assignment,
              Bytes{2});
}

TEST(StaticMembership, FencesTheProcessThatWasReplaced) {
    StaticGroup group;
    group.fixture.send(static_join("y"));
    group.fixture.commit_all();
    HeartbeatRequest heartbeat = heartbeat_request(group.y, group.generation);
    heartbeat.group_instance_id = "y";
    EXPECT_EQ(group.fixture.ask(heartbeat).error_code, ErrorCode::fenced_instance_id);
    OffsetCommitRequest commit = commit_request(group.y, group.generation, 5);
    commit.group_instance_id = "y";
    EXPECT_EQ(error_of(group.fixture.ask(commit)), ErrorCode::fenced_instance_id);
    EXPECT_EQ(group.fixture.ask(static_join("y", group.y)).error_code,
              ErrorCode::fenced_instance_id);
    LeaveGroupRequest leave = leave_request(group.y);
    leave.members[0].group_instance_id = "y";
    EXPECT_EQ(group.fixture.ask(leave).members.at(0).error_code, ErrorCode::fenced_instance_id);
    SyncGroupRequest sync = sync_request(group.y, group.generation);
    sync.group_instance_id = "y";
    EXPECT_EQ(group.fixture.ask(sync).error_code, ErrorCode::fenced_instance_id);
}

TEST(StaticMembership, KeepsTheReplacementAfterAFailover) {
    StaticGroup group;
    const CallId call = group.fixture.send(static_join("y"));
    group.fixture.commit_all();
    const std::string replacement = joined(group.fixture, call).member_id;
    group.fixture.fail_over();
    EXPECT_EQ(*group.fixture.group()->find_static_member("y"), replacement);
}

TEST(StaticMembership, RestoresTheOldProcessIfTheReplacementCannotBeStored) {
    StaticGroup group;
    const CallId call = group.fixture.send(static_join("y"));
    group.fixture.commit_one(ErrorCode::not_enough_replicas);
    EXPECT_EQ(joined(group.fixture, call).error_code, ErrorCode::coordinator_not_available);
    EXPECT_EQ(*group.fixture.group()->find_static_member("y"), group.y);
    EXPECT_EQ(group.fixture.ask(heartbeat_request(group.y, group.generation)).error_code,
              ErrorCode::none);
}

TEST(StaticMembership, LetsARestartedLeaderSkipTheAssignment) {
    StaticGroup group;
    CallId call = group.fixture.send(static_join("x"));
    group.fixture.commit_all();
    const JoinGroupResponse response = joined(group.fixture, call);
    EXPECT_TRUE(response.skip_assignment);
    EXPECT_EQ(response.leader, response.member_id);
    EXPECT_EQ(response.members.size(), 2u);

    call = group.fixture.send(static_join("x"), 8);
    group.fixture.commit_all();
    const JoinGroupResponse older = joined(group.fixture, call);
    EXPECT_EQ(older.leader, response.member_id);
    EXPECT_NE(older.leader, older.member_id);
    EXPECT_TRUE(older.members.empty());
}

TEST(StaticMembership, OutlivesAJoinPhaseButNotItsSession) {
    StaticGroup group;
    JoinGroupRequest rejoin = static_join("x", group.x);
    rejoin.session_timeout_ms = 100000;
    group.fixture.send(rejoin);
    group.fixture.advance(9s);
    EXPECT_NE(group.fixture.group()->find_member(group.y), nullptr);
    group.fixture.advance(2s);
    EXPECT_EQ(group.fixture.group()->find_member(group.y), nullptr);
}

TEST(StaticMembership, IsRemovedByInstanceId) {
    StaticGroup group;
    LeaveGroupRequest leave = leave_request("");
    leave.members[0].group_instance_id = "y";
    EXPECT_EQ(group.fixture.ask(leave).members.at(0).error_code, ErrorCode::none);
    EXPECT_EQ(group.fixture.group()->find_static_member("y"), nullptr);
    EXPECT_EQ(group.fixture.ask(leave).members.at(0).error_code, ErrorCode::unknown_member_id);
}

TEST(StaticMembership, DoesNotKnowAnInstanceThatNeverJoined) {
    StaticGroup group;
    EXPECT_EQ(group.fixture.ask(static_join("z", "z-1")).error_code, ErrorCode::unknown_member_id);
}

// ---- failover ----

TEST(ClassicProtocol, KeepsMembersAndGenerationThroughAFailover) {
    StableGroup stable;
    stable.fixture.fail_over();
    EXPECT_EQ(stable.heartbeat(stable.a), ErrorCode::none);
    EXPECT_EQ(stable.fixture.ask(sync_request(stable.b, stable.generation)).assignment, Bytes{0xb});
    stable.fixture.advance(10s);
    EXPECT_EQ(stable.heartbeat(stable.a), ErrorCode::unknown_member_id);
}

TEST(ClassicProtocol, ForgetsAGenerationThatWasNotStored) {
    StableGroup stable;
    const CallId rejoin_b = stable.fixture.send(join_request(stable.b, {9}));
    stable.fixture.send(join_request(stable.a));
    const GenerationId lost = joined(stable.fixture, rejoin_b).generation_id;
    stable.fixture.fail_over();
    EXPECT_EQ(stable.fixture.ask(sync_request(stable.b, lost)).error_code,
              ErrorCode::illegal_generation);
    EXPECT_EQ(stable.heartbeat(stable.b), ErrorCode::none);
}

}  // namespace
}  // namespace squall::model
