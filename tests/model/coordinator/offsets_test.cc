#include "model/coordinator/group/offsets.h"

#include <gtest/gtest.h>

#include "model/assignors/consumer_protocol.h"
#include "model/coordinator/group/classic_protocol.h"
#include "tests/model/coordinator/group_fixture.h"

namespace squall::model {
namespace {

using namespace std::chrono_literals;

// One member in generation 1, Stable.
struct OneMember {
    GroupFixture fixture;
    std::string id;
    GenerationId generation;

    OneMember() {
        const CallId call = fixture.send(join_request(), 3);
        fixture.advance(3s);
        const JoinGroupResponse response = *fixture.take<JoinGroupResponse>(call);
        id = response.member_id;
        generation = response.generation_id;
    }
    void sync() {
        fixture.send(sync_request(id, generation));
        fixture.commit_all();
    }
    ErrorCode commit(const OffsetCommitRequest& request, ApiVersion version = 9) {
        const CallId call = fixture.send(request, version);
        fixture.commit_all();
        return error_of(*fixture.take<OffsetCommitResponse>(call));
    }
};

TEST(OffsetCommit, IsReadBackOnlyWhenItIsCommitted) {
    OneMember group;
    group.sync();
    const CallId call = group.fixture.send(commit_request(group.id, group.generation, 42));
    EXPECT_TRUE(group.fixture.is_parked(call));
    EXPECT_EQ(committed(group.fixture.shard()), no_offset);
    group.fixture.commit_one();
    EXPECT_EQ(error_of(*group.fixture.take<OffsetCommitResponse>(call)), ErrorCode::none);
    EXPECT_EQ(committed(group.fixture.shard()), Offset(42));
}

TEST(OffsetCommit, MayGoBackward) {
    OneMember group;
    group.sync();
    EXPECT_EQ(group.commit(commit_request(group.id, group.generation, 42)), ErrorCode::none);
    EXPECT_EQ(group.commit(commit_request(group.id, group.generation, 7)), ErrorCode::none);
    EXPECT_EQ(committed(group.fixture.shard()), Offset(7));
}

TEST(OffsetCommit, IsRefusedToStrangersAndOldGenerations) {
    OneMember group;
    group.sync();
    EXPECT_EQ(group.commit(commit_request("stranger", group.generation, 1)),
              ErrorCode::unknown_member_id);
    EXPECT_EQ(group.commit(commit_request(group.id, GenerationId(0), 1)),
              ErrorCode::illegal_generation);
    EXPECT_EQ(group.commit(commit_request(group.id, group.generation.next(), 1)),
              ErrorCode::illegal_generation);
    EXPECT_EQ(group.commit(commit_request("", no_generation, 1)), ErrorCode::unknown_member_id);
    EXPECT_EQ(committed(group.fixture.shard()), no_offset);
}

TEST(OffsetCommit, WaitsForTheAssignment) {
    OneMember group;
    EXPECT_EQ(group.commit(commit_request(group.id, group.generation, 1)),
              ErrorCode::rebalance_in_progress);
    group.sync();
    EXPECT_EQ(group.commit(commit_request(group.id, group.generation, 1)), ErrorCode::none);
}

TEST(OffsetCommit, IsAcceptedWhileTheNextGenerationGathers) {
    OneMember group;
    group.sync();
    group.fixture.send(join_request(), 3);
    ASSERT_TRUE(group.fixture.group()->is_in(GroupState::preparing_rebalance));
    EXPECT_EQ(group.commit(commit_request(group.id, group.generation, 1)), ErrorCode::none);
}

TEST(OffsetCommit, MakesAGroupForASimpleConsumer) {
    GroupFixture fixture;
    const CallId call = fixture.send(commit_request("", no_generation, 9));
    fixture.commit_all();
    EXPECT_EQ(error_of(*fixture.take<OffsetCommitResponse>(call)), ErrorCode::none);
    EXPECT_EQ(committed(fixture.shard()), Offset(9));
    ASSERT_NE(fixture.group(), nullptr);
    EXPECT_TRUE(fixture.group()->is_in(GroupState::empty));
}

TEST(OffsetCommit, OfAGenerationNeedsAGroup) {
    GroupFixture fixture;
    EXPECT_EQ(error_of(fixture.ask(commit_request("m", GenerationId(1), 9), 9)),
              ErrorCode::group_id_not_found);
    EXPECT_EQ(error_of(fixture.ask(commit_request("m", GenerationId(1), 9), 8)),
              ErrorCode::illegal_generation);
}

TEST(OffsetCommit, RefusesMetadataThatIsTooLongAndTakesTheRest) {
    GroupFixture fixture;
    OffsetCommitRequest request = commit_request("", no_generation, 9);
    auto& partitions = request.topics[0].partitions;
    partitions.push_back(partitions[0]);
    partitions[0].committed_metadata = std::string(4097, 'x');
    partitions[1].partition_index = 1;
    partitions[1].committed_metadata = std::string(4096, 'x');
    const CallId call = fixture.send(request);
    fixture.commit_all();
    const auto response = *fixture.take<OffsetCommitResponse>(call);
    EXPECT_EQ(response.topics[0].partitions[0].error_code, ErrorCode::offset_metadata_too_large);
    EXPECT_EQ(response.topics[0].partitions[1].error_code, ErrorCode::none);
    EXPECT_EQ(committed(fixture.shard(), 0), no_offset);
    EXPECT_EQ(committed(fixture.shard(), 1), Offset(9));
}

TEST(OffsetCommit, KeepsTheCommittingMemberAlive) {
    OneMember group;
    group.sync();
    for (int i = 0; i < 5; ++i) {
        group.fixture.advance(9s);
        EXPECT_EQ(group.commit(commit_request(group.id, group.generation, i)), ErrorCode::none);
    }
    group.fixture.advance(10s);
    EXPECT_EQ(group.commit(commit_request(group.id, group.generation, 9)),
              ErrorCode::unknown_member_id);
}

// It comes from the producer of a transaction, not from the member.
TEST(TxnOffsetCommit, DoesNotKeepTheMemberAlive) {
    OneMember group;
    group.sync();
    group.fixture.advance(9s);
    TxnOffsetCommitRequest request;
    request.group_id = "g";
    request.producer_id = ProducerId(9);
    request.member_id = group.id;
    request.generation_id = group.generation;
    request.topics.push_back(
        {.name = "orders", .partitions = {{.partition_index = 0, .committed_offset = Offset(1)}}});
    group.fixture.send(request);
    EXPECT_NE(group.fixture.group()->find_member(group.id), nullptr);
    group.fixture.advance(2s);
    EXPECT_EQ(group.fixture.group()->find_member(group.id), nullptr);
}

TEST(OffsetCommit, SurvivesAFailover) {
    OneMember group;
    group.sync();
    group.commit(commit_request(group.id, group.generation, 42));
    group.fixture.send(commit_request(group.id, group.generation, 43));
    group.fixture.fail_over();
    EXPECT_EQ(committed(group.fixture.shard()), Offset(42));
}

TEST(OffsetFetch, AnswersMinusOneWithoutErrorForWhatWasNeverCommitted) {
    GroupFixture fixture;
    OffsetFetchRequest::Topic topic;
    topic.name = "orders";
    topic.partition_indexes = {0};
    OffsetFetchRequest::Group request;
    request.group_id = "nowhere";
    request.topics = std::vector{topic};
    const auto answer = fixture.shard().fetch(request);
    EXPECT_EQ(answer.error_code, ErrorCode::none);
    const auto& partition = answer.topics.at(0).partitions.at(0);
    EXPECT_EQ(partition.committed_offset, no_offset);
    EXPECT_EQ(partition.committed_leader_epoch, no_leader_epoch);
    EXPECT_EQ(partition.metadata, "");
    EXPECT_EQ(partition.error_code, ErrorCode::none);
}

TEST(OffsetFetch, WithoutTopicsAnswersAll) {
    GroupFixture fixture;
    for (const std::int32_t partition : {2, 0}) {
        fixture.send(commit_request("", no_generation, 10 + partition, partition));
    }
    OffsetCommitRequest other = commit_request("", no_generation, 5);
    other.topics[0].name = "audit";
    other.topics[0].partitions[0].committed_leader_epoch = LeaderEpoch(4);
    other.topics[0].partitions[0].committed_metadata = "here";
    fixture.send(other);
    fixture.commit_all();
    OffsetFetchRequest::Group request;
    request.group_id = "g";
    const auto answer = fixture.shard().fetch(request);
    ASSERT_EQ(answer.topics.size(), 2u);
    EXPECT_EQ(answer.topics[0].name, "audit");
    EXPECT_EQ(answer.topics[0].partitions[0].metadata, "here");
    EXPECT_EQ(answer.topics[0].partitions[0].committed_leader_epoch, LeaderEpoch(4));
    ASSERT_EQ(answer.topics[1].partitions.size(), 2u);
    EXPECT_EQ(answer.topics[1].partitions[0].committed_offset, Offset(10));
    EXPECT_EQ(answer.topics[1].partitions[1].committed_offset, Offset(12));
}

TEST(OffsetRetention, SparesGroupsWithMembersHoweverOldTheirCommits) {
    OneMember group;
    group.sync();
    group.commit(commit_request(group.id, group.generation, 42));
    for (int i = 0; i < 8 * 24; ++i) {
        for (int j = 0; j < 400; ++j) {
            group.fixture.advance(9s);
            group.fixture.ask(heartbeat_request(group.id, group.generation));
        }
    }
    group.fixture.expire();
    group.fixture.commit_all();
    EXPECT_EQ(committed(group.fixture.shard()), Offset(42));
}

TEST(OffsetRetention, CountsFromWhenTheGroupBecameEmpty) {
    OneMember group;
    group.sync();
    group.commit(commit_request(group.id, group.generation, 42));
    group.fixture.advance(9s);
    group.fixture.ask(leave_request(group.id));
    group.fixture.commit_all();
    group.fixture.advance(10080min - 1ms);
    group.fixture.expire();
    group.fixture.commit_all();
    EXPECT_EQ(committed(group.fixture.shard()), Offset(42));
    group.fixture.advance(1ms);
    group.fixture.expire();
    group.fixture.commit_all();
    EXPECT_EQ(committed(group.fixture.shard()), no_offset);
    EXPECT_EQ(group.fixture.group(), nullptr);
    EXPECT_TRUE(group.fixture.shard().stored_groups().empty());
    EXPECT_TRUE(group.fixture.replayed().has_same_records_as(group.fixture.shard()));
}

TEST(OffsetRetention, CountsASimpleConsumersFromItsCommit) {
    GroupFixture fixture;
    fixture.send(commit_request("", no_generation, 1, 0));
    fixture.advance(1h);
    fixture.send(commit_request("", no_generation, 2, 1));
    fixture.commit_all();
    fixture.advance(10080min - 1h);
    fixture.expire();
    fixture.commit_all();
    EXPECT_EQ(committed(fixture.shard(), 0), no_offset);
    EXPECT_EQ(committed(fixture.shard(), 1), Offset(2));
}

TEST(OffsetRetention, ObeysTheRetentionThatOldClientsAskFor) {
    GroupFixture fixture;
    OffsetCommitRequest request = commit_request("", no_generation, 1);
    request.retention_time_ms = 1000;
    fixture.send(request, 4);
    fixture.commit_all();
    fixture.advance(999ms);
    fixture.expire();
    EXPECT_TRUE(fixture.pending().empty());
    fixture.advance(1ms);
    fixture.expire();
    fixture.commit_all();
    EXPECT_EQ(committed(fixture.shard()), no_offset);
}

TEST(OffsetCommit, IsRefusedToAnOldGenerationUnlessTheBugIsArmed) {
    const ClassicGroup group("g", {.protocol_type = "consumer",
                                   .generation = GenerationId(5),
                                   .protocol = "range",
                                   .leader = "m1",
                                   .members = {{.member_id = "m1"}}});
    const OffsetCommitRequest stale = commit_request("m1", GenerationId(4), 10);
    EXPECT_EQ(check_offset_commit(&group, stale, 9, nullptr), ErrorCode::illegal_generation);
    BugSet bugs;
    bugs.arm(Bug::z78_zombie_commit);
    EXPECT_EQ(check_offset_commit(&group, stale, 9, &bugs), ErrorCode::none);
    EXPECT_EQ(bugs.hits(Bug::z78_zombie_commit), 1u);
}

TEST(OffsetCommit, IsRefusedToTheReplacedStaticMemberUnlessTheBugIsArmed) {
    const ClassicGroup group("g", {.protocol_type = "consumer",
                                   .generation = GenerationId(5),
                                   .protocol = "range",
                                   .leader = "m2",
                                   .members = {{.member_id = "m2", .group_instance_id = "pod"}}});
    OffsetCommitRequest replaced = commit_request("m1", GenerationId(5), 10);
    replaced.group_instance_id = "pod";
    EXPECT_EQ(check_offset_commit(&group, replaced, 9, nullptr), ErrorCode::fenced_instance_id);
    BugSet bugs;
    bugs.arm(Bug::z79_static_id_not_fenced);
    EXPECT_EQ(check_offset_commit(&group, replaced, 9, &bugs), ErrorCode::none);
    EXPECT_EQ(speaker_of(group, "m1", "pod", &bugs).member_id, "m2");
}

// KIP-211: the group lives, but nobody subscribes to "payments" any more.
TEST(OffsetExpiry, ReachesTopicsThatAStableGroupHasForgotten) {
    const ClassicGroup group(
        "g", {.protocol_type = std::string(consumer_protocol_type),
              .generation = GenerationId(5),
              .protocol = "range",
              .leader = "m1",
              .members = {{.member_id = "m1",
                           .subscription = encode_subscription({.topics = {"orders"}})}}});
    const CommittedOffset committed{.offset = Offset(3), .commit_timestamp = 1000};
    const GroupCoordinatorOptions options;
    const TimestampMs late = 1000 + std::chrono::milliseconds(options.offsets_retention).count();
    const auto is_expired = [&](const std::string& topic, TimestampMs now, const BugSet* bugs) {
        return is_offset_expired({topic, 0}, committed, group, now, options, bugs);
    };
    EXPECT_FALSE(is_expired("payments", late - 1, nullptr));
    EXPECT_TRUE(is_expired("payments", late, nullptr));
    EXPECT_FALSE(is_expired("orders", late, nullptr));
    BugSet bugs;
    bugs.arm(Bug::z85_offsets_expire_while_active);
    EXPECT_TRUE(is_expired("orders", late, &bugs));
    EXPECT_EQ(bugs.hits(Bug::z85_offsets_expire_while_active), 1u);
}

}  // namespace
}  // namespace squall::model
