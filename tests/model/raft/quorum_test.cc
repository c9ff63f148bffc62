#include "model/raft/quorum.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace squall::model::raft {
namespace {

constexpr BrokerId a{1001};
constexpr BrokerId b{1002};
constexpr BrokerId c{1003};
constexpr BrokerId observer{1};

RaftOptions voters(std::vector<BrokerId> ids) {
    RaftOptions options;
    for (const BrokerId id : ids) options.voters.push_back({.id = id, .host = "c"});
    return options;
}

LocalTime at(Duration since_boot) {
    return LocalTime(since_boot);
}

Quorum member(BrokerId self, std::vector<BrokerId> ids, QuorumState state = {},
              LogSummary log = {}) {
    return Quorum({.self = self, .options = voters(std::move(ids)), .jitter_seed = 7}, state,
                  std::move(log));
}

LogSummary log_of(std::vector<std::pair<std::int32_t, std::int64_t>> epochs) {
    LogSummary log;
    for (const auto& [epoch, count] : epochs) log.append(RaftEpoch{epoch}, count);
    log.mark_flushed(log.log_end());
    return log;
}

template <class T>
std::vector<T> sent(const Output& output) {
    std::vector<T> messages;
    for (const Outbound& outbound : output.send) {
        if (const auto* message = std::get_if<T>(&outbound.message)) messages.push_back(*message);
    }
    return messages;
}

// Boots `a` of three and brings it to leadership with the vote of `b`.
Quorum elected(QuorumState state = {}, LogSummary log = {}) {
    Quorum quorum = member(a, {a, b, c}, state, std::move(log));
    quorum.step(Boot{}, at(0s));
    const Output asks = quorum.step(Tick{}, quorum.next_deadline());
    EXPECT_TRUE(asks.send.empty() || quorum.role() == RoleName::prospective);
    while (quorum.role() != RoleName::prospective) quorum.step(Tick{}, quorum.next_deadline());
    quorum.step(Received{VoteResponse{
                    .voter = b, .epoch = quorum.state().epoch, .granted = true, .pre_vote = true}},
                at(3s));
    EXPECT_EQ(quorum.role(), RoleName::candidate);
    quorum.step(Received{VoteResponse{.voter = b, .epoch = quorum.state().epoch, .granted = true}},
                at(3s));
    EXPECT_EQ(quorum.role(), RoleName::leader);
    return quorum;
}

FetchRequest fetch_of(BrokerId replica, RaftEpoch epoch, std::int64_t offset,
                      std::int32_t last_epoch) {
    return {.replica = replica,
            .epoch = epoch,
            .position = {Offset{offset}, RaftEpoch{last_epoch}},
            .high_watermark = {}};
}

TEST(Quorum, OnlyVoterLeadsAtBootAndCommitsOnceItsLeaderChangeIsDurable) {
    Quorum quorum = member(a, {a});
    const Output boot = quorum.step(Boot{}, at(0s));
    EXPECT_EQ(quorum.role(), RoleName::leader);
    EXPECT_EQ(quorum.state(), (QuorumState{.epoch = RaftEpoch{1}, .leader = a, .voted = a}));
    EXPECT_TRUE(boot.persist_state);
    EXPECT_TRUE(boot.append_leader_change);
    EXPECT_TRUE(boot.flush);
    EXPECT_TRUE(boot.send.empty());
    EXPECT_EQ(quorum.high_watermark(), Offset{0});

    const Output flushed = quorum.step(LogFlushed{Offset{1}}, at(1ms));
    EXPECT_TRUE(flushed.high_watermark_moved);
    EXPECT_EQ(quorum.high_watermark(), Offset{1});
    EXPECT_EQ(quorum.next_deadline(), LocalTime::max());
}

TEST(Quorum, OnlyVoterGetsANewEpochAtEveryBoot) {
    Quorum quorum =
        member(a, {a}, {.epoch = RaftEpoch{4}, .leader = a, .voted = a}, log_of({{1, 3}, {4, 2}}));
    quorum.step(Boot{}, at(0s));
    EXPECT_EQ(quorum.state().epoch, RaftEpoch{5});
    EXPECT_EQ(quorum.epoch_start(), Offset{5});
}

TEST(Quorum, ProposalsCommitInOrderOfFlushes) {
    Quorum quorum = member(a, {a});
    quorum.step(Boot{}, at(0s));
    const Output proposed = quorum.step(Propose{3}, at(1ms));
    ASSERT_TRUE(proposed.append_proposed);
    EXPECT_EQ(*proposed.append_proposed, (BatchSpan{Offset{1}, Offset{3}, RaftEpoch{1}}));
    quorum.step(LogFlushed{Offset{1}}, at(2ms));
    EXPECT_EQ(quorum.high_watermark(), Offset{1});
    quorum.step(LogFlushed{Offset{4}}, at(3ms));
    EXPECT_EQ(quorum.high_watermark(), Offset{4});
}

TEST(Quorum, OnlyALeaderTakesProposals) {
    Quorum quorum = member(a, {a, b, c});
    quorum.step(Boot{}, at(0s));
    EXPECT_FALSE(quorum.step(Propose{1}, at(1ms)).append_proposed);
}

TEST(Quorum, VoteIsGivenOnceAnEpochAndPersistedWithTheAnswer) {
    Quorum quorum = member(a, {a, b, c});
    quorum.step(Boot{}, at(0s));
    const Output first = quorum.step(
        Received{VoteRequest{.candidate = b, .epoch = RaftEpoch{1}, .last = {}}}, at(1ms));
    EXPECT_TRUE(first.persist_state);
    EXPECT_TRUE(first.vote_granted);
    EXPECT_TRUE(std::get<VoteResponse>(*first.reply).granted);
    EXPECT_EQ(quorum.state(), (QuorumState{.epoch = RaftEpoch{1}, .voted = b}));

    const Output second = quorum.step(
        Received{VoteRequest{.candidate = c, .epoch = RaftEpoch{1}, .last = {}}}, at(2ms));
    EXPECT_FALSE(std::get<VoteResponse>(*second.reply).granted);

    // After a restart the vote still binds.
    Quorum restarted = member(a, {a, b, c}, quorum.state());
    restarted.step(Boot{}, at(3ms));
    const Output third = restarted.step(
        Received{VoteRequest{.candidate = c, .epoch = RaftEpoch{1}, .last = {}}}, at(4ms));
    EXPECT_FALSE(std::get<VoteResponse>(*third.reply).granted);
}

TEST(Quorum, VoteIsRefusedToAShorterLog) {
    Quorum quorum = member(a, {a, b, c}, {.epoch = RaftEpoch{3}}, log_of({{1, 2}, {3, 2}}));
    quorum.step(Boot{}, at(0s));
    const auto granted = [&](std::int64_t offset, std::int32_t epoch) {
        Quorum copy = quorum;
        const Output output = copy.step(
            Received{VoteRequest{
                .candidate = b, .epoch = RaftEpoch{4}, .last = {Offset{offset}, RaftEpoch{epoch}}}},
            at(1ms));
        return std::get<VoteResponse>(*output.reply).granted;
    };
    EXPECT_FALSE(granted(3, 3));
    EXPECT_FALSE(granted(9, 2));
    EXPECT_TRUE(granted(4, 3));
    EXPECT_TRUE(granted(5, 3));
}

TEST(Quorum, VoteRequestOfAnOlderEpochIsFenced) {
    Quorum quorum = member(a, {a, b, c}, {.epoch = RaftEpoch{5}});
    quorum.step(Boot{}, at(0s));
    const Output output = quorum.step(
        Received{VoteRequest{.candidate = b, .epoch = RaftEpoch{4}, .last = {}}}, at(1ms));
    const auto& answer = std::get<VoteResponse>(*output.reply);
    EXPECT_EQ(answer.error, ErrorCode::fenced_leader_epoch);
    EXPECT_EQ(answer.epoch, RaftEpoch{5});
}

TEST(Quorum, CandidateWhoseLogHoldsItsOwnEpochIsInvalid) {
    Quorum quorum = member(a, {a, b, c});
    quorum.step(Boot{}, at(0s));
    const Output output =
        quorum.step(Received{VoteRequest{
                        .candidate = b, .epoch = RaftEpoch{4}, .last = {Offset{9}, RaftEpoch{4}}}},
                    at(1ms));
    EXPECT_EQ(std::get<VoteResponse>(*output.reply).error, ErrorCode::invalid_request);
    EXPECT_EQ(quorum.state().epoch, no_epoch);
}

TEST(Quorum, PreVoteRaisesNoEpochUntilAMajorityWouldFollow) {
    Quorum quorum = member(a, {a, b, c}, {.epoch = RaftEpoch{2}});
    quorum.step(Boot{}, at(0s));
    for (int round = 0; round < 5; ++round) {
        while (quorum.role() != RoleName::prospective) quorum.step(Tick{}, quorum.next_deadline());
        for (const BrokerId voter : {b, c}) {
            quorum.step(
                Received{VoteResponse{
                    .voter = voter, .epoch = RaftEpoch{2}, .granted = false, .pre_vote = true}},
                at(1s));
        }
        EXPECT_EQ(quorum.role(), RoleName::unattached);
        EXPECT_EQ(quorum.state().epoch, RaftEpoch{2});
    }
}

TEST(Quorum, FollowerThatHearsItsLeaderRefusesPreVotes) {
    Quorum quorum = member(a, {a, b, c});
    quorum.step(Boot{}, at(0s));
    quorum.step(Received{BeginQuorumEpochRequest{.leader = b, .epoch = RaftEpoch{1}}}, at(1ms));
    const Received question{
        VoteRequest{.candidate = c, .epoch = RaftEpoch{1}, .last = {}, .pre_vote = true}};
    Quorum not_heard = quorum;
    const Output before = not_heard.step(question, at(2ms));
    EXPECT_TRUE(std::get<VoteResponse>(*before.reply).granted);

    quorum.step(Received{FetchResponse{.from = b, .epoch = RaftEpoch{1}, .leader = b}}, at(2ms));
    const Output after = quorum.step(question, at(3ms));
    EXPECT_FALSE(std::get<VoteResponse>(*after.reply).granted);
}

TEST(Quorum, WhoLostItsLeaderIsTurnedBackByTheLeaderAloneNotByHearsay) {
    Quorum quorum = member(a, {a, b, c});
    quorum.step(Boot{}, at(0s));
    quorum.step(Received{BeginQuorumEpochRequest{.leader = b, .epoch = RaftEpoch{1}}}, at(1ms));
    quorum.step(Tick{}, at(3s));
    ASSERT_EQ(quorum.role(), RoleName::prospective);
    quorum.step(
        Received{VoteResponse{.voter = c, .epoch = RaftEpoch{1}, .leader = b, .pre_vote = true}},
        at(3s));
    EXPECT_EQ(quorum.role(), RoleName::prospective);
    quorum.step(Received{BeginQuorumEpochRequest{.leader = b, .epoch = RaftEpoch{1}}}, at(3s));
    EXPECT_EQ(quorum.role(), RoleName::follower);
}

TEST(Quorum, AnswersOfAPreVoteDoNotCountAsVotes) {
    Quorum quorum = member(a, {a, b, c});
    quorum.step(Boot{}, at(0s));
    quorum.step(Tick{}, quorum.next_deadline());
    ASSERT_EQ(quorum.role(), RoleName::prospective);
    const VoteResponse would{.voter = b, .epoch = no_epoch, .granted = true, .pre_vote = true};
    quorum.step(Received{would}, at(3s));
    ASSERT_EQ(quorum.role(), RoleName::candidate);
    VoteResponse late = would;
    late.voter = c;
    late.epoch = RaftEpoch{1};
    quorum.step(Received{late}, at(3s));
    EXPECT_EQ(quorum.role(), RoleName::candidate);
}

// Raft figure 8, KAFKA-12619: a majority holds a record of epoch 2, but the leader of epoch 3 may
// not commit it by counting replicas.
TEST(Quorum, LeaderDoesNotCommitRecordsOfEarlierEpochsByCounting) {
    Quorum quorum = elected({.epoch = RaftEpoch{2}}, log_of({{1, 1}, {2, 1}}));
    const RaftEpoch epoch = quorum.state().epoch;
    quorum.step(LogFlushed{quorum.log().log_end()}, at(3s));
    quorum.step(Received{fetch_of(b, epoch, 2, 2)}, at(3s));
    EXPECT_EQ(quorum.high_watermark(), Offset{0});
    quorum.step(Received{fetch_of(b, epoch, 3, epoch.value())}, at(3s));
    EXPECT_EQ(quorum.high_watermark(), Offset{3});
}

TEST(Quorum, LeaderCountsItsOwnRecordsOnlyWhenTheyAreDurable) {
    Quorum quorum = elected();
    const RaftEpoch epoch = quorum.state().epoch;
    quorum.step(Received{fetch_of(b, epoch, 1, epoch.value())}, at(3s));
    EXPECT_EQ(quorum.high_watermark(), Offset{0});
    quorum.step(LogFlushed{Offset{1}}, at(3s));
    EXPECT_EQ(quorum.high_watermark(), Offset{1});
}

TEST(Quorum, LeaderThatNoMajorityFetchesFromResigns) {
    Quorum quorum = elected();
    const RaftEpoch epoch = quorum.state().epoch;
    quorum.step(Received{fetch_of(b, epoch, 0, 0)}, at(4s));
    quorum.step(Tick{}, at(6999ms));
    EXPECT_EQ(quorum.role(), RoleName::leader);
    const Output output = quorum.step(Tick{}, at(7s));
    EXPECT_EQ(quorum.role(), RoleName::resigned);
    EXPECT_EQ(sent<EndQuorumEpochRequest>(output).size(), 2u);
}

TEST(Quorum, ObserversAndStrangersDoNotKeepALeaderInOffice) {
    Quorum quorum = elected();
    quorum.step(Received{fetch_of(observer, quorum.state().epoch, 0, 0)}, at(5s));
    quorum.step(Tick{}, at(6s));
    EXPECT_EQ(quorum.role(), RoleName::resigned);
}

TEST(Quorum, ResigningLeaderNamesTheLongestLogFirst) {
    Quorum quorum = elected();
    const RaftEpoch epoch = quorum.state().epoch;
    quorum.step(Received{fetch_of(b, epoch, 0, 0)}, at(3s));
    quorum.step(Received{fetch_of(c, epoch, 1, epoch.value())}, at(3s));
    const Output output = quorum.step(Resign{}, at(3s));
    EXPECT_EQ(sent<EndQuorumEpochRequest>(output).front().preferred_successors,
              (std::vector<BrokerId>{c, b}));
}

TEST(Quorum, FirstSuccessorStandsAtOnce) {
    Quorum quorum = member(a, {a, b, c});
    quorum.step(Boot{}, at(0s));
    quorum.step(Received{BeginQuorumEpochRequest{.leader = b, .epoch = RaftEpoch{1}}}, at(1ms));
    quorum.step(Received{EndQuorumEpochRequest{
                    .leader = b, .epoch = RaftEpoch{1}, .preferred_successors = {a, c}}},
                at(2ms));
    EXPECT_EQ(quorum.role(), RoleName::prospective);
}

TEST(Quorum, RestartedLeaderNeverLeadsItsOldEpochAgain) {
    Quorum quorum =
        member(a, {a, b, c}, {.epoch = RaftEpoch{6}, .leader = a, .voted = a}, log_of({{6, 4}}));
    quorum.step(Boot{}, at(0s));
    EXPECT_EQ(quorum.role(), RoleName::resigned);
    EXPECT_FALSE(quorum.step(Propose{1}, at(1ms)).append_proposed);
}

TEST(Quorum, VoterFetchesAgainOnlyAfterItsFlush) {
    Quorum quorum = member(a, {a, b, c});
    quorum.step(Boot{}, at(0s));
    const Output follows =
        quorum.step(Received{BeginQuorumEpochRequest{.leader = b, .epoch = RaftEpoch{1}}}, at(1ms));
    ASSERT_EQ(sent<FetchRequest>(follows).size(), 1u);
    const FetchResponse batches{.from = b,
                                .epoch = RaftEpoch{1},
                                .leader = b,
                                .batches = {{Offset{0}, Offset{2}, RaftEpoch{1}}}};
    const Output appended = quorum.step(Received{batches}, at(2ms));
    EXPECT_EQ(appended.append_fetched, 1u);
    EXPECT_TRUE(appended.flush);
    EXPECT_TRUE(sent<FetchRequest>(appended).empty());
    const Output flushed = quorum.step(LogFlushed{Offset{3}}, at(3ms));
    ASSERT_EQ(sent<FetchRequest>(flushed).size(), 1u);
    EXPECT_EQ(sent<FetchRequest>(flushed)[0].position, (LogPosition{Offset{3}, RaftEpoch{1}}));
}

// Nobody counts what an observer holds. A controller that may come to vote flushes it all the same.
TEST(Quorum, ObserverFetchesOnWithoutAFlush) {
    for (const bool always : {true, false}) {
        RaftOptions options = voters({a, b, c});
        options.followers_always_flush = always;
        Quorum quorum({.self = observer, .options = options, .jitter_seed = 7}, {}, {});
        quorum.step(Boot{}, at(0s));
        const Output appended =
            quorum.step(Received{FetchResponse{.from = b,
                                               .epoch = RaftEpoch{1},
                                               .leader = b,
                                               .batches = {{Offset{0}, Offset{2}, RaftEpoch{1}}}}},
                        at(1ms));
        EXPECT_EQ(appended.append_fetched, 1u);
        EXPECT_EQ(appended.flush, always);
        EXPECT_EQ(sent<FetchRequest>(appended).size(), 1u);
    }
}

TEST(Quorum, ObserverFindsTheLeaderByAskingAndFollowsItsHighWatermark) {
    Quorum quorum = member(observer, {a, b, c});
    const Output boot = quorum.step(Boot{}, at(0s));
    ASSERT_EQ(boot.send.size(), 1u);
    EXPECT_EQ(boot.send[0].to, a);
    const Output told =
        quorum.step(Received{FetchResponse{.from = a,
                                           .epoch = RaftEpoch{3},
                                           .leader = b,
                                           .error = ErrorCode::unknown_leader_epoch}},
                    at(1ms));
    EXPECT_EQ(quorum.role(), RoleName::follower);
    ASSERT_EQ(told.send.size(), 1u);
    EXPECT_EQ(told.send[0].to, b);
    const Output fetched =
        quorum.step(Received{FetchResponse{.from = b,
                                           .epoch = RaftEpoch{3},
                                           .leader = b,
                                           .high_watermark = Offset{2},
                                           .batches = {{Offset{0}, Offset{4}, RaftEpoch{3}}}}},
                    at(2ms));
    EXPECT_EQ(quorum.high_watermark(), Offset{2});
    ASSERT_EQ(sent<FetchRequest>(fetched).size(), 1u);  // an observer's fetch promises nothing
    EXPECT_EQ(sent<FetchRequest>(fetched)[0].high_watermark, Offset{2});
}

TEST(Quorum, ObserverNeverStandsForElection) {
    Quorum quorum = member(observer, {a, b, c});
    quorum.step(Boot{}, at(0s));
    for (int second = 1; second < 60; ++second) {
        quorum.step(Tick{}, at(std::chrono::seconds(second)));
        quorum.step(FetchFailed{}, at(std::chrono::seconds(second)));
        ASSERT_EQ(quorum.role(), RoleName::unattached);
    }
}

TEST(Quorum, FollowerCutsWhatDivergesAndNothingMore) {
    Quorum quorum = member(a, {a, b, c}, {.epoch = RaftEpoch{5}}, log_of({{1, 3}, {2, 4}, {4, 2}}));
    quorum.step(Boot{}, at(0s));
    quorum.step(Received{BeginQuorumEpochRequest{.leader = b, .epoch = RaftEpoch{5}}}, at(1ms));
    // The leader has epoch 2 up to offset 5; we have it up to 7.
    const Output cut =
        quorum.step(Received{FetchResponse{.from = b,
                                           .position = quorum.log().end(),
                                           .epoch = RaftEpoch{5},
                                           .leader = b,
                                           .diverging = LogPosition{Offset{5}, RaftEpoch{2}}}},
                    at(2ms));
    EXPECT_EQ(cut.truncate_to, Offset{5});
    EXPECT_EQ(quorum.log().end(), (LogPosition{Offset{5}, RaftEpoch{2}}));
    EXPECT_EQ(sent<FetchRequest>(cut).size(), 1u);
}

TEST(Quorum, FollowerHaltsRatherThanCutCommittedRecords) {
    Quorum quorum = member(a, {a, b, c}, {.epoch = RaftEpoch{5}}, log_of({{1, 3}}));
    quorum.step(Boot{}, at(0s));
    quorum.step(Received{BeginQuorumEpochRequest{.leader = b, .epoch = RaftEpoch{5}}}, at(1ms));
    quorum.step(Received{FetchResponse{.from = b,
                                       .position = quorum.log().end(),
                                       .epoch = RaftEpoch{5},
                                       .leader = b,
                                       .high_watermark = Offset{3}}},
                at(2ms));
    const Output cut =
        quorum.step(Received{FetchResponse{.from = b,
                                           .position = quorum.log().end(),
                                           .epoch = RaftEpoch{5},
                                           .leader = b,
                                           .diverging = LogPosition{Offset{1}, RaftEpoch{1}}}},
                    at(3ms));
    EXPECT_TRUE(cut.fatal);
    EXPECT_EQ(quorum.log().log_end(), Offset{3});
}

TEST(Quorum, AnswerToAnEarlierFetchCutsNothing) {
    Quorum quorum = member(a, {a, b, c}, {.epoch = RaftEpoch{5}}, log_of({{1, 3}, {2, 4}}));
    quorum.step(Boot{}, at(0s));
    quorum.step(Received{BeginQuorumEpochRequest{.leader = b, .epoch = RaftEpoch{5}}}, at(1ms));
    const Output cut =
        quorum.step(Received{FetchResponse{.from = b,
                                           .position = {Offset{9}, RaftEpoch{2}},
                                           .epoch = RaftEpoch{5},
                                           .leader = b,
                                           .diverging = LogPosition{Offset{5}, RaftEpoch{2}}}},
                    at(2ms));
    EXPECT_FALSE(cut.truncate_to);
    EXPECT_EQ(quorum.log().log_end(), Offset{7});
    EXPECT_EQ(sent<FetchRequest>(cut).size(), 1u);
}

TEST(Quorum, LeaderTellsAFetcherWhereItDiverges) {
    Quorum quorum = elected({.epoch = RaftEpoch{5}}, log_of({{1, 3}, {3, 2}}));
    const RaftEpoch epoch = quorum.state().epoch;
    EXPECT_EQ(quorum.answer_fetch(fetch_of(b, epoch, 6, 2)).diverging,
              (LogPosition{Offset{3}, RaftEpoch{1}}));
    EXPECT_EQ(quorum.answer_fetch(fetch_of(b, epoch, 9, 3)).diverging,
              (LogPosition{Offset{5}, RaftEpoch{3}}));
    EXPECT_FALSE(quorum.answer_fetch(fetch_of(b, epoch, 5, 3)).diverging);
    EXPECT_FALSE(quorum.answer_fetch(fetch_of(b, epoch, 0, 0)).diverging);
    EXPECT_EQ(quorum.answer_fetch(fetch_of(b, epoch - 1, 5, 3)).error,
              ErrorCode::fenced_leader_epoch);
    EXPECT_EQ(quorum.answer_fetch(fetch_of(b, epoch + 1, 5, 3)).error,
              ErrorCode::unknown_leader_epoch);
}

TEST(Quorum, NewsForAFetcherIsRecordsOrAHigherWatermark) {
    Quorum quorum = member(a, {a});
    quorum.step(Boot{}, at(0s));
    const FetchRequest at_start = fetch_of(observer, RaftEpoch{1}, 0, 0);
    EXPECT_TRUE(quorum.has_news_for(at_start));
    FetchRequest at_end = fetch_of(observer, RaftEpoch{1}, 1, 1);
    EXPECT_FALSE(quorum.has_news_for(at_end));
    quorum.step(LogFlushed{Offset{1}}, at(1ms));
    EXPECT_TRUE(quorum.has_news_for(at_end));
    at_end.high_watermark = Offset{1};
    EXPECT_FALSE(quorum.has_news_for(at_end));
}

}  // namespace
}  // namespace squall::model::raft
