// Retention and DeleteRecords, the clean-shutdown marker, times, and producers through restarts.
#include "model/log/retention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/model/log/log_fixture.h"
#include "tests/model/log/producer_batches.h"

namespace squall::model {
namespace {

using testing::ElementsAre;

LogOptions one_batch_a_segment() {
    LogOptions options = small_segments(100);
    options.message_timestamp_after_max_ms = LogOptions::never;
    return options;
}

// Batches of one record each, at these times.
void append_at(TestBroker& broker, const std::vector<TimestampMs>& times) {
    for (const TimestampMs time : times) {
        Bytes batch = make_batch(std::to_string(time), std::vector<TimestampMs>{time});
        ASSERT_EQ(broker.log().append_as_leader(batch, LeaderEpoch(0), 1000)->error,
                  ErrorCode::none);
    }
}

void retain(TestBroker& broker, LogOptions options, TimestampMs now,
            std::optional<Offset> high_watermark = {}) {
    broker.log().set_options(options);
    ASSERT_TRUE(broker.log()
                    .apply_retention(now, high_watermark.value_or(broker.log().log_end_offset()))
                    .ok());
}

TEST(Retention, DeletesSegmentsWhoseNewestRecordIsTooOld) {
    LogOptions options = one_batch_a_segment();
    options.retention_ms = std::chrono::milliseconds(100);
    TestBroker broker(1, options);
    append_at(broker, {1000, 1050, 1200});
    retain(broker, options, 1150);
    EXPECT_EQ(broker.log().log_start_offset(), Offset(1));
    EXPECT_THAT(broker.values(), ElementsAre("1050", "1200"));
    EXPECT_EQ(broker.log().read(Offset(0), 1000, Offset(3))->error, ErrorCode::offset_out_of_range);
}

TEST(Retention, StopsAtASegmentThatIsYoungerEvenIfLaterOnesAreOld) {
    LogOptions options = one_batch_a_segment();
    options.retention_ms = std::chrono::milliseconds(100);
    TestBroker broker(1, options);
    append_at(broker, {1000, 5000, 1000, 1000});
    retain(broker, options, 1500);
    EXPECT_EQ(broker.log().log_start_offset(), Offset(1));
}

TEST(Retention, BeginsANewSegmentWhenAllAreTooOld) {
    LogOptions options = one_batch_a_segment();
    options.retention_ms = std::chrono::milliseconds(100);
    TestBroker broker(1, options);
    append_at(broker, {1000, 1000});
    retain(broker, options, 2000);
    EXPECT_TRUE(broker.log().is_empty());
    EXPECT_EQ(broker.log().log_end_offset(), Offset(2));
    retain(broker, options, 3000);
    broker.restart_after_process_crash();
    EXPECT_EQ(broker.log().log_start_offset(), Offset(2));
    EXPECT_EQ(broker.append("next").base_offset, Offset(2));
}

TEST(Retention, NeverDeletesBeyondTheHighWatermark) {
    LogOptions options = one_batch_a_segment();
    options.retention_ms = std::chrono::milliseconds(0);
    TestBroker broker(1, options);
    append_at(broker, {1, 2, 3});
    retain(broker, options, 1000, Offset(1));
    EXPECT_EQ(broker.log().log_start_offset(), Offset(1));
}

TEST(Retention, LeavesAtLeastRetentionBytes) {
    LogOptions options = one_batch_a_segment();
    TestBroker broker(1, options);
    append_at(broker, {1000, 1000, 1000, 1000});
    const std::uint64_t one = broker.log().segments().front().size();
    options.retention_bytes = static_cast<std::int64_t>(2 * one);
    retain(broker, options, 1000);
    EXPECT_EQ(broker.log().size(), 2 * one);
    append_at(broker, {1000});
    options.retention_bytes += 1;
    retain(broker, options, 1000);
    EXPECT_EQ(broker.log().size(), 3 * one);
}

TEST(Retention, DeletesWhatLiesBelowTheLogStartUnderEveryPolicy) {
    LogOptions options = one_batch_a_segment();
    options.cleanup_policy = {.deletes = false, .compacts = true};
    options.retention_ms = std::chrono::milliseconds(0);
    TestBroker broker(1, options);
    append_at(broker, {1000, 1000, 1000});
    ASSERT_TRUE(broker.log().advance_log_start(Offset(2)).ok());
    retain(broker, options, 100'000);
    EXPECT_EQ(broker.log().segments().front().base_offset(), Offset(2));
    EXPECT_THAT(broker.values(), ElementsAre("1000"));
}

TEST(MaxTimestamp, IsTheFirstRecordWithTheLargest) {
    TestBroker broker(1, one_batch_a_segment());
    append_at(broker, {1000, 3000, 2000, 3000});
    const auto found = broker.log().find_max_timestamp(Offset(4))->value;
    ASSERT_TRUE(found);
    EXPECT_EQ(found->offset, Offset(1));
    EXPECT_EQ(found->timestamp, 3000);
    EXPECT_FALSE(broker.log().find_max_timestamp(Offset(1))->value) << "not committed yet";
}

TEST(Times, AreFoundToTheRecordInACompressedBatch) {
    TestBroker broker;
    RecordBatch batch{.last_offset_delta = 2, .base_timestamp = 1000, .max_timestamp = 1020};
    batch.attributes.set_compression(Compression::zstd);
    for (const std::int32_t i : {0, 1, 2}) {
        batch.records.push_back({.timestamp_delta = 10 * i,
                                 .offset_delta = i,
                                 .key = to_bytes("k"),
                                 .value = to_bytes("v"),
                                 .headers = {}});
    }
    Bytes bytes = encode_batch(batch);
    ASSERT_EQ(broker.log().append_as_leader(bytes, LeaderEpoch(0), 1000)->error, ErrorCode::none);
    EXPECT_EQ(broker.log().find_by_timestamp(1005, Offset(3))->value->offset, Offset(1));
}

TEST(CompressedBatches, AreHeldToTheRulesOfRecords) {
    LogOptions options;
    options.cleanup_policy = {.deletes = false, .compacts = true};
    TestBroker broker(1, options);
    const auto append = [&](std::optional<Bytes> key, std::int32_t offset_delta) {
        RecordBatch batch{.last_offset_delta = 0, .base_timestamp = 1000, .max_timestamp = 1000};
        batch.attributes.set_compression(Compression::gzip);
        batch.records.push_back({.offset_delta = offset_delta,
                                 .key = std::move(key),
                                 .value = to_bytes("v"),
                                 .headers = {}});
        Bytes bytes = encode_batch(batch);
        return broker.log().append_as_leader(bytes, LeaderEpoch(0), 1000)->error;
    };
    EXPECT_EQ(append(to_bytes("k"), 0), ErrorCode::none);
    EXPECT_EQ(append(std::nullopt, 0), ErrorCode::invalid_record) << "a compacted topic needs keys";
    EXPECT_EQ(append(to_bytes("k"), 1), ErrorCode::invalid_record) << "offsets count from 0";
}

TEST(Rolling, HappensWhenKafkasIndexFilesWouldBeFull) {
    LogOptions options;
    options.index_interval_bytes = 0;  // an entry for every batch but the first
    options.segment_index_bytes = 60;  // seven offsets, but four times and a place to spare
    options.message_timestamp_after_max_ms = LogOptions::never;
    TestBroker growing(1, options);
    append_at(growing, {1, 2, 3, 4, 5, 6});
    EXPECT_EQ(growing.log().segments().front().index().entries().size(), 5u);
    TestBroker constant(1, options);
    append_at(constant, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
    EXPECT_EQ(constant.log().segments().front().index().entries().size(), 8u);
}

TEST(ProducersOfALog, AreKnownAfterARestartOfEveryKind) {
    TestBroker broker(1, one_batch_a_segment());
    const auto write = [&](std::int32_t sequence) {
        Bytes batch = numbered({.sequence = sequence, .value = "a long value, one a segment"});
        return broker.log().append_as_leader(batch, LeaderEpoch(0), 1000).value();
    };
    for (int sequence = 0; sequence < 4; ++sequence) (void)write(sequence);
    EXPECT_GE(broker.disk.list("orders-0/").size(), 8u) << "segments and their snapshots";
    broker.restart_after_process_crash();
    EXPECT_EQ(write(3).base_offset, Offset(3));
    EXPECT_TRUE(write(3).is_duplicate);
    broker.restart_after_clean_shutdown();
    EXPECT_TRUE(write(3).is_duplicate);
    EXPECT_EQ(write(5).error, ErrorCode::out_of_order_sequence_number);
    EXPECT_EQ(write(4).base_offset, Offset(4));
    ASSERT_TRUE(broker.log().truncate_to(Offset(3)).ok());
    EXPECT_EQ(write(4).error, ErrorCode::out_of_order_sequence_number) << "3 is gone";
    EXPECT_EQ(write(3).base_offset, Offset(3));
}

TEST(ProducersOfALog, AreForgottenWithEverythingElse) {
    TestBroker broker;
    Bytes batch = numbered({.sequence = 0});
    ASSERT_EQ(broker.log().append_as_leader(batch, LeaderEpoch(0), 1000)->error, ErrorCode::none);
    ASSERT_TRUE(broker.log().truncate_fully_and_start_at(Offset(9)).ok());
    EXPECT_TRUE(broker.log().producers().is_empty());
    broker.restart_after_clean_shutdown();
    EXPECT_TRUE(broker.log().producers().is_empty());
}

TEST(CleanShutdownMarker, IsGoneForGoodBeforeALogIsLoaded) {
    TestBroker broker;
    broker.append("a");
    broker.restart_after_clean_shutdown();
    ASSERT_TRUE(broker.opened.was_clean);
    broker.restart_after_power_loss();
    EXPECT_FALSE(broker.opened.was_clean);
}

TEST(CleanShutdownMarker, WithZ23APowerLossBringsItBack) {
    BugSet bugs;
    bugs.arm(Bug::z23_stale_clean_shutdown_marker);
    int returned = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        TestBroker broker(seed);
        broker.append("a");
        ASSERT_TRUE(broker.log().flush().ok());
        ASSERT_TRUE(broker.directory->mark_clean_shutdown(BrokerEpoch(5)).ok());
        LogDirectory second(broker.disk, broker.options, &bugs);
        ASSERT_TRUE(second.open_all()->was_clean);
        broker.disk.power_loss();
        LogDirectory third(broker.disk, broker.options);
        returned += third.open_all()->was_clean ? 1 : 0;
    }
    EXPECT_GT(returned, 0);
    EXPECT_EQ(bugs.hits(Bug::z23_stale_clean_shutdown_marker), 20u);
}

}  // namespace
}  // namespace squall::model
