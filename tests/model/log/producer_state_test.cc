// What a partition knows of its producers: verdicts, transactions, snapshots.
#include "model/log/producer_state.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <vector>

#include "tests/model/log/producer_batches.h"

namespace squall::model {
namespace {

constexpr auto client = BatchSource::client;

// Judges a batch and appends it if it may be.
ProducerStates::Verdict write(ProducerStates& states, const Bytes& batch,
                              BatchSource source = client) {
    ProducerStates::Verdict verdict = states.judge(batch, source);
    if (verdict.appends()) (void)states.append(BatchView::at_front(batch).value());
    return verdict;
}

TEST(ProducerStates, AcceptsSequencesOneAfterTheOther) {
    ProducerStates states;
    EXPECT_TRUE(write(states, numbered({.sequence = 0, .records = 3, .offset = 10})).appends());
    EXPECT_TRUE(write(states, numbered({.sequence = 3, .offset = 13})).appends());
    EXPECT_EQ(states.find(ProducerId(7))->last_sequence(), SequenceNumber(3));
}

TEST(ProducerStates, AnswersADuplicateWithTheOffsetsOfTheFirstTime) {
    ProducerStates states;
    (void)write(states, numbered({.sequence = 0, .records = 3, .offset = 10}));
    (void)write(states, numbered({.sequence = 3, .offset = 20}));
    const auto verdict = write(states, numbered({.sequence = 0, .records = 3, .offset = 21}));
    EXPECT_EQ(verdict.error, ErrorCode::none);
    ASSERT_TRUE(verdict.duplicate);
    EXPECT_EQ(verdict.duplicate->first_offset, Offset(10));
    EXPECT_EQ(verdict.duplicate->last_offset, Offset(12));
}

TEST(ProducerStates, RemembersFiveBatchesForDuplicates) {
    ProducerStates states;
    for (int i = 0; i < 6; ++i) (void)write(states, numbered({.sequence = i, .offset = i}));
    EXPECT_TRUE(write(states, numbered({.sequence = 1, .offset = 6})).duplicate);
    EXPECT_EQ(write(states, numbered({.sequence = 0, .offset = 6})).error,
              ErrorCode::out_of_order_sequence_number);
}

TEST(ProducerStates, RefusesAGapAndARepeatedPart) {
    ProducerStates states;
    (void)write(states, numbered({.sequence = 0, .records = 3}));
    EXPECT_EQ(write(states, numbered({.sequence = 4, .offset = 3})).error,
              ErrorCode::out_of_order_sequence_number);
    EXPECT_EQ(write(states, numbered({.sequence = 2, .records = 2, .offset = 3})).error,
              ErrorCode::out_of_order_sequence_number);
}

TEST(ProducerStates, SequencesWrapToZero) {
    ProducerStates states;
    EXPECT_TRUE(write(states, numbered({.sequence = INT32_MAX - 1, .records = 2})).appends());
    EXPECT_EQ(states.find(ProducerId(7))->last_sequence(), SequenceNumber(INT32_MAX));
    EXPECT_TRUE(write(states, numbered({.sequence = 0, .offset = 2})).appends());
}

TEST(ProducerStates, AcceptsAnySequenceOfAProducerThatItDoesNotKnow) {
    ProducerStates states;
    EXPECT_TRUE(write(states, numbered({.sequence = 41})).appends());
}

TEST(ProducerStates, FencesAnEarlierEpochAndBeginsALaterOneAtZero) {
    ProducerStates states;
    (void)write(states, numbered({.epoch = 3, .sequence = 0}));
    EXPECT_EQ(write(states, numbered({.epoch = 2, .sequence = 1, .offset = 1})).error,
              ErrorCode::invalid_producer_epoch);
    EXPECT_EQ(write(states, numbered({.epoch = 4, .sequence = 1, .offset = 1})).error,
              ErrorCode::out_of_order_sequence_number);
    EXPECT_TRUE(write(states, numbered({.epoch = 4, .sequence = 0, .offset = 1})).appends());
    EXPECT_FALSE(states.judge(numbered({.epoch = 3, .sequence = 0, .offset = 2}), client).duplicate)
        << "what an earlier epoch wrote is no duplicate";
}

TEST(ProducerStates, JudgesEachBatchByThoseBeforeItInTheSameAppend) {
    const ProducerStates states;
    Bytes both = numbered({.sequence = 0, .offset = 0});
    const Bytes second = numbered({.sequence = 2, .offset = 1});
    both.insert(both.end(), second.begin(), second.end());
    EXPECT_EQ(states.judge(both, client).error, ErrorCode::out_of_order_sequence_number);
}

TEST(ProducerStates, DoesNotHoldABrokersOwnBatchesAgainstSequences) {
    ProducerStates states;
    (void)write(states, numbered({.sequence = 0}));
    EXPECT_TRUE(
        write(states, numbered({.sequence = 9, .offset = 1}), BatchSource::broker).appends());
}

TEST(ProducerStates, RefusesABatchOutsideTheOpenTransaction) {
    ProducerStates states;
    (void)write(states, numbered({.sequence = 0, .is_transactional = true}));
    EXPECT_EQ(write(states, numbered({.sequence = 1, .offset = 1})).error,
              ErrorCode::invalid_txn_state);
}

TEST(ProducerStates, AnOpenTransactionHoldsTheLastStableOffset) {
    ProducerStates states;
    (void)write(states, numbered({.sequence = 0, .offset = 4, .is_transactional = true}));
    (void)write(states, numbered({.sequence = 1, .offset = 5, .is_transactional = true}));
    EXPECT_EQ(states.last_stable_offset(Offset(3)), Offset(3));
    EXPECT_EQ(states.last_stable_offset(Offset(6)), Offset(4));
    (void)write(states, marker({.is_commit = true, .offset = 6}), BatchSource::broker);
    EXPECT_EQ(states.last_stable_offset(Offset(6)), Offset(4)) << "the marker is not committed yet";
    EXPECT_EQ(states.last_stable_offset(Offset(7)), Offset(7));
}

TEST(ProducerStates, TellsOfAnAbortedTransactionWhatComesBeforeItIsStable) {
    ProducerStates states;
    const auto append = [&](const Bytes& batch) {
        return states.append(BatchView::at_front(batch).value());
    };
    EXPECT_FALSE(append(numbered({.id = 1, .sequence = 0, .offset = 0, .is_transactional = true})));
    EXPECT_FALSE(append(numbered({.id = 2, .sequence = 0, .offset = 1, .is_transactional = true})));
    EXPECT_EQ(append(marker({.id = 2, .offset = 2})),
              (AbortedTransaction{.producer_id = ProducerId(2),
                                  .first_offset = Offset(1),
                                  .last_offset = Offset(2),
                                  .last_stable_offset = Offset(0)}));
    EXPECT_EQ(append(marker({.id = 1, .offset = 3}))->last_stable_offset, Offset(4));
    EXPECT_FALSE(append(marker({.id = 1, .offset = 4}))) << "nothing was open";
}

TEST(ProducerStates, FencesMarkersOfAnEarlierCoordinatorOrEpoch) {
    ProducerStates states;
    const auto broker = BatchSource::broker;
    EXPECT_TRUE(write(states, marker({.epoch = 5, .coordinator_epoch = 2}), broker).appends());
    EXPECT_EQ(
        write(states, marker({.epoch = 5, .coordinator_epoch = 1, .offset = 1}), broker).error,
        ErrorCode::transaction_coordinator_fenced);
    EXPECT_EQ(
        write(states, marker({.epoch = 4, .coordinator_epoch = 2, .offset = 1}), broker).error,
        ErrorCode::invalid_producer_epoch);
    EXPECT_EQ(write(states, numbered({.epoch = 5, .sequence = 1, .offset = 1})).error,
              ErrorCode::out_of_order_sequence_number)
        << "a marker's epoch begins at sequence 0";
}

TEST(ProducerStates, ExpiresWhoWroteNothingAndHasNothingOpen) {
    ProducerStates states;
    (void)write(states, numbered({.id = 1, .sequence = 0, .timestamp = 1000}));
    (void)write(states, numbered({.id = 2, .sequence = 0, .offset = 1, .timestamp = 1001}));
    (void)write(
        states,
        numbered(
            {.id = 3, .sequence = 0, .offset = 2, .timestamp = 1000, .is_transactional = true}));
    states.expire(1100, 100);
    EXPECT_EQ(states.find(ProducerId(1)), nullptr);
    EXPECT_NE(states.find(ProducerId(2)), nullptr);
    EXPECT_NE(states.find(ProducerId(3)), nullptr);
}

TEST(ProducerStates, ASnapshotKeepsTheLastBatchAndTheOpenTransaction) {
    ProducerStates states;
    (void)write(states, numbered({.sequence = 0, .offset = 3, .is_transactional = true}));
    (void)write(states,
                numbered({.sequence = 1, .records = 4, .offset = 4, .is_transactional = true}));
    ProducerStates loaded = ProducerStates::from_snapshot(states.to_snapshot()).value();
    const ProducerState& state = *loaded.find(ProducerId(7));
    ASSERT_EQ(state.batches.size(), 1u);
    EXPECT_EQ(state.batches[0], states.find(ProducerId(7))->batches[1]);
    EXPECT_EQ(state.transaction_start, Offset(3));
    EXPECT_EQ(loaded.last_stable_offset(Offset(8)), Offset(3));
}

TEST(ProducerStates, RefuseASnapshotWithAnyBitFlipped) {
    ProducerStates states;
    (void)write(states, numbered({.sequence = 0}));
    const Bytes good = states.to_snapshot();
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        Bytes bad = good;
        bad[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
        EXPECT_FALSE(ProducerStates::from_snapshot(bad).ok()) << bit;
    }
}

// However batches are lost, repeated and reordered on their way, the log holds each sequence once
// and in order.
RC_GTEST_PROP(ProducerStatesLaw, TheLogHoldsEachSequenceOnceAndInOrder, ()) {
    ProducerStates states;
    std::vector<int> log;  // sequences in the order of the log
    std::int64_t end = 0;
    for (const int sequence : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 12))) {
        if (log.empty() && sequence != 0) continue;  // an unknown producer may begin anywhere
        const auto verdict = write(states, numbered({.sequence = sequence, .offset = end}));
        if (verdict.appends()) {
            log.push_back(sequence);
            ++end;
        } else if (verdict.duplicate) {
            const auto at = static_cast<std::size_t>(verdict.duplicate->first_offset.value());
            RC_ASSERT(log.at(at) == sequence);
        }
    }
    for (std::size_t i = 0; i < log.size(); ++i) RC_ASSERT(log[i] == static_cast<int>(i));
}

}  // namespace
}  // namespace squall::model
