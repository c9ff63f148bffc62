#include "model/replica/partition_leader.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/base/describe.h"

namespace squall::model {
namespace {

constexpr BrokerId b1{1};
constexpr BrokerId b2{2};
constexpr BrokerId b3{3};

// A leader of three replicas whose epoch began at offset 10, with a high watermark that lags.
class Leader {
  public:
    explicit Leader(std::vector<BrokerId> isr = {b1, b2, b3}, Offset high_watermark = Offset(10))
        : view_{.leader_epoch = LeaderEpoch(5),
                .partition_epoch = PartitionEpoch(7),
                .replicas = {b1, b2, b3},
                .isr = std::move(isr),
                .standings = {{b1, {.broker_epoch = BrokerEpoch(101)}},
                              {b2, {.broker_epoch = BrokerEpoch(102)}},
                              {b3, {.broker_epoch = BrokerEpoch(103)}}},
                .min_insync_replicas = 2},
          decider_({.self = b1, .self_epoch = BrokerEpoch(101)},
                   {.view = view_,
                    .log_start_offset = Offset(0),
                    .log_end_offset = Offset(10),
                    .high_watermark = high_watermark},
                   now_) {}

    PartitionLeader& decider() { return decider_; }
    PartitionView& view() { return view_; }
    void advance(Duration by) { now_ += by; }
    LocalTime now() const { return now_; }

    PartitionLeader::Output step(const PartitionLeader::Input& input) {
        return decider_.step(input, now_);
    }
    PartitionLeader::Output append(std::int64_t end) {
        return step(PartitionLeader::Appended{Offset(end)});
    }
    PartitionLeader::Output await(std::uint64_t ticket, std::int64_t offset) {
        return step(PartitionLeader::AcknowledgmentAwaited{ProduceTicket(ticket), Offset(offset)});
    }
    static PartitionLeader::FollowerFetched fetch_of(BrokerId replica, std::int64_t offset) {
        return {.replica = replica,
                .replica_epoch = BrokerEpoch(100 + replica.value()),
                .fetch_offset = Offset(offset),
                .log_start_offset = Offset(0)};
    }
    PartitionLeader::Output fetched(BrokerId replica, std::int64_t offset) {
        return step(fetch_of(replica, offset));
    }
    PartitionLeader::Output answered(const IsrChange& proposal, ErrorCode error) {
        PartitionLeader::AlterPartitionAnswered answer{.proposal = proposal, .error = error};
        if (error == ErrorCode::none) {
            answer.leader_epoch = proposal.leader_epoch;
            answer.isr = proposal.proposed_isr();
            answer.partition_epoch = proposal.partition_epoch.next();
        }
        return step(answer);
    }
    FetchTarget target(BrokerId replica, std::int64_t offset) const {
        return {.replica = replica,
                .replica_epoch = BrokerEpoch(100 + replica.value()),
                .current_leader_epoch = LeaderEpoch(5),
                .fetch_offset = Offset(offset),
                .last_fetched_epoch = LeaderEpoch(4),
                .log_start_offset = Offset(0)};
    }
    PartitionLeader::FetchAnswer ask(const FetchTarget& target) const {
        return decider_.answer_fetch(target,
                                     {.end_of_last_fetched_epoch = {Offset(10), LeaderEpoch(4)}});
    }

