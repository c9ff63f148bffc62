// Conversations of a group, as text: the same change of members under each protocol, static
// members, zombies, the death of a coordinator, a change of the protocol while the members stay.
// Each file of transcripts/ is what its commands give. A change of the protocol shows as a change
// of these files, to be read like code.
#include <gtest/gtest.h>

#include <string>

#include "tests/model/coordinator/group_conversation.h"
#include "tests/transcripts.h"

namespace squall::model {
namespace {

const Transcripts conversations("tests/model/coordinator/group/transcripts");

class GroupTranscript : public testing::TestWithParam<std::string> {};

TEST_P(GroupTranscript, IsWhatIsSaid) {
    conversations.expect(GetParam(), replay<GroupConversation>(conversations.read(GetParam())));
}

INSTANTIATE_TEST_SUITE_P(Groups, GroupTranscript, testing::ValuesIn(conversations.names()),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace squall::model
