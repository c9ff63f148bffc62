// What lies in the folders is in the lists: nothing is written and then forgotten.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "scenarios/faults/fault.h"
#include "scenarios/library_texts.h"
#include "scenarios/run.h"
#include "scenarios/scenario_file.h"
#include "scenarios/workloads/workload.h"

namespace squall::scenarios {
namespace {

namespace fs = std::filesystem;

const fs::path root = SQUALL_SOURCE_DIR;

std::string content_of(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream content;
    content << in.rdbuf();
    EXPECT_TRUE(in) << path;
    return content.str();
}

// The files of a folder that end in `extension`, in order of name.
std::set<fs::path> files_of(const fs::path& folder, std::string_view extension) {
    std::set<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() == extension) files.insert(entry.path());
    }
    return files;
}

// First groups of all matches in `text`.
std::set<std::string> matches(const std::string& text, const char* pattern) {
    const std::regex expression(pattern);
    std::set<std::string> found;
    for (std::sregex_iterator it(text.begin(), text.end(), expression), end; it != end; ++it) {
        found.insert((*it)[1]);
    }
    return found;
}

TEST(Registry, HoldsEveryFaultOfTheFolder) {
    std::set<std::string> written;
    for (const fs::path& file : files_of(root / "scenarios/faults", ".cc")) {
        if (file.filename() == "registry.cc") continue;
        const auto kinds = matches(content_of(file), R"re(\.kind = "([a-z-]+)")re");
        EXPECT_FALSE(kinds.empty()) << file << " makes no fault";
        written.insert(kinds.begin(), kinds.end());
    }
    std::set<std::string> listed;
    for (const FaultEntry& entry : all_faults()) {
        EXPECT_TRUE(listed.insert(std::string(entry.kind)).second) << entry.kind;
        EXPECT_FALSE(entry.about.empty()) << entry.kind;
        EXPECT_FALSE(entry.source.empty()) << entry.kind;
        EXPECT_EQ(find_fault(entry.kind), &entry);
    }
    EXPECT_EQ(listed, written);
    EXPECT_TRUE(std::ranges::is_sorted(all_faults(), {}, &FaultEntry::kind));
    EXPECT_EQ(find_fault("earthquake"), nullptr);
}

TEST(Registry, HoldsEveryWorkloadOfTheFolder) {
    std::set<std::string> written;
    for (const fs::path& file : files_of(root / "scenarios/workloads", ".cc")) {
        if (file.filename() == "registry.cc") continue;
        const std::string text = content_of(file);
        if (matches(text, R"re((\w+_workloads?)\(\) \{)re").empty()) continue;
        const auto kinds = matches(text, R"re(\.kind = "([a-z-]+)")re");
        written.insert(kinds.begin(), kinds.end());
    }
    std::set<std::string> listed;
    for (const WorkloadEntry& entry : all_workloads()) {
        listed.insert(std::string(entry.kind));
        EXPECT_FALSE(entry.about.empty()) << entry.kind;
        EXPECT_EQ(find_workload(entry.kind), &entry);
    }
    EXPECT_EQ(listed, written);
    EXPECT_FALSE(listed.empty());
}

TEST(Library, HoldsEveryScenarioOfTheFolderAsItStands) {
    std::set<std::string> embedded;
    for (const LibraryText& entry : library_texts()) {
        embedded.insert(std::string(entry.name));
        EXPECT_EQ(entry.text,
                  content_of(root / "scenarios/library" / (std::string(entry.name) + ".toml")));
    }
    std::set<std::string> files;
    for (const fs::path& file : files_of(root / "scenarios/library", ".toml")) {
        files.insert(file.stem());
    }
    EXPECT_EQ(embedded, files);
}

TEST(Library, EveryScenarioRunsAndMeansSomething) {
    for (const LibraryText& entry : library_texts()) {
        const Scenario scenario = load_scenario(entry.name);
        EXPECT_FALSE(scenario.about.empty()) << entry.name;
        // Served ones mean something once somebody comes (tests/gateway).
        if (find_workload(scenario.workload.kind)->is_from_outside) continue;
        const RunResult result =
            run(scenario, {.seed = 1, .trace_level = sim::TraceLevel::hash_only});
        const bool sound =
            result.verdict == Verdict::pass || result.verdict == Verdict::inconclusive;
        EXPECT_TRUE(sound) << entry.name << ": " << to_string(result.verdict) << " " << result.why;
    }
}

}  // namespace
}  // namespace squall::scenarios
