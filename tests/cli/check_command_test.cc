// squall check: Jepsen's histories and our own, and what is wrong with a file that is neither.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/cli/program.h"

namespace squall::cli {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

// Files of `folder` that end so, in order of name.
std::vector<fs::path> files(const fs::path& folder, std::string_view ending) {
    std::vector<fs::path> found;
    if (!fs::is_directory(folder)) return found;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().string().ends_with(ending)) found.push_back(entry.path());
    }
    std::ranges::sort(found);
    return found;
}

json check(const fs::path& history, bool ww_dependencies) {
    std::vector<std::string> arguments{"check", history.string(), "--json"};
    if (ww_dependencies) arguments.emplace_back("--ww-deps");
    const Said said = run_program(arguments);
    EXPECT_LE(said.exit_code, 1) << said.err;
    const json found = json::parse(said.out);
    EXPECT_EQ(found.at("valid") == true, said.exit_code == 0) << history;
    return found;
}

fs::path history_of(const fs::path& expectation) {
    const std::string path = expectation.string();
    return path.substr(0, path.size() - std::string_view(".expect.json").size()) + ".edn";
}

TEST(CheckCommand, FindsInOurHistoriesExactlyWhatIsBesideThem) {
    const auto expectations = files(SQUALL_SOURCE_DIR "/tests/checkers/histories", ".expect.json");
    ASSERT_GE(expectations.size(), 4u);
    for (const fs::path& path : expectations) {
        const json expected = json::parse(read_file(path));
        const json found = check(history_of(path), expected.at("options").at("ww-deps"));
        EXPECT_EQ(found.at("valid"), expected.at("valid")) << path;
        EXPECT_EQ(found.at("anomalies"), expected.at("anomalies")) << path;
    }
}

// ---- the histories of Jepsen's own tests, if a folder of them is there ----

fs::path jepsen_folder() {
    if (const char* given = std::getenv("SQUALL_JEPSEN_HISTORIES")) return given;
    return fs::path(SQUALL_SOURCE_DIR) / ".." / "shared" / "histories" / "jepsen-kafka";
}

// Without what only we say of an anomaly.
json as_asserted(json anomalies) {
    for (json& anomaly : anomalies) {
        anomaly.erase("allowed");
        anomaly.erase("type");
    }
    return anomalies;
}

// A cycle may begin with any of its ops.
std::set<std::string> rotations(const json& cycle) {
    std::set<std::string> all;
    const std::size_t length = cycle.at("steps").size();
    for (std::size_t begin = 0; begin < length; ++begin) {
        json turned = json::array();
        for (std::size_t i = 0; i < length; ++i) {
            const std::size_t at = (begin + i) % length;
            turned.push_back({cycle.at("cycle").at(at), cycle.at("steps").at(at)});
        }
        all.insert(turned.dump());
    }
    return all;
}

void expect_cycles(const json& found, const json& asserted, const fs::path& path) {
    ASSERT_EQ(found.size(), asserted.size()) << path;
    for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_TRUE(rotations(asserted[i]).contains(*rotations(found[i]).begin()))
            << path << ": " << found[i];
    }
}

TEST(CheckCommand, FindsWhatJepsensTestsAssert) {
    const auto expectations = files(jepsen_folder(), ".expect.json");
    if (expectations.empty()) {
        GTEST_SKIP() << "no histories in " << jepsen_folder()
                     << "; set SQUALL_JEPSEN_HISTORIES to a folder of them";
    }
    for (const fs::path& path : expectations) {
        const json expected = json::parse(read_file(path));
        const json found = check(history_of(path), expected.at("options").value("ww-deps", false));
        const json& anomalies = found.at("anomalies");
        for (const auto& [name, asserted] : expected.at("asserted").items()) {
            ASSERT_TRUE(anomalies.contains(name)) << path << ": " << name;
            if (name == "G0" || name == "G1c") {
                expect_cycles(anomalies.at(name), asserted, path);
            } else {
                EXPECT_EQ(as_asserted(anomalies.at(name)), as_asserted(asserted)) << path;
            }
        }
        for (const auto& name : expected.at("asserted_absent")) {
            EXPECT_FALSE(anomalies.contains(name.get<std::string>())) << path << ": " << name;
        }
        if (expected.at("asserted_no_errors_at_all") == true) {
            EXPECT_EQ(anomalies, json::object()) << path;
        }
        const json other = expected.value("asserted_other", json::object());
        if (other.contains("checker_valid")) {
            EXPECT_EQ(found.at("valid"), other.at("checker_valid")) << path;
        }
        if (other.contains("worst_realtime_lag")) {
            EXPECT_EQ(found.at("worst_realtime_lag"), other.at("worst_realtime_lag")) << path;
        }
    }
}

