#include "model/replica/partition_follower.h"

#include <gtest/gtest.h>

namespace squall::model {
namespace {

constexpr BrokerId b1{1};

class Follower {
  public:
    explicit Follower(const BugSet* bugs = nullptr)
        : decider_({.bugs = bugs},
                   {.log_start_offset = Offset(2),
                    .log_end_offset = Offset(20),
                    .last_epoch = LeaderEpoch(4)},
                   Offset(15)) {}

    PartitionFollower& decider() { return decider_; }
    void advance(Duration by) { now_ += by; }
    PartitionFollower::Output step(const PartitionFollower::Input& input) {
        return decider_.step(input, now_);
    }
    PartitionFollower::Output follow(std::int32_t epoch = 5) {
        return step(PartitionFollower::LeaderChanged{b1, LeaderEpoch(epoch)});
    }
    std::optional<FollowerFetch> asks() const { return decider_.next_fetch(now_); }
    PartitionFollower::FetchAnswered answer(ErrorCode error = ErrorCode::none) const {
        return {.asked = *asks(), .error = error};
    }
    void log_is(std::int64_t end, std::int32_t epoch) {
        step(PartitionFollower::LogChanged{{.log_start_offset = Offset(2),
                                            .log_end_offset = Offset(end),
                                            .last_epoch = LeaderEpoch(epoch)}});
    }

