#include <gtest/gtest.h>

#include "tests/checkers/history.h"

namespace squall::checkers {
namespace {

std::string judge(const History& history) {
    return summary(history.judged_by("metadata"));
}

void lead_raft(History& history, int replica, int epoch) {
    history.by_broker(replica, model::RaftRoleChanged{.replica = BrokerId{replica},
                                                      .role = "leader",
                                                      .epoch = model::RaftEpoch{epoch},
                                                      .leader = BrokerId{replica}});
}
void vote(History& history, int voter, int epoch, int candidate) {
    history.by_broker(voter, model::RaftVoteGranted{.voter = BrokerId{voter},
                                                    .epoch = model::RaftEpoch{epoch},
                                                    .candidate = BrokerId{candidate}});
}
void append_raft(History& history, int replica, int offset, int epoch, std::uint32_t crc) {
    history.by_broker(replica, model::RaftAppended{.replica = BrokerId{replica},
                                                   .base_offset = Offset{offset},
                                                   .last_offset = Offset{offset},
                                                   .epoch = model::RaftEpoch{epoch},
                                                   .crc = crc});
}
void commit_raft(History& history, int replica, int epoch, int high_watermark) {
    history.by_broker(replica, model::RaftCommitted{.replica = BrokerId{replica},
                                                    .epoch = model::RaftEpoch{epoch},
                                                    .high_watermark = Offset{high_watermark}});
}
void apply(History& history, int broker, int offset, std::uint64_t digest) {
    history.by_broker(broker,
                      model::MetadataApplied{
                          .broker = BrokerId{broker}, .offset = Offset{offset}, .digest = digest});
}

TEST(Metadata, AcceptsAQuorumThatAgrees) {
    History history;
    vote(history, 1, 1, 1);
    vote(history, 2, 1, 1);
    lead_raft(history, 1, 1);
    for (const int replica : {1, 2}) {
        append_raft(history, replica, 0, 1, 100);
        commit_raft(history, replica, 1, 1);
        apply(history, replica, 1, 7);
    }
    EXPECT_EQ(judge(history), "pass");
}

TEST(Metadata, HasNothingToSayOfARunWithoutAQuorum) {
    EXPECT_EQ(judge(History{}), "n/a");
}

TEST(Metadata, ObjectsToTwoLeadersOfOneEpoch) {
    History history;
    lead_raft(history, 1, 1);
    lead_raft(history, 1, 1);
    lead_raft(history, 2, 2);
    EXPECT_EQ(judge(history), "pass");
    lead_raft(history, 3, 2);
    EXPECT_EQ(judge(history), "fail: two-raft-leaders");
}

TEST(Metadata, ObjectsToASecondVoteInOneEpoch) {
    History history;
    vote(history, 1, 1, 2);
    vote(history, 1, 1, 2);
    vote(history, 1, 2, 3);
    EXPECT_EQ(judge(history), "pass");
    vote(history, 1, 2, 2);
    EXPECT_EQ(judge(history), "fail: double-vote");
}

TEST(Metadata, AcceptsThatUncommittedBatchesGiveWay) {
    History history;
    append_raft(history, 1, 0, 1, 100);
    append_raft(history, 1, 1, 1, 101);
    commit_raft(history, 1, 1, 1);
    append_raft(history, 2, 0, 1, 100);
    append_raft(history, 2, 1, 2, 201);
    commit_raft(history, 2, 2, 2);
    history.by_broker(1, model::RaftTruncated{.replica = BrokerId{1}, .to = Offset{1}});
    append_raft(history, 1, 1, 2, 201);
    commit_raft(history, 1, 2, 2);
    EXPECT_EQ(judge(history), "pass");
}

TEST(Metadata, ObjectsToTwoMembersThatCommittedDifferentBatches) {
    History history;
    append_raft(history, 1, 0, 2, 100);
    commit_raft(history, 1, 2, 1);
    append_raft(history, 2, 0, 1, 200);  // of a leader that was deposed before
    EXPECT_EQ(judge(history), "pass");
    commit_raft(history, 2, 2, 1);
    EXPECT_EQ(judge(history), "fail: committed-metadata-changed");
}

TEST(Metadata, ObjectsToALaterLeaderThatLacksWhatIsCommitted) {
    History history;
    append_raft(history, 1, 0, 1, 100);
    commit_raft(history, 1, 1, 1);
    append_raft(history, 2, 0, 2, 200);
    EXPECT_EQ(judge(history), "fail: committed-metadata-changed");
}

TEST(Metadata, ObjectsToABrokerThatAppliesWhatNobodyCommitted) {
    History history;
    lead_raft(history, 1, 1);
    append_raft(history, 1, 0, 1, 100);
    append_raft(history, 1, 1, 1, 101);
    commit_raft(history, 1, 1, 1);
    apply(history, 7, 1, 70);
    EXPECT_EQ(judge(history), "pass");
    apply(history, 7, 2, 71);
    EXPECT_EQ(judge(history), "fail: uncommitted-metadata");
}

TEST(Metadata, AcceptsAMemberThatGoesOnBehindASnapshot) {
    History history;
    lead_raft(history, 1, 2);
    for (int offset = 0; offset < 4; ++offset) {
        append_raft(history, 1, offset, 2, static_cast<std::uint32_t>(100 + offset));
    }
    commit_raft(history, 1, 2, 4);
    append_raft(history, 2, 0, 1, 900);  // a tail that the snapshot takes the place of
    history.by_broker(
        2, model::RaftSnapshotLoaded{
               .replica = BrokerId{2}, .end_offset = Offset{3}, .epoch = model::RaftEpoch{2}});
    commit_raft(history, 2, 2, 3);
    append_raft(history, 2, 3, 2, 103);
    commit_raft(history, 2, 2, 4);
    EXPECT_EQ(judge(history), "pass");
}

TEST(Metadata, ObjectsToAMemberThatReplacesOrCutsWhatItCommitted) {
    History replaced;
    append_raft(replaced, 1, 0, 1, 100);
    commit_raft(replaced, 1, 1, 1);
    append_raft(replaced, 1, 0, 1, 100);  // after a restart: the same again
    EXPECT_EQ(judge(replaced), "pass");
    append_raft(replaced, 1, 0, 2, 200);
    EXPECT_EQ(judge(replaced), "fail: committed-metadata-changed");

    History cut;
    append_raft(cut, 1, 0, 1, 100);
    commit_raft(cut, 1, 1, 1);
    cut.by_broker(1, model::RaftTruncated{.replica = BrokerId{1}, .to = Offset{0}});
    EXPECT_EQ(judge(cut), "fail: committed-metadata-changed");
}

TEST(Metadata, ObjectsToARaftHighWatermarkThatGoesBackInOneIncarnation) {
    History history;
    history.start_broker(1);
    commit_raft(history, 1, 1, 5);
    history.stop(1);
    history.start_broker(1);
    commit_raft(history, 1, 1, 3);
    EXPECT_EQ(judge(history), "pass");
    commit_raft(history, 1, 1, 2);
    EXPECT_EQ(judge(history), "fail: raft-high-watermark");
}

TEST(Metadata, ObjectsToImagesThatDiffer) {
    History history;
    apply(history, 1, 5, 7);
    apply(history, 2, 6, 8);
    EXPECT_EQ(judge(history), "pass");
    apply(history, 3, 5, 9);
    EXPECT_EQ(judge(history), "fail: metadata-diverged");
}

TEST(Metadata, ObjectsToMetadataAppliedBackwards) {
    History history;
    history.start_broker(1);
    apply(history, 1, 5, 7);
    history.stop(1);
    history.start_broker(1);
    apply(history, 1, 4, 6);
    EXPECT_EQ(judge(history), "pass");
    apply(history, 1, 3, 5);
    EXPECT_EQ(judge(history), "fail: metadata-regressed");
}

void replay(History& history, int controller, int offset, std::uint64_t digest) {
    history.by_broker(controller, model::ControllerReplayed{.controller = BrokerId{controller},
                                                            .offset = Offset{offset},
                                                            .digest = digest});
}
// Controller 1 leads epoch 1 and has committed `end` batches.
History committed_metadata(int end) {
    History history;
    lead_raft(history, 1, 1);
    for (int offset = 0; offset < end; ++offset) append_raft(history, 1, offset, 1, 100);
    commit_raft(history, 1, 1, end);
    return history;
}

TEST(Metadata, AcceptsControllersThatShowWhatBrokersDo) {
    History history = committed_metadata(3);
    history.start_broker(2);
    replay(history, 1, 3, 73);
    replay(history, 2, 2, 72);
    replay(history, 2, 3, 73);
    apply(history, 2, 1, 71);  // the same node's broker follows later
    apply(history, 2, 3, 73);
    history.stop(2);
    history.start_broker(2);
    replay(history, 2, 1, 71);
    EXPECT_EQ(judge(history), "pass");
}

TEST(Metadata, ObjectsToAStandbyThatReplaysSomethingElse) {
    History history = committed_metadata(2);
    apply(history, 7, 2, 72);
    replay(history, 2, 1, 999);
    EXPECT_EQ(judge(history), "pass") << "nobody else told what is at 1";
    replay(history, 2, 2, 999);
    const CheckerReport report = history.judged_by("metadata");
    EXPECT_EQ(summary(report), "fail: metadata-diverged");
    EXPECT_EQ(report.anomalies[0].evidence[0],
              (std::pair<std::string, std::string>{"controller", "2"}));
}

TEST(Metadata, ObjectsToADeposedControllerThatKeepsWhatWasNeverCommitted) {
    History history = committed_metadata(2);
    replay(history, 1, 2, 72);
    replay(history, 1, 4, 74);
    EXPECT_EQ(judge(history), "fail: uncommitted-metadata");
}

TEST(Metadata, ObjectsToAControllerThatReplaysBackwards) {
    History history = committed_metadata(3);
    replay(history, 1, 3, 73);
    replay(history, 1, 2, 72);
    EXPECT_EQ(judge(history), "fail: metadata-regressed");
}

TEST(Metadata, ObjectsToAControllerThatDecidesBeforeItKnowsEverything) {
    for (const int replayed : {2, 3}) {
        History history = committed_metadata(3);
        lead_raft(history, 2, 2);
        history.by_broker(2, model::ControllerActivated{.controller = BrokerId{2},
                                                        .epoch = model::RaftEpoch{2},
                                                        .replayed = Offset{replayed}});
        EXPECT_EQ(judge(history), replayed == 3 ? "pass" : "fail: activated-behind");
    }
}

}  // namespace
}  // namespace squall::checkers
