// Every interleaving of three voters over two epochs keeps Raft's promises: election safety, one
// vote per epoch, log matching, leader completeness, state machine safety, and what the decider
// asserts of itself. The frontier runs empty within these bounds, each of which stretches the world
// in another direction; two messages are in flight at a time, in no order, and any of them may be
// lost:
//
//   three timers run out         two epochs, one record beside the leaders' own
//   a member loses power         two timers run out, what was not flushed is gone
//   calls fail, messages repeat  a request counts as failed while it is under way; a message comes
//                                twice, the second time after later ones
//
// And the search finds Z34 and Z35 by itself. OverWiderBounds is not among ctest's: see README.md.
#include <gtest/gtest.h>

#include "tests/exhaustive/raft_world.h"

namespace squall::exhaustive {
namespace {

Findings search(const RaftBounds& bounds, const model::BugSet* bugs = nullptr) {
    RaftWorld world(bounds, bugs);
    Search<RaftWorld> search(world);
    Findings findings = search.run();
    fmt::print("{}\n{}\n", findings.figures(), world.figures());
    if (!findings.violated.empty()) fmt::print("{}", findings.told());
    return findings;
}

void expect_proof(const RaftBounds& bounds) {
    const Findings findings = search(bounds);
    EXPECT_EQ(findings.violated, "") << findings.told();
    EXPECT_TRUE(findings.is_complete);
}

Findings find(model::Bug bug, const RaftBounds& bounds) {
    model::BugSet bugs;
    bugs.arm(bug);
    Findings findings = search(bounds, &bugs);
    EXPECT_GT(bugs.hits(bug), 0u);
    return findings;
}

TEST(RaftSearch, KeepsEveryPromiseOverTwoEpochs) {
    expect_proof({.timeouts = 3});
}

TEST(RaftSearch, KeepsEveryPromiseWhenAMemberLosesPower) {
    expect_proof({.power_losses = 1, .timeouts = 2});
}

TEST(RaftSearch, KeepsEveryPromiseWhenCallsFailAndMessagesRepeat) {
    expect_proof({.duplicates = 1, .timeouts = 2, .failed_calls = 1});
}

TEST(RaftSearch, KeepsEveryPromiseOverWiderBounds) {
    expect_proof({.records = 0, .power_losses = 1, .timeouts = 3});
}

TEST(RaftSearch, FindsTheVoteThatIsForgotten) {
    const Findings findings =
        find(model::Bug::z34_raft_forgets_vote, {.epochs = 1, .power_losses = 1, .timeouts = 2});
    EXPECT_EQ(findings.violated, "one vote per epoch");
}

TEST(RaftSearch, FindsTheFetchBeforeItsFsync) {
    const Findings findings = find(model::Bug::z35_raft_fetch_before_fsync,
                                   {.records = 0, .power_losses = 1, .timeouts = 2});
    EXPECT_EQ(findings.violated, "leader completeness");
}

}  // namespace
}  // namespace squall::exhaustive
