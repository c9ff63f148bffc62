// Changes of the voters (KIP-853) with real hosts, logs, disks and connections: what an
// administrator asks, and what becomes of a controller whose disk was replaced.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/model/controller/metadata_world.h"

namespace squall::model {
namespace {

constexpr QuorumKind three_and_a_spare{.is_static = false, .spares = 1};

AddRaftVoterRequest addition_of(MetadataWorld& world, int controller) {
    AddRaftVoterRequest request;
    request.timeout_ms = 10'000;
    request.voter_id = BrokerId{1000 + controller};
    request.voter_directory_id = world.controller(controller).host().raft().directory_id();
    request.listeners = {
        {.name = "CONTROLLER", .host = fmt::format("c{}", controller), .port = 9093}};
    return request;
}

RemoveRaftVoterRequest removal_of(BrokerId voter, const Uuid& directory) {
    RemoveRaftVoterRequest request;
    request.voter_id = voter;
    request.voter_directory_id = directory;
    return request;
}

DescribeQuorumResponse::Partition quorum_of(MetadataWorld& world) {
    DescribeQuorumRequest request;
    request.topics.push_back({"__cluster_metadata", {{0}}});
    const int active = world.active_controller();
    EXPECT_NE(active, 0);
    if (active == 0) return {};
    const auto answer = world.controller(active).host().raft().handle(request);
    return answer.topics.at(0).partitions.at(0);
}

std::vector<int> voters_of(MetadataWorld& world) {
    std::vector<int> ids;
    for (const auto& voter : quorum_of(world).current_voters)
        ids.push_back(voter.replica_id.value());
    return ids;
}

bool creates_topics(MetadataWorld& world, int broker, const std::string& name) {
    const auto answer = world.create_topic(broker, name, 2, 2);
    world.run_for(3s);
    EXPECT_TRUE(answer->has_value()) << name;
    if (!answer->has_value()) return false;
    EXPECT_EQ((*answer)->error_code, ErrorCode::none) << name;
    return (*answer)->error_code == ErrorCode::none;
}

TEST(VoterChange, SpareControllerJoinsAndTheLeaderThatIsRemovedLeavesItsOffice) {
    for (const CodecMode codec : {CodecMode::move, CodecMode::roundtrip}) {
        RaftOptions raft;
        raft.max_record_bytes_between_snapshots = 1500;
        raft.max_retention_bytes = 2000;
        MetadataWorld world(3, 3, 3, codec, raft, nullptr, three_and_a_spare);
        world.run_for(8s);
        const int first = world.active_controller();
        ASSERT_NE(first, 0);
        EXPECT_EQ(voters_of(world), (std::vector{1001, 1002, 1003}));

        const auto added = world.ask_quorum(first, addition_of(world, 4));
        world.run_for(2s);
        ASSERT_TRUE(added->has_value());
        EXPECT_EQ((*added)->error_code, ErrorCode::none);
        EXPECT_EQ(voters_of(world), (std::vector{1001, 1002, 1003, 1004}));
        const auto again = world.ask_quorum(first, addition_of(world, 4));
        world.run_for(2s);
        EXPECT_EQ((*again)->error_code, ErrorCode::duplicate_voter);

        const Uuid own = world.controller(first).host().raft().directory_id();
        const auto removed = world.ask_quorum(first, removal_of(BrokerId{1000 + first}, own));
        world.run_for(6s);
        ASSERT_TRUE(removed->has_value());
        EXPECT_EQ((*removed)->error_code, ErrorCode::none);
        const int second = world.active_controller();
        ASSERT_NE(second, 0);
        EXPECT_NE(second, first);
        std::vector<int> rest{1001, 1002, 1003, 1004};
        std::erase(rest, 1000 + first);
        EXPECT_EQ(voters_of(world), rest);

        // Without it, and after a loss of power of all the others, who read the set back.
        world.node(fmt::format("c{}", first)).stop(sim::StopReason::power_loss);
        EXPECT_TRUE(creates_topics(world, 1, "orders"));
        for (int id = 1; id <= 4; ++id) {
            const std::string name = fmt::format("c{}", id);
            if (id != first) world.node(name).stop(sim::StopReason::power_loss);
        }
        world.run_for(1s);
        for (int id = 1; id <= 4; ++id) {
            if (id != first) world.node(fmt::format("c{}", id)).start();
        }
        world.run_for(15s);
        EXPECT_EQ(voters_of(world), rest);
        // By another broker: the first has an open connection to a machine that forgot it.
        EXPECT_TRUE(creates_topics(world, 2, "payments"));
    }
}

TEST(VoterChange, ControllerWithAReplacedDiskFollowsAndVotesOnlyWhenItIsAdded) {
    MetadataWorld world(5, 3, 2, CodecMode::roundtrip, {}, nullptr, three_and_a_spare);
    world.run_for(8s);
    const int active = world.active_controller();
    ASSERT_NE(active, 0);
    const int other = active == 3 ? 2 : 3;
    const BrokerId id{1000 + other};
    const Uuid old_directory = world.controller(other).host().raft().directory_id();
    world.node(fmt::format("c{}", other)).stop(sim::StopReason::crash);
    world.replace_disk(other);
    world.node(fmt::format("c{}", other)).start();
    world.run_for(5s);
    ASSERT_EQ(world.active_controller(), active);
    const Uuid new_directory = world.controller(other).host().raft().directory_id();
    EXPECT_NE(new_directory, old_directory);
    const auto before = quorum_of(world);
    EXPECT_TRUE(std::ranges::any_of(before.current_voters, [&](const auto& voter) {
        return voter.replica_id == id && voter.replica_directory_id == old_directory;
    }));
    EXPECT_TRUE(std::ranges::any_of(before.observers, [&](const auto& observer) {
        return observer.replica_id == id && observer.replica_directory_id == new_directory;
    }));

    const auto wrong = world.ask_quorum(active, removal_of(id, new_directory));
    world.run_for(2s);
    EXPECT_EQ((*wrong)->error_code, ErrorCode::voter_not_found);
    const auto removed = world.ask_quorum(active, removal_of(id, old_directory));
    world.run_for(2s);
    EXPECT_EQ((*removed)->error_code, ErrorCode::none);
    const auto added = world.ask_quorum(active, addition_of(world, other));
    world.run_for(2s);
    EXPECT_EQ((*added)->error_code, ErrorCode::none);
    const auto after = quorum_of(world);
    EXPECT_EQ(after.current_voters.size(), 3u);
    EXPECT_TRUE(std::ranges::any_of(after.current_voters, [&](const auto& voter) {
        return voter.replica_id == id && voter.replica_directory_id == new_directory;
    }));
}

TEST(VoterChange, StaticQuorumRefusesAndOnlyTheLeaderDecides) {
    MetadataWorld fixed(7, 3, 1);
    fixed.run_for(8s);
    const int active = fixed.active_controller();
    ASSERT_NE(active, 0);
    const int other = active == 1 ? 2 : 1;
    const Uuid directory = fixed.controller(other).host().raft().directory_id();
    const BrokerId id{1000 + other};
    const auto refused = fixed.ask_quorum(active, removal_of(id, directory));
    const auto elsewhere = fixed.ask_quorum(other, removal_of(id, directory));
    fixed.run_for(2s);
    EXPECT_EQ((*refused)->error_code, ErrorCode::unsupported_version);
    EXPECT_EQ((*elsewhere)->error_code, ErrorCode::not_leader_or_follower);
}

}  // namespace
}  // namespace squall::model
