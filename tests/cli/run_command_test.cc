#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "cli/cli.h"
#include "tests/cli/program.h"

namespace squall::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

TEST(RunCommand, EndsWithTheVerdictLine) {
    const Said said = run_program(short_run("3"));
    EXPECT_EQ(said.exit_code, 0) << said.err;
    EXPECT_EQ(said.err, "");
    EXPECT_TRUE(std::regex_match(
        said.last_line(),
        std::regex("verdict: pass  scenario=one-crash seed=3 hash=[0-9a-f]{16} events=[0-9]+ "
                   "sim=[0-9]+\\.[0-9]s wall=[0-9]+\\.[0-9]{2}s")))
        << said.last_line();
}

TEST(RunCommand, TellsFaultsAndWhatTheyDid) {
    const Said said = run_program(short_run("3"));
    EXPECT_THAT(said.out, HasSubstr("kill-leader: crash leader(orders-0) = b"));
    EXPECT_TRUE(std::regex_search(said.out, std::regex("[0-9]+ leaders b[1-3] -> b[1-3] after")))
        << said.out;
    std::istringstream lines(said.out);
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("verdict")) {
            EXPECT_LE(line.size(), 130U) << line;
        }
    }
}

TEST(RunCommand, QuietIsOneLine) {
    const Said said = run_program(short_run("3", {"--quiet"}));
    EXPECT_EQ(std::ranges::count(said.out, '\n'), 1);
    EXPECT_THAT(said.out, testing::StartsWith("verdict: pass"));
}

std::string hash_of(const std::string& seed) {
    const Said said = run_program(short_run(seed, {"--quiet"}));
    const std::size_t at = said.out.find("hash=");
    return at == std::string::npos ? said.err : said.out.substr(at + 5, 16);
}

TEST(RunCommand, SeedsAreDecimalOrHexadecimalAndDecideTheHash) {
    EXPECT_EQ(hash_of("255"), hash_of("0xff"));
    EXPECT_EQ(hash_of("0xFF"), hash_of("0Xff"));
    EXPECT_NE(hash_of("255"), hash_of("256"));
    EXPECT_THAT(run_program(short_run("18446744073709551615", {"--quiet"})).out,
                HasSubstr("seed=18446744073709551615"));
}

TEST(RunCommand, WithoutASeedOneIsDrawnAndPrinted) {
    const Said said = run_program({"run", SQUALL_SOURCE_DIR "/tests/cli/one-crash.toml", "--quiet",
                                   "--set", "run.storm=10s", "--set", "run.calm=5s"});
    EXPECT_TRUE(std::regex_search(said.out, std::regex("seed=[0-9]+ "))) << said.out << said.err;
}

TEST(RunCommand, JsonHasEveryFieldOfTheContract) {
    const Said said = run_program(short_run("3", {"--json"}));
    EXPECT_EQ(said.exit_code, 0);
    const json document = json::parse(said.out, nullptr, false);
    ASSERT_TRUE(document.is_object()) << said.out;
    EXPECT_EQ(document.value("verdict", ""), "pass");
    EXPECT_EQ(document.value("scenario", ""), "one-crash");
    EXPECT_EQ(document.value("seed", ""), "3");
    EXPECT_TRUE(std::regex_match(document.value("hash", ""), std::regex("[0-9a-f]{16}")));
    EXPECT_TRUE(document.at("commit").is_string());
    EXPECT_TRUE(document.at("events").is_number_unsigned());
    EXPECT_TRUE(document.at("sim_seconds").is_number());
    EXPECT_TRUE(document.at("wall_seconds").is_number());
    ASSERT_FALSE(document.at("checkers").empty());
    for (const json& checker : document.at("checkers")) {
        EXPECT_TRUE(checker.at("name").is_string());
        EXPECT_TRUE(checker.at("verdict").is_string());
        EXPECT_TRUE(checker.at("judged").is_number_unsigned());
        for (const json& anomaly : checker.at("anomalies")) {
            EXPECT_TRUE(anomaly.at("type").is_string());
        }
    }
    ASSERT_EQ(document.at("faults").size(), 1U);
    const json& fault = document.at("faults").front();
    EXPECT_EQ(fault.at("kind"), "crash");
    EXPECT_NEAR(fault.at("at").get<double>(), 8.0, 1.0);
    EXPECT_THAT(fault.at("target").get<std::string>(), HasSubstr("leader(orders-0) = b"));
    EXPECT_FALSE(fault.at("receipt").empty());
    EXPECT_GT(document.at("probes").at("PartitionChanged").get<std::uint64_t>(), 0U);
    for (const char* kind : {"send", "poll", "commit"}) {
        const json& counts = document.at("operations").at(kind);
        EXPECT_GT(counts.at("ok").get<std::uint64_t>(), 0U) << kind;
        EXPECT_TRUE(counts.at("failed").is_number_unsigned());
        EXPECT_TRUE(counts.at("unknown").is_number_unsigned());
    }
    EXPECT_EQ(document.at("bugs"), json::array());
}

