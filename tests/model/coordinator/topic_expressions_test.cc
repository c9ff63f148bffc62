// Members that subscribe by a regular expression, which their coordinator resolves (KIP-848): when
// it is looked up, what members get, what of it is in the log; against a coordinator without a
// host.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/model/coordinator/consumer_member.h"

namespace squall::model {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class TopicExpressions : public testing::Test {
  protected:
    TopicExpressions() {
        fixture.set_topic("orders", 2);
        fixture.set_topic("invoices", 3);
    }

    static ConsumerClient client(std::string id, std::string expression,
                                 std::vector<std::string> topics = {}) {
        return {.member_id = std::move(id), .topics = std::move(topics), .expression = expression};
    }
    // It joins, and whatever is to be looked up is.
    ConsumerClient join(std::string id, std::string expression,
                        std::vector<std::string> topics = {}) {
        ConsumerClient joined = client(std::move(id), std::move(expression), std::move(topics));
        EXPECT_EQ(converse(fixture, joined, joined.full()), ErrorCode::none);
        resolve();
        return joined;
    }
    void resolve() {
        fixture.advance(Duration::zero());
        fixture.commit_all();
    }
    // A heartbeat, what follows from it, and another one.
    void beat(ConsumerClient& client) {
        EXPECT_EQ(reconcile(fixture, client), ErrorCode::none);
        resolve();
        EXPECT_EQ(reconcile(fixture, client), ErrorCode::none);
    }
    // So long after the last time that it may be looked up again.
    void wait(ConsumerClient& client, Duration time = 11s) {
        for (Duration gone{}; gone < time; gone += 5s) {
            fixture.advance(5s);
            fixture.commit_all();
            EXPECT_EQ(reconcile(fixture, client), ErrorCode::none);
        }
    }
    const std::map<std::string, ResolvedExpression>& resolved() const {
        return fixture.consumer_group()->resolved_expressions();
    }
    std::size_t lookups() const {
        return static_cast<std::size_t>(std::ranges::count_if(fixture.log(), [](const auto& each) {
            const auto* const record = std::get_if<ConsumerGroupRecord>(&each);
            return record != nullptr &&
                   std::holds_alternative<ConsumerStateRecord<ResolvedExpression>>(*record);
        }));
    }

