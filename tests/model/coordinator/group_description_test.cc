#include "model/coordinator/group/group_description.h"

#include <gtest/gtest.h>

#include "tests/model/coordinator/consumer_member.h"

namespace squall::model {
namespace {

using namespace std::chrono_literals;

class GroupDescriptionTest : public testing::Test {
  protected:
    GroupDescriptionTest() {
        fixture.set_topic("orders", 4);
        image.topics["orders"].name = "orders";
        image.topics["orders"].id = GroupFixture::topic_id("orders");
    }

    GroupFixture fixture;
    MetadataImage image;
};

TEST_F(GroupDescriptionTest, ShowsWhatMembersOfTheConsumerProtocolHaveAndAreToHave) {
    ConsumerClient a{.member_id = "a"};
    converse(fixture, a, a.full());
    reconcile(fixture, a);
    ConsumerClient b{.member_id = "b"};
    converse(fixture, b, b.full());
    const auto group = describe_consumer_group(fixture.shard(), "g", image);
    EXPECT_EQ(group.group_state, "Reconciling");
    EXPECT_EQ(group.group_epoch, 2);
    EXPECT_EQ(group.assignor_name, "uniform");
    ASSERT_EQ(group.members.size(), 2u);
    EXPECT_EQ(group.members[0].assignment.topic_partitions.at(0).partitions.size(), 4u);
    EXPECT_EQ(group.members[0].target_assignment.topic_partitions.at(0).topic_name, "orders");
    EXPECT_TRUE(group.members[1].assignment.topic_partitions.empty());
    EXPECT_EQ(group.members[1].target_assignment.topic_partitions.at(0).partitions.size(), 2u);
    EXPECT_EQ(describe_classic_group(fixture.shard(), "g", 6).error_code,
              ErrorCode::group_id_not_found);
}

TEST_F(GroupDescriptionTest, ShowsByWhatExpressionAMemberSubscribesNotWhatItStandsFor) {
    ConsumerClient a{.member_id = "a", .topics = {}, .expression = "ord.*"};
    converse(fixture, a, a.full());
    fixture.advance(Duration::zero());
    fixture.commit_all();
    reconcile(fixture, a);
    const auto group = describe_consumer_group(fixture.shard(), "g", image);
    ASSERT_EQ(group.members.size(), 1u);
    EXPECT_EQ(group.members[0].subscribed_topic_regex, "ord.*");
    EXPECT_TRUE(group.members[0].subscribed_topic_names.empty());
    EXPECT_EQ(group.members[0].assignment.topic_partitions.at(0).topic_name, "orders");
}

TEST_F(GroupDescriptionTest, ShowsTheMembersOfAClassicGroup) {
    fixture.send(join_request(), 3);
    fixture.advance(3s);
    const auto group = describe_classic_group(fixture.shard(), "g", 6);
    EXPECT_EQ(group.error_code, ErrorCode::none);
    EXPECT_EQ(group.group_state, "CompletingRebalance");
    EXPECT_EQ(group.members.size(), 1u);
    EXPECT_EQ(describe_consumer_group(fixture.shard(), "g", image).error_code,
              ErrorCode::group_id_not_found);
    EXPECT_EQ(describe_classic_group(fixture.shard(), "none", 5).group_state, "Dead");
}

TEST_F(GroupDescriptionTest, ListsGroupsByStateAndType) {
    ConsumerClient a{.member_id = "a"};
    converse(fixture, a, a.full());
    const auto count = [&](std::vector<std::string> states, std::vector<std::string> types) {
        return list_groups(fixture.shard(), {.states_filter = states, .types_filter = types})
            .size();
    };
    EXPECT_EQ(count({}, {}), 1u);
    EXPECT_EQ(count({"stable"}, {"consumer"}), 1u);
    EXPECT_EQ(count({"Empty"}, {}), 0u);
    EXPECT_EQ(count({}, {"classic"}), 0u);
}

}  // namespace
}  // namespace squall::model
