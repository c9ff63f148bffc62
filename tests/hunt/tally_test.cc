// What a hunt tells at its end: totals, groups, probes and seeds, counted run by run.
#include "scenarios/hunt/tally.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "tests/hunt/records.h"

namespace squall::scenarios {
namespace {

TEST(HuntTally, CountsVerdictsAndTime) {
    HuntTally tally;
    tally.count(passed("a", 1));
    tally.count(passed("a", 2));
    tally.count(failed("a", 3, 50));
    EXPECT_EQ(tally.totals().runs, 3u);
    EXPECT_EQ(tally.totals().verdicts.at(Verdict::pass), 2u);
    EXPECT_EQ(tally.totals().verdicts.at(Verdict::fail), 1u);
    EXPECT_EQ(tally.totals().simulated, 180s);
}

TEST(HuntTally, GroupsFailuresOfOneKindAndNamesTheShortest) {
    HuntTally tally;
    EXPECT_EQ(tally.count(failed("a", 10, 50)).size(), 1u);
    EXPECT_TRUE(tally.count(failed("a", 9, 40)).empty()) << "of a kind that is known";
    tally.count(failed("a", 11, 40));
    tally.count(failed("b", 1, 10));
    const std::vector<FindingGroup> groups = tally.findings();
    ASSERT_EQ(groups.size(), 2u);
    EXPECT_EQ(groups[0].kind.scenario, "a");
    EXPECT_EQ(groups[0].runs, 3u);
    EXPECT_EQ(groups[0].seed, 9u);
    EXPECT_EQ(groups[0].events, 40u);
    EXPECT_EQ(groups[0].hash, 0xabcu);
    EXPECT_EQ(groups[1].runs, 1u);
}

TEST(HuntTally, KeepsThePlanOfTheShortest) {
    RunRecord bred = failed("a", 5, 40);
    bred.plan = "bred";
    HuntTally tally;
    tally.count(failed("a", 1, 50));
    EXPECT_EQ(tally.findings().at(0).plan, "");
    tally.count(bred);
    EXPECT_EQ(tally.findings().at(0).plan, "bred");
    tally.count(failed("a", 2, 30));
    EXPECT_EQ(tally.findings().at(0).plan, "");
}

TEST(HuntTally, TellsOfAScenarioFirstWhatCameMostOften) {
    const auto with_cause = [](std::uint64_t seed, const std::string& cause) {
        RunRecord record = failed("a", seed, 50);
        record.objections.at(0).cause = cause;
        return record;
    };
    HuntTally tally;
    tally.count(with_cause(1, "after crash"));
    tally.count(with_cause(2, "after pause"));
    tally.count(with_cause(3, "after pause"));
    EXPECT_EQ(tally.findings().at(0).kind.cause, "after pause");
    EXPECT_EQ(tally.findings().at(1).kind.cause, "after crash");
}

TEST(HuntTally, ShowsWithZeroWhatShouldHaveHappenedSometimes) {
    HuntTally tally;
    tally.count(passed("a", 1));
    tally.count(passed("a", 2));
    EXPECT_EQ(tally.probes().at("LeaderElected"), 4u);
    EXPECT_EQ(tally.probes().at("FollowerTruncated"), 0u);
    EXPECT_EQ(tally.faults().at("crash").struck, 2u);
}

TEST(HuntTally, NamesSeedsInRanges) {
    HuntTally tally;
    EXPECT_EQ(tally.seed_ranges(), "");
    for (const std::uint64_t seed : {UINT64_MAX, 9ul, 11ul, 10ul, 3ul, 0ul}) {
        tally.count(passed("a", seed));
    }
    EXPECT_EQ(tally.seed_ranges(), "0,3,9..11,18446744073709551615");
}

// In whatever order, and however often, seeds come.
RC_GTEST_PROP(HuntTally, NamesTheSeedsThatASetHolds, ()) {
    const auto seeds = *rc::gen::container<std::vector<std::uint64_t>>(rc::gen::inRange(0, 40));
    HuntTally tally;
    for (const std::uint64_t seed : seeds) tally.count(passed("a", seed));
    std::string expected;
    const std::set<std::uint64_t> known(seeds.begin(), seeds.end());
    for (auto at = known.begin(); at != known.end();) {
        const std::uint64_t first = *at;
        std::uint64_t last = first;
        while (++at != known.end() && *at == last + 1) ++last;
        if (!expected.empty()) expected += ",";
        expected += std::to_string(first);
        if (last != first) expected += ".." + std::to_string(last);
    }
    RC_ASSERT(tally.seed_ranges() == expected);
}

}  // namespace
}  // namespace squall::scenarios
