#include "model/client/consumer/subscription_state.h"

#include <gtest/gtest.h>

#include "sim/base/assert.h"

namespace squall::model {
namespace {

const TopicPartition p0{.topic = "orders", .partition = 0};
const TopicPartition p1{.topic = "orders", .partition = 1};

FetchPosition at(std::int64_t offset) {
    return {.offset = Offset(offset)};
}

TEST(SubscriptionState, FetchesNothingBeforeAPositionIsKnown) {
    SubscriptionState state;
    state.assign_from_user({p0});
    EXPECT_FALSE(state.is_fetchable(p0));
    EXPECT_TRUE(state.position_from_committed(p0, at(7)));
    EXPECT_TRUE(state.is_fetchable(p0));
    EXPECT_EQ(state.position(p0), at(7));
}

TEST(SubscriptionState, LetsASeekWinOverACommittedOffsetThatComesLater) {
    SubscriptionState state;
    state.assign_from_user({p0});
    state.seek(p0, at(3));
    EXPECT_FALSE(state.position_from_committed(p0, at(7)));
    EXPECT_EQ(state.position(p0), at(3));
}

TEST(SubscriptionState, LetsASeekWinOverAResetThatComesLater) {
    SubscriptionState state;
    state.assign_from_user({p0});
    state.request_reset(p0, OffsetReset::latest, ResetCause::asked);
    state.seek(p0, at(3));
    EXPECT_FALSE(state.position_from_reset(p0, OffsetReset::latest, at(9)));
    EXPECT_EQ(state.position(p0), at(3));
}

TEST(SubscriptionState, IgnoresTheAnswerToAnotherReset) {
    SubscriptionState state;
    state.assign_from_user({p0});
    state.request_reset(p0, OffsetReset::latest, ResetCause::asked);
    state.request_reset(p0, OffsetReset::earliest, ResetCause::out_of_range);
    EXPECT_FALSE(state.position_from_reset(p0, OffsetReset::latest, at(9)));
    EXPECT_TRUE(state.position_from_reset(p0, OffsetReset::earliest, at(0)));
    EXPECT_EQ(state.reset_cause(p0), ResetCause::out_of_range);
}

TEST(SubscriptionState, KeepsThePositionOfAPausedPartition) {
    SubscriptionState state;
    state.assign_from_user({p0});
    state.seek(p0, at(3));
    state.pause(p0, true);
    EXPECT_FALSE(state.is_fetchable(p0));
    EXPECT_EQ(state.position(p0), at(3));
    state.pause(p0, false);
    EXPECT_TRUE(state.is_fetchable(p0));
}

// KAFKA-14196
TEST(SubscriptionState, HandsNothingOutOfPartitionsAboutToBeRevoked) {
    SubscriptionState state;
    state.subscribe({"orders"});
    state.assign_from_group({p0});
    state.seek(p0, at(3));
    state.mark_pending_revocation(state.assignment());
    EXPECT_FALSE(state.is_fetchable(p0));
    EXPECT_EQ(state.all_consumed().at(p0), at(3));
}

TEST(SubscriptionState, KeepsPositionsOfPartitionsThatStay) {
    SubscriptionState state;
    state.assign_from_user({p0, p1});
    state.seek(p0, at(3));
    state.assign_from_user({p0});
    EXPECT_EQ(state.position(p0), at(3));
    EXPECT_FALSE(state.is_assigned(p1));
}

TEST(SubscriptionState, ForgetsPositionsOfRevokedPartitions) {
    SubscriptionState state;
    state.subscribe({"orders"});
    state.assign_from_group({p0});
    state.seek(p0, at(3));
    state.revoke_all();
    state.assign_from_group({p0});
    EXPECT_EQ(state.position(p0), std::nullopt);
    EXPECT_EQ(state.state(p0), SubscriptionState::State::initializing);
}

TEST(SubscriptionState, NeverMovesAPositionBackByReading) {
    SubscriptionState state;
    state.assign_from_user({p0});
    state.seek(p0, at(3));
    state.advance(p0, at(5));
    EXPECT_THROW(state.advance(p0, at(4)), AssertionFailure);
}

TEST(SubscriptionState, CommitsOnlyWhatHasAPosition) {
    SubscriptionState state;
    state.assign_from_user({p0, p1});
    state.seek(p1, at(8));
    EXPECT_EQ(state.all_consumed(), (std::map<TopicPartition, FetchPosition>{{p1, at(8)}}));
}

}  // namespace
}  // namespace squall::model
