// What a hunt found, kept in SQLite: totals, groups, seeds, and files that are joined.
#include "scenarios/hunt/results.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace squall::scenarios {
namespace {

namespace fs = std::filesystem;

RunRecord passed(std::string scenario, std::uint64_t seed) {
    RunRecord record;
    record.scenario = std::move(scenario);
    record.seed = seed;
    record.verdict = Verdict::pass;
    record.hash = 0xabc;
    record.events = 100;
    record.simulated = 60s;
    record.probes = {{"LeaderElected", 2}};
    record.sometimes = {"LeaderElected", "FollowerTruncated"};
    record.faults = {{"crash", {.struck = 1, .effective = 1}}};
    return record;
}

RunRecord failed(std::string scenario, std::uint64_t seed, std::uint64_t events) {
    RunRecord record = passed(std::move(scenario), seed);
    record.verdict = Verdict::fail;
    record.events = events;
    record.why = "lost-write: lost-write";
    record.objections = {{"lost-write", "lost-write", "after crash", 3}};
    return record;
}

class Folder {
  public:
    Folder() : path_(fs::temp_directory_path() / ("squall-results-" + std::to_string(getpid()))) {
        fs::create_directories(path_);
    }
    ~Folder() { fs::remove_all(path_); }
    std::string file(const std::string& name) const { return (path_ / name).string(); }

