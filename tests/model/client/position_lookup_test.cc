// How positions are found and checked (KIP-320), without a network.
#include "model/client/consumer/position_lookup.h"

#include <gtest/gtest.h>

namespace squall::model {
namespace {

const TopicPartition p0{.topic = "orders", .partition = 0};

class PositionLookupTest : public testing::Test {
  protected:
    PositionLookupTest() {
        metadata.track("orders");
        know_leader(LeaderEpoch{5});
        state.assign_from_user({p0});
    }

    // Broker 1 leads.
    void know_leader(LeaderEpoch epoch) {
        metadata.begin_refresh();
        MetadataResponse response;
        response.brokers.push_back(
            {.node_id = BrokerId{1}, .host = "b1", .port = 9092, .rack = std::nullopt});
        MetadataResponse::Topic& topic = response.topics.emplace_back();
        topic.name = "orders";
        topic.topic_id = Uuid{.high = 1, .low = 1};
        MetadataResponse::Partition& partition = topic.partitions.emplace_back();
        partition.leader_id = BrokerId{1};
        partition.leader_epoch = epoch;
        metadata.apply(response, now, jitter);
    }
    static ConsumerOptions options(std::string reset) {
        ConsumerOptions made;
        made.group_id = "payment";
        made.auto_offset_reset = std::move(reset);
        return made;
    }
    // Asks for the end of the position's epoch, and has it answered.
    PositionLookup::Reaction validate(PositionLookup& lookup, Offset end, LeaderEpoch epoch,
                                      ErrorCode error = ErrorCode::none) {
        bool refresh = false;
        const auto asks = lookup.begin_epochs(state, metadata, now, refresh);
        EXPECT_EQ(asks.size(), 1u);
        OffsetForLeaderEpochResponse response;
        response.topics.push_back(
            {.topic = "orders",
             .partitions = {
                 {.error_code = error, .partition = 0, .leader_epoch = epoch, .end_offset = end}}});
        return lookup.on_epochs(asks.at(0), response, state, now);
    }
    // Read up to offset 10, the last record of epoch 5, under its leader.
    void read_to_ten(PositionLookup& lookup) {
        state.seek(p0, {.offset = Offset{10}, .offset_epoch = LeaderEpoch{5}});
        lookup.meet_leaders(state, metadata);
        validate(lookup, Offset{10}, LeaderEpoch{5});
        ASSERT_TRUE(state.is_fetchable(p0));
    }

