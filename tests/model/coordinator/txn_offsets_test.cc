// Offsets that are committed in a transaction: pending until its marker, then in effect or gone.
#include <gtest/gtest.h>

#include "model/coordinator/coordinator_host.h"
#include "model/coordinator/coordinator_partition.h"
#include "model/events/transaction_events.h"
#include "sim/kernel/simulation.h"
#include "tests/model/coordinator/fake_replicas.h"

namespace squall::model {
namespace {

const TopicPartition orders{"orders", 0};

OffsetCommitRecord offset_record(std::int64_t offset) {
    CommittedOffset value;
    value.offset = Offset(offset);
    return {"g", orders, value};
}
RecordPlace at(std::int64_t offset, std::int64_t producer = -1) {
    return {.offset = Offset(offset), .producer_id = ProducerId(producer)};
}

OffsetFetchRequest::Group fetch_request() {
    OffsetFetchRequest::Topic topic;
    topic.name = "orders";
    topic.partition_indexes = {0};
    OffsetFetchRequest::Group request;
    request.group_id = "g";
    request.topics = std::vector{topic};
    return request;
}

OffsetFetchResponse::Partition fetched(const CommittedOffsets& offsets, bool require_stable,
                                       const BugSet* bugs = nullptr) {
    return offsets.fetch(fetch_request(), require_stable, bugs).topics.at(0).partitions.at(0);
}

TEST(PendingOffsets, TakeEffectWithTheCommitMarker) {
    CommittedOffsets offsets;
    offsets.apply(offset_record(5), at(0, 9));
    EXPECT_EQ(fetched(offsets, false).committed_offset, no_offset);
    const auto resolved = offsets.end_transaction(ProducerId(9), true);
    ASSERT_EQ(resolved.size(), 1u);
    EXPECT_TRUE(resolved[0].takes_effect);
    EXPECT_EQ(fetched(offsets, true).committed_offset, Offset(5));
}

TEST(PendingOffsets, AreGoneWithTheAbortMarker) {
    CommittedOffsets offsets;
    offsets.apply(offset_record(3), at(0));
    offsets.apply(offset_record(5), at(1, 9));
    offsets.end_transaction(ProducerId(9), false);
    EXPECT_EQ(fetched(offsets, true).committed_offset, Offset(3));
    EXPECT_FALSE(offsets.has_pending("g"));
}

TEST(PendingOffsets, EndWithTheirOwnProducerAlone) {
    CommittedOffsets offsets;
    offsets.apply(offset_record(5), at(0, 9));
    EXPECT_TRUE(offsets.end_transaction(ProducerId(8), true).empty());
    EXPECT_TRUE(offsets.has_pending("g", orders));
}

// KAFKA-5247: what counts is the place in the log.
TEST(PendingOffsets, GiveWayToACommitThatCameBehindThem) {
    CommittedOffsets offsets;
    offsets.apply(offset_record(5), at(0, 9));
    offsets.apply(offset_record(7), at(1));
    const auto resolved = offsets.end_transaction(ProducerId(9), true);
    ASSERT_EQ(resolved.size(), 1u);
    EXPECT_FALSE(resolved[0].takes_effect);
    EXPECT_EQ(fetched(offsets, true).committed_offset, Offset(7));
}

TEST(PendingOffsets, HoldUpWhoAsksForStableOffsets) {
    CommittedOffsets offsets;
    offsets.apply(offset_record(3), at(0));
    offsets.apply(offset_record(5), at(1, 9));
    EXPECT_EQ(fetched(offsets, true).error_code, ErrorCode::unstable_offset_commit);
    EXPECT_EQ(fetched(offsets, true).committed_offset, no_offset);
    EXPECT_EQ(fetched(offsets, false).committed_offset, Offset(3));
    BugSet bugs;
    bugs.arm(Bug::z64_pending_offsets_readable);
    EXPECT_EQ(fetched(offsets, true, &bugs).committed_offset, Offset(3));
    EXPECT_EQ(bugs.hits(Bug::z64_pending_offsets_readable), 1u);
}

// A tombstone says that nobody needs the offset, whatever is still to come for it; of the
// transaction the group keeps the knowledge (KAFKA-19164).
TEST(PendingOffsets, AreTakenByATombstoneThatComesBehindThem) {
    CommittedOffsets offsets;
    offsets.apply(offset_record(3), at(0));
    offsets.apply(offset_record(5), at(1, 9));
    offsets.apply({"g", orders, std::nullopt}, at(2));
    EXPECT_FALSE(offsets.has_pending("g", orders));
    EXPECT_TRUE(offsets.has_pending("g"));
    EXPECT_TRUE(offsets.end_transaction(ProducerId(9), true).empty());
    EXPECT_EQ(fetched(offsets, true).committed_offset, no_offset);
    EXPECT_FALSE(offsets.has_pending("g"));
}

TEST(PendingOffsets, OfOneProducerTheLatestCounts) {
    CommittedOffsets offsets;
    offsets.apply(offset_record(5), at(0, 9));
    offsets.apply(offset_record(4), at(1, 9));
    offsets.apply(offset_record(8), at(2, 7));
    offsets.end_transaction(ProducerId(9), true);
    EXPECT_EQ(fetched(offsets, false).committed_offset, Offset(4));
    EXPECT_EQ(fetched(offsets, true).error_code, ErrorCode::unstable_offset_commit);
}

// The group is there for whoever asks, before the marker and after a failover as well.
TEST(PendingOffsets, MakeAGroupWhereverTheyAreRead) {
    GroupShard shard{GroupCoordinatorOptions{}};
    shard.apply(offset_record(5), at(0, 9));
    shard.activate({});
    EXPECT_NE(shard.find_group("g"), nullptr);
    shard.end_transaction(ProducerId(9), false);
    EXPECT_EQ(shard.find_group("g"), nullptr);
}

TEST(TxnOffsetCommit, IsRefusedToAMemberThatTheGroupDoesNotHave) {
    const ClassicGroup group("g");
    TxnOffsetCommitRequest request;
    request.group_id = "g";
    request.member_id = "gone";
    request.generation_id = GenerationId(3);
    EXPECT_EQ(check_txn_offset_commit(&group, request, nullptr), ErrorCode::unknown_member_id);
    EXPECT_EQ(check_txn_offset_commit(nullptr, request, nullptr), ErrorCode::illegal_generation);
    BugSet bugs;
    bugs.arm(Bug::z65_txn_commit_without_group_fence);
    EXPECT_EQ(check_txn_offset_commit(&group, request, &bugs), ErrorCode::none);
    EXPECT_EQ(bugs.hits(Bug::z65_txn_commit_without_group_fence), 1u);
}

TEST(TxnOffsetCommit, IsOpenToProducersThatNameNoMember) {
    // Before KIP-447 a producer did not say whose offsets these are.
    TxnOffsetCommitRequest request;
    request.group_id = "g";
    const ClassicGroup group("g");
    EXPECT_EQ(check_txn_offset_commit(&group, request, nullptr), ErrorCode::none);
    EXPECT_EQ(check_txn_offset_commit(nullptr, request, nullptr), ErrorCode::none);
    // One who names itself, but no generation, is as free while nobody is there.
    request.member_id = "somebody";
    EXPECT_EQ(check_txn_offset_commit(&group, request, nullptr), ErrorCode::none);
}

// The group coordinator with its log: markers go the same way as commits, and so in their order.
class Offsets : public testing::Test {
  protected:
    Offsets() {
        simulation.trace().observe([this](const sim::Event& event) {
            if (event.as<PendingOffsetsResolved>() != nullptr) ++resolved;
        });
        node.start();
        host.emplace(node, BrokerId(1), GroupCoordinatorOptions{}, replicas);
    }
    ~Offsets() override { simulation.finish(); }

