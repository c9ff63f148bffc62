// Conversations of a quorum, as text: each file of transcripts/ is what its commands give. A change
// of the protocol shows as a change of these files, to be read like code.
//
// The conversations about a known bug are held twice: by the rules, and with the bug.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/model/raft/conversation.h"
#include "tests/transcripts.h"

namespace squall::model::raft {
namespace {

const Transcripts transcripts("tests/model/raft/transcripts");

class Transcript : public testing::TestWithParam<std::string> {};

TEST_P(Transcript, IsWhatIsSaid) {
    std::vector<std::string> violations;
    transcripts.expect(GetParam(),
                       Conversation::replay(transcripts.read(GetParam()), nullptr, &violations));
    EXPECT_TRUE(violations.empty()) << violations.front();
}

INSTANTIATE_TEST_SUITE_P(Raft, Transcript, testing::ValuesIn(transcripts.names()),
                         [](const auto& instance) { return instance.param; });

struct BugInConversation {
    Bug bug;
    std::string transcript;
    std::string violation;
};

class KnownBug : public testing::TestWithParam<BugInConversation> {};

// The same commands that keep the rules of Raft when the rule is right break them when it is wrong.
TEST_P(KnownBug, BreaksWhatTheRightRuleKeeps) {
    const std::string transcript = transcripts.read(GetParam().transcript);
    std::vector<std::string> violations;
    Conversation::replay(transcript, nullptr, &violations);
    EXPECT_TRUE(violations.empty()) << violations.front();
    BugSet bugs;
    bugs.arm(GetParam().bug);
    Conversation::replay(transcript, &bugs, &violations);
    EXPECT_GT(bugs.hits(GetParam().bug), 0u);
    EXPECT_TRUE(std::ranges::find(violations, GetParam().violation) != violations.end())
        << violations.size() << " violations";
}

INSTANTIATE_TEST_SUITE_P(
    Raft, KnownBug,
    testing::Values(BugInConversation{Bug::z34_raft_forgets_vote, "forgotten_vote",
                                      "S3 voted twice in epoch 1"},
                    BugInConversation{Bug::z35_raft_fetch_before_fsync, "power_loss_of_a_majority",
                                      "two records committed at 1"},
                    BugInConversation{Bug::z36_raft_commit_old_epoch, "figure_8",
                                      "two records committed at 1"}),
    [](const auto& instance) { return instance.param.transcript; });

TEST(KnownBug, LeaderWithoutCheckQuorumStaysInOfficeForEver) {
    const std::string transcript = transcripts.read("check_quorum");
    BugSet bugs;
    bugs.arm(Bug::z38_raft_no_check_quorum);
    EXPECT_NE(transcript.find("S1 is resigned"), std::string::npos);
    const std::string said = Conversation::replay(transcript, &bugs);
    EXPECT_EQ(said.find("S1 is resigned"), std::string::npos);
    EXPECT_GT(bugs.hits(Bug::z38_raft_no_check_quorum), 0u);
}

}  // namespace
}  // namespace squall::model::raft
