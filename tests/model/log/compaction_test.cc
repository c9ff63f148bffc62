// Compaction: the rules one by one, the swap under crashes, and the law that the last value of each
// key stays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/log/log_cleaner.h"
#include "model/log/segment_swap.h"
#include "tests/model/log/log_fixture.h"
#include "tests/model/log/producer_batches.h"

namespace squall::model {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr TimestampMs now = 100'000;
constexpr TimestampMs retention = 1000;  // delete.retention.ms

LogOptions compacted(std::int32_t segment_bytes = 100) {
    LogOptions options = small_segments(segment_bytes);  // one batch in a segment
    options.cleanup_policy = {.deletes = false, .compacts = true};
    options.min_cleanable_dirty_ratio = {.value = 0};
    options.delete_retention_ms = std::chrono::milliseconds(retention);
    return options;
}

class CompactedBroker : public TestBroker {
  public:
    explicit CompactedBroker(std::uint64_t seed = 1, LogOptions with = compacted())
        : TestBroker(seed, with) {}

    AppendInfo put(std::string_view key, std::optional<std::string_view> value,
                   TimestampMs timestamp = 1000) {
        BatchBuilder builder;
        builder.append(timestamp, as_bytes(key),
                       value ? std::optional<ByteView>(as_bytes(*value)) : std::nullopt);
        return append_batch(builder.finish());
    }
    AppendInfo append_batch(Bytes batch, BatchSource source = BatchSource::client) {
        AppendInfo info = log().append_as_leader(batch, LeaderEpoch(0), now, source).value();
        EXPECT_EQ(info.error, ErrorCode::none) << info.message;
        return info;
    }
    // So that everything before lies below the active segment.
    void roll() {
        while (!put("", "end").rolled) {
        }
    }
    Cleaning clean(TimestampMs at = now, const BugSet* bugs = nullptr) {
        return clean_if_due(log(), log().log_end_offset(), at, bugs).value();
    }
    // "offset key=value" of every record, control records left out; "offset-offset" of batches
    // without records.
    std::vector<std::string> records() {
        std::vector<std::string> found;
        for (const Bytes& bytes : batches()) {
            const RecordBatch batch = decode_batch(bytes).value();
            if (batch.attributes.is_control() && !batch.records.empty()) {
                found.push_back(fmt::format("{} marker", batch.base_offset));
                continue;
            }
            if (batch.records.empty()) found.push_back(fmt::format("{} empty", batch.base_offset));
            for (const Record& record : batch.records) {
                if (record.key->empty()) continue;  // of roll()
                found.push_back(fmt::format("{} {}={}", batch.offset_of(record),
                                            as_text(*record.key),
                                            record.value ? as_text(*record.value) : "null"));
            }
        }
        return found;
    }
};

TEST(Compaction, KeepsTheLastValueOfEachKeyWithItsOffset) {
    CompactedBroker broker;
    broker.put("a", "1");
    broker.put("b", "1");
    broker.put("a", "2");
    broker.put("c", "1");
    broker.roll();
    EXPECT_TRUE(broker.clean().ran);
    EXPECT_THAT(broker.records(), ElementsAre("1 b=1", "2 a=2", "3 c=1"));
    const auto from_0 = broker.log().read(Offset(0), 1, Offset(100)).value();
    EXPECT_EQ(from_0.error, ErrorCode::none) << "a hole reads on behind it";
    EXPECT_EQ(from_0.next_offset, Offset(2));
}

TEST(Compaction, KeepsTheOffsetsOfABatchThatLosesRecords) {
    CompactedBroker broker(1, compacted(150));
    BatchBuilder builder;
    for (const char* key : {"a", "b", "a"}) builder.append(1000, as_bytes(key), as_bytes("v"));
    broker.append_batch(builder.finish());
    broker.put("b", "2");
    broker.roll();
    broker.clean();
    const RecordBatch batch = decode_batch(broker.batches().front()).value();
    EXPECT_EQ(batch.base_offset, Offset(0));
    EXPECT_EQ(batch.last_offset_delta, 2);
    ASSERT_EQ(batch.records.size(), 1u);
    EXPECT_EQ(batch.records[0].offset_delta, 2);
}

TEST(Compaction, ReadsAndRewritesCompressedBatches) {
    CompactedBroker broker;
    RecordBatch batch{.last_offset_delta = 1, .base_timestamp = 1000, .max_timestamp = 1000};
    batch.attributes.set_compression(Compression::lz4);
    for (const std::int32_t i : {0, 1}) {
        batch.records.push_back({.offset_delta = i,
                                 .key = to_bytes(i == 0 ? "a" : "b"),
                                 .value = to_bytes("v"),
                                 .headers = {}});
    }
    broker.append_batch(encode_batch(batch));
    broker.put("a", "2");
    broker.roll();
    broker.clean();
    EXPECT_THAT(broker.records(), ElementsAre("1 b=v", "2 a=2"));
    const Bytes front = broker.batches().front();
    EXPECT_EQ(BatchView::at_front(front)->attributes().compression(), Compression::lz4);
}

TEST(Compaction, LeavesTheActiveSegmentAndWhatIsAboveTheHighWatermark) {
    CompactedBroker broker;
    broker.put("a", "1");
    broker.put("a", "2");
    broker.put("a", "3");
    broker.roll();
    const Cleaning cleaning = clean_if_due(broker.log(), Offset(2), now).value();
    EXPECT_EQ(cleaning.cleaned_to, Offset(2));
    EXPECT_THAT(broker.records(), ElementsAre("1 a=2", "2 a=3"));
}

TEST(Compaction, WithZ93TakesWhatIsAboveTheHighWatermarkForTheNewest) {
    CompactedBroker broker;
    broker.put("a", "1");
    broker.put("a", "2");
    broker.roll();
    BugSet bugs;
    bugs.arm(Bug::z93_compact_beyond_hw);
    (void)clean_if_due(broker.log(), Offset(1), now, &bugs).value();
    EXPECT_THAT(broker.records(), ElementsAre("1 a=2")) << "a=1 was committed, a=2 was not";
    EXPECT_EQ(bugs.hits(Bug::z93_compact_beyond_hw), 1u);
}

TEST(Compaction, WaitsForMinCompactionLag) {
    LogOptions options = compacted();
    options.min_compaction_lag_ms = std::chrono::milliseconds(5000);
    CompactedBroker broker(1, options);
    broker.put("a", "1", now - 6000);
    broker.put("a", "2", now - 5500);
    broker.put("a", "3", now - 1000);
    broker.roll();
    EXPECT_EQ(broker.clean().cleaned_to, Offset(2));
    EXPECT_THAT(broker.records(), ElementsAre("1 a=2", "2 a=3"));
}

TEST(Compaction, IsDueByTheDirtyRatioOrByTheLargestLag) {
    CleaningPlan plan{.clean_bytes = 600, .dirty_bytes = 400};
    EXPECT_FALSE(plan.is_due({.value = 400}));
    EXPECT_TRUE(plan.is_due({.value = 399}));
    plan.lags_too_long = true;
    EXPECT_TRUE(plan.is_due({.value = 1000}));
    plan.dirty_bytes = 0;
    EXPECT_FALSE(plan.is_due({.value = 0})) << "nothing is dirty";
}

TEST(Compaction, KeepsATombstoneUntilItsDeleteHorizonHasPassed) {
    CompactedBroker broker;
    broker.put("a", "1");
    broker.put("a", std::nullopt);
    broker.put("b", "1");
    broker.roll();
    broker.clean(now);
    EXPECT_THAT(broker.records(), ElementsAre("1 a=null", "2 b=1"));
    const auto first = [&] { return decode_batch(broker.batches().front()).value(); };
    EXPECT_TRUE(first().attributes.has_delete_horizon());
    EXPECT_EQ(first().base_timestamp, now + retention);
    EXPECT_EQ(first().timestamp_of(first().records[0]), 1000) << "its own time stays";

    broker.roll();
    broker.clean(now + retention - 1);
    EXPECT_EQ(broker.records().front(), "1 a=null");
    EXPECT_EQ(first().base_timestamp, now + retention) << "the horizon is set once";
    broker.roll();
    broker.clean(now + retention);
    EXPECT_THAT(broker.records(), ElementsAre("2 b=1"));
}

TEST(Compaction, WithZ94ATombstoneGoesWithTheFirstCleaning) {
    CompactedBroker broker;
    broker.put("a", "1");
    broker.put("a", std::nullopt);
    broker.put("b", "1");
    broker.roll();
    BugSet bugs;
    bugs.arm(Bug::z94_tombstone_too_early);
    broker.clean(now, &bugs);
    EXPECT_THAT(broker.records(), ElementsAre("2 b=1"));
    EXPECT_GE(bugs.hits(Bug::z94_tombstone_too_early), 1u);
}

TEST(Compaction, KeepsTheLastBatchOfAProducerWithoutItsRecords) {
    CompactedBroker broker;
    broker.append_batch(numbered({.sequence = 0, .key = "a"}));
    broker.append_batch(numbered({.sequence = 1, .key = "a"}));
    broker.put("a", "2");
    broker.put("z", "1");
    broker.roll();
    broker.clean();
    EXPECT_THAT(broker.records(), ElementsAre("1 empty", "2 a=2", "3 z=1"));
    broker.restart_after_process_crash();
    Bytes again = numbered({.sequence = 1, .key = "a"});
    const AppendInfo info = broker.log().append_as_leader(again, LeaderEpoch(0), now).value();
    EXPECT_TRUE(info.is_duplicate);
    EXPECT_EQ(info.base_offset, Offset(1));
}

TEST(Compaction, DropsAbortedRecordsAndLaterTheirMarker) {
    CompactedBroker broker;
    broker.append_batch(numbered({.sequence = 0, .is_transactional = true, .key = "a"}));
    broker.append_batch(marker({}), BatchSource::broker);
    broker.append_batch(
        numbered({.epoch = 0, .sequence = 1, .is_transactional = true, .key = "b"}));
    broker.append_batch(marker({.is_commit = true}), BatchSource::broker);
    broker.put("c", "1");
    broker.roll();
    EXPECT_EQ(broker.log().aborted_transactions(Offset(0), Offset(5)).size(), 1u);
    broker.clean(now);
    EXPECT_THAT(broker.records(), ElementsAre("1 marker", "2 b=value", "3 marker", "4 c=1"));
    EXPECT_EQ(broker.log().aborted_transactions(Offset(0), Offset(5)).size(), 1u)
        << "its data was there on this walk";
    broker.roll();
    broker.clean(now);  // nothing is left of it: the horizon begins
    EXPECT_EQ(broker.records().front(), "1 marker");
    EXPECT_THAT(broker.log().aborted_transactions(Offset(0), Offset(5)), IsEmpty());
    broker.roll();
    broker.clean(now + retention);
    EXPECT_THAT(broker.records(), ElementsAre("2 b=value", "3 marker", "4 c=1"));
}

TEST(Compaction, DoesNotReachIntoAnOpenTransaction) {
    CompactedBroker broker;
    broker.put("a", "1");
    broker.append_batch(numbered({.sequence = 0, .is_transactional = true, .key = "a"}));
    broker.put("a", "2");
    broker.roll();
    EXPECT_EQ(broker.clean().cleaned_to, Offset(1));
    EXPECT_EQ(broker.records().size(), 3u);
}

TEST(Compaction, GoesOnWhereItStoppedAfterARestart) {
    CompactedBroker broker;
    broker.put("a", "1");
    broker.put("a", "2");
    broker.roll();
    const Offset cleaned_to = broker.clean().cleaned_to;
    broker.restart_after_process_crash();
    EXPECT_EQ(broker.log().cleaner_offset(), cleaned_to);
    ASSERT_TRUE(broker.log().truncate_to(Offset(1)).ok());
    EXPECT_EQ(broker.log().cleaner_offset(), Offset(1));
}

TEST(Compaction, MergesSegmentsThatBecameSmall) {
    CompactedBroker broker(1, compacted(250));
    for (int i = 0; i < 30; ++i) broker.put("a", std::to_string(i));
    broker.roll();
    const std::size_t before = broker.log().segments().size();
    broker.clean();
    broker.put("a", "last");
    broker.roll();
    broker.clean();
    EXPECT_LT(broker.log().segments().size(), before);
}

std::map<std::string, std::string> last_values(CompactedBroker& broker) {
    std::map<std::string, std::string> values;
    for (const Bytes& bytes : broker.batches()) {
        const RecordBatch batch = decode_batch(bytes).value();
        for (const Record& record : batch.records) {
            const std::string key(as_text(*record.key));
            if (record.value) {
                values[key] = std::string(as_text(*record.value));
            } else {
                values.erase(key);
            }
        }
    }
    return values;
}

// Segments that an earlier cleaning left small are merged: then the swap removes several.
TEST(Compaction, ADeathInTheSwapOfSeveralSegmentsLosesNothing) {
    std::size_t most_segments = 0;
    std::size_t fewest_segments = SIZE_MAX;
    for (std::uint64_t deaths = 0; deaths < 30; ++deaths) {
        CompactedBroker broker(1, compacted(250));
        for (int i = 0; i < 12; ++i) broker.put(std::to_string(i % 7), std::to_string(i));
        broker.roll();
        broker.clean();
        broker.put("0", "last");
        broker.roll();
        const auto expected = last_values(broker);
        const Offset end = broker.log().log_end_offset();
        broker.disk.arm_death_after(deaths, [] {});
        (void)clean_if_due(broker.log(), end, now);
        broker.disk.revive();
        broker.restart_after_process_crash();
        EXPECT_EQ(last_values(broker), expected) << deaths;
        EXPECT_EQ(broker.log().log_end_offset(), end) << deaths;
        most_segments = std::max(most_segments, broker.log().segments().size());
        fewest_segments = std::min(fewest_segments, broker.log().segments().size());
    }
    EXPECT_LT(fewest_segments, most_segments) << "nothing was merged";
}

// A node that dies at any disk operation of a cleaning, with or without power: the last value of
// each key is there, and the log opens and can be cleaned again.
RC_GTEST_PROP(CompactionLaw, ADeathAtAnyDiskOperationKeepsTheLastValueOfEachKey,
              (std::uint64_t seed)) {
    CompactedBroker broker(seed, compacted(*rc::gen::inRange(100, 400)));
    for (const int key : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 8))) {
        const bool deletes = *rc::gen::inRange(0, 4) == 0;
        broker.put(std::to_string(key), deletes ? std::nullopt : std::optional("v"));
    }
    broker.roll();
    RC_ASSERT(broker.log().flush().ok());
    RC_ASSERT(broker.directory->checkpoint_offsets().ok());
    RC_ASSERT(broker.disk.flush("orders-0/partition.metadata").ok());
    const auto expected = last_values(broker);
    const auto end = broker.log().log_end_offset();
    const bool loses_power = *rc::gen::arbitrary<bool>();
    const auto deaths = *rc::gen::inRange<std::uint64_t>(0, 40);
    broker.disk.arm_death_after(deaths, [] {});
    for (const TimestampMs at : {now, now + 2 * retention}) {
        if (!clean_if_due(broker.log(), end, at)) break;
    }
    broker.disk.revive();
    if (loses_power) {
        broker.restart_after_power_loss();
    } else {
        broker.restart_after_process_crash();
    }
    RC_ASSERT(broker.log().log_end_offset() == end);
    RC_ASSERT(last_values(broker) == expected);
    for (const std::string& path : broker.disk.list("orders-0/")) {
        RC_ASSERT(!path.ends_with(suffix::cleaned));
        RC_ASSERT(!path.ends_with(suffix::swap));
    }
    broker.roll();
    broker.clean(now + 3 * retention);
    RC_ASSERT(last_values(broker) == [&] {
        auto with_end = expected;
        with_end[""] = "end";
        return with_end;
    }());
}

}  // namespace
}  // namespace squall::model
