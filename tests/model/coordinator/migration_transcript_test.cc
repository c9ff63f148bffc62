// Conversations of a group that changes its protocol while its members stay, as text: each file of
// transcripts/ is what its commands give. A change of the protocol shows as a change of these
// files, to be read like code.
#include <gtest/gtest.h>

#include <string>

#include "tests/model/coordinator/migration_conversation.h"
#include "tests/transcripts.h"

namespace squall::model {
namespace {

const Transcripts migrations("tests/model/coordinator/migration/transcripts");

class MigrationTranscript : public testing::TestWithParam<std::string> {};

TEST_P(MigrationTranscript, IsWhatIsSaid) {
    migrations.expect(GetParam(), MigrationConversation::replay(migrations.read(GetParam())));
}

INSTANTIATE_TEST_SUITE_P(Migrations, MigrationTranscript, testing::ValuesIn(migrations.names()),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace squall::model
