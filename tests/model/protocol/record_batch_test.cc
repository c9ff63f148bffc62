#include "model/protocol/record_batch.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/model/protocol/any_message.h"

namespace squall::model {
namespace {

std::optional<Bytes> any_bytes_or_null() {
    return draw::boolean() ? std::optional<Bytes>(draw::bytes()) : std::nullopt;
}

Record any_record() {
    Record record;
    record.attributes = *rc::gen::arbitrary<std::int8_t>();
    record.timestamp_delta = *rc::gen::arbitrary<std::int64_t>();
    record.offset_delta = *rc::gen::arbitrary<std::int32_t>();
    record.key = any_bytes_or_null();
    record.value = any_bytes_or_null();
    for (auto left = *rc::gen::inRange(0, 3); left > 0; --left) {
        RecordHeader& header = record.headers.emplace_back();
        header.key = *rc::gen::arbitrary<std::string>();
        header.value = any_bytes_or_null();
    }
    return record;
}

RecordBatch any_batch() {
    RecordBatch batch;
    batch.base_offset = Offset(*rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 62));
    batch.partition_leader_epoch = LeaderEpoch(*rc::gen::arbitrary<std::int32_t>());
    batch.attributes.bits = *rc::gen::arbitrary<std::int16_t>();
    batch.attributes.set_compression(Compression::none);
    batch.base_timestamp = *rc::gen::arbitrary<std::int64_t>();
    batch.max_timestamp = *rc::gen::arbitrary<std::int64_t>();
    batch.producer_id = ProducerId(*rc::gen::arbitrary<std::int64_t>());
    batch.producer_epoch = ProducerEpoch(*rc::gen::arbitrary<std::int16_t>());
    batch.base_sequence = SequenceNumber(*rc::gen::arbitrary<std::int32_t>());
    for (auto left = *rc::gen::inRange(0, 5); left > 0; --left) {
        batch.records.push_back(any_record());
    }
    // Compacted batches keep their last offset: the delta may be larger than the records say.
    const auto smallest =
        std::max<std::int32_t>(0, static_cast<std::int32_t>(batch.records.size()) - 1);
    batch.last_offset_delta = *rc::gen::inRange(smallest, smallest + 1000);
    return batch;
}

Bytes batch_of(std::initializer_list<std::string_view> values, Offset base_offset = Offset(0)) {
    BatchBuilder builder({.base_offset = base_offset});
    for (const std::string_view value : values) {
        builder.append(1000, std::nullopt, as_bytes(value));
    }
    return builder.finish();
}

RC_GTEST_PROP(RecordBatch, ComesBackFromItsBytes, ()) {
    const RecordBatch batch = any_batch();
    const Bytes bytes = encode_batch(batch);
    const Result<RecordBatch> decoded = decode_batch(bytes);
    RC_ASSERT(decoded.ok());
    RC_ASSERT(*decoded == batch);
    RC_ASSERT(encode_batch(*decoded) == bytes);
}

RC_GTEST_PROP(RecordBatch, NoticesEveryFlippedBitThatTheChecksumCovers, ()) {
    Bytes bytes = encode_batch(any_batch());
    const auto bit = *rc::gen::inRange<std::size_t>(batch_layout::magic * 8, bytes.size() * 8);
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1 << (bit % 8)));
    RC_ASSERT(!decode_batch(bytes).ok());
    const Result<BatchView> view = BatchView::at_front(bytes);
    const bool is_accepted = view.ok() && view->check().ok();
    RC_ASSERT(!is_accepted);
}

// The bits before the CRC, one by one: what batch_view.h promises of them.
RC_GTEST_PROP(RecordBatch, NoticesEveryFlippedBitOfItsLength, ()) {
    Bytes bytes = encode_batch(any_batch());
    const auto bit = *rc::gen::inRange<std::size_t>(batch_layout::length * 8,
                                                    batch_layout::partition_leader_epoch * 8);
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1 << (bit % 8)));
    RC_ASSERT(!decode_batch(bytes).ok());
}

RC_GTEST_PROP(RecordBatch, AFlippedBitOfOffsetOrEpochShowsThereAndNowhereElse, ()) {
    const RecordBatch batch = any_batch();
    Bytes bytes = encode_batch(batch);
    const bool in_epoch = *rc::gen::arbitrary<bool>();
    const std::size_t first =
        (in_epoch ? batch_layout::partition_leader_epoch : batch_layout::base_offset) * 8;
    const auto bit = *rc::gen::inRange<std::size_t>(first, first + 32);
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1 << (bit % 8)));
    const Result<RecordBatch> decoded = decode_batch(bytes);
    if (decoded) {
        RC_ASSERT(*decoded != batch);
        RecordBatch healed = *decoded;
        healed.base_offset = batch.base_offset;
        healed.partition_leader_epoch = batch.partition_leader_epoch;
        RC_ASSERT(healed == batch);
    } else {
        RC_ASSERT(!in_epoch);  // an offset that cannot be one
    }
}

