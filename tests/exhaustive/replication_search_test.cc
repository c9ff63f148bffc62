// Every interleaving of three replicas keeps the promises of replication: one leader per leader
// epoch, leader in ISR, log matching, StrongIsr and ValidHighWatermark, and acknowledged records
// are kept, with min.insync.replicas=2 while at most one broker ever stops uncleanly (with or
// without its disk). The frontier runs empty within these bounds, each of which stretches the world
// in another direction:
//
//   two leader changes, three records     both by fencing; brokers up to one change of metadata
//   behind the in-sync set shrinks and grows     one leader change, lags, AlterPartition lost and
//   repeated a broker stops and starts again       any prefix of its log left, one record late
//   fetches                          a fetch is executed after its follower gave it up, leadership
//                                         goes back and forth
//
// And the search finds Z01, Z03, Z06 and Z16 by itself. OverWiderBounds is not among
// ctest's: see README.md.
#include <gtest/gtest.h>

#include "tests/exhaustive/replication_world.h"

namespace squall::exhaustive {
namespace {

Findings search(const ReplicationBounds& bounds, const model::BugSet* bugs = nullptr) {
    ReplicationWorld world(bounds, bugs);
    Search<ReplicationWorld> search(world);
    Findings findings = search.run();
    fmt::print("{}\n{}\n", findings.figures(), world.figures());
    if (!findings.violated.empty()) fmt::print("{}", findings.told());
    return findings;
}

void expect_proof(const ReplicationBounds& bounds) {
    const Findings findings = search(bounds);
    EXPECT_EQ(findings.violated, "") << findings.told();
    EXPECT_TRUE(findings.is_complete);
}

// The violation, and that the bug had a part in it: the same bounds without it are a proof above,
// or stay silent at least as far.
Findings find(model::Bug bug, const ReplicationBounds& bounds) {
    model::BugSet bugs;
    bugs.arm(bug);
    Findings findings = search(bounds, &bugs);
    EXPECT_GT(bugs.hits(bug), 0u);
    return findings;
}

constexpr ReplicationBounds two_leader_changes{
    .leader_changes = 2, .partition_epochs = 2, .fencings = 2, .lags = 0, .unreplayed = 1};
constexpr ReplicationBounds changing_in_sync_set{
    .leader_changes = 2, .partition_epochs = 3, .records = 1, .fencings = 1, .unreplayed = 2};
constexpr ReplicationBounds late_fetch{.leader_changes = 2,
                                       .partition_epochs = 2,
                                       .records = 1,
                                       .fencings = 1,
                                       .lags = 0,
                                       .unreplayed = 2,
                                       .late_fetches = 1,
                                       .is_balanced = true,
                                       .first_leader = 1};
constexpr ReplicationBounds unclean_stop{.leader_changes = 2,
                                         .partition_epochs = 3,
                                         .records = 1,
                                         .fencings = 1,
                                         .unclean_stops = 1,
                                         .lags = 0,
                                         .unreplayed = 2};

TEST(ReplicationSearch, KeepsEveryPromiseOverTwoLeaderChangesAndThreeRecords) {
    expect_proof(two_leader_changes);
}

TEST(ReplicationSearch, KeepsEveryPromiseWhileTheInSyncSetChanges) {
    expect_proof(changing_in_sync_set);
}

TEST(ReplicationSearch, KeepsEveryPromiseWhenABrokerStopsUncleanly) {
    expect_proof(unclean_stop);
}

TEST(ReplicationSearch, KeepsEveryPromiseWhenAFetchIsExecutedLate) {
    expect_proof(late_fetch);
}

TEST(ReplicationSearch, KeepsEveryPromiseOverWiderBounds) {
    ReplicationBounds wider = two_leader_changes;
    wider.unreplayed = 2;
    expect_proof(wider);
    wider = changing_in_sync_set;
    wider.records = 2;
    expect_proof(wider);
    wider = unclean_stop;
    wider.records = 2;
    expect_proof(wider);
}

TEST(ReplicationSearch, FindsTheTruncationToTheHighWatermark) {
    const Findings findings = find(model::Bug::z01_hw_truncate_loss, two_leader_changes);
    EXPECT_EQ(findings.violated, "StrongIsr, ValidHighWatermark");
}

TEST(ReplicationSearch, FindsTheEpochLookupThatAsksOnce) {
    const Findings findings = find(model::Bug::z03_epoch_lookup_single_step, two_leader_changes);
    EXPECT_EQ(findings.violated, "log matching");
}

TEST(ReplicationSearch, FindsTheFetchThatIsNotFenced) {
    const Findings findings = find(model::Bug::z06_unfenced_fetch, late_fetch);
    EXPECT_EQ(findings.violated, "StrongIsr, ValidHighWatermark");
}

TEST(ReplicationSearch, FindsTheHighWatermarkOverTheProposedInSyncSet) {
    const Findings findings = find(model::Bug::z16_hw_from_proposed_isr, changing_in_sync_set);
    EXPECT_EQ(findings.violated, "StrongIsr, ValidHighWatermark");
}

}  // namespace
}  // namespace squall::exhaustive