// ---- our own ----

TEST(CheckCommand, JudgesBothHistoriesOfARunAlike) {
    const Folder folder;
    const std::string edn = folder / "run.edn";
    const std::string jsonl = folder / "run.jsonl";
    ASSERT_EQ(run_program(short_run("1", {"--quiet", "--history", edn})).exit_code, 0);
    ASSERT_EQ(run_program(short_run("1", {"--quiet", "--history", jsonl})).exit_code, 0);
    const json of_edn = check(edn, true);
    EXPECT_EQ(of_edn, check(jsonl, true));
    EXPECT_EQ(of_edn.at("valid"), true) << of_edn;
    EXPECT_GT(of_edn.at("operations").at("send").at("ok"), 100);
}

TEST(CheckCommand, ObjectsToARecordThatIsTakenOutOfARun) {
    const Folder folder;
    const std::string edn = folder / "run.edn";
    ASSERT_EQ(run_program(short_run("1", {"--quiet", "--history", edn})).exit_code, 0);
    std::istringstream lines(read_file(edn));
    std::string without;
    for (std::string line; std::getline(lines, line);) {
        // Nobody sent the first record of the first key.
        const bool is_send = line.find(":send 0 0]") != std::string::npos ||
                             line.find(":send 0 [0 0]") != std::string::npos;
        if (!is_send) without += line + "\n";
    }
    const json found = check(folder.write("cut.edn", without), false);
    EXPECT_TRUE(found.at("anomalies").contains("no-writer")) << found;
}

TEST(CheckCommand, SaysInOneLineHowItWent) {
    const Said said =
        run_program({"check", SQUALL_SOURCE_DIR "/tests/checkers/histories/torn-transaction.edn"});
    EXPECT_EQ(said.exit_code, 1);
    EXPECT_NE(said.out.find("lost-write (1)"), std::string::npos) << said.out;
    EXPECT_TRUE(said.last_line().starts_with("verdict: fail  history=")) << said.last_line();
    EXPECT_NE(said.last_line().find("operations=6 anomalies=1 allowed=0"), std::string::npos);
}

// ---- what is no history ----

struct Bad {
    const char* name;
    const char* content;
    const char* said;
};

TEST(CheckCommand, SaysWhereAFileIsNotAHistory) {
    const Folder folder;
    for (const Bad& bad : {
             Bad{"a.edn", "{:process 0 :type :ok\n :f :sned :value []}",
                 "a.edn:2:5: expected :send, :poll, :txn, :assign, :subscribe, :crash or "
                 ":debug-topic-partitions, found :sned"},
             Bad{"b.edn", "{:process 0 [}", "b.edn:1:14: expected ']', found '}'"},
             Bad{"c.jsonl", "\n{\"ns\":1,", "c.jsonl:2:"},
             Bad{"d.jsonl", "{\"ns\":1,\"node\":\"x\",\"fields\":{}}",
                 "d.jsonl:1:1: this event has no \"event\""},
             Bad{"e.jsonl", R"({"ns":1,"node":"x","event":"SendInvokd","fields":{}})",
                 "e.jsonl:1:1: unknown event 'SendInvokd'; did you mean 'SendInvoked'?"},
             Bad{"f.jsonl", R"({"ns":1,"node":"x","event":"SendInvoked","fields":{"topc":"a"}})",
                 "f.jsonl:1:1: SendInvoked has no field 'topc'; did you mean 'topic'?"},
             Bad{"g.jsonl", R"({"ns":1,"node":"x","event":"PositionSet","fields":{"offset":"x"}})",
                 "g.jsonl:1:1: offset of PositionSet cannot be \"x\""},
             Bad{"h.txt", "", "h.txt: expected a name that ends with .edn"},
         }) {
        const Said said = run_program({"check", folder.write(bad.name, bad.content)});
        EXPECT_EQ(said.exit_code, 2) << bad.name;
        EXPECT_NE(said.err.find(bad.said), std::string::npos) << said.err;
        EXPECT_TRUE(said.out.empty()) << said.out;
    }
    EXPECT_EQ(run_program({"check", folder / "missing.edn"}).exit_code, 2);
    EXPECT_EQ(run_program({"check"}).exit_code, 2);
}

}  // namespace
}  // namespace squall::cli