RC_GTEST_PROP(RecordBatch, ReadingArbitraryBytesNeverCrashes, ()) {
    Bytes bytes = encode_batch(any_batch());
    const auto records = ByteView(bytes).subspan(batch_layout::records);
    for (int damage = *rc::gen::inRange(0, 4); damage > 0 && !records.empty(); --damage) {
        const auto at = *rc::gen::inRange<std::size_t>(batch_layout::attributes, bytes.size());
        bytes[at] = *rc::gen::arbitrary<std::uint8_t>();
    }
    // Past the CRC, which would stop the reader at the door.
    const BatchView view = BatchView::at_front(bytes).value();
    RecordReader reader(view);
    RecordView record;
    std::size_t read = 0;
    while (reader.next(record)) {
        reader.timestamp(record);
        reader.offset(record);
        ++read;
    }
    RC_ASSERT(read <= bytes.size());
}

RC_GTEST_PROP(RecordBatch, IsRefusedWhenCutOffAnywhere, ()) {
    const Bytes bytes = encode_batch(any_batch());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        RC_ASSERT(!decode_batch(ByteView(bytes).first(size)).ok());
        BatchCursor cursor(ByteView(bytes).first(size));
        RC_ASSERT(!cursor.next().has_value());
        RC_ASSERT(cursor.end() ==
                  (size == 0 ? BatchCursor::End::exhausted : BatchCursor::End::truncated));
    }
}

RC_GTEST_PROP(BatchView, ReadsTheHeaderThatWasWritten, ()) {
    const RecordBatch batch = any_batch();
    const Bytes bytes = encode_batch(batch);
    const Result<BatchView> view = BatchView::at_front(bytes);
    RC_ASSERT(view.ok());
    RC_ASSERT(view->base_offset() == batch.base_offset);
    RC_ASSERT(view->partition_leader_epoch() == batch.partition_leader_epoch);
    RC_ASSERT(view->attributes() == batch.attributes);
    RC_ASSERT(view->last_offset_delta() == batch.last_offset_delta);
    RC_ASSERT(view->base_timestamp() == batch.base_timestamp);
    RC_ASSERT(view->max_timestamp() == batch.max_timestamp);
    RC_ASSERT(view->producer_id() == batch.producer_id);
    RC_ASSERT(view->producer_epoch() == batch.producer_epoch);
    RC_ASSERT(view->base_sequence() == batch.base_sequence);
    RC_ASSERT(view->count() == static_cast<std::int32_t>(batch.records.size()));
    RC_ASSERT(view->size() == bytes.size());
    RC_ASSERT(view->check().ok());
}

RC_GTEST_PROP(BatchView, StampingKeepsTheChecksum, ()) {
    RecordBatch batch = any_batch();
    Bytes bytes = encode_batch(batch);
    batch.base_offset = Offset(*rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 62));
    batch.partition_leader_epoch = LeaderEpoch(*rc::gen::inRange(0, 1'000'000));
    stamp_batch(bytes, batch.base_offset, batch.partition_leader_epoch);
    RC_ASSERT(decode_batch(bytes).value() == batch);
    stamp_log_append_time(bytes, 12345);
    batch.attributes.set_timestamp_type(TimestampType::log_append_time);
    batch.max_timestamp = 12345;
    RC_ASSERT(decode_batch(bytes).value() == batch);
    for (const Record& record : batch.records) RC_ASSERT(batch.timestamp_of(record) == 12345);
}

TEST(BatchView, RefusesWhatCannotBeABatch) {
    const Bytes good = batch_of({"v"});
    Bytes old = good;
    old[batch_layout::magic] = 1;
    EXPECT_EQ(BatchView::at_front(old).error().failure, Failure::corrupt);
    Bytes negative = good;
    negative[batch_layout::base_offset] = 0xff;
    EXPECT_FALSE(BatchView::at_front(negative).ok());
    Bytes tiny = good;
    store_big_endian(tiny.data() + batch_layout::length, std::int32_t{48});
    EXPECT_FALSE(BatchView::at_front(tiny).ok());
    store_big_endian(tiny.data() + batch_layout::length, std::int32_t{-1});
    EXPECT_FALSE(BatchView::at_front(tiny).ok());
}

