#include "model/replica/transaction_verification.h"

#include <gtest/gtest.h>

namespace squall::model {
namespace {

constexpr ProducerId producer{7};

TEST(TransactionVerification, ConfirmsOnlyTheGuardThatItGave) {
    TransactionVerification verification;
    const VerificationGuard guard =
        verification.begin(producer, ProducerEpoch(0), SequenceNumber(0), false);
    EXPECT_TRUE(verification.is_verified(producer, guard));
    EXPECT_FALSE(verification.is_verified(producer, no_guard));
    EXPECT_FALSE(verification.is_verified(ProducerId(8), guard));
}

TEST(TransactionVerification, IsWorthNothingOnceAMarkerCameBetween) {
    TransactionVerification verification;
    const VerificationGuard guard =
        verification.begin(producer, ProducerEpoch(0), SequenceNumber(0), false);
    verification.end(producer);
    EXPECT_FALSE(verification.is_verified(producer, guard));
    const VerificationGuard next =
        verification.begin(producer, ProducerEpoch(0), SequenceNumber(1), false);
    EXPECT_NE(next, guard);
    EXPECT_FALSE(verification.is_verified(producer, guard));
}

// KAFKA-14920: the second batch must not be appended before the first, whose verification takes
// longer.
TEST(TransactionVerification, LetsNoBatchOvertakeOneThatIsBeingVerified) {
    TransactionVerification verification;
    verification.begin(producer, ProducerEpoch(0), SequenceNumber(0), false);
    verification.begin(producer, ProducerEpoch(0), SequenceNumber(5), false);
    EXPECT_EQ(verification.check_sequence(producer, ProducerEpoch(0), SequenceNumber(5), false),
              ErrorCode::out_of_order_sequence_number);
    EXPECT_EQ(verification.check_sequence(producer, ProducerEpoch(0), SequenceNumber(0), false),
              ErrorCode::none);
    // A new epoch begins anew.
    verification.begin(producer, ProducerEpoch(1), SequenceNumber(5), false);
    EXPECT_EQ(verification.check_sequence(producer, ProducerEpoch(1), SequenceNumber(5), false),
              ErrorCode::none);
}

// KIP-890, version 2: each transaction has an epoch of its own, so its first batch has the number
// 0.
TEST(TransactionVerification, LetsAProducerOfVersion2BeginWithNothingButZero) {
    TransactionVerification verification;
    verification.begin(producer, ProducerEpoch(1), SequenceNumber(5), true);
    EXPECT_EQ(verification.check_sequence(producer, ProducerEpoch(1), SequenceNumber(5), false),
              ErrorCode::out_of_order_sequence_number);
    // Its batches of before are known, so that their numbers decide.
    EXPECT_EQ(verification.check_sequence(producer, ProducerEpoch(1), SequenceNumber(5), true),
              ErrorCode::none);
    verification.begin(producer, ProducerEpoch(1), SequenceNumber(0), true);
    EXPECT_EQ(verification.check_sequence(producer, ProducerEpoch(1), SequenceNumber(0), false),
              ErrorCode::none);
    // A coordinator's batch has none.
    EXPECT_EQ(verification.check_sequence(producer, ProducerEpoch(1), no_sequence, false),
              ErrorCode::none);
}

}  // namespace
}  // namespace squall::model