TEST(RunCommand, ExplainTellsWhoOwnedWhatAndChangesNothing) {
    const Said plain = run_program(short_run("3"));
    const Said said = run_program(short_run("3", {"--explain"}));
    EXPECT_EQ(said.exit_code, 0);
    EXPECT_EQ(hash_of("3"), said.out.substr(said.out.find("hash=") + 5, 16));
    EXPECT_THAT(said.out, HasSubstr("fault kill-leader: crash leader(orders-0) = b"));
    EXPECT_THAT(said.out, HasSubstr("group payment (classic: range,cooperative-sticky)"));
    EXPECT_TRUE(std::regex_search(
        said.out,
        std::regex("payment +classic: range,cooperative-sticky +[0-9.]+[.][.] +[0-9.]+ +[0-9.]+ "
                   "partition-seconds")))
        << said.out;
    EXPECT_THAT(plain.out, testing::Not(HasSubstr("partition-seconds")));
}

TEST(RunCommand, ExplainGivesScriptsTheBill) {
    const Said said = run_program(short_run("3", {"--explain", "--json"}));
    const json document = json::parse(said.out, nullptr, false);
    ASSERT_TRUE(document.is_object()) << said.err;
    const json& groups = document.at("groups");
    ASSERT_EQ(groups.size(), 2U);
    EXPECT_EQ(groups.at(1).at("group"), "payment");
    EXPECT_EQ(groups.at(1).at("lanes").size(), 3U);
    EXPECT_GT(groups.at(1).at("records_handled").get<std::uint64_t>(), 100U);
    for (const char* key :
         {"unowned_partition_seconds", "partitions_moved", "records_handled_again"}) {
        EXPECT_TRUE(groups.at(0).at(key).is_number()) << key;
    }
}

TEST(RunCommand, JsonNamesArmedBugsAndTheirHits) {
    const Said said = run_program(short_run("3", {"--json", "--bug", "Z01"}));
    const json document = json::parse(said.out, nullptr, false);
    ASSERT_TRUE(document.is_object()) << said.err;
    ASSERT_EQ(document.at("bugs").size(), 1U);
    EXPECT_EQ(document.at("bugs").front().at("id"), "Z01");
    EXPECT_TRUE(document.at("bugs").front().at("hits").is_number_unsigned());
}

