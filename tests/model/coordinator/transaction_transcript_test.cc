// Conversations of producers, coordinator and leaders, as text: each file of transcripts/ is what
// its commands give. A change of the protocol shows as a change of these files, to be read like
// code.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/model/coordinator/transaction_conversation.h"

namespace squall::model {
namespace {

const std::filesystem::path folder =
    SQUALL_SOURCE_DIR "/tests/model/coordinator/transaction/transcripts";

std::string read(const std::filesystem::path& path) {
    std::ifstream in(path);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

std::vector<std::string> names() {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".txt") found.push_back(entry.path().stem().string());
    }
    std::ranges::sort(found);
    return found;
}

class TransactionTranscript : public testing::TestWithParam<std::string> {};

TEST_P(TransactionTranscript, IsWhatIsSaid) {
    const std::string expected = read(folder / (GetParam() + ".txt"));
    ASSERT_FALSE(expected.empty());
    const std::string said = TransactionConversation::replay(expected);
    if (said != expected) {
        // To be compared with the file, and copied there if it is right.
        std::ofstream(testing::TempDir() + GetParam() + ".txt") << said;
    }
    EXPECT_EQ(said, expected) << "what was said is in " << testing::TempDir() << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Transactions, TransactionTranscript, testing::ValuesIn(names()),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace squall::model
