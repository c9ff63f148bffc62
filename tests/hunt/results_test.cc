// What a hunt found, kept in SQLite: runs that come back, and files that are joined.
#include "scenarios/hunt/results.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "scenarios/hunt/tally.h"
#include "tests/hunt/records.h"

namespace squall::scenarios {
namespace {

namespace fs = std::filesystem;

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

HuntTally tally_of(const Results& results) {
    HuntTally tally;
    EXPECT_TRUE(results.visit([&](const RunRecord& record) { tally.count(record); }).ok());
    return tally;
}

TEST(Results, GiveBackEveryRunAsItWasAdded) {
    Results results = Results::open("").value();
    RunRecord one = failed("a \"quoted\" name", UINT64_MAX, 7);
    one.objections.push_back({"order", "reordered", "after \"crash\"", 1});
    one.coverage = {{{"election", "crash"}, 2}, {{"election", "none"}, 1}};
    one.plan = "name = \"a\"\n";
    RunRecord other = passed("b", 3);
    ASSERT_TRUE(results.add(one).ok());
    ASSERT_TRUE(results.add(other).ok());
    std::vector<RunRecord> back;
    ASSERT_TRUE(results.visit([&](const RunRecord& record) { back.push_back(record); }).ok());
    ASSERT_EQ(back.size(), 2u);
    for (const RunRecord* added : {&one, &other}) {
        RunRecord expected = *added;
        // What should have been seen and was not is a probe with 0.
        for (const std::string& name : expected.sometimes) expected.probes.try_emplace(name, 0);
        expected.sometimes.clear();
        EXPECT_EQ(to_json(back.at(added == &one ? 0 : 1)), to_json(expected));
    }
}

TEST(Results, KeepOneRowForARunThatIsRunAgain) {
    Results results = Results::open("").value();
    ASSERT_TRUE(results.add(failed("a", 1, 50)).ok());
    ASSERT_TRUE(results.add(passed("a", 1)).ok());
    EXPECT_EQ(tally_of(results).totals().runs, 1u);
    EXPECT_TRUE(tally_of(results).findings().empty());
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
    EXPECT_EQ(tally_of(joined).totals().runs, 2u);
    EXPECT_EQ(tally_of(joined).findings().size(), 1u);
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
