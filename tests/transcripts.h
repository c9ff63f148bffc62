// Transcripts: conversations kept as text files, each of them what its own commands give. A change
// of a protocol shows as a change of these files, to be read like code.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace squall {

class Transcripts {
  public:
    // `folder`: below the root of the sources.
    explicit Transcripts(const std::string& folder)
        : folder_(std::filesystem::path(SQUALL_SOURCE_DIR) / folder) {}

    // Sorted.
    std::vector<std::string> names() const {
        std::vector<std::string> found;
        for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
            if (entry.path().extension() == ".txt") found.push_back(entry.path().stem().string());
        }
        std::ranges::sort(found);
        return found;
    }

    std::string read(const std::string& name) const {
        std::ifstream in(folder_ / (name + ".txt"));
        std::ostringstream text;
        text << in.rdbuf();
        EXPECT_FALSE(text.str().empty()) << name;
        return text.str();
    }

    // What was said instead is kept beside: to be compared with the file, and copied there if
    // right.
    void expect(const std::string& name, const std::string& said) const {
        const std::string expected = read(name);
        if (said == expected) return;
        const std::string kept = testing::TempDir() + name + ".txt";
        std::ofstream(kept) << said;
        EXPECT_EQ(said, expected) << "what was said is in " << kept;
    }

  private:
    std::filesystem::path folder_;
};

// The whole text again, each command followed by what came of it: indented lines, which are not
// read.
template <class Conversation>
std::string replay(const std::string& transcript) {
    Conversation conversation;
    std::istringstream in(transcript);
    std::string out;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("  ")) continue;
        out += line + "\n";
        if (line.empty() || line.starts_with("#")) continue;
        out += conversation.obey(line);
    }
    return out;
}

}  // namespace squall
