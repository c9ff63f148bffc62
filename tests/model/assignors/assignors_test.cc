#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "model/assignors/assignor.h"
#include "model/assignors/range.h"
#include "model/assignors/roundrobin.h"

namespace squall::model {
namespace {

SubscribedMember member(std::string id, std::vector<std::string> topics,
                        std::optional<std::string> instance = std::nullopt) {
    return {std::move(id), std::move(instance), Subscription{.topics = std::move(topics)}};
}

struct GroupCase {
    PartitionCounts partitions;
    std::vector<SubscribedMember> members;
};

std::ostream& operator<<(std::ostream& out, const GroupCase& group) {
    for (const auto& [topic, count] : group.partitions) out << topic << ':' << count << ' ';
    for (const SubscribedMember& each : group.members) {
        out << each.member_id << '/' << each.group_instance_id.value_or("-") << " {";
        for (const std::string& topic : each.subscription.topics) out << topic << ' ';
        out << "} ";
    }
    return out;
}

// Up to four topics; one to six members, some static, each with a subset of the topics.
rc::Gen<GroupCase> any_group() {
    return rc::gen::exec([] {
        GroupCase group;
        const int topics = *rc::gen::inRange(1, 5);
        for (int i = 0; i < topics; ++i) {
            group.partitions["t" + std::to_string(i)] = *rc::gen::inRange(0, 9);
        }
        const int members = *rc::gen::inRange(1, 7);
        for (int i = 0; i < members; ++i) {
            SubscribedMember each =
                member("m" + std::to_string(*rc::gen::inRange(0, 9)) + std::to_string(i), {});
            if (*rc::gen::inRange(0, 3) == 0) each.group_instance_id = "i" + std::to_string(9 - i);
            for (const auto& [topic, count] : group.partitions) {
                if (*rc::gen::inRange(0, 4) != 0) each.subscription.topics.push_back(topic);
            }
            group.members.push_back(std::move(each));
        }
        return group;
    });
}

std::int32_t share_of(const Assignment& assignment, const std::string& topic) {
    return static_cast<std::int32_t>(std::ranges::count_if(
        assignment.partitions, [&](const TopicPartition& each) { return each.topic == topic; }));
}

void check_every_partition_exactly_once(const PartitionAssignor& assignor, const GroupCase& group) {
    const GroupAssignment result = assignor.assign(group.partitions, group.members);
    RC_ASSERT(result.size() == group.members.size());
    std::set<TopicPartition> expected;
    for (const auto& [topic, count] : group.partitions) {
        for (const SubscribedMember& each : group.members) {
            if (!subscribes(each, topic)) continue;
            for (std::int32_t i = 0; i < count; ++i) expected.insert({topic, i});
        }
    }
    std::set<TopicPartition> given;
    for (const SubscribedMember& each : group.members) {
        const auto& partitions = result.at(each.member_id).partitions;
        RC_ASSERT(std::ranges::is_sorted(partitions));
        for (const TopicPartition& partition : partitions) {
            RC_ASSERT(subscribes(each, partition.topic));
            RC_ASSERT(given.insert(partition).second);
        }
    }
    RC_ASSERT(given == expected);
}

void check_independent_of_order(const PartitionAssignor& assignor, GroupCase group) {
    const GroupAssignment result = assignor.assign(group.partitions, group.members);
    for (std::size_t i = group.members.size(); i > 1; --i) {
        const auto j = *rc::gen::inRange<std::size_t>(0, i);
        std::swap(group.members[i - 1], group.members[j]);
    }
    RC_ASSERT(assignor.assign(group.partitions, group.members) == result);
}

RC_GTEST_PROP(RangeAssignor, GivesEveryPartitionToExactlyOneSubscriber, ()) {
    check_every_partition_exactly_once(RangeAssignor(), *any_group());
}

RC_GTEST_PROP(RangeAssignor, DoesNotDependOnTheOrderOfMembers, ()) {
    check_independent_of_order(RangeAssignor(), *any_group());
}

RC_GTEST_PROP(RangeAssignor, BalancesEachTopicWithinOne, ()) {
    const GroupCase group = *any_group();
    const GroupAssignment result = RangeAssignor().assign(group.partitions, group.members);
    for (const auto& [topic, count] : group.partitions) {
        std::int32_t smallest = INT32_MAX;
        std::int32_t largest = 0;
        for (const SubscribedMember& each : group.members) {
            if (!subscribes(each, topic)) continue;
            const std::int32_t share = share_of(result.at(each.member_id), topic);
            smallest = std::min(smallest, share);
            largest = std::max(largest, share);
        }
        RC_ASSERT(smallest == INT32_MAX || largest - smallest <= 1);
    }
}

RC_GTEST_PROP(RangeAssignor, CoPartitionsTopicsOfEqualSizeAndSubscription, ()) {
    GroupCase group = *any_group();
    const std::int32_t count = *rc::gen::inRange(0, 9);
    group.partitions["left"] = group.partitions["right"] = count;
    for (SubscribedMember& each : group.members) {
        each.subscription.topics.insert(each.subscription.topics.end(), {"left", "right"});
    }
    const GroupAssignment result = RangeAssignor().assign(group.partitions, group.members);
    for (const auto& [id, assignment] : result) {
        std::vector<std::int32_t> left;
        std::vector<std::int32_t> right;
        for (const TopicPartition& each : assignment.partitions) {
            if (each.topic == "left") left.push_back(each.partition);
            if (each.topic == "right") right.push_back(each.partition);
        }
        RC_ASSERT(left == right);
    }
}

RC_GTEST_PROP(RoundRobinAssignor, GivesEveryPartitionToExactlyOneSubscriber, ()) {
    check_every_partition_exactly_once(RoundRobinAssignor(), *any_group());
}

RC_GTEST_PROP(RoundRobinAssignor, DoesNotDependOnTheOrderOfMembers, ()) {
    check_independent_of_order(RoundRobinAssignor(), *any_group());
}

RC_GTEST_PROP(RoundRobinAssignor, BalancesEqualSubscriptionsWithinOneOverall, ()) {
    GroupCase group = *any_group();
    for (SubscribedMember& each : group.members) {
        each.subscription.topics = group.members.front().subscription.topics;
    }
    std::size_t smallest = SIZE_MAX;
    std::size_t largest = 0;
    for (const auto& [id, assignment] :
         RoundRobinAssignor().assign(group.partitions, group.members)) {
        smallest = std::min(smallest, assignment.partitions.size());
        largest = std::max(largest, assignment.partitions.size());
    }
    RC_ASSERT(largest - smallest <= 1);
}

TEST(RangeAssignor, GivesTheRemainderToTheFirstMembers) {
    const GroupAssignment result =
        RangeAssignor().assign({{"orders", 5}}, {member("b", {"orders"}), member("a", {"orders"})});
    EXPECT_EQ(result.at("a").partitions,
              (std::vector<TopicPartition>{{"orders", 0}, {"orders", 1}, {"orders", 2}}));
    EXPECT_EQ(result.at("b").partitions,
              (std::vector<TopicPartition>{{"orders", 3}, {"orders", 4}}));
}

TEST(RangeAssignor, KeepsTheRangeOfAStaticMemberThatComesBackWithAnotherId) {
    const auto range_of_y = [](const std::string& id_of_y) {
        return RangeAssignor()
            .assign({{"orders", 4}},
                    {member("p", {"orders"}, "x"), member(id_of_y, {"orders"}, "y")})
            .at(id_of_y)
            .partitions;
    };
    EXPECT_EQ(range_of_y("z"), range_of_y("a"));
}

TEST(RangeAssignor, PutsStaticMembersBeforeDynamicOnes) {
    const GroupAssignment result = RangeAssignor().assign(
        {{"orders", 1}}, {member("a", {"orders"}), member("z", {"orders"}, "zz")});
    EXPECT_EQ(result.at("z").partitions.size(), 1u);
    EXPECT_TRUE(result.at("a").partitions.empty());
}

TEST(RoundRobinAssignor, DealsAcrossTopics) {
    const GroupAssignment result = RoundRobinAssignor().assign(
        {{"orders", 3}, {"payments", 3}},
        {member("a", {"orders", "payments"}), member("b", {"orders", "payments"})});
    EXPECT_EQ(result.at("a").partitions,
              (std::vector<TopicPartition>{{"orders", 0}, {"orders", 2}, {"payments", 1}}));
}

TEST(Assignors, AreFoundByTheirProtocolName) {
    const Assignors assignors;
    EXPECT_EQ(assignors.all().size(), 4u);
    for (const auto& assignor : assignors.all()) {
        EXPECT_EQ(assignors.find(assignor->name()), assignor.get());
        EXPECT_EQ(find_assignor(assignor->name())->name(), assignor->name());
    }
    EXPECT_EQ(find_assignor("no-such"), nullptr);
}

}  // namespace
}  // namespace squall::model
