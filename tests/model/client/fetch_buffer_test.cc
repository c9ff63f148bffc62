#include "model/client/consumer/fetch_buffer.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "model/protocol/control_batch.h"

namespace squall::model {
namespace {

const TopicPartition p0{.topic = "orders", .partition = 0};
const TopicPartition p1{.topic = "orders", .partition = 1};

void add_batch(Bytes& records, std::int64_t base, int count, ProducerId producer = no_producer_id,
               bool is_transactional = false) {
    BatchBuilder builder;
    if (is_transactional) builder.set_producer(producer, ProducerEpoch{0}, SequenceNumber{0}, true);
    for (int i = 0; i < count; ++i) {
        builder.append(1, std::nullopt, as_bytes(std::to_string(base + i)));
    }
    Bytes batch = builder.finish();
    stamp_batch(batch, Offset(base), LeaderEpoch{0});
    records.insert(records.end(), batch.begin(), batch.end());
}

void add_marker(Bytes& records, std::int64_t at, ProducerId producer, bool is_commit) {
    Bytes batch = marker_batch({.producer_id = producer,
                                .producer_epoch = ProducerEpoch{0},
                                .is_commit = is_commit,
                                .coordinator_epoch = 0},
                               1);
    stamp_batch(batch, Offset(at), LeaderEpoch{0});
    records.insert(records.end(), batch.begin(), batch.end());
}

FetchResponse::Partition answer(Bytes records) {
    FetchResponse::Partition partition;
    partition.records = std::move(records);
    return partition;
}

std::vector<std::int64_t> offsets(const std::vector<FetchBuffer::Handout>& handouts) {
    std::vector<std::int64_t> result;
    for (const auto& handout : handouts) {
        for (const auto& record : handout.records) result.push_back(record.offset.value());
    }
    return result;
}

SubscriptionState reading(std::int64_t from) {
    SubscriptionState state;
    state.assign_from_user({p0, p1});
    state.seek(p0, {.offset = Offset(from)});
    state.seek(p1, {.offset = Offset{0}});
    return state;
}

TEST(FetchBuffer, BeginsAtThePositionInsideABatch) {
    Bytes records;
    add_batch(records, 0, 5);
    SubscriptionState state = reading(3);
    FetchBuffer buffer(IsolationLevel::read_uncommitted);
    ASSERT_TRUE(buffer.add(p0, *state.position(p0), answer(records)).ok());
    EXPECT_EQ(offsets(buffer.collect(state, 10)), (std::vector<std::int64_t>{3, 4}));
    EXPECT_EQ(state.position(p0)->offset, Offset{5});
}

TEST(FetchBuffer, PassesControlBatchesWithTheRecordsBeforeThem) {
    Bytes records;
    add_batch(records, 0, 2, ProducerId{9}, true);
    add_marker(records, 2, ProducerId{9}, true);
    SubscriptionState state = reading(0);
    FetchBuffer buffer(IsolationLevel::read_uncommitted);
    ASSERT_TRUE(buffer.add(p0, *state.position(p0), answer(records)).ok());
    EXPECT_EQ(offsets(buffer.collect(state, 10)), (std::vector<std::int64_t>{0, 1}));
    EXPECT_EQ(state.position(p0)->offset, Offset{3});
}

TEST(FetchBuffer, HidesAbortedTransactionsFromReadCommitted) {
    Bytes records;
    add_batch(records, 0, 2, ProducerId{9}, true);  // aborted
    add_batch(records, 2, 1, ProducerId{8}, true);  // committed
    add_marker(records, 3, ProducerId{9}, false);
    add_batch(records, 4, 1, ProducerId{9}, true);  // the next transaction of the same producer
    add_marker(records, 5, ProducerId{9}, true);
    add_marker(records, 6, ProducerId{8}, true);
    FetchResponse::Partition fetched = answer(records);
    fetched.aborted_transactions.emplace();
    fetched.aborted_transactions->push_back(
        {.producer_id = ProducerId{9}, .first_offset = Offset{0}});
    SubscriptionState state = reading(0);
    FetchBuffer buffer(IsolationLevel::read_committed);
    ASSERT_TRUE(buffer.add(p0, *state.position(p0), fetched).ok());
    EXPECT_EQ(offsets(buffer.collect(state, 10)), (std::vector<std::int64_t>{2, 4}));
    EXPECT_EQ(state.position(p0)->offset, Offset{7});
}

// librdkafka #3369: the marker of an empty transaction stands before the one that counts.
TEST(FetchBuffer, TakesAMarkerForTheEndOfItsOwnTransactionAlone) {
    Bytes records;
    add_marker(records, 0, ProducerId{7}, false);   // of a transaction without records here
    add_batch(records, 1, 2, ProducerId{9}, true);  // aborted
    add_marker(records, 3, ProducerId{9}, false);
    FetchResponse::Partition fetched = answer(records);
    fetched.aborted_transactions.emplace();
    fetched.aborted_transactions->push_back(
        {.producer_id = ProducerId{9}, .first_offset = Offset{1}});
    BugSet bugs;
    for (const bool is_armed : {false, true}) {
        if (is_armed) bugs.arm(Bug::z70_aborted_list_mismatch);
        SubscriptionState state = reading(0);
        FetchBuffer buffer(IsolationLevel::read_committed, &bugs);
        ASSERT_TRUE(buffer.add(p0, *state.position(p0), fetched).ok());
        EXPECT_EQ(offsets(buffer.collect(state, 10)),
                  is_armed ? (std::vector<std::int64_t>{1, 2}) : std::vector<std::int64_t>{});
    }
    EXPECT_EQ(bugs.hits(Bug::z70_aborted_list_mismatch), 1u);
}

TEST(FetchBuffer, MovesOverAnAnswerWithoutAnythingToHandOut) {
    Bytes records;
    add_marker(records, 0, ProducerId{9}, true);
    SubscriptionState state = reading(0);
    FetchBuffer buffer(IsolationLevel::read_uncommitted);
    ASSERT_TRUE(buffer.add(p0, *state.position(p0), answer(records)).ok());
    EXPECT_TRUE(offsets(buffer.collect(state, 10)).empty());
    EXPECT_EQ(state.position(p0)->offset, Offset{1});
}

TEST(FetchBuffer, KeepsWhatWasFetchedForAPausedPartition) {
    Bytes records;
    add_batch(records, 0, 2);
    SubscriptionState state = reading(0);
    FetchBuffer buffer(IsolationLevel::read_uncommitted);
    ASSERT_TRUE(buffer.add(p0, *state.position(p0), answer(records)).ok());
    state.pause(p0, true);
    EXPECT_TRUE(buffer.collect(state, 10).empty());
    state.pause(p0, false);
    EXPECT_EQ(offsets(buffer.collect(state, 10)), (std::vector<std::int64_t>{0, 1}));
}

TEST(FetchBuffer, DropsWhatWasFetchedBeforeASeek) {
    Bytes records;
    add_batch(records, 0, 2);
    SubscriptionState state = reading(0);
    FetchBuffer buffer(IsolationLevel::read_uncommitted);
    ASSERT_TRUE(buffer.add(p0, *state.position(p0), answer(records)).ok());
    state.seek(p0, {.offset = Offset{1}});
    EXPECT_TRUE(buffer.collect(state, 10).empty());
    EXPECT_FALSE(buffer.holds(p0));
    EXPECT_EQ(state.position(p0)->offset, Offset{1});
}

TEST(FetchBuffer, RefusesADamagedBatch) {
    Bytes records;
    add_batch(records, 0, 2);
    records.back() ^= 1;
    FetchBuffer buffer(IsolationLevel::read_uncommitted);
    EXPECT_FALSE(buffer.add(p0, {.offset = Offset{0}}, answer(records)).ok());
    EXPECT_FALSE(buffer.holds(p0));
}

RC_GTEST_PROP(FetchBuffer, HandsOutEveryRecordOnceInOrderWhateverTheLimit, ()) {
    Bytes records;
    std::int64_t end = 0;
    const auto batches = *rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 6));
    for (const int count : batches) {
        add_batch(records, end, count);
        end += count;
    }
    const auto limit = static_cast<std::size_t>(*rc::gen::inRange(1, 8));
    SubscriptionState state = reading(0);
    FetchBuffer buffer(IsolationLevel::read_uncommitted);
    RC_ASSERT(buffer.add(p0, *state.position(p0), answer(records)).ok());
    std::int64_t next = 0;
    while (buffer.holds(p0)) {
        const auto handed = offsets(buffer.collect(state, limit));
        RC_ASSERT(handed.size() <= limit);
        for (const std::int64_t offset : handed) RC_ASSERT(offset == next++);
        RC_ASSERT(state.position(p0)->offset == Offset(next));
    }
    RC_ASSERT(next == end);
}

}  // namespace
}  // namespace squall::model