  private:
    fs::path path_;
};

TEST(RunRecord, ComesBackFromItsJson) {
    const RunRecord record = failed("a \"quoted\" name", UINT64_MAX, 7);
    const Result<RunRecord> back = parse_run_record(to_json(record));
    ASSERT_TRUE(back.ok()) << back.error().detail;
    EXPECT_EQ(to_json(*back), to_json(record));
    EXPECT_EQ(back->seed, UINT64_MAX);
    EXPECT_EQ(back->objections, record.objections);
}

TEST(RunRecord, IsNotReadFromHalfAText) {
    const std::string text = to_json(passed("a", 1));
    EXPECT_FALSE(parse_run_record(text.substr(0, text.size() / 2)).ok());
    EXPECT_FALSE(parse_run_record("{}").ok());
}

TEST(RunRecord, NamesAnAssertionByItsPlaceWithoutItsLine) {
    EXPECT_EQ(assertion_place("model/log/log.cc:12: ASSERT(a == b) failed: 1 and 2"),
              "model/log/log.cc ASSERT(a == b)");
}

TEST(Results, CountVerdictsAndTime) {
    Results results = Results::open("").value();
    ASSERT_TRUE(results.add(passed("a", 1)).ok());
    ASSERT_TRUE(results.add(passed("a", 2)).ok());
    ASSERT_TRUE(results.add(failed("a", 3, 50)).ok());
    const HuntTotals totals = results.totals();
    EXPECT_EQ(totals.runs, 3u);
    EXPECT_EQ(totals.verdicts.at(Verdict::pass), 2u);
    EXPECT_EQ(totals.verdicts.at(Verdict::fail), 1u);
    EXPECT_EQ(totals.simulated, 180s);
}

TEST(Results, GroupFailuresOfOneKindAndNameTheShortest) {
    Results results = Results::open("").value();
    ASSERT_TRUE(results.add(failed("a", 10, 50)).ok());
    ASSERT_TRUE(results.add(failed("a", 9, 40)).ok());
    ASSERT_TRUE(results.add(failed("a", 11, 40)).ok());
    ASSERT_TRUE(results.add(failed("b", 1, 10)).ok());
    const std::vector<FindingGroup> groups = results.findings();
    ASSERT_EQ(groups.size(), 2u);
    EXPECT_EQ(groups[0].scenario, "a");
    EXPECT_EQ(groups[0].runs, 3u);
    EXPECT_EQ(groups[0].seed, 9u);
    EXPECT_EQ(groups[0].hash, 0xabcu);
    EXPECT_EQ(groups[1].runs, 1u);
}

TEST(Results, KeepOneRowForARunThatIsRunAgain) {
    Results results = Results::open("").value();
    ASSERT_TRUE(results.add(failed("a", 1, 50)).ok());
    ASSERT_TRUE(results.add(passed("a", 1)).ok());
    EXPECT_EQ(results.totals().runs, 1u);
    EXPECT_TRUE(results.findings().empty());
}

TEST(Results, ShowWithZeroWhatShouldHaveHappenedSometimes) {
    Results results = Results::open("").value();
    ASSERT_TRUE(results.add(passed("a", 1)).ok());
    ASSERT_TRUE(results.add(passed("a", 2)).ok());
    EXPECT_EQ(results.probes().at("LeaderElected"), 4u);
    EXPECT_EQ(results.probes().at("FollowerTruncated"), 0u);
    EXPECT_EQ(results.faults().at("crash").struck, 2u);
}

TEST(Results, NameSeedsInRanges) {
    Results results = Results::open("").value();
    EXPECT_EQ(results.seed_ranges(), "");
    for (const std::uint64_t seed : {UINT64_MAX, 9ul, 10ul, 11ul, 3ul}) {
        ASSERT_TRUE(results.add(passed("a", seed)).ok());
    }
    EXPECT_EQ(results.seed_ranges(), "3,9..11,18446744073709551615");
}

TEST(Results, OutliveTheProcessAndAreJoined) {
    const Folder folder;
    {
        Results first = Results::open(folder.file("1.sqlite")).value();
        ASSERT_TRUE(first.add(passed("a", 1)).ok());
        ASSERT_TRUE(first.commit().ok());
        Results second = Results::open(folder.file("2.sqlite")).value();
        ASSERT_TRUE(second.add(failed("a", 2, 5)).ok());
        ASSERT_TRUE(second.commit().ok());
    }
    Results joined = Results::open("").value();
    ASSERT_TRUE(joined.merge(folder.file("1.sqlite")).ok());
    ASSERT_TRUE(joined.merge(folder.file("2.sqlite")).ok());
    EXPECT_EQ(joined.totals().runs, 2u);
    EXPECT_EQ(joined.findings().size(), 1u);
    EXPECT_TRUE(joined.has("a", 1));
    EXPECT_FALSE(joined.has("a", 3));
}

TEST(Results, CarryWhatIsSaidOfThemAlong) {
    const Folder folder;
    {
        Results one = Results::open(folder.file("1.sqlite")).value();
        ASSERT_TRUE(one.set_meta("scenario a", "0011").ok());
        ASSERT_TRUE(one.set_meta("file a", "name = \"a\"").ok());
    }
    Results joined = Results::open("").value();
    ASSERT_TRUE(joined.set_meta("scenario b", "2233").ok());
    ASSERT_TRUE(joined.merge(folder.file("1.sqlite")).ok());
    EXPECT_EQ(joined.metas("scenario "),
              (std::map<std::string, std::string>{{"a", "0011"}, {"b", "2233"}}));
    EXPECT_EQ(joined.meta("file a"), "name = \"a\"");
}

TEST(Results, OfOtherScenariosUnderOneNameAreNotJoined) {
    const Folder folder;
    {
        Results other = Results::open(folder.file("1.sqlite")).value();
        ASSERT_TRUE(other.set_meta("scenario a", "0011").ok());
        ASSERT_TRUE(other.add(failed("a", 7, 5)).ok());
        ASSERT_TRUE(other.commit().ok());
    }
    Results results = Results::open("").value();
    ASSERT_TRUE(results.set_meta("scenario a", "4455").ok());
    const Status merged = results.merge(folder.file("1.sqlite"));
    ASSERT_FALSE(merged.ok());
    EXPECT_EQ(merged.error().failure, Failure::invalid_input);
    EXPECT_NE(merged.error().detail.find("another a"), std::string::npos) << merged.error().detail;
    EXPECT_FALSE(results.has("a", 7));
}

TEST(Results, AreNotReadFromAnotherKindOfFile) {
    const Folder folder;
    std::ofstream(folder.file("text.sqlite")) << std::string(5000, 'x');
    EXPECT_EQ(Results::open(folder.file("text.sqlite")).error().failure, Failure::corrupt);
    Results results = Results::open("").value();
    EXPECT_EQ(results.merge(folder.file("none.sqlite")).error().failure, Failure::not_found);
    EXPECT_FALSE(fs::exists(folder.file("none.sqlite")));
}

}  // namespace
}  // namespace squall::scenarios
