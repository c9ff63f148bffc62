#include "model/log/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/model/log/log_fixture.h"

namespace squall::model {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string segment_0 = "orders-0/00000000000000000000.log";

// ---- appending ----

TEST(Log, GivesBatchesOffsetsAndTheLeadersEpoch) {
    TestBroker broker;
    EXPECT_EQ(broker.append("a", 3, LeaderEpoch(4)).base_offset, Offset(0));
    const AppendInfo second = broker.append("b", 2, LeaderEpoch(5));
    EXPECT_EQ(second.base_offset, Offset(3));
    EXPECT_EQ(second.last_offset, Offset(4));
    EXPECT_EQ(broker.log().log_end_offset(), Offset(5));
    const std::vector<Bytes> batches = broker.batches();
    ASSERT_EQ(batches.size(), 2u);
    const BatchView batch = BatchView::at_front(batches[1]).value();
    EXPECT_EQ(batch.base_offset(), Offset(3));
    EXPECT_EQ(batch.partition_leader_epoch(), LeaderEpoch(5));
    EXPECT_EQ(batch.crc(), second.crc);
    EXPECT_TRUE(batch.check().ok());
    EXPECT_EQ(broker.log().epochs().entries().size(), 2u);
}

TEST(Log, AppendsSeveralBatchesAtOnce) {
    TestBroker broker;
    Bytes both = make_batch("a", 2);
    const Bytes second = make_batch("b", 3);
    both.insert(both.end(), second.begin(), second.end());
    const AppendInfo info = broker.log().append_as_leader(both, LeaderEpoch(0), 1000).value();
    EXPECT_EQ(info.base_offset, Offset(0));
    EXPECT_EQ(info.last_offset, Offset(4));
    EXPECT_THAT(broker.values(), ElementsAre("a", "b"));
}

TEST(Log, StampsTheBrokersTimeUnderLogAppendTime) {
    LogOptions options;
    options.message_timestamp_type = TimestampType::log_append_time;
    TestBroker broker(1, options);
    Bytes batch = make_batch("a");
    const AppendInfo info = broker.log().append_as_leader(batch, LeaderEpoch(0), 777).value();
    EXPECT_EQ(info.log_append_time, 777);
    const RecordBatch decoded = decode_batch(broker.batches().at(0)).value();
    EXPECT_EQ(decoded.timestamp_of(decoded.records[0]), 777);
    EXPECT_EQ(info.crc, BatchView::at_front(broker.batches().at(0))->crc());
    EXPECT_EQ(broker.log().find_by_timestamp(777, Offset(1))->value->offset, Offset(0));
}

TEST(Log, RefusesWhatALeaderMustNotTake) {
    LogOptions options = small_segments(400);
    options.max_message_bytes = 200;
    TestBroker broker(1, options);
    const auto refusal = [&](Bytes batch, TimestampMs now = 1000) {
        return broker.log().append_as_leader(batch, LeaderEpoch(0), now)->error;
    };
    Bytes damaged = make_batch("a");
    damaged.back() ^= 1;
    EXPECT_EQ(refusal(damaged), ErrorCode::corrupt_message);
    Bytes half = make_batch("a");
    half.pop_back();
    EXPECT_EQ(refusal(half), ErrorCode::corrupt_message);
    EXPECT_EQ(refusal({}), ErrorCode::corrupt_message);
    EXPECT_EQ(refusal(make_batch(std::string(200, 'x'))), ErrorCode::message_too_large);
    Bytes many;
    for (int i = 0; i < 6; ++i) {
        const Bytes one = make_batch("a");
        many.insert(many.end(), one.begin(), one.end());
    }
    EXPECT_EQ(refusal(many), ErrorCode::record_list_too_large);
    // An hour ahead of the broker is the most (KIP-1030).
    EXPECT_EQ(refusal(make_batch("a", std::vector<TimestampMs>{3'601'001}), 1000),
              ErrorCode::invalid_timestamp);
    EXPECT_EQ(refusal(make_batch("a", std::vector<TimestampMs>{-5})), ErrorCode::invalid_timestamp);
    // Leaders stamp batches, producers do not.
    Bytes stamped = make_batch("a", std::vector<TimestampMs>{no_timestamp});
    stamp_log_append_time(stamped, no_timestamp);
    EXPECT_EQ(refusal(std::move(stamped)), ErrorCode::invalid_timestamp);
    EXPECT_TRUE(broker.log().is_empty());
    EXPECT_EQ(refusal(make_batch("a", std::vector<TimestampMs>{3'601'000}), 1000), ErrorCode::none);
}

TEST(Log, TakesControlBatchesFromTheBrokerOnly) {
    TestBroker broker;
    BatchBuilder builder({.is_control = true});
    builder.append(1000, as_bytes("k"), as_bytes("v"));
    Bytes batch = builder.finish();
    const AppendInfo refused = broker.log().append_as_leader(batch, LeaderEpoch(0), 1000).value();
    EXPECT_EQ(refused.error, ErrorCode::invalid_record);
    EXPECT_THAT(refused.message, HasSubstr("control"));
    EXPECT_EQ(
        broker.log().append_as_leader(batch, LeaderEpoch(0), 1000, BatchSource::broker)->error,
        ErrorCode::none);
}

TEST(Log, WantsKeysOnACompactedTopic) {
    LogOptions options;
    options.cleanup_policy = {.deletes = false, .compacts = true};
    TestBroker broker(1, options);
    BatchBuilder builder;
    builder.append(1000, std::nullopt, as_bytes("v"));
    Bytes keyless = builder.finish();
    EXPECT_EQ(broker.log().append_as_leader(keyless, LeaderEpoch(0), 1000)->error,
              ErrorCode::invalid_record);
    EXPECT_EQ(broker.append("keyed").error, ErrorCode::none);
}

TEST(Log, FollowsWithTheLeadersOffsetsAndEpochs) {
    TestBroker broker;
    Bytes both = make_batch("a", 2, Offset(0), LeaderEpoch(3));
    const Bytes second = make_batch("b", 1, Offset(7), LeaderEpoch(4));  // compaction left a hole
    both.insert(both.end(), second.begin(), second.end());
    Bytes cut = both;
    cut.insert(cut.end(), second.begin(), second.begin() + 30);  // as a Fetch answer may end
    const AppendInfo info = broker.log().append_as_follower(cut).value();
    EXPECT_EQ(info.error, ErrorCode::none);
    EXPECT_EQ(info.base_offset, Offset(0));
    EXPECT_EQ(info.last_offset, Offset(7));
    EXPECT_EQ(broker.log().log_end_offset(), Offset(8));
    EXPECT_EQ(broker.log().end_offset_for(LeaderEpoch(3)),
              (OffsetAndEpoch{.offset = Offset(7), .epoch = LeaderEpoch(3)}));
    EXPECT_EQ(split_batches(both), broker.batches());
    EXPECT_EQ(broker.log().read(Offset(4), 1, Offset(8))->next_offset, Offset(8));
}

TEST(Log, AFollowerRefusesWhatItHasOrWhatIsDamagedAsAWhole) {
    TestBroker broker;
    ASSERT_EQ(broker.log().append_as_follower(make_batch("a", 5))->error, ErrorCode::none);
    const AppendInfo again = broker.log().append_as_follower(make_batch("b", 1, Offset(4))).value();
    EXPECT_EQ(again.error, ErrorCode::offset_out_of_range);
    Bytes good_and_bad = make_batch("b", 1, Offset(5));
    Bytes bad = make_batch("c", 1, Offset(6));
    bad.back() ^= 1;
    good_and_bad.insert(good_and_bad.end(), bad.begin(), bad.end());
    EXPECT_EQ(broker.log().append_as_follower(good_and_bad)->error, ErrorCode::corrupt_message);
    EXPECT_EQ(broker.log().append_as_follower(Bytes(70, 0))->error, ErrorCode::corrupt_message);
    EXPECT_EQ(broker.log().log_end_offset(), Offset(5));
}

TEST(Log, ANewLeadersEpochBeginsAtTheEndBeforeItWrites) {
    TestBroker broker;
    broker.append("a", 3, LeaderEpoch(0));
    ASSERT_TRUE(broker.log().begin_epoch(LeaderEpoch(2)).ok());
    EXPECT_EQ(broker.log().end_offset_for(LeaderEpoch(0)),
              (OffsetAndEpoch{.offset = Offset(3), .epoch = LeaderEpoch(0)}));
    EXPECT_EQ(broker.log().end_offset_for(LeaderEpoch(2)),
              (OffsetAndEpoch{.offset = Offset(3), .epoch = LeaderEpoch(2)}));
    EXPECT_THROW((void)broker.log().begin_epoch(LeaderEpoch(1)), AssertionFailure);
}

// ---- segments ----

TEST(Log, RollsWhenASegmentWouldGrowBeyondItsSize) {
    const auto size = static_cast<std::int32_t>(make_batch("a").size());
    TestBroker broker(1, small_segments(2 * size));
    EXPECT_FALSE(broker.append("a").rolled);
    EXPECT_FALSE(broker.append("b").rolled);
    EXPECT_TRUE(broker.append("c").rolled);
    ASSERT_EQ(broker.log().segments().size(), 2u);
    EXPECT_EQ(broker.log().segments()[1].path(), "orders-0/00000000000000000002.log");
    EXPECT_EQ(broker.log().recovery_point(), Offset(2)) << "a segment is flushed when it is left";
    EXPECT_THAT(broker.values(), ElementsAre("a", "b", "c"));
}

TEST(Log, RollsWhenTheFirstBatchIsOldByRecordTime) {
    LogOptions options;
    options.segment_ms = std::chrono::milliseconds(500);
    options.message_timestamp_after_max_ms = LogOptions::never;
    TestBroker broker(1, options);
    const auto rolled_at = [&](TimestampMs timestamp) {
        Bytes batch = make_batch("a", std::vector<TimestampMs>{timestamp});
        return broker.log().append_as_leader(batch, LeaderEpoch(0), 1000)->rolled;
    };
    EXPECT_FALSE(rolled_at(1000));
    EXPECT_FALSE(rolled_at(1500));
    EXPECT_TRUE(rolled_at(1501));
    EXPECT_FALSE(rolled_at(2001));
}

TEST(Log, RollsBeforeAnOffsetLeavesTheReachOfASegment) {
    TestBroker broker;
    ASSERT_FALSE(broker.log().append_as_follower(make_batch("a"))->rolled);
    const AppendInfo far =
        broker.log().append_as_follower(make_batch("b", 1, Offset(1ll << 31))).value();
    EXPECT_TRUE(far.rolled);
    EXPECT_THAT(broker.values(), ElementsAre("a", "b"));
}

TEST(Segment, TellsItsBaseOffsetFromItsPath) {
    EXPECT_EQ(segment_path("orders-0", Offset(120)), "orders-0/00000000000000000120.log");
    EXPECT_EQ(segment_base_offset("orders-0/00000000000000000120.log"), Offset(120));
    for (const char* path :
         {"orders-0/120.log", "orders-0/0000000000000000012x.log", "00000000000000000120.log",
          "orders-0/00000000000000000120.index", "orders-0/-0000000000000000120.log",
          "orders-0/leader-epoch-checkpoint"}) {
        EXPECT_EQ(segment_base_offset(path), std::nullopt) << path;
    }
}

// ---- reading ----

TEST(Log, ReadsWholeBatchesBelowTheBound) {
    TestBroker broker;
    for (const char* text : {"a", "b", "c"}) broker.append(text, 2);
    Log& log = broker.log();
    const auto end_of = [&](Offset from, std::int64_t max_bytes, Offset bound,
                            bool at_least_one = true) {
        return log.read(from, max_bytes, bound, at_least_one)->next_offset;
    };
    const auto size = static_cast<std::int64_t>(broker.batches()[0].size());
    EXPECT_EQ(end_of(Offset(0), 1 << 20, Offset(6)), Offset(6));
    EXPECT_EQ(end_of(Offset(0), 1 << 20, Offset(4)), Offset(4));
    EXPECT_EQ(end_of(Offset(0), 1 << 20, Offset(5)), Offset(4));
    EXPECT_EQ(end_of(Offset(1), 1 << 20, Offset(6)), Offset(6));
    EXPECT_EQ(end_of(Offset(0), 2 * size, Offset(6)), Offset(4));
    EXPECT_EQ(end_of(Offset(0), 2 * size - 1, Offset(6)), Offset(2));
    EXPECT_EQ(end_of(Offset(0), 0, Offset(6)), Offset(2)) << "the first batch always (KIP-74)";
    EXPECT_EQ(end_of(Offset(0), size - 1, Offset(6), false), Offset(0));
    EXPECT_EQ(end_of(Offset(6), 1 << 20, Offset(6)), Offset(6));
    EXPECT_EQ(end_of(Offset(2), 1 << 20, Offset(2)), Offset(2));
    EXPECT_EQ(log.read(Offset(7), 100, Offset(6))->error, ErrorCode::offset_out_of_range);
}

TEST(Log, ReadsFromTheBatchThatHoldsTheOffset) {
    TestBroker broker;
    broker.append("a", 5);
    const LogRead read = broker.log().read(Offset(3), 1 << 20, Offset(5)).value();
    EXPECT_EQ(BatchView::at_front(read.records)->base_offset(), Offset(0));
}

TEST(Log, ReadersDoNotSeeBelowTheLogStart) {
    TestBroker broker;
    for (const char* text : {"a", "b", "c"}) broker.append(text);
    ASSERT_TRUE(broker.log().advance_log_start(Offset(2)).ok());
    EXPECT_EQ(broker.log().read(Offset(1), 100, Offset(3))->error, ErrorCode::offset_out_of_range);
    EXPECT_THAT(broker.values(), ElementsAre("c"));
    ASSERT_TRUE(broker.log().advance_log_start(Offset(1)).ok());
    EXPECT_EQ(broker.log().log_start_offset(), Offset(2)) << "it never goes back";
    EXPECT_THROW((void)broker.log().advance_log_start(Offset(4)), AssertionFailure);
    broker.directory->checkpoint_offsets().value();
    broker.restart_after_process_crash();
    EXPECT_EQ(broker.log().log_start_offset(), Offset(2));
}

// ---- truncating ----

TEST(Log, TruncatesToABatchAndForgetsLaterEpochs) {
    TestBroker broker;
    broker.append("a", 2, LeaderEpoch(0));
    broker.append("b", 2, LeaderEpoch(1));
    broker.append("c", 2, LeaderEpoch(3));
    ASSERT_TRUE(broker.log().truncate_to(Offset(3)).ok());
    EXPECT_EQ(broker.log().log_end_offset(), Offset(2)) << "the batch that holds 3 goes";
    EXPECT_EQ(broker.log().latest_epoch(), LeaderEpoch(0));
    EXPECT_THAT(broker.values(), ElementsAre("a"));
    ASSERT_TRUE(broker.log().truncate_to(Offset(9)).ok());
    EXPECT_EQ(broker.log().log_end_offset(), Offset(2));
    EXPECT_EQ(broker.append("d", 1, LeaderEpoch(4)).base_offset, Offset(2));
    EXPECT_THAT(broker.values(), ElementsAre("a", "d"));
}

TEST(Log, KeepsAHoleThatTruncationLeavesAtTheEnd) {
    TestBroker broker;
    ASSERT_EQ(broker.log().append_as_follower(make_batch("a", 2))->error, ErrorCode::none);
    ASSERT_EQ(broker.log().append_as_follower(make_batch("b", 1, Offset(9)))->error,
              ErrorCode::none);
    ASSERT_TRUE(broker.log().truncate_to(Offset(5)).ok());
    EXPECT_EQ(broker.log().log_end_offset(), Offset(5));
}

TEST(Log, TruncatesAcrossSegments) {
    const auto size = static_cast<std::int32_t>(make_batch("a").size());
    TestBroker broker(1, small_segments(size));
    for (const char* text : {"a", "b", "c", "d"}) broker.append(text);
    ASSERT_EQ(broker.log().segments().size(), 4u);
    ASSERT_TRUE(broker.log().truncate_to(Offset(2)).ok());
    EXPECT_EQ(broker.log().segments().size(), 2u);
    EXPECT_THAT(broker.values(), ElementsAre("a", "b"));
    EXPECT_EQ(broker.disk.list("orders-0/0").size(), 2u);
    broker.restart_after_process_crash();
    EXPECT_THAT(broker.values(), ElementsAre("a", "b"));
}

TEST(Log, StartsAgainElsewhere) {
    TestBroker broker;
    broker.append("a", 3, LeaderEpoch(2));
    ASSERT_TRUE(broker.log().truncate_fully_and_start_at(Offset(50)).ok());
    EXPECT_TRUE(broker.log().is_empty());
    EXPECT_EQ(broker.log().log_start_offset(), Offset(50));
    EXPECT_EQ(broker.log().latest_epoch(), no_leader_epoch);
    broker.restart_after_process_crash();
    EXPECT_EQ(broker.log().log_start_offset(), Offset(50));
    EXPECT_EQ(broker.log().log_end_offset(), Offset(50));
    EXPECT_EQ(broker.append("b").base_offset, Offset(50));
    ASSERT_TRUE(broker.log().truncate_to(Offset(20)).ok());
    EXPECT_EQ(broker.log().log_start_offset(), Offset(20));
    broker.restart_after_process_crash();
    EXPECT_EQ(broker.log().log_end_offset(), Offset(20));
}

// ---- flushing and recovery ----

TEST(Log, AFlushCoversWhatWasAppendedBeforeItBegan) {
    TestBroker broker;
    broker.append("a");
    const LogFlush flush = broker.log().begin_flush().value();
    EXPECT_GT(flush.cost, Duration::zero());
    broker.append("b");
    EXPECT_EQ(broker.log().recovery_point(), Offset(0));
    ASSERT_TRUE(broker.log().finish_flush(flush).ok());
    EXPECT_EQ(broker.log().recovery_point(), Offset(1));
    ASSERT_TRUE(broker.log().flush().ok());
    EXPECT_EQ(broker.log().recovery_point(), Offset(2));
    EXPECT_THAT(broker.log().begin_flush()->tickets, IsEmpty()) << "nothing to flush";
}

TEST(Log, AFlushInFlightDoesNotVouchForWhatReplacedWhatItCovered) {
    TestBroker broker;
    broker.append("a");
    broker.append("b");
    const LogFlush flush = broker.log().begin_flush().value();
    ASSERT_TRUE(broker.log().truncate_to(Offset(1)).ok());
    broker.append("c", 3, LeaderEpoch(1));
    ASSERT_TRUE(broker.log().finish_flush(flush).ok());
    EXPECT_EQ(broker.log().recovery_point(), Offset(1));
}

TEST(Log, SaysWhenFlushMessagesIsReached) {
    LogOptions options;
    options.flush_messages = 3;
    TestBroker broker(1, options);
    EXPECT_FALSE(broker.append("a", 2).flush_due);
    EXPECT_TRUE(broker.append("b", 1).flush_due);
    ASSERT_TRUE(broker.log().flush().ok());
    EXPECT_FALSE(broker.append("c", 2).flush_due);
}

TEST(Log, AProcessCrashLosesNothing) {
    TestBroker broker;
    broker.append("a", 2, LeaderEpoch(1));
    broker.append("b", 1, LeaderEpoch(2));
    const LeaderEpochCache epochs = broker.log().epochs();
    broker.restart_after_process_crash();
    EXPECT_FALSE(broker.opened.was_clean);
    EXPECT_THAT(broker.values(), ElementsAre("a", "b"));
    EXPECT_EQ(broker.log().epochs(), epochs);
    EXPECT_EQ(broker.log().topic_id(), TestBroker::topic_id);
    EXPECT_EQ(broker.opened.logs.at(TestBroker::partition).truncated_bytes, 0u);
}

TEST(Log, RecoveryCutsAtTheFirstBadBatchAndSaysWhy) {
    const auto size = static_cast<std::int32_t>(make_batch("a").size());
    TestBroker broker(1, small_segments(3 * size));
    for (const char* text : {"a", "b", "c", "d", "e"}) broker.append(text);
    // Something wrote over the second batch: everything behind it goes, the next segment too.
    Bytes bytes = broker.disk.inspect(segment_0);
    bytes[static_cast<std::size_t>(2 * size) - 1] ^= 0x10;
    ASSERT_TRUE(broker.disk.replace(segment_0, bytes).ok());
    broker.disk.remove("recovery-point-offset-checkpoint").value();
    broker.restart_after_process_crash();
    EXPECT_THAT(broker.values(), ElementsAre("a"));
    const LogRecovery& recovery = broker.opened.logs.at(TestBroker::partition);
    EXPECT_EQ(recovery.truncated_bytes, static_cast<std::uint64_t>(4 * size));
    EXPECT_EQ(recovery.log_end_offset, Offset(1));
    EXPECT_THAT(recovery.reason, HasSubstr(segment_0));
    EXPECT_EQ(broker.append("x").base_offset, Offset(1));
    broker.restart_after_process_crash();
    EXPECT_THAT(broker.values(), ElementsAre("a", "x"));
}

TEST(Log, RecoveryFindsBitRotAnywhereInABatchItScans) {
    const std::size_t size = make_batch("a").size();
    for (std::uint64_t call = 0; call < 60; ++call) {
        TestBroker broker(call);
        broker.append("a");
        broker.append("b");
        ASSERT_TRUE(broker.disk.flush(segment_0).ok());
        const Bytes before = broker.disk.inspect(segment_0);
        broker.disk.rot(segment_0, 1, "f1");
        const Bytes after = broker.disk.inspect(segment_0);
        std::size_t at = 0;
        while (before[at] == after[at]) ++at;
        // Outside the CRC, Kafka cannot see rot of an offset that stays in order or of an epoch.
        const std::size_t field = at % size;
        if (field < batch_layout::length ||
            (field >= batch_layout::partition_leader_epoch && field < batch_layout::magic)) {
            continue;
        }
        broker.restart_after_process_crash();
        EXPECT_EQ(broker.log().log_end_offset(), Offset(at < size ? 0 : 1)) << "byte " << at;
        EXPECT_GT(broker.opened.logs.at(TestBroker::partition).truncated_bytes, 0u);
    }
}

TEST(Log, ACleanShutdownNeedsNoScanOfCrcs) {
    TestBroker broker;
    broker.append("a");
    broker.append("b");
    broker.restart_after_clean_shutdown(BrokerEpoch(42));
    EXPECT_TRUE(broker.opened.was_clean);
    EXPECT_EQ(broker.opened.previous_broker_epoch, BrokerEpoch(42));
    EXPECT_THAT(broker.values(), ElementsAre("a", "b"));
    EXPECT_EQ(broker.log().recovery_point(), Offset(2));
    // The marker counts once, even for a crash right after the start.
    broker.restart_after_power_loss();
    EXPECT_FALSE(broker.opened.was_clean);
    EXPECT_THAT(broker.values(), ElementsAre("a", "b"));
}

TEST(Log, TheCleanMarkerDoesNotComeBackWithHalfWrittenRecords) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        TestBroker broker(seed);
        broker.append("a");
        broker.restart_after_clean_shutdown();
        for (int i = 0; i < 20; ++i) broker.append(std::string(300, 'x'));
        broker.restart_after_power_loss();
        ASSERT_FALSE(broker.opened.was_clean);
        for (const Bytes& batch : broker.batches()) {
            ASSERT_TRUE(BatchView::at_front(batch)->check().ok());
        }
    }
}