    GroupFixture fixture;
};

TEST_F(TopicExpressions, AreResolvedAfterTheAnswerAndGivenWithTheNextHeartbeat) {
    ConsumerClient a = client("a", "ord.*");
    EXPECT_EQ(converse(fixture, a, a.full()), ErrorCode::none);
    EXPECT_THAT(resolved(), IsEmpty());
    EXPECT_TRUE(a.target.empty());
    EXPECT_EQ(a.epoch, 1);

    resolve();
    ASSERT_TRUE(resolved().contains("ord.*"));
    EXPECT_THAT(resolved().at("ord.*").topics, ElementsAre("orders"));
    EXPECT_EQ(fixture.consumer_group()->epoch(), 2);
    EXPECT_EQ(converse(fixture, a, a.keep_alive()), ErrorCode::none);
    EXPECT_EQ(a.epoch, 2);
    EXPECT_EQ(a.target.size(), 2u);
}

TEST_F(TopicExpressions, MatchTheWholeName) {
    ConsumerClient a = join("a", "order");
    beat(a);
    EXPECT_TRUE(a.target.empty());
    EXPECT_THAT(resolved().at("order").topics, IsEmpty());
}

TEST_F(TopicExpressions, StandBesideNames) {
    ConsumerClient a = join("a", "inv.*", {"orders"});
    EXPECT_EQ(a.target.size(), 2u) << "what it named it has at once";
    beat(a);
    EXPECT_EQ(a.target.size(), 5u);
    EXPECT_THAT(fixture.consumer_group()->subscribed_topics(), ElementsAre("invoices", "orders"));
}

TEST_F(TopicExpressions, AreRefusedIfTheyCannotBeRead) {
    ConsumerClient a = client("a", "ord(.*");
    const ConsumerGroupHeartbeatResponse answer = fixture.ask(a.full());
    EXPECT_EQ(answer.error_code, ErrorCode::invalid_regular_expression);
    EXPECT_THAT(answer.error_message.value_or(""),
                HasSubstr("SubscribedTopicRegex `ord(.*` is not a valid regular expression: "));
    EXPECT_EQ(fixture.consumer_group(), nullptr) << "nothing came of it";

    ConsumerClient b = join("b", "ord.*");
    b.expression = "*";
    converse(fixture, b, b.keep_alive());
    EXPECT_EQ(fixture.ask(b.full()).error_code, ErrorCode::invalid_regular_expression);
    EXPECT_TRUE(resolved().contains("ord.*"));
}

TEST_F(TopicExpressions, FindTopicsThatComeLater) {
    ConsumerClient a = join("a", "inv.*|new.*");
    beat(a);
    ASSERT_EQ(a.target.size(), 3u);
    fixture.set_topic("newcomers", 1);
    fixture.set_topic("zoo", 1);
    beat(a);
    EXPECT_EQ(a.target.size(), 3u) << "not so soon again";
    wait(a);
    beat(a);
    EXPECT_EQ(a.target.size(), 4u);
    EXPECT_THAT(resolved().at("inv.*|new.*").topics, ElementsAre("invoices", "newcomers"));
}

TEST_F(TopicExpressions, AreNotResolvedAgainWithoutNeedButForEachInterval) {
    ConsumerClient a = join("a", "ord.*");
    beat(a);
    const std::size_t before = lookups();
    const std::int32_t epoch = fixture.consumer_group()->epoch();
    wait(a, 590s);
    EXPECT_EQ(lookups(), before);
    wait(a, 20s);
    EXPECT_EQ(lookups(), before + 1);
    EXPECT_EQ(fixture.consumer_group()->epoch(), epoch) << "nothing else was found";
}

TEST_F(TopicExpressions, OfATopicThatIsGoneGiveItUp) {
    ConsumerClient a = join("a", ".*");
    beat(a);
    ASSERT_EQ(a.target.size(), 5u);
    fixture.remove_topic("orders");
    beat(a);
    EXPECT_EQ(a.target.size(), 3u);
}

TEST_F(TopicExpressions, AreSharedByMembers) {
    ConsumerClient a = join("a", "inv.*");
    beat(a);
    const std::int32_t epoch = fixture.consumer_group()->epoch();
    ConsumerClient b = client("b", "inv.*");
    converse(fixture, b, b.full());
    EXPECT_EQ(fixture.consumer_group()->epoch(), epoch + 1) << "it is known what b wants";
    beat(a);
    beat(b);
    EXPECT_EQ(a.target.size() + b.target.size(), 3u);
    EXPECT_EQ(lookups(), 1u);
}

TEST_F(TopicExpressions, OfAMemberThatJoinsMoveTheEpochOnWhenTheyAreResolved) {
    ConsumerClient a = join("a", "", {"orders"});
    beat(a);
    const std::int32_t epoch = fixture.consumer_group()->epoch();
    ConsumerClient b = client("b", "inv.*");
    converse(fixture, b, b.full());
    EXPECT_EQ(fixture.consumer_group()->epoch(), epoch) << "nothing is known of it yet";
    resolve();
    EXPECT_EQ(fixture.consumer_group()->epoch(), epoch + 1);
    beat(b);
    EXPECT_EQ(b.target.size(), 3u);
}

TEST_F(TopicExpressions, GoWithTheLastWhoSubscribes) {
    ConsumerClient a = join("a", "inv.*");
    beat(a);
    ConsumerClient b = join("b", "inv.*");
    beat(a);
    beat(b);
    converse(fixture, a, a.leaving());
    EXPECT_TRUE(resolved().contains("inv.*"));
    converse(fixture, b, b.leaving());
    EXPECT_THAT(resolved(), IsEmpty());
    EXPECT_TRUE(fixture.replayed().has_same_records_as(fixture.shard()));

    ConsumerClient c = join("c", "inv.*");
    beat(c);
    fixture.advance(45s);
    fixture.commit_all();
    EXPECT_THAT(resolved(), IsEmpty()) << "its session ended";
}

TEST_F(TopicExpressions, CanBeReplacedAndRemoved) {
    ConsumerClient a = join("a", "ord.*", {"invoices"});
    beat(a);
    ASSERT_EQ(a.target.size(), 5u);
    a.expression = "nothing.*";
    wait(a);
    converse(fixture, a, a.full());
    EXPECT_EQ(a.target.size(), 3u) << "what it subscribed to before, it has to give up";
    beat(a);
    EXPECT_TRUE(resolved().contains("nothing.*"));
    EXPECT_FALSE(resolved().contains("ord.*"));
    Heartbeat none = a.keep_alive();
    none.subscribed_topic_regex = "";
    converse(fixture, a, none);
    EXPECT_THAT(resolved(), IsEmpty());
    EXPECT_EQ(a.target.size(), 3u);
}

TEST_F(TopicExpressions, SurviveAFailover) {
    ConsumerClient a = join("a", "ord.*");
    beat(a);
    const auto before = resolved();
    fixture.fail_over();
    EXPECT_EQ(resolved(), before);
    EXPECT_EQ(fixture.consumer_group()->member("a").metadata.subscribed_topic_regex, "ord.*");
    converse(fixture, a, a.owning());
    EXPECT_EQ(a.target.size(), 2u);
}

// The lookup was under way: it is nobody's any more, until somebody is heard of.
TEST_F(TopicExpressions, AreLookedUpByTheNextCoordinatorIfTheLastOneDidNot) {
    ConsumerClient a = client("a", "ord.*");
    converse(fixture, a, a.full());
    fixture.fail_over();
    resolve();
    EXPECT_THAT(resolved(), IsEmpty());
    beat(a);
    EXPECT_EQ(a.target.size(), 2u);
}

TEST_F(TopicExpressions, StayWithAStaticMember) {
    ConsumerClient a = client("a1", "ord.*");
    a.instance_id = "pod";
    converse(fixture, a, a.full());
    resolve();
    beat(a);
    converse(fixture, a, a.leaving(static_leaving_member_epoch));
    EXPECT_TRUE(resolved().contains("ord.*"));
    ConsumerClient again = client("a2", "ord.*");
    again.instance_id = "pod";
    converse(fixture, again, again.full());
    EXPECT_EQ(again.target.size(), 2u);
    EXPECT_EQ(lookups(), 1u);
}

TEST_F(TopicExpressions, KeepOffsetsFromBeingDeletedUnderASubscriber) {
    ConsumerClient a = join("a", "ord.*");
    beat(a);
    fixture.send(commit_request("a", GenerationId(a.epoch), 10), 9);
    fixture.commit_all();
    OffsetDeleteRequest request;
    request.group_id = "g";
    request.topics = {{.name = "orders", .partitions = {{.partition_index = 0}}}};
    const OffsetDeleteResponse answer = fixture.ask(request);
    EXPECT_EQ(answer.topics.at(0).partitions.at(0).error_code,
              ErrorCode::group_subscribed_to_topic);
}

}  // namespace
}  // namespace squall::model