TEST(BatchView, RefusesCountsThatCannotBe) {
    RecordBatch batch;
    batch.records.resize(3);
    batch.last_offset_delta = 1;
    const Bytes too_many = encode_batch(batch);
    EXPECT_FALSE(BatchView::at_front(too_many)->check().ok());
    batch.records.clear();
    batch.last_offset_delta = -1;
    const Bytes negative = encode_batch(batch);
    EXPECT_FALSE(BatchView::at_front(negative)->check().ok());
}

TEST(BatchCursor, WalksBatchesAndStopsAtATruncatedTail) {
    Bytes bytes = batch_of({"a", "b"});
    const Bytes second = batch_of({"c"}, Offset(2));
    bytes.insert(bytes.end(), second.begin(), second.end());
    const std::size_t whole = bytes.size();
    const Bytes third = batch_of({"d"}, Offset(3));
    bytes.insert(bytes.end(), third.begin(), third.end() - 1);

    BatchCursor cursor(bytes);
    EXPECT_EQ(cursor.next()->next_offset(), Offset(2));
    EXPECT_EQ(cursor.end(), BatchCursor::End::open);
    EXPECT_EQ(cursor.next()->last_offset(), Offset(2));
    EXPECT_FALSE(cursor.next().has_value());
    EXPECT_EQ(cursor.end(), BatchCursor::End::truncated);
    EXPECT_EQ(cursor.position(), whole);

    BatchCursor exact(ByteView(bytes).first(whole));
    while (exact.next()) {
    }
    EXPECT_EQ(exact.end(), BatchCursor::End::exhausted);
    EXPECT_EQ(exact.position(), whole);
}

TEST(BatchCursor, TellsNonsenseFromATruncatedTail) {
    Bytes bytes = batch_of({"a"});
    const std::size_t whole = bytes.size();
    bytes.resize(whole + 20, 0xee);
    BatchCursor cursor(bytes);
    EXPECT_TRUE(cursor.next().has_value());
    EXPECT_FALSE(cursor.next().has_value());
    EXPECT_EQ(cursor.end(), BatchCursor::End::corrupt);
    EXPECT_EQ(cursor.position(), whole);
}

TEST(RecordReader, RefusesRecordsThatDisagreeWithTheCount) {
    for (const std::int32_t claimed : {0, 1, 3, -1}) {
        Bytes bytes = batch_of({"a", "b"});
        store_big_endian(bytes.data() + batch_layout::count, claimed);
        RecordReader reader(BatchView::at_front(bytes).value());
        RecordView record;
        while (reader.next(record)) {
        }
        ASSERT_FALSE(reader.status().ok()) << claimed;
        EXPECT_EQ(reader.status().error().failure, Failure::corrupt);
    }
}

TEST(RecordReader, RefusesARecordThatDoesNotEndAtItsLength) {
    for (const int error : {-1, 1}) {
        RecordBatch batch;
        batch.last_offset_delta = 1;
        batch.records.resize(2);
        batch.records[1].offset_delta = 1;
        Bytes bytes = encode_batch(batch);
        std::uint8_t& length = bytes[batch_layout::records];  // zigzag: twice the length
        ASSERT_EQ(length, 12);
        length = static_cast<std::uint8_t>(length + 2 * error);
        RecordReader reader(BatchView::at_front(bytes).value());
        RecordView record;
        EXPECT_FALSE(reader.next(record));
        EXPECT_FALSE(reader.status().ok());
    }
}

TEST(RecordReader, RefusesRecordsThatAreNotWhatTheirCodecWrites) {
    Bytes bytes = batch_of({"a"});
    bytes[batch_layout::attributes + 1] = static_cast<std::uint8_t>(Compression::zstd);
    const BatchView view = BatchView::at_front(bytes).value();
    RecordReader reader(view);
    RecordView record;
    EXPECT_FALSE(reader.next(record));
    ASSERT_FALSE(reader.status().ok());
    EXPECT_EQ(reader.status().error().failure, Failure::corrupt);
    EXPECT_NE(reader.status().error().detail.find("zstd"), std::string::npos);
}

TEST(RecordReader, RefusesACodecThatNobodyKnows) {
    Bytes bytes = batch_of({"a"});
    bytes[batch_layout::attributes + 1] = 5;
    RecordReader reader(BatchView::at_front(bytes).value());
    RecordView record;
    EXPECT_FALSE(reader.next(record));
    ASSERT_FALSE(reader.status().ok());
    EXPECT_EQ(reader.status().error().failure, Failure::invalid_input);
}

RC_GTEST_PROP(RecordBatch, IsReadAsItWasWrittenWithEveryCodec, ()) {
    RecordBatch batch = any_batch();
    batch.attributes.set_compression(*rc::gen::element(Compression::gzip, Compression::snappy,
                                                       Compression::lz4, Compression::zstd));
    RC_ASSERT(decode_batch(encode_batch(batch)).value() == batch);
}