    void lead(std::int32_t epoch) {
        replicas.lead(partition, LeaderEpoch(epoch));
        run();
    }
    void run() { simulation.run_until(simulation.now() + 10ms); }
    ErrorCode commit_in_transaction(std::int64_t offset) {
        TxnOffsetCommitRequest request;
        request.transactional_id = "t";
        request.group_id = "g";
        request.producer_id = ProducerId(9);
        request.producer_epoch = ProducerEpoch(0);
        request.topics.push_back(
            {.name = "orders",
             .partitions = {{.partition_index = 0, .committed_offset = Offset(offset)}}});
        std::optional<TxnOffsetCommitResponse> response;
        node.spawn("client", [&] {
            sim::Completion<TxnOffsetCommitResponse> answer(node);
            host->handle(request, {5, "app", "c1"}, {}, answer.completer());
            response = answer.await();
        });
        run();
        return response ? response->topics.at(0).partitions.at(0).error_code
                        : ErrorCode::unknown_server_error;
    }
    ErrorCode mark(bool commit) {
        std::optional<ErrorCode> error;
        node.spawn("marker", [&] {
            sim::Completion<ErrorCode> answer(node);
            host->write_marker(partition.partition,
                               {.producer_id = ProducerId(9),
                                .producer_epoch = ProducerEpoch(0),
                                .is_commit = commit},
                               {}, answer.completer());
            error = answer.await();
        });
        run();
        return error.value_or(ErrorCode::unknown_server_error);
    }
    OffsetFetchResponse::Partition read(bool require_stable) {
        const GroupShard* const shard = host->find_active(partition.partition);
        return shard->fetch(fetch_request(), require_stable).topics.at(0).partitions.at(0);
    }

