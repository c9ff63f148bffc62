// Conversations of replicas and their controller, as text: each file of transcripts/ is what its
// commands give. A change of the protocol shows as a change of these files, to be read like code.
//
// The conversations about a known bug are held twice: by the rules, and with the bug.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/model/replica/conversation.h"
#include "tests/transcripts.h"

namespace squall::model {
namespace {

const Transcripts transcripts("tests/model/replica/transcripts");

class ReplicaTranscript : public testing::TestWithParam<std::string> {};

TEST_P(ReplicaTranscript, IsWhatIsSaid) {
    std::vector<std::string> violations;
    transcripts.expect(GetParam(), ReplicaConversation::replay(transcripts.read(GetParam()),
                                                               nullptr, &violations));
    EXPECT_TRUE(violations.empty()) << violations.front();
}

INSTANTIATE_TEST_SUITE_P(Replicas, ReplicaTranscript, testing::ValuesIn(transcripts.names()),
                         [](const auto& instance) { return instance.param; });

struct BugInConversation {
    Bug bug;
    std::string transcript;
    std::string violation;
};

class BugOfReplicas : public testing::TestWithParam<BugInConversation> {};

// The same commands that keep every promise when the rule is right break one when it is wrong.
TEST_P(BugOfReplicas, BreaksWhatTheRightRuleKeeps) {
    const std::string transcript = transcripts.read(GetParam().transcript);
    std::vector<std::string> violations;
    ReplicaConversation::replay(transcript, nullptr, &violations);
    EXPECT_TRUE(violations.empty()) << violations.front();
    BugSet bugs;
    bugs.arm(GetParam().bug);
    const std::string said = ReplicaConversation::replay(transcript, &bugs, &violations);
    EXPECT_GT(bugs.hits(GetParam().bug), 0u);
    EXPECT_TRUE(std::ranges::find(violations, GetParam().violation) != violations.end()) << said;
}

INSTANTIATE_TEST_SUITE_P(
    Replicas, BugOfReplicas,
    testing::Values(
        BugInConversation{Bug::z01_hw_truncate_loss, "kip_101_scenario_1",
                          "B3 leads epoch 2 without the acknowledged a@0"},
        BugInConversation{Bug::z02_hw_truncate_divergence, "kip_101_scenario_2",
                          "B1 and B2 differ at 1"},
        BugInConversation{Bug::z03_epoch_lookup_single_step, "kip_279", "B1 and B2 differ at 1"},
        BugInConversation{Bug::z06_unfenced_fetch, "unfenced_fetch",
                          "B3 leads epoch 3 without the acknowledged a@2"},
        BugInConversation{Bug::z07_isr_join_without_epoch_start, "join_below_epoch_start",
                          "B3 leads epoch 2 without the acknowledged b@0"},
        BugInConversation{Bug::z13_last_replica_standing, "kip_966_last_replica_standing",
                          "B1 leads epoch 2 without the acknowledged a@0"},
        BugInConversation{Bug::z16_hw_from_proposed_isr, "shrink_not_committed",
                          "B3 leads epoch 2 without the acknowledged a@0"},
        BugInConversation{Bug::z20_isr_accepts_old_incarnation, "old_incarnation",
                          "B3 leads epoch 2 without the acknowledged a@0"},
        BugInConversation{Bug::z26_read_above_hw, "uncommitted_read",
                          "a consumer read up to 1, committed is up to 0"},
        BugInConversation{Bug::z28_listoffsets_regress, "uncommitted_read",
                          "the end of the log went from 1 back to 0"}),
    [](const auto& instance) {
        return std::string(all_bugs()[static_cast<std::size_t>(instance.param.bug)].id);
    });

}  // namespace
}  // namespace squall::model
