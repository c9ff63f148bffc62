#include "model/controller/placement.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace squall::model {
namespace {

std::vector<UsableBroker> brokers(int count, int racks, int fenced = 0) {
    std::vector<UsableBroker> all;
    for (int i = 0; i < count; ++i) {
        UsableBroker broker{.id = BrokerId{i + 1}, .rack = std::nullopt, .fenced = i < fenced};
        if (racks > 0) broker.rack = fmt::format("r{}", i % racks);
        all.push_back(broker);
    }
    return all;
}

RC_GTEST_PROP(Placement, IsBalancedAndKeepsReplicasApart, ()) {
    const int count = *rc::gen::inRange(1, 12);
    const int racks = *rc::gen::inRange(0, 5);
    const int fenced = *rc::gen::inRange(0, count);
    const int partitions = *rc::gen::inRange(1, 40);
    const int replication = *rc::gen::inRange(1, count + 1);
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    const auto all = brokers(count, racks, fenced);
    const auto placed = place_replicas(all, partitions, replication, seed);
    RC_ASSERT(placed.ok());
    RC_ASSERT(placed->size() == static_cast<std::size_t>(partitions));

    std::map<BrokerId, int> led;
    for (const auto& broker : all) {
        if (!broker.fenced) led[broker.id] = 0;
    }
    const auto rack_of = [&](BrokerId id) {
        return std::ranges::find(all, id, &UsableBroker::id)->rack.value_or("");
    };
    std::set<std::string> all_racks;
    for (const auto& broker : all) all_racks.insert(broker.rack.value_or(""));
    for (const auto& replicas : *placed) {
        RC_ASSERT(replicas.size() == static_cast<std::size_t>(replication));
        RC_ASSERT(std::set<BrokerId>(replicas.begin(), replicas.end()).size() == replicas.size());
        RC_ASSERT(led.contains(replicas.front()));  // never led by a fenced broker
        ++led[replicas.front()];
        std::set<std::string> used;
        for (const BrokerId id : replicas) used.insert(rack_of(id));
        RC_ASSERT(used.size() == std::min(replicas.size(), all_racks.size()));
    }
    const auto [least, most] =
        std::ranges::minmax_element(led, {}, [](const auto& entry) { return entry.second; });
    RC_ASSERT(most->second - least->second <= 1);
}

TEST(Placement, SpreadsFollowersOfOneBrokerOverTheOthers) {
    const auto placed = place_replicas(brokers(5, 0), 20, 2, 1);
    std::map<BrokerId, std::set<BrokerId>> neighbours;
    for (const auto& replicas : *placed) neighbours[replicas[0]].insert(replicas[1]);
    for (const auto& [leader, followers] : neighbours) EXPECT_EQ(followers.size(), 4u);
}

TEST(Placement, IsAFunctionOfItsSeed) {
    EXPECT_EQ(*place_replicas(brokers(5, 2), 9, 3, 4), *place_replicas(brokers(5, 2), 9, 3, 4));
    std::set<BrokerId> first_leaders;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        first_leaders.insert((*place_replicas(brokers(5, 0), 1, 1, seed))[0][0]);
    }
    EXPECT_EQ(first_leaders.size(), 5u);
}

TEST(Placement, NeedsEnoughBrokersAndOneThatIsAlive) {
    EXPECT_FALSE(place_replicas(brokers(2, 0), 1, 3, 0).ok());
    EXPECT_FALSE(place_replicas(brokers(3, 0, 3), 1, 3, 0).ok());
    EXPECT_FALSE(place_replicas({}, 1, 1, 0).ok());
    EXPECT_TRUE(place_replicas(brokers(3, 0, 2), 1, 3, 0).ok());
}

}  // namespace
}  // namespace squall::model