  private:
    LocalTime now_{100s};
    PartitionView view_;
    PartitionLeader decider_;
};

PartitionLeader::ProduceAnswer answer(std::uint64_t ticket, ErrorCode error = ErrorCode::none) {
    return {ProduceTicket(ticket), error};
}

TEST(PartitionLeader, CommitsWhatTheWholeInSyncSetFetched) {
    Leader leader;
    leader.append(12);
    EXPECT_TRUE(leader.await(1, 12).answers.empty());
    EXPECT_FALSE(leader.fetched(b2, 12).high_watermark);
    EXPECT_FALSE(leader.fetched(b3, 11).high_watermark->to == Offset(12));
    EXPECT_EQ(leader.decider().high_watermark(), Offset(11));
    const auto output = leader.fetched(b3, 12);
    ASSERT_TRUE(output.high_watermark);
    EXPECT_EQ(output.high_watermark->from, Offset(11));
    EXPECT_EQ(output.high_watermark->to, Offset(12));
    EXPECT_EQ(output.answers, std::vector{answer(1)});
}

TEST(PartitionLeader, TakesOnlyAFetchThatSaysNothingNewForARepeatedOne) {
    Leader leader;
    leader.append(12);
    leader.fetched(b2, 12);
    const PartitionLeader::FollowerFetched again = Leader::fetch_of(b2, 12);
    EXPECT_FALSE(leader.decider().count_repeated_fetch(again, leader.now()));  // not committed
    leader.fetched(b3, 12);
    EXPECT_TRUE(leader.decider().count_repeated_fetch(again, leader.now()));

    PartitionLeader::FollowerFetched other = again;
    other.fetch_offset = Offset(11);  // it was cut since
    EXPECT_FALSE(leader.decider().count_repeated_fetch(other, leader.now()));
    other = again;
    other.log_start_offset = Offset(3);  // of which DeleteRecords may wait
    EXPECT_FALSE(leader.decider().count_repeated_fetch(other, leader.now()));
    other = again;
    other.replica_epoch = BrokerEpoch(202);  // another incarnation
    EXPECT_FALSE(leader.decider().count_repeated_fetch(other, leader.now()));
    leader.append(13);
    EXPECT_FALSE(leader.decider().count_repeated_fetch(again, leader.now()));

    Leader without_b2({b1, b3});
    without_b2.fetched(b3, 10);
    EXPECT_FALSE(
        without_b2.decider().count_repeated_fetch(Leader::fetch_of(b2, 10), without_b2.now()));
}

RC_GTEST_PROP(PartitionLeader, CountsARepeatedFetchAsAnyOther, ()) {
    Leader leader(*rc::gen::element(std::vector{b1, b2, b3}, std::vector{b1, b3}));
    std::int64_t end = 10;
    const auto steps = *rc::gen::container<std::vector<int>>(40, rc::gen::inRange(0, 8));
    for (const int what : steps) {
        leader.advance(1s);
        if (what == 0) {
            leader.append(++end);
            continue;
        }
        // Mostly from the end, so that it is repeated often.
        const PartitionLeader::FollowerFetched fetch =
            Leader::fetch_of(what % 2 == 0 ? b2 : b3, what < 6 ? end : end - 1);
        PartitionLeader counted = leader.decider();
        const bool is_repeated = counted.count_repeated_fetch(fetch, leader.now());
        const PartitionLeader before = leader.decider();
        const PartitionLeader::Output output = leader.step(fetch);
        RC_ASSERT(encode_canonical(counted) ==
                  encode_canonical(is_repeated ? leader.decider() : before));
        if (!is_repeated) continue;
        RC_ASSERT(!output.high_watermark && !output.proposal && output.answers.empty());
    }
}

TEST(PartitionLeader, KeepsTheHighWatermarkWhileTheCommittedSetIsBelowTheMinimum) {
    Leader leader({b1});
    leader.append(12);
    EXPECT_EQ(leader.decider().high_watermark(), Offset(10));
    EXPECT_EQ(leader.decider().admits_produce(-1, std::nullopt), ErrorCode::not_enough_replicas);
    EXPECT_EQ(leader.decider().admits_produce(1, std::nullopt), ErrorCode::none);
    leader.view().min_insync_replicas = 1;
    EXPECT_EQ(leader.step(PartitionLeader::MetadataChanged{leader.view()}).high_watermark->to,
              Offset(12));
}

TEST(PartitionLeader, AsksNoMoreReplicasThanThereAre) {
    Leader leader;
    leader.view().min_insync_replicas = 5;
    leader.step(PartitionLeader::MetadataChanged{leader.view()});
    EXPECT_EQ(leader.decider().admits_produce(-1, std::nullopt), ErrorCode::none);
}

TEST(PartitionLeader, AdmitsCoordinatorsOnlyInTheirEpochAndNoStrangeAcks) {
    Leader leader;
    EXPECT_EQ(leader.decider().admits_produce(-1, LeaderEpoch(4)),
              ErrorCode::not_leader_or_follower);
    EXPECT_EQ(leader.decider().admits_produce(-1, LeaderEpoch(5)), ErrorCode::none);
    EXPECT_EQ(leader.decider().admits_produce(2, std::nullopt), ErrorCode::invalid_required_acks);
}

TEST(PartitionLeader, TakesAShrinkIntoAccountOnlyWhenItIsCommitted) {
    Leader leader;
    leader.append(12);
    leader.await(1, 12);
    leader.advance(31s);
    leader.fetched(b2, 12);
    const auto proposed = leader.step(PartitionLeader::Ticked{});
    ASSERT_TRUE(proposed.proposal);
    EXPECT_EQ(proposed.proposal->proposed_isr(), (std::vector{b1, b2}));
    // The controller may still elect b3.
    EXPECT_EQ(leader.decider().high_watermark(), Offset(10));
    const auto output = leader.answered(*proposed.proposal, ErrorCode::none);
    EXPECT_EQ(output.high_watermark->to, Offset(12));
    EXPECT_EQ(output.answers, std::vector{answer(1)});
    EXPECT_EQ(leader.decider().in_sync_set().partition_epoch(), PartitionEpoch(8));
}

TEST(PartitionLeader, WaitsForAReplicaFromTheMomentItIsProposed) {
    Leader leader({b1, b2});
    leader.append(12);
    const auto proposed = leader.fetched(b3, 10);
    ASSERT_TRUE(proposed.proposal);
    EXPECT_EQ(proposed.proposal->to.back(), (IsrMember{b3, BrokerEpoch(103)}));
    EXPECT_FALSE(leader.fetched(b2, 12).high_watermark);
    EXPECT_EQ(leader.fetched(b3, 11).high_watermark->to, Offset(11));
}

TEST(PartitionLeader, DoesNotProposeWhoIsBehindTheStartOfItsEpoch) {
    // The high watermark lags behind the epoch start; what lies between may be committed.
    Leader leader({b1, b2}, Offset(5));
    EXPECT_FALSE(leader.fetched(b3, 5).proposal);
    EXPECT_FALSE(leader.fetched(b3, 9).proposal);
    EXPECT_TRUE(leader.fetched(b3, 10).proposal);
}

TEST(PartitionLeader, DoesNotProposeFencedOrLeavingBrokersOrOldIncarnations) {
    for (const BrokerStanding standing :
         {BrokerStanding{.broker_epoch = BrokerEpoch(103), .is_fenced = true},
          BrokerStanding{.broker_epoch = BrokerEpoch(103), .in_controlled_shutdown = true},
          BrokerStanding{.broker_epoch = BrokerEpoch(102)}}) {
        Leader leader({b1, b2});
        leader.view().standings[b3] = standing;
        leader.step(PartitionLeader::MetadataChanged{leader.view()});
        EXPECT_FALSE(leader.fetched(b3, 10).proposal);
    }
}

TEST(PartitionLeader, RefusesFetchesOfAnIncarnationThatIsGone) {
    Leader leader;
    leader.view().standings[b3].broker_epoch = BrokerEpoch(203);
    leader.step(PartitionLeader::MetadataChanged{leader.view()});
    EXPECT_EQ(leader.ask(leader.target(b3, 10)).error, ErrorCode::not_leader_or_follower);
}

TEST(PartitionLeader, HasOneProposalInFlight) {
    Leader leader({b1});
    ASSERT_TRUE(leader.fetched(b2, 10).proposal);
    EXPECT_FALSE(leader.fetched(b3, 10).proposal);
}

TEST(PartitionLeader, RollsBackWhatTheControllerRefusesForGood) {
    Leader leader({b1, b2});
    const auto proposal = leader.fetched(b3, 10).proposal;
    leader.answered(*proposal, ErrorCode::ineligible_replica);
    EXPECT_FALSE(leader.decider().in_sync_set().is_change_in_flight());
    EXPECT_FALSE(leader.decider().in_sync_set().is_in_maximal(b3));
    EXPECT_TRUE(leader.fetched(b3, 10).proposal);
}

TEST(PartitionLeader, KeepsAProposalWhoseFateOnlyMetadataCanTell) {
    for (const ErrorCode error : {ErrorCode::fenced_leader_epoch, ErrorCode::invalid_update_version,
                                  ErrorCode::invalid_request, ErrorCode::new_leader_elected}) {
        Leader leader({b1, b2});
        const auto proposal = leader.fetched(b3, 10).proposal;
        EXPECT_FALSE(leader.answered(*proposal, error).proposal);
        EXPECT_TRUE(leader.decider().in_sync_set().is_in_maximal(b3));
        leader.view().partition_epoch = PartitionEpoch(8);
        leader.step(PartitionLeader::MetadataChanged{leader.view()});
        EXPECT_FALSE(leader.decider().in_sync_set().is_change_in_flight());
    }
}

TEST(PartitionLeader, SendsAProposalAgainAfterAnyOtherError) {
    Leader leader({b1, b2});
    const auto proposal = leader.fetched(b3, 10).proposal;
    EXPECT_EQ(leader.answered(*proposal, ErrorCode::unknown_server_error).proposal, proposal);
}

TEST(PartitionLeader, IgnoresTheAnswerToAProposalThatMetadataSettled) {
    Leader leader({b1, b2});
    const auto proposal = leader.fetched(b3, 10).proposal;
    leader.view().partition_epoch = PartitionEpoch(9);
    leader.step(PartitionLeader::MetadataChanged{leader.view()});
    leader.answered(*proposal, ErrorCode::none);
    EXPECT_EQ(leader.decider().in_sync_set().committed(), (std::vector{b1, b2}));
    EXPECT_EQ(leader.decider().in_sync_set().partition_epoch(), PartitionEpoch(9));
}

TEST(PartitionLeader, KeepsWhoKeepsPaceAlthoughItNeverReachesTheEnd) {
    Leader leader;
    std::int64_t end = 10;
    for (int second = 0; second < 120; ++second) {
        leader.advance(1s);
        leader.fetched(b2, end);
        leader.fetched(b3, end);
        end += 5;
        leader.append(end);
        EXPECT_FALSE(leader.step(PartitionLeader::Ticked{}).proposal);
    }
}

TEST(PartitionLeader, FencesByLeaderEpoch) {
    Leader leader;
    FetchTarget target = leader.target(b2, 10);
    target.current_leader_epoch = LeaderEpoch(4);
    EXPECT_EQ(leader.ask(target).error, ErrorCode::fenced_leader_epoch);
    target.current_leader_epoch = LeaderEpoch(6);
    EXPECT_EQ(leader.ask(target).error, ErrorCode::unknown_leader_epoch);
    target.current_leader_epoch = LeaderEpoch(5);
    target.replica = BrokerId(9);
    EXPECT_EQ(leader.ask(target).error, ErrorCode::unknown_leader_epoch);
}

TEST(PartitionLeader, NamesTheEpochWhereAFollowerDiverged) {
    Leader leader;
    FetchTarget target = leader.target(b2, 12);
    EXPECT_EQ(leader.ask(target).diverging, (OffsetAndEpoch{Offset(10), LeaderEpoch(4)}));
    target.fetch_offset = Offset(10);
    EXPECT_FALSE(leader.ask(target).diverging);
    target.last_fetched_epoch = LeaderEpoch(3);
    EXPECT_FALSE(leader.ask(target).diverging);
}

TEST(PartitionLeader, ShowsConsumersNothingAboveTheHighWatermark) {
    Leader leader;
    leader.append(12);
    FetchTarget target{.fetch_offset = Offset(8)};
    EXPECT_EQ(leader.ask(target).upto, Offset(10));
    target.fetch_offset = Offset(11);
    EXPECT_EQ(leader.ask(target).error, ErrorCode::none);
    EXPECT_EQ(leader.ask(target).upto, Offset(11));
    target.fetch_offset = Offset(13);
    EXPECT_EQ(leader.ask(target).error, ErrorCode::offset_out_of_range);
    target = {.fetch_offset = Offset(8), .read_committed = true};
    EXPECT_EQ(leader.decider().answer_fetch(target, {.first_unstable_offset = Offset(9)}).upto,
              Offset(9));
    EXPECT_EQ(leader.ask(leader.target(b2, 10)).upto, Offset(12));
}

TEST(PartitionLeader, ListsNoEndBeforeTheHighWatermarkReachedItsEpoch) {
    Leader leader({b1, b2}, Offset(5));
    EXPECT_FALSE(leader.decider().may_list_end_offset());
    leader.fetched(b2, 10);
    EXPECT_TRUE(leader.decider().may_list_end_offset());
}

TEST(PartitionLeader, TellsEverybodyWhoWaitsWhenItResigns) {
    Leader leader;
    leader.append(12);
    leader.await(1, 11);
    leader.await(2, 12);
    EXPECT_EQ(leader.step(PartitionLeader::Resigned{}).answers,
              (std::vector{answer(1, ErrorCode::not_leader_or_follower),
                           answer(2, ErrorCode::not_leader_or_follower)}));
}

TEST(PartitionLeader, PromisesNothingForAReplicaSetThatBecameTooSmall) {
    Leader leader({b1, b2});
    leader.view().min_insync_replicas = 3;
    leader.step(PartitionLeader::MetadataChanged{leader.view()});
    // A retry of something committed long ago.
    EXPECT_EQ(leader.await(1, 9).answers,
              std::vector{answer(1, ErrorCode::not_enough_replicas_after_append)});
}

// ---- DeleteRecords (KIP-107) ----

TEST(PartitionLeader, LetsNothingBeDeletedThatIsNotCommitted) {
    Leader leader({b1, b2, b3}, Offset(6));
    EXPECT_TRUE(leader.decider().may_delete_up_to(Offset(6)));
    EXPECT_FALSE(leader.decider().may_delete_up_to(Offset(7)));
    EXPECT_FALSE(leader.decider().may_delete_up_to(Offset(-2)));
}

TEST(PartitionLeader, KnowsTheLowWatermarkOfTheReplicasThatLive) {
    Leader leader;
    const auto told = [&](BrokerId replica, std::int64_t log_start) {
        leader.step(
            PartitionLeader::FollowerFetched{.replica = replica,
                                             .replica_epoch = BrokerEpoch(100 + replica.value()),
                                             .fetch_offset = Offset(10),
                                             .log_start_offset = Offset(log_start)});
    };
    leader.step(PartitionLeader::LogStartAdvanced{Offset(5)});
    // Who has not fetched yet may have everything.
    EXPECT_EQ(leader.decider().low_watermark(), no_offset);
    told(b2, 5);
    told(b3, 2);
    EXPECT_EQ(leader.decider().low_watermark(), Offset(2));
    leader.view().standings[b3].is_fenced = true;
    leader.step(PartitionLeader::MetadataChanged{leader.view()});
    EXPECT_EQ(leader.decider().low_watermark(), Offset(5));
}

// ---- fetch from follower (KIP-392) ----

TEST(PartitionLeader, SendsConsumersOnlyToFollowersInSyncThatHaveTheOffset) {
    Leader leader({b1, b2});
    leader.append(20);
    leader.fetched(b2, 15);
    leader.fetched(b3, 20);
    const auto at = [&](std::int64_t offset) {
        std::vector<BrokerId> brokers;
        for (const ReadCandidate& candidate :
             leader.decider().read_candidates(Offset(offset), LocalTime{})) {
            brokers.push_back(candidate.broker);
        }
        return brokers;
    };
    EXPECT_EQ(at(15), std::vector<BrokerId>{b2});
    EXPECT_EQ(at(16), std::vector<BrokerId>{});
    leader.step(PartitionLeader::FollowerFetched{.replica = b2,
                                                 .replica_epoch = BrokerEpoch(102),
                                                 .fetch_offset = Offset(15),
                                                 .log_start_offset = Offset(4)});
    EXPECT_EQ(at(3), std::vector<BrokerId>{});
}

TEST(PartitionLeader, AnswersForARepetitionWhenTheBatchIsCommittedUnlessTheBugIsArmed) {
    BugSet bugs;
    EXPECT_TRUE(awaits_in_sync_set(-1, true, nullptr));
    EXPECT_FALSE(awaits_in_sync_set(1, true, nullptr));
    bugs.arm(Bug::z97_apply_before_commit);
    EXPECT_TRUE(awaits_in_sync_set(-1, false, &bugs));
    EXPECT_FALSE(awaits_in_sync_set(1, true, &bugs));
    EXPECT_EQ(bugs.hits(Bug::z97_apply_before_commit), 0u);
    EXPECT_FALSE(awaits_in_sync_set(-1, true, &bugs));
    EXPECT_EQ(bugs.hits(Bug::z97_apply_before_commit), 1u);
}

}  // namespace
}  // namespace squall::model
