// What administrators delete of groups: whole groups, or what they committed of a topic.
#include <gtest/gtest.h>

#include "model/assignors/consumer_protocol.h"
#include "tests/model/coordinator/consumer_member.h"
#include "tests/model/coordinator/group_fixture.h"

namespace squall::model {
namespace {

using namespace std::chrono_literals;

Bytes subscription_to(std::vector<std::string> topics) {
    Subscription subscription;
    subscription.topics = std::move(topics);
    return encode_subscription(subscription);
}

// One member in generation 1, Stable, which subscribes to the topics.
std::pair<std::string, GenerationId> join(GroupFixture& fixture, std::vector<std::string> topics) {
    const CallId call = fixture.send(join_request("", subscription_to(std::move(topics))), 3);
    fixture.advance(3s);
    const JoinGroupResponse joined = *fixture.take<JoinGroupResponse>(call);
    fixture.send(sync_request(joined.member_id, joined.generation_id, {{joined.member_id, {}}}));
    fixture.commit_all();
    return {joined.member_id, joined.generation_id};
}

// An administrator's commit, or a simple consumer's.
void commit(GroupFixture& fixture, std::int64_t offset) {
    fixture.send(commit_request("", no_generation, offset), 9);
    fixture.commit_all();
}

ErrorCode delete_group(GroupFixture& fixture, const std::string& group = "g") {
    const CallId call = fixture.send(GroupDeletion{group}, 2);
    fixture.commit_all();
    return fixture.take<GroupDeletion::Response>(call)->error_code;
}

OffsetDeleteResponse delete_offsets(GroupFixture& fixture, const std::string& topic = "orders") {
    OffsetDeleteRequest request;
    request.group_id = "g";
    request.topics.emplace_back().name = topic;
    request.topics.front().partitions = {{0}, {7}};
    const CallId call = fixture.send(request, 0);
    fixture.commit_all();
    return *fixture.take<OffsetDeleteResponse>(call);
}

TEST(GroupDeletion, TakesOffsetsAndGenerationAndSurvivesAFailover) {
    GroupFixture fixture;
    const auto [member, generation] = join(fixture, {"orders"});
    fixture.send(commit_request(member, generation, 42), 9);
    fixture.send(leave_request(member));
    fixture.commit_all();
    ASSERT_EQ(committed(fixture.shard()), Offset(42));

    EXPECT_EQ(delete_group(fixture), ErrorCode::none);
    EXPECT_EQ(committed(fixture.shard()), no_offset);
    EXPECT_EQ(fixture.group(), nullptr);
    EXPECT_EQ(delete_group(fixture), ErrorCode::group_id_not_found);
    fixture.fail_over();
    EXPECT_EQ(fixture.group(), nullptr);
    EXPECT_EQ(committed(fixture.shard()), no_offset);
}

TEST(GroupDeletion, IsAnsweredWhenItIsCommitted) {
    GroupFixture fixture;
    commit(fixture, 42);
    const CallId call = fixture.send(GroupDeletion{"g"}, 2);
    EXPECT_TRUE(fixture.is_parked(call));
    EXPECT_EQ(committed(fixture.shard()), Offset(42)) << "what could still be lost is not shown";
    fixture.commit_all();
    EXPECT_EQ(fixture.take<GroupDeletion::Response>(call)->error_code, ErrorCode::none);
    EXPECT_EQ(committed(fixture.shard()), no_offset);
}

TEST(GroupDeletion, IsRefusedWhileSomebodyIsInTheGroup) {
    GroupFixture fixture;
    join(fixture, {"orders"});
    EXPECT_EQ(delete_group(fixture), ErrorCode::non_empty_group);
    EXPECT_EQ(delete_group(fixture, "nobody"), ErrorCode::group_id_not_found);
    EXPECT_NE(fixture.group(), nullptr);
}

TEST(GroupDeletion, TakesWhatATransactionIsAboutToCommit) {
    CommittedOffsets offsets;
    CommittedOffset value;
    value.offset = Offset(5);
    const TopicPartition orders{"orders", 0};
    offsets.apply({"g", orders, value}, {.offset = Offset(0), .producer_id = ProducerId(9)});
    EXPECT_EQ(offsets.partitions_of("g"), std::set{orders});
    offsets.apply({"g", orders, std::nullopt}, {.offset = Offset(1)});
    EXPECT_FALSE(offsets.has_pending("g", orders));
    EXPECT_TRUE(offsets.end_transaction(ProducerId(9), true).empty());
    EXPECT_EQ(offsets.find("g", orders), nullptr);
}

TEST(GroupDeletion, BuriesAGroupOfTheConsumerProtocol) {
    GroupFixture fixture;
    fixture.set_topic("orders", 2);
    ConsumerClient client{.member_id = "m1"};
    ASSERT_EQ(converse(fixture, client, client.full()), ErrorCode::none);
    ASSERT_EQ(reconcile(fixture, client), ErrorCode::none);
    EXPECT_EQ(delete_group(fixture), ErrorCode::non_empty_group);
    EXPECT_EQ(converse(fixture, client, client.leaving()), ErrorCode::none);
    EXPECT_EQ(delete_group(fixture), ErrorCode::none);
    EXPECT_EQ(fixture.consumer_group(), nullptr);
    fixture.fail_over();
    EXPECT_EQ(fixture.consumer_group(), nullptr);
}

TEST(OffsetDelete, TakesTheOffsetsOfTopicsThatNobodySubscribesTo) {
    GroupFixture fixture;
    commit(fixture, 42);
    const OffsetDeleteResponse response = delete_offsets(fixture);
    EXPECT_EQ(response.error_code, ErrorCode::none);
    ASSERT_EQ(response.topics.at(0).partitions.size(), 2u);
    for (const auto& partition : response.topics[0].partitions) {
        EXPECT_EQ(partition.error_code, ErrorCode::none) << "also where nothing was committed";
    }
    EXPECT_EQ(committed(fixture.shard()), no_offset);
    EXPECT_EQ(delete_offsets(fixture).error_code, ErrorCode::group_id_not_found)
        << "it was a group by its offsets alone";
}

TEST(OffsetDelete, LeavesWhatMembersSubscribeTo) {
    GroupFixture fixture;
    const auto [member, generation] = join(fixture, {"orders"});
    fixture.send(commit_request(member, generation, 42), 9);
    fixture.commit_all();
    const OffsetDeleteResponse response = delete_offsets(fixture);
    EXPECT_EQ(response.error_code, ErrorCode::none);
    EXPECT_EQ(response.topics.at(0).partitions.at(0).error_code,
              ErrorCode::group_subscribed_to_topic);
    EXPECT_EQ(committed(fixture.shard()), Offset(42));
}

TEST(OffsetDelete, TakesFromAGroupInUseWhatItNoLongerReads) {
    GroupFixture fixture;
    commit(fixture, 42);
    join(fixture, {"payments"});
    EXPECT_EQ(delete_offsets(fixture).topics.at(0).partitions.at(0).error_code, ErrorCode::none);
    EXPECT_EQ(committed(fixture.shard()), no_offset);
}

TEST(OffsetDelete, IsRefusedByAGroupOfOtherThanConsumers) {
    GroupFixture fixture;
    JoinGroupRequest request = join_request();
    request.protocol_type = "connect";
    fixture.send(request, 3);
    fixture.advance(3s);
    EXPECT_EQ(delete_offsets(fixture).error_code, ErrorCode::non_empty_group);
}

}  // namespace
}  // namespace squall::model
