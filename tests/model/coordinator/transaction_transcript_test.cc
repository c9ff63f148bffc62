// Conversations of producers, coordinator and leaders, as text: each file of transcripts/ is what
// its commands give. A change of the protocol shows as a change of these files, to be read like
// code.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/model/coordinator/transaction_conversation.h"
#include "tests/transcripts.h"

namespace squall::model {
namespace {

const Transcripts transcripts("tests/model/coordinator/transaction/transcripts");

class TransactionTranscript : public testing::TestWithParam<std::string> {};

TEST_P(TransactionTranscript, IsWhatIsSaid) {
    transcripts.expect(GetParam(), replay<TransactionConversation>(transcripts.read(GetParam())));
}

INSTANTIATE_TEST_SUITE_P(Transactions, TransactionTranscript,
                         testing::ValuesIn(transcripts.names()),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace squall::model