    MetadataCache metadata{ClientOptions{}};
    SubscriptionState state;
    LocalTime now{1s};
    Draws jitter{Noise(1), Meaning("jitter")};
};

TEST_F(PositionLookupTest, HandsNothingOutUntilANewLeaderHasSaidThatThePositionStands) {
    PositionLookup lookup(options("latest"));
    read_to_ten(lookup);
    lookup.meet_leaders(state, metadata);
    EXPECT_TRUE(state.is_fetchable(p0)) << "the same leader is not asked twice";
    know_leader(LeaderEpoch{6});
    lookup.meet_leaders(state, metadata);
    EXPECT_FALSE(state.is_fetchable(p0));
    const auto reaction = validate(lookup, Offset{12}, LeaderEpoch{5});
    EXPECT_TRUE(reaction.found.empty());
    EXPECT_TRUE(state.is_fetchable(p0));
    EXPECT_EQ(state.position(p0)->offset, Offset{10});
}

TEST_F(PositionLookupTest, GoesBackToWhereATruncatedLogDiverges) {
    PositionLookup lookup(options("latest"));
    read_to_ten(lookup);
    know_leader(LeaderEpoch{6});
    lookup.meet_leaders(state, metadata);
    const auto reaction = validate(lookup, Offset{7}, LeaderEpoch{4});
    ASSERT_EQ(reaction.found.size(), 1u);
    EXPECT_EQ(reaction.found[0].source, PositionSource::truncation);
    EXPECT_EQ(state.position(p0),
              (FetchPosition{.offset = Offset{7}, .offset_epoch = LeaderEpoch{4}}));
    EXPECT_TRUE(state.is_fetchable(p0));
}

TEST_F(PositionLookupTest, TellsTheApplicationOfATruncationWhereNoPolicyMayDecide) {
    PositionLookup lookup(options("none"));
    read_to_ten(lookup);
    know_leader(LeaderEpoch{6});
    lookup.meet_leaders(state, metadata);
    const auto reaction = validate(lookup, Offset{7}, LeaderEpoch{4});
    ASSERT_TRUE(reaction.problem.has_value());
    EXPECT_NE(reaction.problem->find("truncated to 7"), std::string::npos) << *reaction.problem;
    EXPECT_FALSE(state.is_fetchable(p0));
}

TEST_F(PositionLookupTest, ResetsWhereNothingOfTheEpochIsLeft) {
    PositionLookup lookup(options("earliest"));
    read_to_ten(lookup);
    know_leader(LeaderEpoch{6});
    lookup.meet_leaders(state, metadata);
    validate(lookup, no_offset, no_leader_epoch);
    EXPECT_EQ(state.pending_reset(p0), OffsetReset::earliest);
}

TEST_F(PositionLookupTest, AsksAgainLaterOfALeaderThatIsNotOneAnyMore) {
    PositionLookup lookup(options("latest"));
    read_to_ten(lookup);
    know_leader(LeaderEpoch{6});
    lookup.meet_leaders(state, metadata);
    EXPECT_TRUE(validate(lookup, no_offset, no_leader_epoch, ErrorCode::not_leader_or_follower)
                    .refresh_metadata);
    bool refresh = false;
    EXPECT_TRUE(lookup.begin_epochs(state, metadata, now, refresh).empty());
    EXPECT_EQ(lookup.begin_epochs(state, metadata, now + 1s, refresh).size(), 1u);
}

TEST_F(PositionLookupTest, ChecksACommittedOffsetAgainstTheFirstLeaderItMeets) {
    PositionLookup lookup(options("latest"));
    const auto asked = lookup.begin_committed(state, now);
    ASSERT_EQ(asked.size(), 1u);
    EXPECT_TRUE(lookup.begin_committed(state, now).empty()) << "one lookup at a time";
    OffsetFetchResponse response;
    OffsetFetchResponse::Group& group = response.groups.emplace_back();
    group.group_id = "payment";
    group.topics.push_back({.name = "orders",
                            .topic_id = {},
                            .partitions = {{.partition_index = 0,
                                            .committed_offset = Offset{4},
                                            .committed_leader_epoch = LeaderEpoch{3},
                                            .metadata = ""}}});
    const auto reaction =
        lookup.on_committed(asked, state.assignment_version(), response, state, metadata, now);
    ASSERT_EQ(reaction.found.size(), 1u);
    lookup.meet_leaders(state, metadata);
    EXPECT_EQ(state.state(p0), SubscriptionState::State::awaiting_validation);
}

TEST_F(PositionLookupTest, ValidatesNothingIfTheBugIsArmed) {
    BugSet bugs;
    bugs.arm(Bug::z90_truncation_undetected_by_consumer);
    PositionLookup lookup(options("latest"), &bugs);
    state.seek(p0, {.offset = Offset{10}, .offset_epoch = LeaderEpoch{5}});
    lookup.meet_leaders(state, metadata);
    EXPECT_TRUE(state.is_fetchable(p0));
    EXPECT_EQ(bugs.hits(Bug::z90_truncation_undetected_by_consumer), 1u);
}

TEST_F(PositionLookupTest, DropsAnAnswerForAPositionThatWasSoughtAway) {
    PositionLookup lookup(options("latest"));
    read_to_ten(lookup);
    know_leader(LeaderEpoch{6});
    lookup.meet_leaders(state, metadata);
    bool refresh = false;
    const auto asks = lookup.begin_epochs(state, metadata, now, refresh);
    state.seek(p0, {.offset = Offset{2}});
    OffsetForLeaderEpochResponse response;
    response.topics.push_back(
        {.topic = "orders",
         .partitions = {
             {.partition = 0, .leader_epoch = LeaderEpoch{4}, .end_offset = Offset{1}}}});
    EXPECT_TRUE(lookup.on_epochs(asks.at(0), response, state, now).found.empty());
    EXPECT_EQ(state.position(p0)->offset, Offset{2});
}

}  // namespace
}  // namespace squall::model