// ---- failures ----

TEST(Log, AnIoErrorFailsTheLogUntilItIsOpenedAgain) {
    TestBroker broker;
    broker.append("a");
    broker.disk.set_faults({.fault_id = "f1", .write_error_per_million = 1'000'000});
    Bytes batch = make_batch("b");
    EXPECT_EQ(broker.log().append_as_leader(batch, LeaderEpoch(0), 1000).error().failure,
              Failure::io_error);
    EXPECT_TRUE(broker.log().has_failed());
    broker.disk.clear_faults();
    EXPECT_EQ(broker.log().append_as_leader(batch, LeaderEpoch(0), 1000).error().failure,
              Failure::io_error);
    EXPECT_EQ(broker.log().truncate_to(Offset(0)).error().failure, Failure::io_error);
    EXPECT_EQ(broker.log().begin_flush().error().failure, Failure::io_error);
    EXPECT_THAT(broker.values(), ElementsAre("a")) << "reads still work";
    broker.restart_after_process_crash();
    EXPECT_EQ(broker.append("b").base_offset, Offset(1));
}

TEST(Log, AFailedFlushFailsTheLogAndDoesNotMoveTheRecoveryPoint) {
    TestBroker broker;
    broker.append("a");
    broker.disk.set_faults({.fault_id = "f1", .flush_error_per_million = 1'000'000});
    EXPECT_EQ(broker.log().flush().error().failure, Failure::io_error);
    EXPECT_TRUE(broker.log().has_failed());
    EXPECT_EQ(broker.log().recovery_point(), Offset(0));
}

