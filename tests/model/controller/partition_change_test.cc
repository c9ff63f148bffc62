#include "model/controller/partition_change.h"

#include <gtest/gtest.h>

#include <set>

namespace squall::model {
namespace {

using Ids = std::vector<BrokerId>;
constexpr BrokerId b1{1};
constexpr BrokerId b2{2};
constexpr BrokerId b3{3};

PartitionImage partition(Ids isr, BrokerId leader) {
    PartitionImage image;
    image.replicas = {b1, b2, b3};
    image.isr = std::move(isr);
    image.leader = leader;
    return image;
}

ElectionRules rules(std::set<BrokerId> alive, Election election = Election::online,
                    std::int32_t min_isr = 2, bool elr = true) {
    return {.election = election,
            .eligible_leader_replicas = elr,
            .min_insync_replicas = min_isr,
            .is_acceptable_leader = [alive](BrokerId id) { return alive.contains(id); }};
}

std::optional<PartitionChangeRecord> change(const PartitionImage& image, ElectionRules with,
                                            Ids isr) {
    return PartitionChange({1, 1}, 0, image, std::move(with)).target_isr(std::move(isr)).build();
}

TEST(PartitionChange, KeepsALeaderThatMayGoOn) {
    const auto record = change(partition({b1, b2, b3}, b2), rules({b1, b2}), {b1, b2});
    ASSERT_TRUE(record);
    EXPECT_EQ(record->leader, PartitionChangeRecord::no_leader_change);
    EXPECT_EQ(record->isr, (Ids{b1, b2}));
}

TEST(PartitionChange, ElectsTheFirstOfTheAssignmentThatIsInSyncAndAlive) {
    const auto record = change(partition({b1, b2, b3}, b1), rules({b2, b3}), {b2, b3});
    EXPECT_EQ(record->leader, b2);
}

TEST(PartitionChange, NothingToChangeIsNoRecord) {
    EXPECT_FALSE(change(partition({b1, b2}, b1), rules({b1, b2}), {b1, b2}));
}

TEST(PartitionChange, BelowMinIsrFormerMembersStayEligible) {
    const auto record = change(partition({b1, b2}, b1), rules({b1}), {b1});
    EXPECT_EQ(record->eligible_leader_replicas, (Ids{b2}));
    // At or above min.insync.replicas nobody needs to be remembered.
    const auto above = change(partition({b1, b2, b3}, b1), rules({b1, b2}), {b1, b2});
    EXPECT_FALSE(above->eligible_leader_replicas);
}

TEST(PartitionChange, LastInSyncReplicaLeavesAndIsRemembered) {
    const auto record = change(partition({b2}, b2), rules({}), {});
    EXPECT_EQ(record->isr, Ids{});
    EXPECT_EQ(record->leader, no_broker);
    EXPECT_EQ(record->eligible_leader_replicas, (Ids{b2}));
    EXPECT_EQ(record->last_known_elr, (Ids{b2}));
}

TEST(PartitionChange, WithoutElrTheLastMemberNeverLeaves) {
    const auto record =
        change(partition({b2}, b2), rules({}, Election::online, 2, /*elr=*/false), {});
    EXPECT_EQ(record->leader, no_broker);
    EXPECT_FALSE(record->isr);
}

TEST(PartitionChange, EligibleReplicaIsElectedCleanlyWhenNobodyIsInSync) {
    PartitionImage image = partition({}, no_broker);
    image.eligible_leader_replicas = {b2, b3};
    image.last_known_elr = {b2};
    const auto record = change(image, rules({b3}), {});
    EXPECT_EQ(record->leader, b3);
    EXPECT_EQ(record->isr, (Ids{b3}));
    EXPECT_EQ(record->eligible_leader_replicas, (Ids{b2}));
    EXPECT_EQ(record->last_known_elr, Ids{});
    EXPECT_EQ(record->leader_recovery_state, -1);
}

TEST(PartitionChange, EligibleReplicaWaitsWhileSomebodyIsInSync) {
    PartitionImage image = partition({b1}, no_broker);
    image.eligible_leader_replicas = {b2};
    EXPECT_FALSE(change(image, rules({b2}), {b1}));
}

TEST(PartitionChange, WhoLostItsDataIsNotEligible) {
    PartitionImage image = partition({}, no_broker);
    image.eligible_leader_replicas = {b2, b3};
    const auto record =
        PartitionChange({1, 1}, 0, image, rules({b1})).target_isr({}).lost_data({b2}).build();
    EXPECT_EQ(record->eligible_leader_replicas, (Ids{b3}));
    EXPECT_EQ(record->leader, PartitionChangeRecord::no_leader_change);
}

TEST(PartitionChange, LastKnownLeaderIsElectedInRecoveryWhenNobodyElseIsKnown) {
    PartitionImage image = partition({}, no_broker);
    image.last_known_elr = {b2};
    EXPECT_FALSE(change(image, rules({b1, b3}), {}));
    const auto record = change(image, rules({b1, b2}), {});
    EXPECT_EQ(record->leader, b2);
    EXPECT_EQ(record->isr, (Ids{b2}));
    EXPECT_EQ(record->leader_recovery_state, 1);
    EXPECT_EQ(record->last_known_elr, Ids{});
}

TEST(PartitionChange, UncleanElectionNeedsPermissionAndPutsTheLeaderAlone) {
    PartitionImage image = partition({b1}, b1);
    EXPECT_EQ(change(image, rules({b2, b3}), {})->leader, no_broker);
    const auto record = change(image, rules({b2, b3}, Election::unclean), {});
    EXPECT_EQ(record->leader, b2);
    EXPECT_EQ(record->isr, (Ids{b2}));
    EXPECT_EQ(record->leader_recovery_state, 1);
}

TEST(PartitionChange, CleanLeaderIsPreferredEvenWhereUncleanIsAllowed) {
    const auto record = change(partition({b1, b3}, b1), rules({b2, b3}, Election::unclean), {b3});
    EXPECT_EQ(record->leader, b3);
    EXPECT_EQ(record->leader_recovery_state, -1);
}

TEST(PartitionChange, PreferredElectionMovesLeadershipOnlyToAnInSyncFirstReplica) {
    EXPECT_EQ(
        change(partition({b1, b2}, b2), rules({b1, b2}, Election::preferred), {b1, b2})->leader,
        b1);
    EXPECT_FALSE(change(partition({b2}, b2), rules({b1, b2}, Election::preferred, 1), {b2}));
}

TEST(PartitionChange, RecoveryEndsWhenTheLeaderSaysSo) {
    PartitionImage image = partition({b2}, b2);
    image.recovering = true;
    const auto record = PartitionChange({1, 1}, 0, image, rules({b2}, Election::online, 1))
                            .target_recovery(LeaderRecoveryState::recovered)
                            .build();
    EXPECT_EQ(record->leader_recovery_state, 0);
}

TEST(PartitionChange, ReassignmentCompletesWhenWhatIsAddedIsInSync) {
    PartitionImage image = partition({b1, b2}, b1);
    image.adding_replicas = {b3};
    image.removing_replicas = {b1};
    EXPECT_FALSE(change(image, rules({b1, b2, b3}), {b1, b2}));
    const auto record = change(image, rules({b1, b2, b3}), {b1, b2, b3});
    EXPECT_EQ(record->replicas, (Ids{b2, b3}));
    EXPECT_EQ(record->isr, (Ids{b2, b3}));
    EXPECT_EQ(record->leader, b2);
    EXPECT_EQ(record->adding_replicas, Ids{});
}

TEST(PartitionChange, RemovingAFollowerRaisesTheLeaderEpoch) {
    PartitionImage image = partition({b1, b2}, b1);
    image.adding_replicas = {};
    image.removing_replicas = {b3};
    const auto record = change(image, rules({b1, b2, b3}), {b1, b2});
    EXPECT_EQ(record->replicas, (Ids{b1, b2}));
    EXPECT_EQ(record->leader, b1);
}

}  // namespace
}  // namespace squall::model
