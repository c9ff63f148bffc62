// The list of findings is what the checkers say, no more and no less.
#include "checkers/finding_names.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace squall::checkers {
namespace {

void find_all(const std::string& text, const char* pattern, std::set<std::string>& names) {
    const std::regex wanted(pattern);
    for (std::sregex_iterator at(text.begin(), text.end(), wanted), end; at != end; ++at) {
        names.insert((*at)[1]);
    }
}

TEST(FindingNames, AreThoseOfTheCheckersSources) {
    // Two that the table of lost_write.cc gives by place.
    std::set<std::string> told{"lost-write", "unseen"};
    for (const auto& entry : std::filesystem::directory_iterator(SQUALL_SOURCE_DIR "/checkers")) {
        if (entry.path().extension() != ".cc") continue;
        std::ostringstream content;
        content << std::ifstream(entry.path()).rdbuf();
        const std::string source = content.str();
        if (source.find("CheckerReport finish() override") == std::string::npos) continue;
        find_all(source.substr(0, source.find("#include")),
                 "\n//   ([a-z0-9]+(?:-[a-z0-9]+)*) {2,}", told);
        find_all(source, "\\.(?:object|allow)\\(\\s*\"([a-z0-9-]+)\"", told);
    }
    const auto& names = all_finding_names();
    const std::set<std::string> listed(names.begin(), names.end());
    for (const std::string& name : told) {
        EXPECT_TRUE(listed.contains(name)) << name << " is missing in checkers/finding_names.cc";
    }
    for (const std::string& name : listed) {
        EXPECT_TRUE(told.contains(name)) << "no checker tells of " << name;
    }
    EXPECT_TRUE(std::ranges::is_sorted(names));
}

}  // namespace
}  // namespace squall::checkers
