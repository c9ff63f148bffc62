#include "model/client/consumer/group_plan.h"

#include <gtest/gtest.h>

#include "model/assignors/consumer_protocol.h"
#include "model/client/consumer/topic_pattern.h"

namespace squall::model {
namespace {

using Partitions = std::vector<TopicPartition>;

ConsumerOptions with_assignors(std::vector<std::string> names) {
    ConsumerOptions options;
    options.group_id = "payment";
    options.partition_assignment_strategy = std::move(names);
    return options;
}

class GroupPlanTest : public testing::Test {
  protected:
    void know(const std::string& topic, std::int32_t partitions) {
        metadata.track(topic);
        metadata.begin_refresh();
        MetadataResponse response;
        MetadataResponse::Topic& answered = response.topics.emplace_back();
        answered.name = topic;
        answered.topic_id = Uuid{.high = 1, .low = topic.size()};
        for (std::int32_t i = 0; i < partitions; ++i) {
            answered.partitions.emplace_back().partition_index = i;
        }
        metadata.apply(response, now, jitter);
    }
    static JoinGroupResponse::Member member(std::string id, Subscription subscription) {
        return {.member_id = std::move(id),
                .group_instance_id = std::nullopt,
                .metadata = encode_subscription(subscription)};
    }

    MetadataCache metadata{ClientOptions{}};
    LocalTime now{1s};
    Draws jitter{Noise(1), Meaning("jitter")};
};

TEST_F(GroupPlanTest, SaysWhatIsOwnedAndInWhichGeneration) {
    GroupPlan plan(with_assignors({"cooperative-sticky"}));
    EXPECT_TRUE(plan.is_cooperative());
    const auto protocols = plan.join({"orders"}, {{"orders", 1}}, GenerationId{4});
    const auto told = decode_subscription(ByteView(protocols.at(0).metadata)).value();
    EXPECT_EQ(told.owned_partitions, (Partitions{{"orders", 1}}));
    EXPECT_EQ(told.generation_id, GenerationId{4});
}

// Kafka's default list: one assignor that cannot keeps all of them eager.
TEST_F(GroupPlanTest, IsEagerByDefault) {
    EXPECT_FALSE(GroupPlan(with_assignors(ConsumerOptions{}.partition_assignment_strategy))
                     .is_cooperative());
}

TEST_F(GroupPlanTest, PassesOnWhatAnEagerStickyMemberHadBefore) {
    GroupPlan plan(with_assignors({"sticky"}));
    plan.assigned({{"orders", 2}}, GenerationId{7});
    const auto protocols = plan.join({"orders"}, {}, GenerationId{7});
    const auto told = decode_subscription(ByteView(protocols.at(0).metadata)).value();
    ASSERT_TRUE(told.user_data.has_value());
    EXPECT_EQ(decode_sticky_user_data(ByteView(*told.user_data)).value(),
              (StickyUserData{.partitions = {{"orders", 2}}, .generation = GenerationId{7}}));
}

TEST_F(GroupPlanTest, WaitsForTheMetadataOfEveryTopicThatSomebodyWants) {
    GroupPlan plan(with_assignors({"range"}));
    const std::vector members = {member("a", {.topics = {"orders"}}),
                                 member("b", {.topics = {"payments"}})};
    EXPECT_EQ(plan.wanted_topics(members), (std::set<std::string>{"orders", "payments"}));
    know("orders", 2);
    EXPECT_FALSE(plan.assign(members, "range", metadata).has_value());
    know("payments", 1);
    const auto assigned = plan.assign(members, "range", metadata);
    ASSERT_TRUE(assigned.has_value());
    EXPECT_EQ(decode_assignment(ByteView(assigned->at("b"))).value().partitions,
              (Partitions{{"payments", 0}}));
}

TEST_F(GroupPlanTest, CallsForARebalanceWhenPartitionsWereAddedIfItLeads) {
    GroupPlan plan(with_assignors({"range"}));
    know("orders", 2);
    plan.join({"orders"}, {}, no_generation);
    EXPECT_FALSE(plan.must_deal_again(metadata)) << "it has dealt nothing out";
    static_cast<void>(plan.assign({member("a", {.topics = {"orders"}})}, "range", metadata));
    EXPECT_FALSE(plan.must_deal_again(metadata));
    know("orders", 3);
    EXPECT_TRUE(plan.must_deal_again(metadata));
    plan.follow();
    EXPECT_FALSE(plan.must_deal_again(metadata));
}

TEST(AssignmentDiff, TellsWhatGoesAndWhatComes) {
    EXPECT_EQ(assignment_diff({{"a", 0}, {"a", 1}}, {{"a", 1}, {"b", 0}}),
              (AssignmentDiff{.revoked = {{"a", 0}}, .added = {{"b", 0}}}));
}

TEST_F(GroupPlanTest, APatternMatchesWholeNamesOfTopicsThatAreThere) {
    const TopicPattern pattern = TopicPattern::parse("order.*").value();
    know("orders", 1);
    EXPECT_EQ(pattern.matching(metadata), std::set<std::string>{"orders"});
    EXPECT_TRUE(pattern.matches("orders-dlt"));
    EXPECT_FALSE(pattern.matches("reorders"));
    EXPECT_FALSE(TopicPattern::parse(".*").value().matches("__consumer_offsets"));
    EXPECT_FALSE(TopicPattern::parse("(").ok());
}

}  // namespace
}  // namespace squall::model
