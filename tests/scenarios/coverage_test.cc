// Which transitions were seen under which faults.
#include "scenarios/coverage.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "scenarios/run.h"
#include "tests/scenarios/small_storm.h"

namespace squall::scenarios {
namespace {

CoverageCounts coverage_of(std::vector<FaultSection> faults) {
    Scenario scenario = small_storm();
    scenario.faults = std::move(faults);
    return run(scenario, {.seed = 1, .trace_level = sim::TraceLevel::hash_only}).coverage;
}

TEST(Coverage, TellsWhatHappenedWithoutAFault) {
    const CoverageCounts cells = coverage_of({});
    for (const auto& [cell, count] : cells) EXPECT_EQ(cell.fault, "none") << cell.transition;
    EXPECT_TRUE(cells.contains({"group Empty -> PreparingRebalance", "none"}));
    EXPECT_TRUE(cells.contains({"partitions assigned", "none"}));
    EXPECT_TRUE(cells.contains({"controller activated", "none"}));
    EXPECT_FALSE(cells.contains({"broker fenced", "none"}));
}

TEST(Coverage, TellsWhatHappenedUnderWhichFault) {
    FaultSection pause = crash_at("pause", "audit-1", 11s, 1s);
    pause.kind = "pause";
    const CoverageCounts cells = coverage_of({crash_at("kill", "leader(orders-0)", 8s, 9s), pause});
    EXPECT_TRUE(cells.contains({"broker fenced", "crash"}));
    EXPECT_TRUE(cells.contains({"replica follower -> leader", "crash"}));
    EXPECT_TRUE(cells.contains({"broker unfenced", "crash"}));
    // It paused while the other was down, so the fencing in its aftermath counts under both.
    EXPECT_TRUE(cells.contains({"broker fenced", "pause"}));
    EXPECT_FALSE(cells.contains({"broker fenced", "none"}));
}

TEST(Coverage, KnowsItsRowsInOrderAndOnce) {
    const std::vector<std::string>& rows = known_transitions();
    EXPECT_TRUE(std::ranges::is_sorted(rows));
    EXPECT_EQ(std::ranges::adjacent_find(rows), rows.end());
}

}  // namespace
}  // namespace squall::scenarios
