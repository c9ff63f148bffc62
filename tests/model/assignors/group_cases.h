// Groups for the properties of assignors: who subscribes to what, and who claims to own what.
#pragma once

#include <rapidcheck/gtest.h>

#include <algorithm>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "model/assignors/assignor.h"

namespace squall::model {

inline SubscribedMember subscribed_member(std::string id, std::vector<std::string> topics,
                                          std::vector<TopicPartition> owned = {},
                                          GenerationId generation = no_generation) {
    SubscribedMember member{.member_id = std::move(id),
                            .group_instance_id = std::nullopt,
                            .subscription = {.topics = std::move(topics)}};
    member.subscription.owned_partitions = std::move(owned);
    member.subscription.generation_id = generation;
    return member;
}

struct GroupCase {
    PartitionCounts partitions;
    std::vector<SubscribedMember> members;
};

inline std::ostream& operator<<(std::ostream& out, const GroupCase& group) {
    for (const auto& [topic, count] : group.partitions) out << topic << ':' << count << ' ';
    for (const SubscribedMember& each : group.members) {
        out << each.member_id << '/' << each.group_instance_id.value_or("-") << " {";
        for (const std::string& topic : each.subscription.topics) out << topic << ' ';
        out << "| g" << each.subscription.generation_id.value() << ' ';
        for (const TopicPartition& partition : each.subscription.owned_partitions) {
            out << partition.topic << '-' << partition.partition << ' ';
        }
        out << "} ";
    }
    return out;
}

enum class Subscriptions { equal, mixed };

// Up to four topics; one to six members, some static, each with a subset of the topics, and with
// claims: some of topics or partitions that are not there, some in conflict, some of old
// generations.
inline rc::Gen<GroupCase> any_claiming_group(Subscriptions subscriptions) {
    return rc::gen::exec([subscriptions] {
        GroupCase group;
        const int topics = *rc::gen::inRange(1, 5);
        for (int i = 0; i < topics; ++i) {
            group.partitions["t" + std::to_string(i)] = *rc::gen::inRange(0, 9);
        }
        const int members = *rc::gen::inRange(1, 7);
        for (int i = 0; i < members; ++i) {
            SubscribedMember each = subscribed_member("m" + std::to_string(i), {});
            if (*rc::gen::inRange(0, 3) == 0) each.group_instance_id = "i" + std::to_string(9 - i);
            for (const auto& [topic, count] : group.partitions) {
                const bool wants =
                    subscriptions == Subscriptions::equal || *rc::gen::inRange(0, 4) != 0;
                if (wants) each.subscription.topics.push_back(topic);
            }
            each.subscription.generation_id = GenerationId(*rc::gen::inRange(4, 6));
            for (const auto& [topic, count] : group.partitions) {
                for (std::int32_t partition = 0; partition < count + 1; ++partition) {
                    if (*rc::gen::inRange(0, members + 1) != 0) continue;
                    each.subscription.owned_partitions.push_back({topic, partition});
                }
            }
            group.members.push_back(std::move(each));
        }
        return group;
    });
}

// The partitions that somebody subscribes to.
inline std::set<TopicPartition> wanted_partitions(const GroupCase& group) {
    std::set<TopicPartition> wanted;
    for (const auto& [topic, count] : group.partitions) {
        for (const SubscribedMember& each : group.members) {
            if (!subscribes(each, topic)) continue;
            for (std::int32_t i = 0; i < count; ++i) wanted.insert({topic, i});
        }
    }
    return wanted;
}

// The members' next round: they own what they were given, and say so.
inline GroupCase after(GroupCase group, const GroupAssignment& given, GenerationId generation) {
    for (SubscribedMember& member : group.members) {
        member.subscription.owned_partitions = given.at(member.member_id).partitions;
        member.subscription.generation_id = generation;
    }
    return group;
}

inline void check_each_wanted_once(const GroupAssignment& result, const GroupCase& group) {
    RC_ASSERT(result.size() == group.members.size());
    std::set<TopicPartition> given;
    for (const SubscribedMember& each : group.members) {
        const auto& partitions = result.at(each.member_id).partitions;
        RC_ASSERT(std::ranges::is_sorted(partitions));
        for (const TopicPartition& partition : partitions) {
            RC_ASSERT(subscribes(each, partition.topic));
            RC_ASSERT(given.insert(partition).second);
        }
    }
    RC_ASSERT(given == wanted_partitions(group));
}

inline void check_independent_of_member_order(const PartitionAssignor& assignor, GroupCase group) {
    const GroupAssignment result = assignor.assign(group.partitions, group.members);
    for (std::size_t i = group.members.size(); i > 1; --i) {
        const auto j = *rc::gen::inRange<std::size_t>(0, i);
        std::swap(group.members[i - 1], group.members[j]);
    }
    RC_ASSERT(assignor.assign(group.partitions, group.members) == result);
}

inline std::size_t spread_of(const GroupAssignment& result) {
    std::size_t smallest = SIZE_MAX;
    std::size_t largest = 0;
    for (const auto& [id, assignment] : result) {
        smallest = std::min(smallest, assignment.partitions.size());
        largest = std::max(largest, assignment.partitions.size());
    }
    return result.empty() ? 0 : largest - smallest;
}

}  // namespace squall::model