  private:
    LocalTime now_{100s};
    PartitionFollower decider_;
};

TEST(PartitionFollower, FetchesFromItsLogEndAndNamesItsLastEpoch) {
    Follower follower;
    EXPECT_FALSE(follower.asks());
    EXPECT_FALSE(follower.follow().changes_log());
    EXPECT_EQ(follower.asks(), (FollowerFetch{.current_leader_epoch = LeaderEpoch(5),
                                              .fetch_offset = Offset(20),
                                              .last_fetched_epoch = LeaderEpoch(4),
                                              .log_start_offset = Offset(2)}));
}

TEST(PartitionFollower, TakesTheHighWatermarkAfterTheAppendAndNoFurtherThanItsLog) {
    Follower follower;
    follower.follow();
    auto answer = follower.answer();
    answer.leader_high_watermark = Offset(30);
    answer.has_records = true;
    const auto output = follower.step(answer);
    EXPECT_TRUE(output.append);
    follower.log_is(25, 5);
    EXPECT_TRUE(follower.decider().set_high_watermark(*output.leader_high_watermark));
    EXPECT_EQ(follower.decider().high_watermark(), Offset(25));
}

TEST(PartitionFollower, LeavesTheHighWatermarkAloneWhenItDiverged) {
    Follower follower;
    follower.follow();
    auto answer = follower.answer();
    answer.leader_high_watermark = Offset(30);
    answer.diverging_epoch = OffsetAndEpoch{Offset(18), LeaderEpoch(4)};
    answer.own_end_of_diverging_epoch = {Offset(20), LeaderEpoch(4)};
    const auto output = follower.step(answer);
    EXPECT_EQ(output.truncate_to, Offset(18));
    EXPECT_FALSE(output.leader_high_watermark);
    EXPECT_FALSE(output.append);
    EXPECT_FALSE(follower.asks());  // not before the log is what the decider believes
    follower.log_is(18, 4);
    EXPECT_EQ(follower.asks()->fetch_offset, Offset(18));
}

TEST(PartitionFollower, CutsTheHighWatermarkWithTheLog) {
    Follower follower;
    follower.follow();
    auto answer = follower.answer();
    answer.diverging_epoch = OffsetAndEpoch{Offset(12), LeaderEpoch(3)};
    answer.own_end_of_diverging_epoch = {Offset(14), LeaderEpoch(3)};
    EXPECT_EQ(follower.step(answer).truncate_to, Offset(12));
    follower.log_is(12, 3);
    EXPECT_EQ(follower.decider().high_watermark(), Offset(12));
}

TEST(PartitionFollower, GoesBackOneEpochOfItsOwnWhenItDoesNotKnowTheLeaders) {
    Follower follower;
    follower.follow();
    auto answer = follower.answer();
    // The leader's epoch 3 ends at 19; ours jumped from 2, which ended at 16, to 4 (KIP-279).
    answer.diverging_epoch = OffsetAndEpoch{Offset(19), LeaderEpoch(3)};
    answer.own_end_of_diverging_epoch = {Offset(16), LeaderEpoch(2)};
    EXPECT_EQ(follower.step(answer).truncate_to, Offset(16));
}

TEST(PartitionFollower, KeepsWhatIsAboveItsHighWatermarkUnlessTheBugIsArmed) {
    Follower right;
    EXPECT_FALSE(right.follow().truncate_to);
    BugSet bugs;
    bugs.arm(Bug::z01_hw_truncate_loss);
    Follower wrong(&bugs);
    EXPECT_EQ(wrong.follow().truncate_to, Offset(15));
    EXPECT_EQ(bugs.hits(Bug::z01_hw_truncate_loss), 1u);
}

TEST(PartitionFollower, IgnoresAnswersFromAnotherEpochOrFromBeforeATruncation) {
    Follower follower;
    follower.follow();
    auto late = follower.answer();
    late.has_records = true;
    follower.follow(6);
    EXPECT_FALSE(follower.step(late).append);

    auto diverged = follower.answer();
    auto before = diverged;
    before.has_records = true;
    diverged.diverging_epoch = OffsetAndEpoch{Offset(18), LeaderEpoch(4)};
    diverged.own_end_of_diverging_epoch = {Offset(20), LeaderEpoch(4)};
    follower.step(diverged);
    follower.log_is(18, 4);
    EXPECT_FALSE(follower.step(before).append);
}

TEST(PartitionFollower, WaitsForNewMetadataWhenItIsFenced) {
    Follower follower;
    follower.follow();
    follower.step(follower.answer(ErrorCode::fenced_leader_epoch));
    follower.advance(1h);
    EXPECT_FALSE(follower.asks());
    follower.follow(6);
    EXPECT_TRUE(follower.asks());
}

TEST(PartitionFollower, BacksOffAfterOtherErrors) {
    Follower follower;
    follower.follow();
    follower.step(follower.answer(ErrorCode::not_leader_or_follower));
    EXPECT_FALSE(follower.asks());
    follower.advance(1s);
    EXPECT_TRUE(follower.asks());
    follower.step(PartitionFollower::FetchFailed{LeaderEpoch(5)});
    EXPECT_FALSE(follower.asks());
}

TEST(PartitionFollower, FindsItsWayBackIntoTheLeadersRange) {
    struct Case {
        std::int64_t leader_start;
        std::int64_t leader_end;
        std::optional<Offset> truncate_to;
        std::optional<Offset> restart_at;
    };
    for (const Case& what : {Case{0, 17, Offset(17), std::nullopt},   // an unclean election
                             Case{40, 60, std::nullopt, Offset(40)},  // retention went past us
                             Case{0, 1, std::nullopt, Offset(0)},     // it ends before we begin
                             Case{0, 30, std::nullopt, std::nullopt}}) {
        Follower follower;
        follower.follow();
        EXPECT_TRUE(
            follower.step(follower.answer(ErrorCode::offset_out_of_range)).locate_leader_log);
        EXPECT_FALSE(follower.asks());
        const auto output = follower.step(PartitionFollower::LeaderLogLocated{
            LeaderEpoch(5), Offset(what.leader_start), Offset(what.leader_end)});
        EXPECT_EQ(output.truncate_to, what.truncate_to);
        EXPECT_EQ(output.restart_at, what.restart_at);
    }
}

TEST(PartitionFollower, StopsForGoodWhenItsLogFailed) {
    Follower follower;
    follower.follow();
    follower.step(PartitionFollower::LogFailed{});
    follower.follow(6);
    follower.advance(1h);
    EXPECT_FALSE(follower.asks());
}

}  // namespace
}  // namespace squall::model
