#include "model/replica/transaction_verification.h"

#include <gtest/gtest.h>

namespace squall::model {
namespace {

constexpr ProducerId producer{7};

TEST(TransactionVerification, ConfirmsOnlyTheGuardThatItGave) {
    TransactionVerification verification;
    const VerificationGuard guard =
        verification.begin(producer, ProducerEpoch(0), SequenceNumber(0));
    EXPECT_TRUE(verification.is_verified(producer, guard));
    EXPECT_FALSE(verification.is_verified(producer, no_guard));
    EXPECT_FALSE(verification.is_verified(ProducerId(8), guard));
}

TEST(TransactionVerification, IsWorthNothingOnceAMarkerCameBetween) {
    TransactionVerification verification;
    const VerificationGuard guard =
        verification.begin(producer, ProducerEpoch(0), SequenceNumber(0));
    verification.end(producer);
    EXPECT_FALSE(verification.is_verified(producer, guard));
    const VerificationGuard next =
        verification.begin(producer, ProducerEpoch(0), SequenceNumber(1));
    EXPECT_NE(next, guard);
    EXPECT_FALSE(verification.is_verified(producer, guard));
}

// KAFKA-14920: the second batch must not be appended before the first, whose verification takes
// longer.
TEST(TransactionVerification, LetsNoBatchOvertakeOneThatIsBeingVerified) {
    TransactionVerification verification;
    verification.begin(producer, ProducerEpoch(0), SequenceNumber(0));
    verification.begin(producer, ProducerEpoch(0), SequenceNumber(5));
    EXPECT_EQ(verification.check_sequence(producer, ProducerEpoch(0), SequenceNumber(5)),
              ErrorCode::out_of_order_sequence_number);
    EXPECT_EQ(verification.check_sequence(producer, ProducerEpoch(0), SequenceNumber(0)),
              ErrorCode::none);
    // A new epoch begins anew.
    verification.begin(producer, ProducerEpoch(1), SequenceNumber(5));
    EXPECT_EQ(verification.check_sequence(producer, ProducerEpoch(1), SequenceNumber(5)),
              ErrorCode::none);
}

}  // namespace
}  // namespace squall::model