RC_GTEST_PROP(BatchBuilder, KnowsTheSizeOfEveryAppendBeforehand, ()) {
    BatchBuilder builder;
    std::vector<Record> records;
    const auto count = *rc::gen::inRange<std::int32_t>(1, 6);
    TimestampMs first = 0;
    TimestampMs largest = INT64_MIN;
    for (std::int32_t i = 0; i < count; ++i) {
        Record record = any_record();
        const TimestampMs timestamp = *rc::gen::inRange<TimestampMs>(0, 2'000'000'000'000);
        if (i == 0) first = timestamp;
        largest = std::max(largest, timestamp);
        const auto key = record.key ? std::optional<ByteView>(*record.key) : std::nullopt;
        const auto value = record.value ? std::optional<ByteView>(*record.value) : std::nullopt;
        const std::size_t expected = builder.size_with(timestamp, key, value, record.headers);
        builder.append(timestamp, key, value, record.headers);
        RC_ASSERT(builder.size() == expected);
        record.attributes = 0;
        record.offset_delta = i;
        record.timestamp_delta = timestamp - first;
        records.push_back(record);
    }
    const std::size_t size = builder.size();
    builder.set_producer(ProducerId(7), ProducerEpoch(1), SequenceNumber(40), true);
    const Bytes bytes = builder.finish();
    RC_ASSERT(bytes.size() == size);
    RC_ASSERT(builder.is_empty());
    const RecordBatch batch = decode_batch(bytes).value();
    RC_ASSERT(batch.records == records);
    RC_ASSERT(batch.last_offset_delta == count - 1);
    RC_ASSERT(batch.base_timestamp == first);
    RC_ASSERT(batch.max_timestamp == largest);
    RC_ASSERT(batch.producer_id == ProducerId(7));
    RC_ASSERT(batch.base_sequence == SequenceNumber(40));
    RC_ASSERT(batch.attributes.is_transactional());
}

TEST(SequenceNumber, WrapsToZero) {
    EXPECT_EQ(sequence_after(SequenceNumber(5), 2), SequenceNumber(7));
    EXPECT_EQ(sequence_after(SequenceNumber(INT32_MAX), 0), SequenceNumber(INT32_MAX));
    EXPECT_EQ(sequence_after(SequenceNumber(INT32_MAX), 1), SequenceNumber(0));
    EXPECT_EQ(sequence_after(SequenceNumber(INT32_MAX - 1), 3), SequenceNumber(1));
}

// ---- identity ----

RC_GTEST_PROP(RecordId, IsTheContentAndNotThePlace, ()) {
    const Record record = any_record();
    Record moved = record;
    moved.offset_delta += 1;
    moved.timestamp_delta = 0;
    RC_ASSERT(record_id(moved) == record_id(record));

    RecordBatch batch;
    batch.records.push_back(record);
    const Bytes bytes = encode_batch(batch);
    RecordReader reader(BatchView::at_front(bytes).value());
    RecordView view;
    RC_ASSERT(reader.next(view));
    RC_ASSERT(record_id(view) == record_id(record));
    RC_ASSERT(record_id(view.key, view.value, view.headers) == record_id(record));
}

TEST(RecordId, TellsApartWhatOnlyLooksAlike) {
    const auto id = [](const Record& record) { return record_id(record).value(); };
    const Bytes a = to_bytes("a");
    const Bytes ab = to_bytes("ab");
    const Bytes b = to_bytes("b");
    const Bytes bc = to_bytes("bc");
    std::vector<std::uint64_t> ids{
        id({.key = a, .value = bc, .headers = {}}),
        id({.key = ab, .value = to_bytes("c"), .headers = {}}),
        id({.key = std::nullopt, .value = bc, .headers = {}}),
        id({.key = Bytes{}, .value = bc, .headers = {}}),
        id({.key = a, .value = std::nullopt, .headers = {}}),
        id({.key = a, .value = Bytes{}, .headers = {}}),
        id({.key = a, .value = bc, .headers = {{"h", std::nullopt}}}),
        id({.key = a, .value = bc, .headers = {{"h", Bytes{}}}}),
        id({.key = a, .value = bc, .headers = {{"h", a}, {"i", b}}}),
        id({.key = a, .value = bc, .headers = {{"i", b}, {"h", a}}}),
    };
    std::ranges::sort(ids);
    EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end());
}

TEST(RecordId, IsTheSameOnEveryMachine) {
    EXPECT_EQ(
        to_hex(
            record_id(Record{.key = to_bytes("k"), .value = to_bytes("v"), .headers = {}}).value()),
        "5d83216141364011");
}

}  // namespace
}  // namespace squall::model
