// Every interleaving of three voters over two epochs, within the bounds named in each test, keeps
// Raft's promises: the frontier runs empty. And the search finds the bugs that break them by
// itself. SQUALL_EXHAUSTIVE=1 in the environment searches the wider bounds of README.md as well.
#include <gtest/gtest.h>

#include <cstdlib>

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

TEST(RaftSearch, KeepsEveryPromiseOverTwoEpochs) {
    const Findings findings = search({});
    EXPECT_EQ(findings.violated, "") << findings.told();
    EXPECT_TRUE(findings.is_complete);
}

TEST(RaftSearch, KeepsEveryPromiseOverWiderBounds) {
    if (std::getenv("SQUALL_EXHAUSTIVE") == nullptr) GTEST_SKIP() << "set SQUALL_EXHAUSTIVE=1";
    const Findings findings = search({.power_losses = 1});
    EXPECT_EQ(findings.violated, "") << findings.told();
    EXPECT_TRUE(findings.is_complete);
}

TEST(RaftSearch, FindsTheVoteThatIsForgotten) {
    model::BugSet bugs;
    bugs.arm(model::Bug::z34_raft_forgets_vote);
    const Findings findings = search({.epochs = 1, .power_losses = 1}, &bugs);
    EXPECT_EQ(findings.violated, "one vote per epoch");
}

TEST(RaftSearch, FindsTheFetchBeforeItsFsync) {
    model::BugSet bugs;
    bugs.arm(model::Bug::z35_raft_fetch_before_fsync);
    const Findings findings = search({.power_losses = 1}, &bugs);
    EXPECT_FALSE(findings.violated.empty());
}

}  // namespace
}  // namespace squall::exhaustive
