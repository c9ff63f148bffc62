// The sticky assignors, of clients and of the coordinator, against their laws.
#include "model/assignors/sticky.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "model/assignors/consumer_protocol.h"
#include "model/assignors/server_assignors.h"
#include "tests/model/assignors/group_cases.h"

namespace squall::model {
namespace {

using Partitions = std::vector<TopicPartition>;

Partitions of_orders(std::initializer_list<std::int32_t> numbers) {
    Partitions partitions;
    for (const std::int32_t number : numbers) partitions.push_back({"orders", number});
    return partitions;
}

// Could a chain of handing on level two shares? Brute force over paths, sharing nothing with the
// assignor: reachable from each member, by partitions that the next one wants.
bool can_be_levelled(const GroupAssignment& result, const GroupCase& group) {
    for (const SubscribedMember& giver : group.members) {
        std::set<std::string> reached{giver.member_id};
        for (bool grows = true; grows;) {
            grows = false;
            for (const SubscribedMember& from : group.members) {
                if (!reached.contains(from.member_id)) continue;
                for (const SubscribedMember& to : group.members) {
                    const auto& held = result.at(from.member_id).partitions;
                    const bool can_pass = std::ranges::any_of(
                        held, [&](const auto& each) { return subscribes(to, each.topic); });
                    if (can_pass) grows |= reached.insert(to.member_id).second;
                }
            }
        }
        for (const std::string& taker : reached) {
            if (result.at(taker).partitions.size() + 2 <=
                result.at(giver.member_id).partitions.size()) {
                return true;
            }
        }
    }
    return false;
}

// How many partitions of each member any plan within one of equal shares can leave in place, at
// best: a share of P / C each, one more for as many as the remainder allows.
std::size_t most_that_can_stay(const GroupCase& group, const std::vector<std::size_t>& owned) {
    const std::size_t total = wanted_partitions(group).size();
    std::size_t extra = total % owned.size();
    std::size_t stay = 0;
    for (const std::size_t count : owned) {
        std::size_t quota = total / owned.size();
        if (count > quota && extra > 0) {
            ++quota;
            --extra;
        }
        stay += std::min(count, quota);
    }
    return stay;
}

RC_GTEST_PROP(StickyAssignor, GivesEveryPartitionToExactlyOneSubscriber, ()) {
    const GroupCase group = *any_claiming_group(Subscriptions::mixed);
    check_each_wanted_once(StickyAssignor().assign(group.partitions, group.members), group);
}

RC_GTEST_PROP(StickyAssignor, DoesNotDependOnTheOrderOfMembers, ()) {
    check_independent_of_member_order(StickyAssignor(), *any_claiming_group(Subscriptions::mixed));
}

RC_GTEST_PROP(StickyAssignor, LeavesNothingToLevelWhateverTheSubscriptions, ()) {
    const GroupCase group = *any_claiming_group(Subscriptions::mixed);
    RC_ASSERT(!can_be_levelled(StickyAssignor().assign(group.partitions, group.members), group));
}

RC_GTEST_PROP(StickyAssignor, BalancesEqualSubscriptionsWithinOne, ()) {
    const GroupCase group = *any_claiming_group(Subscriptions::equal);
    RC_ASSERT(spread_of(StickyAssignor().assign(group.partitions, group.members)) <= 1);
}

RC_GTEST_PROP(StickyAssignor, MovesNothingIfNothingChanged, ()) {
    const GroupCase group = *any_claiming_group(Subscriptions::mixed);
    const GroupAssignment first = StickyAssignor().assign(group.partitions, group.members);
    const GroupCase again = after(group, first, GenerationId(9));
    RC_ASSERT(StickyAssignor().assign(again.partitions, again.members) == first);
}

// Members come and go; of what the others own, as much stays as balance can leave.
RC_GTEST_PROP(StickyAssignor, MovesBetweenMembersThatStayOnlyWhatBalanceNeeds, ()) {
    GroupCase group = *any_claiming_group(Subscriptions::equal);
    const GroupAssignment first = StickyAssignor().assign(group.partitions, group.members);
    group = after(group, first, GenerationId(9));
    if (*rc::gen::arbitrary<bool>() && group.members.size() > 1) {
        group.members.erase(group.members.begin() +
                            *rc::gen::inRange(0, static_cast<int>(group.members.size())));
    }
    const int newcomers = *rc::gen::inRange(0, 3);
    for (int i = 0; i < newcomers; ++i) {
        group.members.push_back(
            subscribed_member("n" + std::to_string(i), group.members.front().subscription.topics));
    }
    const GroupAssignment second = StickyAssignor().assign(group.partitions, group.members);
    std::size_t stayed = 0;
    std::vector<std::size_t> owned;
    for (const SubscribedMember& member : group.members) {
        const auto& before = member.subscription.owned_partitions;
        owned.push_back(before.size());
        for (const TopicPartition& each : second.at(member.member_id).partitions) {
            if (std::ranges::find(before, each) != before.end()) ++stayed;
        }
    }
    RC_ASSERT(stayed == most_that_can_stay(group, owned));
}

RC_GTEST_PROP(CooperativeStickyAssignor, NeverMovesWhatAnotherMemberStillClaims, ()) {
    const GroupCase group = *any_claiming_group(Subscriptions::mixed);
    const GroupAssignment result =
        CooperativeStickyAssignor().assign(group.partitions, group.members);
    const auto claims = [](const SubscribedMember& member, const TopicPartition& partition) {
        const auto& owned = member.subscription.owned_partitions;
        return std::ranges::find(owned, partition) != owned.end();
    };
    for (const SubscribedMember& receiver : group.members) {
        for (const TopicPartition& given : result.at(receiver.member_id).partitions) {
            if (claims(receiver, given)) continue;
            for (const SubscribedMember& other : group.members) RC_ASSERT(!claims(other, given));
        }
    }
}

// Everybody gives up what is not theirs any more and joins again: then all of it is given out.
RC_GTEST_PROP(CooperativeStickyAssignor, EndsWithTheStickyPlanInTheSecondRound, ()) {
    const GroupCase group = *any_claiming_group(Subscriptions::mixed);
    const CooperativeStickyAssignor assignor;
    const GroupAssignment first = assignor.assign(group.partitions, group.members);
    const GroupCase second = after(group, first, GenerationId(9));
    const GroupAssignment result = assignor.assign(second.partitions, second.members);
    check_each_wanted_once(result, second);
    RC_ASSERT(!can_be_levelled(result, second));
    for (const auto& [id, assignment] : first) {
        for (const TopicPartition& kept : assignment.partitions) {
            const auto& now = result.at(id).partitions;
            RC_ASSERT(std::ranges::find(now, kept) != now.end());
        }
    }
}

RC_GTEST_PROP(UniformAssignor, IsBalancedAndStickyAsTheStickyAssignorIs, ()) {
    const GroupCase group = *any_claiming_group(Subscriptions::mixed);
    const GroupAssignment first = UniformAssignor().assign(group.partitions, group.members);
    check_each_wanted_once(first, group);
    RC_ASSERT(!can_be_levelled(first, group));
    const GroupCase again = after(group, first, no_generation);
    RC_ASSERT(UniformAssignor().assign(again.partitions, again.members) == first);
}

RC_GTEST_PROP(UniformAssignor, DoesNotDependOnTheOrderOfMembers, ()) {
    check_independent_of_member_order(UniformAssignor(), *any_claiming_group(Subscriptions::mixed));
}

RC_GTEST_PROP(StickyRangeAssignor, GivesRangesAndMovesNothingIfNothingChanged, ()) {
    const GroupCase group = *any_claiming_group(Subscriptions::mixed);
    const GroupAssignment first = StickyRangeAssignor().assign(group.partitions, group.members);
    check_each_wanted_once(first, group);
    for (const auto& [id, assignment] : first) {
        for (std::size_t i = 1; i < assignment.partitions.size(); ++i) {
            const TopicPartition& left = assignment.partitions[i - 1];
            const TopicPartition& right = assignment.partitions[i];
            RC_ASSERT(left.topic != right.topic || left.partition + 1 == right.partition);
        }
    }
}

RC_GTEST_PROP(StickyRangeAssignor, MovesNothingOfEqualSubscriptionsIfNothingChanged, ()) {
    const GroupCase group = *any_claiming_group(Subscriptions::equal);
    const GroupAssignment first = StickyRangeAssignor().assign(group.partitions, group.members);
    const GroupCase again = after(group, first, no_generation);
    RC_ASSERT(StickyRangeAssignor().assign(again.partitions, again.members) == first);
}

TEST(StickyAssignor, ReadsWhatItsMembersHadFromTheirUserData) {
    const StickyAssignor assignor;
    SubscribedMember a = subscribed_member("a", {"orders"});
    SubscribedMember b = subscribed_member("b", {"orders"});
    a.subscription.user_data = assignor.user_data(of_orders({1, 2}), GenerationId(3));
    b.subscription.user_data = assignor.user_data(of_orders({0, 3}), GenerationId(3));
    const GroupAssignment result = assignor.assign({{"orders", 4}}, {a, b});
    EXPECT_EQ(result.at("a").partitions, of_orders({1, 2}));
    EXPECT_EQ(result.at("b").partitions, of_orders({0, 3}));
}

TEST(StickyAssignor, TakesUserDataThatIsNotItsOwnForNoClaim) {
    SubscribedMember a = subscribed_member("a", {"orders"});
    a.subscription.user_data = Bytes{0xff};
    EXPECT_EQ(StickyAssignor().assign({{"orders", 1}}, {a}).at("a").partitions, of_orders({0}));
}

// KAFKA-12984: "old" missed a generation, in which its partitions went to "new".
TEST(CooperativeStickyAssignor, BelievesTheClaimOfTheNewerGeneration) {
    const GroupAssignment result = CooperativeStickyAssignor().assign(
        {{"orders", 2}},
        {subscribed_member("new", {"orders"}, of_orders({0}), GenerationId(5)),
         subscribed_member("old", {"orders"}, of_orders({0, 1}), GenerationId(4))});
    EXPECT_EQ(result.at("new").partitions, of_orders({0}));
    EXPECT_EQ(result.at("old").partitions, of_orders({1}));
}

// "a" comes first, and gets the free partition: neither claim speaks for it.
TEST(StickyAssignor, BelievesNeitherOfTwoClaimsOfOneGeneration) {
    const std::vector<SubscribedMember> members = {
        subscribed_member("a", {"orders"}),
        subscribed_member("b", {"orders"}, of_orders({0}), GenerationId(5)),
        subscribed_member("c", {"orders"}, of_orders({0}), GenerationId(5))};
    const GroupAssignment result = StickyAssignor().assign({{"orders", 1}}, members);
    EXPECT_EQ(result.at("a").partitions, of_orders({0}));
}

TEST(CooperativeStickyAssignor, GivesAwayWhatIsClaimedIfTheBugIsArmed) {
    BugSet bugs;
    bugs.arm(Bug::z82_assign_before_revoke);
    const std::vector<SubscribedMember> members = {
        subscribed_member("a", {"orders"}, of_orders({0, 1}), GenerationId(5)),
        subscribed_member("b", {"orders"})};
    const GroupAssignment right = CooperativeStickyAssignor().assign({{"orders", 2}}, members);
    const GroupAssignment wrong = CooperativeStickyAssignor(&bugs).assign({{"orders", 2}}, members);
    EXPECT_TRUE(right.at("b").partitions.empty());
    EXPECT_EQ(wrong.at("b").partitions, of_orders({1}));
    EXPECT_EQ(bugs.hits(Bug::z82_assign_before_revoke), 1u);
}

TEST(CooperativeStickyAssignor, BelievesOldClaimsIfTheBugIsArmed) {
    BugSet bugs;
    bugs.arm(Bug::z81_cooperative_stale_owned);
    const std::vector<SubscribedMember> members = {
        subscribed_member("a", {"orders"}, of_orders({0}), GenerationId(5)),
        subscribed_member("b", {"orders"}, of_orders({0}), GenerationId(4))};
    CooperativeStickyAssignor(&bugs).assign({{"orders", 1}}, members);
    EXPECT_EQ(bugs.hits(Bug::z81_cooperative_stale_owned), 1u);
}

TEST(StickyUserData, ComesBackAsItWas) {
    const StickyUserData data{.partitions = of_orders({0, 7}), .generation = GenerationId(12)};
    EXPECT_EQ(decode_sticky_user_data(ByteView(encode_sticky_user_data(data))).value(), data);
    EXPECT_FALSE(decode_sticky_user_data(ByteView(Bytes{1, 2})).ok());
}

TEST(EffectiveProtocol, IsEagerWhileAnyAssignorIs) {
    EXPECT_EQ(effective_protocol({"range", "cooperative-sticky"}), RebalanceProtocol::eager);
    EXPECT_EQ(effective_protocol({"cooperative-sticky"}), RebalanceProtocol::cooperative);
}

}  // namespace
}  // namespace squall::model