TEST(Log, AReadErrorSurfacesAndHarmsNothing) {
    TestBroker broker;
    broker.append("a");
    broker.disk.set_faults({.fault_id = "f1", .read_error_per_million = 1'000'000});
    EXPECT_EQ(broker.log().read(Offset(0), 100, Offset(1)).error().failure, Failure::io_error);
    EXPECT_EQ(broker.log().find_by_timestamp(0, Offset(1)).error().failure, Failure::io_error);
    EXPECT_FALSE(broker.log().has_failed());
    broker.disk.clear_faults();
    EXPECT_THAT(broker.values(), ElementsAre("a"));
}

TEST(Log, AFullDiskFailsTheLog) {
    TestBroker broker;
    broker.disk.set_faults({.fault_id = "f1", .full = true});
    Bytes batch = make_batch("a");
    EXPECT_EQ(broker.log().append_as_leader(batch, LeaderEpoch(0), 1000).error().failure,
              Failure::no_space);
    EXPECT_TRUE(broker.log().has_failed());
}

// ---- the directory ----

TEST(LogDirectory, FindsEveryLogAtTheNextStart) {
    TestBroker broker;
    const TopicPartition dashed{.topic = "a-b", .partition = 12};
    broker.create(dashed);
    broker.append("a");
    ASSERT_TRUE(broker.disk.append("not-a-log-folder/file", {}).ok());
    ASSERT_TRUE(broker.disk.append("orders-01/file", {}).ok());
    broker.restart_after_process_crash();
    EXPECT_THAT(broker.directory->partitions(), ElementsAre(dashed, TestBroker::partition));
    EXPECT_TRUE(broker.directory->find(dashed)->is_empty());
    EXPECT_EQ(broker.directory->find({.topic = "none", .partition = 0}), nullptr);
}