    const TopicPartition partition{offsets_topic, coordinator_partition("g", 50)};
    sim::Simulation simulation{sim::SimulationOptions{}};
    sim::Node& node = simulation.add_node({.name = "b1"});
    FakeReplicas replicas;
    std::optional<CoordinatorHost> host;
    int resolved = 0;
};

TEST_F(Offsets, OfATransactionAreThereWhenTheMarkerIsAnswered) {
    EXPECT_EQ(mark(true), ErrorCode::not_leader_or_follower);
    lead(1);
    EXPECT_EQ(commit_in_transaction(5), ErrorCode::none);
    EXPECT_EQ(read(true).error_code, ErrorCode::unstable_offset_commit);
    EXPECT_EQ(mark(true), ErrorCode::none);
    EXPECT_EQ(read(true).committed_offset, Offset(5));
    EXPECT_EQ(resolved, 1);
}

// What the transaction coordinator asks is the partition's leader, which is not ready yet.
TEST_F(Offsets, TakeNoMarkerWhileTheyAreLoaded) {
    lead(1);
    replicas.replicate_at_once(false);
    OffsetCommitRequest commit;
    commit.group_id = "g";
    commit.topics.push_back({.name = "orders", .topic_id = {}, .partitions = {{}}});
    node.spawn("client", [this, commit] {
        sim::Completion<OffsetCommitResponse> answer(node);
        host->handle(commit, {9, "app", "c1"}, answer.completer());
        static_cast<void>(answer.await());
    });
    run();
    replicas.resign(partition);
    lead(2);
    EXPECT_EQ(host->find_active(partition.partition), nullptr);
    EXPECT_EQ(mark(true), ErrorCode::not_leader_or_follower);
    replicas.replicate_at_once(true);
    replicas.replicate();
    run();
    EXPECT_EQ(mark(true), ErrorCode::none);
}

TEST_F(Offsets, OfATransactionSurviveTheirCoordinator) {
    lead(1);
    EXPECT_EQ(commit_in_transaction(5), ErrorCode::none);
    replicas.resign(partition);
    lead(2);
    EXPECT_EQ(read(true).error_code, ErrorCode::unstable_offset_commit) << "still pending";
    EXPECT_EQ(mark(true), ErrorCode::none);
    replicas.resign(partition);
    lead(3);
    EXPECT_EQ(read(true).committed_offset, Offset(5));
}

}  // namespace
}  // namespace squall::model