TEST(RunCommand, InterruptStopsAtOnceAndSaysSo) {
    const auto begin = std::chrono::steady_clock::now();
    const Said said = run_program(short_run("3", {"--set", "run.storm=20000s"}),
                                  {.interrupt_after = std::chrono::milliseconds(700)});
    EXPECT_EQ(said.exit_code, 130);
    EXPECT_EQ(said.out, "");
    EXPECT_THAT(said.err, testing::AllOf(HasSubstr("squall: interrupted"), HasSubstr("seed=3")));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST(RunCommand, OutputThatCannotBeWrittenIs74) {
    for (const std::vector<std::string>& arguments : {short_run("3", {"--quiet"}),
                                                      short_run("3"),
                                                      short_run("3", {"--json"}),
                                                      {"list", "bugs"},
                                                      {"--help"},
                                                      {"run", "--help"}}) {
        const Said full = run_program(arguments, {.standard_output = "/dev/full"});
        EXPECT_EQ(full.exit_code, 74) << arguments.front();
        EXPECT_THAT(full.err, HasSubstr("squall: standard output: cannot be written: No space"));
        // The verdict of a run is not lost with the output.
        const bool is_run = arguments.front() == "run" && arguments.back() != "--help";
        EXPECT_EQ(std::ranges::count(full.err, '\n'), is_run ? 2 : 1);
        if (is_run) {
            EXPECT_THAT(full.err, testing::StartsWith("verdict: pass"));
        }
        const Said gone = run_program(arguments, {.reader_goes_away = true});
        EXPECT_EQ(gone.exit_code, 74) << arguments.front();
        EXPECT_THAT(gone.err, HasSubstr("Broken pipe"));
    }
}

TEST(RunCommand, FilesThatCannotBeWrittenAre74) {
    for (const char* option : {"--trace", "--history"}) {
        const Said said = run_program(short_run("3", {option, "/nonexistent/file.jsonl"}));
        EXPECT_EQ(said.exit_code, 74);
        EXPECT_THAT(said.last_line(), testing::StartsWith("verdict: pass"));
        EXPECT_THAT(said.err,
                    HasSubstr("/nonexistent/file.jsonl: cannot be written: No such file"));
    }
}

TEST(RunCommand, WithoutGraphvizTheVerdictIsSaidAndTheRestIsWritten) {
    const Folder folder;
    const std::string path = std::getenv("PATH");
    setenv("PATH", "/nonexistent", 1);
    const Said said = run_program(short_run("3", {"--report", folder / "r"}));
    setenv("PATH", path.c_str(), 1);
    EXPECT_EQ(said.exit_code, 74);
    EXPECT_THAT(said.last_line(), testing::StartsWith("verdict: pass"));
    EXPECT_THAT(said.err, HasSubstr((folder / "r/sequence.svg") + ": cannot be written"));
    EXPECT_FALSE(read_file(folder / "r/trace.jsonl").empty());
}

const char* const report_files[] = {"summary.json", "scenario.toml", "timeline.txt", "sequence.svg",
                                    "topology.svg", "ownership.svg", "trace.jsonl",  "history.edn"};

TEST(RunCommand, ReportsOfEqualSeedsAreEqualAndHoldNothingOfTheHost) {
    const Folder folder;
    ASSERT_EQ(run_program(short_run("3", {"--report", folder / "a"})).exit_code, 0);
    ASSERT_EQ(run_program({"report", SQUALL_SOURCE_DIR "/tests/cli/one-crash.toml", "--seed", "0x3",
                           "-o", folder / "b"})
                  .exit_code,
              0);
    for (const char* name : report_files) {
        const std::string content = read_file(folder / ("a/" + std::string(name)));
        EXPECT_FALSE(content.empty()) << name;
        EXPECT_TRUE(content == read_file(folder / ("b/" + std::string(name)))) << name;
        for (const char* of_the_host :
             {"/tmp", "/home", "/root", "wall_seconds", SQUALL_SOURCE_DIR}) {
            EXPECT_EQ(content.find(of_the_host), std::string::npos) << name << of_the_host;
        }
    }
}

TEST(RunCommand, AReportIsARepro) {
    const Folder folder;
    const Said first = run_program(short_run("9", {"--report", folder / "a"}));
    const Said again = run_program({"run", folder / "a/scenario.toml", "--quiet"});
    const auto without_wall = [](const std::string& line) {
        return line.substr(0, line.find("wall"));
    };
    EXPECT_EQ(without_wall(first.last_line()), without_wall(again.last_line())) << again.err;
}

}  // namespace
}  // namespace squall::cli