TEST(LogDirectory, RemovesALogAndItsTracks) {
    TestBroker broker;
    broker.append("a", 7);
    ASSERT_TRUE(broker.log().flush().ok());
    ASSERT_TRUE(broker.log().advance_log_start(Offset(4)).ok());
    ASSERT_TRUE(broker.directory->checkpoint_offsets().ok());
    ASSERT_TRUE(broker.directory->remove(TestBroker::partition).ok());
    EXPECT_FALSE(broker.has_log());
    EXPECT_TRUE(broker.disk.list("orders-0/").empty());
    broker.create(TestBroker::partition);
    EXPECT_EQ(broker.append("b").base_offset, Offset(0));
    broker.restart_after_process_crash();
    EXPECT_EQ(broker.log().log_start_offset(), Offset(0));
    EXPECT_THAT(broker.values(), ElementsAre("b"));
}

TEST(LogDirectory, KeepsHighWatermarksForTheNextStart) {
    TestBroker broker;
    EXPECT_EQ(broker.directory->checkpointed_high_watermark(TestBroker::partition), std::nullopt);
    ASSERT_TRUE(
        broker.directory->checkpoint_high_watermarks({{TestBroker::partition, Offset(11)}}).ok());
    broker.restart_after_process_crash();
    EXPECT_EQ(broker.directory->checkpointed_high_watermark(TestBroker::partition), Offset(11));
}

TEST(LogDirectory, IsOfflineWhenALogCannotBeRead) {
    TestBroker broker;
    broker.append("a");
    broker.disk.set_faults({.fault_id = "f1", .read_error_per_million = 1'000'000});
    LogDirectory again(broker.disk, {});
    EXPECT_EQ(again.open_all().error().failure, Failure::io_error);
}

TEST(LogDirectory, ACleanShutdownNeedsFlushedLogs) {
    TestBroker broker;
    broker.append("a");
    EXPECT_THROW((void)broker.directory->mark_clean_shutdown(BrokerEpoch(1)), AssertionFailure);
}

}  // namespace
}  // namespace squall::model
