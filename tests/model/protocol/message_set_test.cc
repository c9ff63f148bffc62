#include "model/protocol/message_set.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "model/protocol/control_batch.h"
#include "model/protocol/lz4_header.h"
#include "model/protocol/record_batch.h"
#include "tests/model/protocol/allocation_count.h"
#include "tests/model/protocol/any_message.h"
#include "tests/model/protocol/golden.h"

namespace squall::model {
namespace {

constexpr TimestampMs t0 = 1'700'000'000'000;
constexpr Compression codecs[] = {Compression::none, Compression::gzip, Compression::snappy,
                                  Compression::lz4};
constexpr MessageFormat formats[] = {MessageFormat::magic_0, MessageFormat::magic_1};

// Where a message has its fields.
constexpr std::size_t length_at = 8;
constexpr std::size_t crc_at = 12;
constexpr std::size_t magic_at = 16;
constexpr std::size_t value_at_1 = 34;  // magic 1, null key: behind the value's length

LegacyRecord message(std::int64_t offset, TimestampMs timestamp, std::string_view value) {
    return {.offset = Offset(offset),
            .timestamp = timestamp,
            .timestamp_type = TimestampType::create_time,
            .key = std::nullopt,
            .value = to_bytes(value)};
}

std::vector<Offset> offsets_of(const std::vector<LegacyRecord>& records) {
    std::vector<Offset> offsets;
    for (const LegacyRecord& record : records) offsets.push_back(record.offset);
    return offsets;
}

// What a message of that format can carry, with growing offsets.
std::vector<LegacyRecord> any_records(MessageFormat format) {
    std::vector<LegacyRecord> records(*rc::gen::inRange<std::size_t>(1, 6));
    const bool has_log_append_time = format == MessageFormat::magic_1 && draw::boolean();
    Offset offset(*rc::gen::inRange(0, 1000));
    for (LegacyRecord& record : records) {
        record.offset = offset;
        offset = offset + *rc::gen::inRange(1, 5);
        if (draw::boolean()) record.key = draw::bytes();
        if (draw::boolean()) record.value = draw::bytes();
        if (format == MessageFormat::magic_0) continue;
        record.timestamp = has_log_append_time ? t0 : draw::integer(4);
        if (has_log_append_time) record.timestamp_type = TimestampType::log_append_time;
    }
    return records;
}

// The one message of `set` with a right CRC (RFC 1952's), after a test wrote into it.
Bytes with_right_crc(Bytes set) {
    std::uint32_t crc = 0xffffffffu;
    for (std::size_t i = magic_at; i < set.size(); ++i) {
        crc ^= set[i];
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320u : 0);
    }
    store_big_endian(set.data() + crc_at, ~crc);
    return set;
}

// A wrapper of magic 1 around bytes that nobody checked.
Bytes wrapper_around(std::int64_t offset, const Bytes& inside, std::uint8_t attributes = 1) {
    LegacyRecord record = message(offset, t0, "");
    record.value = compress(Compression::gzip, inside);
    Bytes set = encode_message_set(std::vector{record}, MessageFormat::magic_1);
    set[magic_at + 1] = attributes;
    return with_right_crc(std::move(set));
}

// ---- one format at a time ----

RC_GTEST_PROP(MessageSet, ComesBackInEveryFormatAndCodec, ()) {
    for (const MessageFormat format : formats) {
        for (const Compression codec : codecs) {
            const std::vector<LegacyRecord> records = any_records(format);
            const Bytes bytes = encode_message_set(records, format, codec);
            RC_ASSERT(is_message_set(bytes));
            const Result<MessageSet> set = decode_message_set(bytes);
            RC_ASSERT(set.ok());
            RC_ASSERT(set->records == records);
            RC_ASSERT(set->compression == codec);
            RC_ASSERT(!set->is_truncated);
        }
    }
}

TEST(MessageSet, IsToldFromBatchesByItsMagic) {
    BatchBuilder builder;
    builder.append(t0, std::nullopt, as_bytes("v"));
    EXPECT_FALSE(is_message_set(builder.finish()));
    EXPECT_TRUE(is_message_set(
        encode_message_set(std::vector{message(0, t0, "v")}, MessageFormat::magic_0)));
    EXPECT_FALSE(is_message_set({}));
}

TEST(MessageSet, IsWhatOldFetchesRead) {
    EXPECT_EQ(format_fetched_by(0), MessageFormat::magic_0);
    EXPECT_EQ(format_fetched_by(1), MessageFormat::magic_0);
    EXPECT_EQ(format_fetched_by(2), MessageFormat::magic_1);
    EXPECT_EQ(format_fetched_by(3), MessageFormat::magic_1);
    EXPECT_EQ(format_fetched_by(4), std::nullopt);
    EXPECT_EQ(format_fetched_by(18), std::nullopt);
}

TEST(MessageSet, CountsFromZeroInAWrapperOfMagicOneOnly) {
    const std::vector records{message(100, t0, "a"), message(101, t0, "b"), message(103, t0, "d")};
    for (const MessageFormat format : formats) {
        const Bytes bytes = encode_message_set(records, format, Compression::gzip);
        EXPECT_EQ(load_big_endian<std::int64_t>(bytes.data()), 103) << "the wrapper's own";
        // Behind the header: null key, length of the value.
        const std::size_t value = format == MessageFormat::magic_0 ? value_at_1 - 8 : value_at_1;
        const Result<Bytes> inside = decompress(Compression::gzip, ByteView(bytes).subspan(value));
        ASSERT_TRUE(inside.ok());
        const auto first = load_big_endian<std::int64_t>(inside->data());
        EXPECT_EQ(first, format == MessageFormat::magic_0 ? 100 : 0);
        EXPECT_EQ(offsets_of(decode_message_set(bytes)->records),
                  (std::vector{Offset(100), Offset(101), Offset(103)}));
    }
}

TEST(MessageSet, AWrapperOfSomeProducersHasOffsetZero) {
    const std::vector records{message(0, t0, "a"), message(1, t0, "b")};
    Bytes bytes = encode_message_set(records, MessageFormat::magic_1, Compression::gzip);
    store_big_endian(bytes.data(), std::int64_t{0});
    EXPECT_EQ(offsets_of(decode_message_set(bytes)->records), (std::vector{Offset(0), Offset(1)}));
}

TEST(MessageSet, TakesLogAppendTimeFromTheWrapper) {
    const Bytes inside = encode_message_set(
        std::vector{message(0, t0 - 9, "a"), message(1, t0 - 3, "b")}, MessageFormat::magic_1);
    constexpr std::uint8_t gzip_with_log_append_time = 0x09;
    const Result<MessageSet> set =
        decode_message_set(wrapper_around(7, inside, gzip_with_log_append_time));
    ASSERT_TRUE(set.ok()) << to_string(set.error());
    ASSERT_EQ(set->records.size(), 2u);
    for (const LegacyRecord& record : set->records) {
        EXPECT_EQ(record.timestamp, t0);
        EXPECT_EQ(record.timestamp_type, TimestampType::log_append_time);
    }
    EXPECT_EQ(set->records[1].offset, Offset(7));
}

TEST(MessageSet, AWrapperHasTheLatestTimestamp) {
    const std::vector records{message(0, t0, "a"), message(1, t0 + 9, "b"), message(2, t0, "c")};
    const Bytes bytes = encode_message_set(records, MessageFormat::magic_1, Compression::snappy);
    EXPECT_EQ(load_big_endian<std::int64_t>(bytes.data() + magic_at + 2), t0 + 9);
}

TEST(MessageSet, MayBeCutOffBehindItsLastWholeMessage) {
    const std::vector records{message(0, t0, "a"), message(1, t0, "b")};
    const Bytes one = encode_message_set(std::span(records).first(1), MessageFormat::magic_1);
    const Bytes both = encode_message_set(records, MessageFormat::magic_1);
    for (std::size_t size = one.size(); size < both.size(); ++size) {
        const Result<MessageSet> set = decode_message_set(ByteView(both).first(size));
        ASSERT_TRUE(set.ok()) << size;
        EXPECT_EQ(set->records.size(), 1u);
        EXPECT_EQ(set->is_truncated, size > one.size());
    }
}

// ---- what is refused ----

TEST(MessageSet, IsCorruptWithAnyByteChangedThatItsCrcCovers) {
    const Bytes set =
        encode_message_set(std::vector{message(5, t0, "value")}, MessageFormat::magic_1);
    for (std::size_t at = crc_at; at < set.size(); ++at) {
        if (at == magic_at) continue;  // makes it another format, which is told first
        Bytes damaged = set;
        damaged[at] ^= 0x10;
        const Result<MessageSet> read = decode_message_set(damaged);
        ASSERT_FALSE(read.ok()) << at;
        EXPECT_EQ(read.error().failure, Failure::corrupt) << at;
    }
}

TEST(MessageSet, RefusesMagicsAndCodecsThatItDoesNotHave) {
    const Bytes set = encode_message_set(std::vector{message(5, t0, "v")}, MessageFormat::magic_1);
    Bytes later = set;
    later[magic_at] = 2;
    EXPECT_EQ(decode_message_set(with_right_crc(later)).error().failure, Failure::invalid_input);
    for (const int codec : {4, 5, 7}) {
        Bytes compressed = set;
        compressed[magic_at + 1] = static_cast<std::uint8_t>(codec);
        EXPECT_EQ(decode_message_set(with_right_crc(compressed)).error().failure,
                  Failure::invalid_input);
    }
}

TEST(MessageSet, RefusesLengthsThatAreNone) {
    const Bytes set = encode_message_set(std::vector{message(5, t0, "v")}, MessageFormat::magic_1);
    for (const std::int32_t length : {-1, 0, 13}) {
        Bytes damaged = set;
        store_big_endian(damaged.data() + length_at, length);
        EXPECT_FALSE(decode_message_set(damaged).ok()) << length;
    }
    for (const std::int32_t value_length : {-2, 0, 2, 0x7fffffff}) {
        Bytes damaged = set;
        store_big_endian(damaged.data() + value_at_1 - 4, value_length);
        EXPECT_FALSE(decode_message_set(with_right_crc(damaged)).ok()) << value_length;
    }
}

TEST(MessageSet, RefusesWrappersThatMakeNoSense) {
    const auto refused = [](const Bytes& set) {
        const Result<MessageSet> read = decode_message_set(set);
        return !read.ok() && read.error().failure == Failure::corrupt;
    };
    const Bytes plain = encode_message_set(std::vector{message(0, t0, "a"), message(1, t0, "b")},
                                           MessageFormat::magic_1);
    EXPECT_FALSE(refused(wrapper_around(1, plain)));
    EXPECT_TRUE(refused(wrapper_around(1, {}))) << "of nothing";
    EXPECT_TRUE(refused(wrapper_around(1, wrapper_around(1, plain)))) << "within a wrapper";
    EXPECT_TRUE(refused(wrapper_around(-1, plain))) << "before its last message";
    EXPECT_TRUE(refused(wrapper_around(
        1, encode_message_set(std::vector{message(0, 0, "a")}, MessageFormat::magic_0))))
        << "of another format";
    EXPECT_TRUE(refused(wrapper_around(1, Bytes(plain.begin(), plain.end() - 1)))) << "cut off";
    EXPECT_TRUE(refused(wrapper_around(
        1, encode_message_set(std::vector{message(-7, 0, "a")}, MessageFormat::magic_1))))
        << "of a negative offset";
    constexpr std::int64_t last_offset_of_all = 0x7fffffffffffffff;
    Bytes backwards = encode_message_set(std::vector{message(last_offset_of_all, t0, "a")},
                                         MessageFormat::magic_1);
    backwards.insert(backwards.end(), plain.begin(), plain.end());
    EXPECT_TRUE(refused(wrapper_around(2, backwards))) << "of more offsets than there are";

    Bytes null_value = encode_message_set(
        std::vector{LegacyRecord{.offset = Offset(0), .key = std::nullopt, .value = std::nullopt}},
        MessageFormat::magic_1);
    null_value[magic_at + 1] = 1;
    EXPECT_TRUE(refused(with_right_crc(null_value))) << "of null";
    Bytes no_gzip = encode_message_set(std::vector{message(0, t0, "a")}, MessageFormat::magic_1);
    no_gzip[magic_at + 1] = 1;
    EXPECT_TRUE(refused(with_right_crc(no_gzip))) << "of no gzip";
}

TEST(MessageSet, LetsOutOfWrappersWhatItIsTold) {
    const std::vector records{message(0, t0, std::string(1000, 'a'))};
    Bytes set = encode_message_set(records, MessageFormat::magic_1, Compression::gzip);
    EXPECT_TRUE(decode_message_set(set, 1100).ok());
    EXPECT_FALSE(decode_message_set(set, 900).ok());
    const std::vector later{message(1, t0, std::string(1000, 'a'))};
    const Bytes second = encode_message_set(later, MessageFormat::magic_1, Compression::gzip);
    set.insert(set.end(), second.begin(), second.end());
    EXPECT_FALSE(decode_message_set(set, 1100).ok()) << "both together";
    EXPECT_TRUE(decode_message_set(set, 2200).ok());
}

RC_GTEST_PROP(MessageSet, SurvivesBytesThatNobodyWrote, (const Bytes& bytes)) {
    const std::size_t before = bytes_allocated();
    (void)decode_message_set(bytes).ok();
    RC_ASSERT(bytes_allocated() - before <= 2000 + 100 * bytes.size());
    (void)batch_of_message_set(bytes).ok();
    (void)message_set_of_batches(bytes, MessageFormat::magic_1, Offset(0)).ok();
}

RC_GTEST_PROP(MessageSet, SurvivesDamageThatItsCrcDoesNotSee, ()) {
    const MessageFormat format = formats[*rc::gen::inRange(0, 2)];
    std::vector<LegacyRecord> records = any_records(format);
    records.resize(1);
    Bytes set = encode_message_set(records, format, codecs[*rc::gen::inRange(0, 4)]);
    const auto at = *rc::gen::inRange<std::size_t>(magic_at, set.size());
    set[at] = *rc::gen::arbitrary<std::uint8_t>();
    set = with_right_crc(std::move(set));
    const Result<MessageSet> read = decode_message_set(set);
    if (!read) return;
    const Result<Bytes> batch = batch_of_message_set(set);
    RC_ASSERT(batch.ok());
    RC_ASSERT(decode_batch(*batch)->records.size() == read->records.size());
}

// ---- conversion ----

RC_GTEST_PROP(MessageSet, BecomesOneBatchUnderTheSameCodec, ()) {
    for (const MessageFormat format : formats) {
        for (const Compression codec : codecs) {
            const std::vector<LegacyRecord> records = any_records(format);
            const Result<Bytes> bytes =
                batch_of_message_set(encode_message_set(records, format, codec));
            RC_ASSERT(bytes.ok());
            const RecordBatch batch = decode_batch(ByteView(*bytes)).value();
            RC_ASSERT(batch.attributes.compression() == codec);
            RC_ASSERT(batch.attributes.timestamp_type() == records[0].timestamp_type);
            RC_ASSERT(batch.base_offset == Offset(0));
            RC_ASSERT(batch.last_offset_delta + 1 == static_cast<int>(records.size()));
            RC_ASSERT(batch.producer_id == no_producer_id);
            RC_ASSERT(batch.records.size() == records.size());
            TimestampMs latest = records[0].timestamp;
            for (std::size_t i = 0; i < records.size(); ++i) {
                const Record& record = batch.records[i];
                RC_ASSERT(record.offset_delta == static_cast<std::int32_t>(i));
                RC_ASSERT(batch.timestamp_of(record) == records[i].timestamp);
                RC_ASSERT(record.key == records[i].key);
                RC_ASSERT(record.value == records[i].value);
                latest = std::max(latest, records[i].timestamp);
            }
            RC_ASSERT(batch.max_timestamp == latest);
        }
    }
}

RC_GTEST_PROP(MessageSet, ComesBackFromTheBatchThatItBecame, ()) {
    const Compression codec = codecs[*rc::gen::inRange(0, 4)];
    std::vector<LegacyRecord> records = any_records(MessageFormat::magic_1);
    Bytes batch =
        batch_of_message_set(encode_message_set(records, MessageFormat::magic_1, codec)).value();
    stamp_batch(batch, Offset(500), LeaderEpoch(3));
    for (std::size_t i = 0; i < records.size(); ++i) {
        records[i].offset = Offset(500 + static_cast<std::int64_t>(i));
    }
    const Bytes set = message_set_of_batches(batch, MessageFormat::magic_1, Offset(500)).value();
    RC_ASSERT(set == encode_message_set(records, MessageFormat::magic_1, codec));
}

TEST(MessageSet, OfAProducerIsWholeAndItsWrapperAlone) {
    const Bytes plain = encode_message_set(std::vector{message(0, t0, "a"), message(1, t0, "b")},
                                           MessageFormat::magic_1);
    EXPECT_TRUE(batch_of_message_set(plain).ok());
    EXPECT_EQ(batch_of_message_set({}).error().failure, Failure::invalid_input);
    EXPECT_EQ(batch_of_message_set(ByteView(plain).first(plain.size() - 1)).error().failure,
              Failure::corrupt);
    Bytes accompanied = wrapper_around(1, plain);
    EXPECT_TRUE(batch_of_message_set(accompanied).ok());
    accompanied.insert(accompanied.end(), plain.begin(), plain.end());
    EXPECT_EQ(batch_of_message_set(accompanied).error().failure, Failure::invalid_input);
}

// Offsets 10, 11 and, after a hole that compaction left, 14.
Bytes batch_with_a_hole(Compression codec) {
    RecordBatch batch;
    batch.base_offset = Offset(10);
    batch.attributes.set_compression(codec);
    batch.last_offset_delta = 5;
    batch.base_timestamp = t0;
    batch.max_timestamp = t0 + 4;
    for (const int delta : {0, 1, 4}) {
        Record& record = batch.records.emplace_back();
        record.offset_delta = delta;
        record.timestamp_delta = delta;
        record.value = to_bytes(fmt::format("at {}", 10 + delta));
        record.headers = {{"trace", to_bytes("7")}};
    }
    return encode_batch(batch);
}

TEST(MessageSet, OfABatchHasItsOffsetsAndTimesAndNoHeaders) {
    for (const Compression codec : codecs) {
        const Bytes batch = batch_with_a_hole(codec);
        for (const MessageFormat format : formats) {
            const Bytes bytes = message_set_of_batches(batch, format, Offset(10)).value();
            const MessageSet set = decode_message_set(bytes).value();
            EXPECT_EQ(set.compression, codec);
            EXPECT_EQ(offsets_of(set.records), (std::vector{Offset(10), Offset(11), Offset(14)}));
            EXPECT_EQ(set.records[2].value, to_bytes("at 14"));
            EXPECT_EQ(set.records[2].timestamp,
                      format == MessageFormat::magic_1 ? t0 + 4 : no_timestamp);
        }
    }
}

// A wrapper must be whole to be one; plain messages before the fetch offset are not wanted.
TEST(MessageSet, OfABatchBeginsAtTheFetchOffsetUnlessCompressed) {
    const auto from_11 = [](Compression codec) {
        const Bytes set =
            message_set_of_batches(batch_with_a_hole(codec), MessageFormat::magic_1, Offset(11))
                .value();
        return offsets_of(decode_message_set(set)->records);
    };
    EXPECT_EQ(from_11(Compression::none), (std::vector{Offset(11), Offset(14)}));
    EXPECT_EQ(from_11(Compression::gzip), (std::vector{Offset(10), Offset(11), Offset(14)}));
}

TEST(MessageSet, OfABatchKeepsLogAppendTime) {
    Bytes batch = batch_with_a_hole(Compression::gzip);
    stamp_log_append_time(batch, t0 + 77);
    const MessageSet set =
        decode_message_set(
            message_set_of_batches(batch, MessageFormat::magic_1, Offset(10)).value())
            .value();
    EXPECT_EQ(set.records.size(), 3u);
    for (const LegacyRecord& record : set.records) {
        EXPECT_EQ(record.timestamp, t0 + 77);
        EXPECT_EQ(record.timestamp_type, TimestampType::log_append_time);
    }
}

TEST(MessageSet, OfBatchesLeavesOutMarkersAndWhatIsCutOff) {
    Bytes batches = batch_with_a_hole(Compression::none);
    const std::size_t first = batches.size();
    Bytes marker = marker_batch({.producer_id = ProducerId(7),
                                 .producer_epoch = ProducerEpoch(0),
                                 .is_commit = true,
                                 .coordinator_epoch = 1},
                                t0);
    stamp_batch(marker, Offset(16), LeaderEpoch(0));
    batches.insert(batches.end(), marker.begin(), marker.end());
    Bytes last = batch_with_a_hole(Compression::none);
    stamp_batch(last, Offset(17), LeaderEpoch(0));
    batches.insert(batches.end(), last.begin(), last.end());
    const auto offsets = [](ByteView bytes) {
        const Bytes set = message_set_of_batches(bytes, MessageFormat::magic_1, Offset(0)).value();
        return offsets_of(decode_message_set(set)->records);
    };
    EXPECT_EQ(offsets(batches), (std::vector{Offset(10), Offset(11), Offset(14), Offset(17),
                                             Offset(18), Offset(21)}));
    EXPECT_EQ(offsets(ByteView(batches).first(batches.size() - 1)),
              (std::vector{Offset(10), Offset(11), Offset(14)}));
    EXPECT_TRUE(offsets(marker).empty());
    Bytes corrupt = batches;
    corrupt[first + batch_layout::magic] = 9;
    EXPECT_EQ(message_set_of_batches(corrupt, MessageFormat::magic_1, Offset(0)).error().failure,
              Failure::corrupt);
}

// A broker's disk may say anything.
TEST(MessageSet, CannotBeMadeOfABatchWhoseOffsetsGoBack) {
    RecordBatch batch = decode_batch(batch_with_a_hole(Compression::none)).value();
    batch.records[1].offset_delta = 0;
    EXPECT_EQ(message_set_of_batches(encode_batch(batch), MessageFormat::magic_1, Offset(10))
                  .error()
                  .failure,
              Failure::corrupt);
}

TEST(MessageSet, CannotBeMadeOfZstd) {
    const Bytes batch = batch_with_a_hole(Compression::zstd);
    EXPECT_EQ(message_set_of_batches(batch, MessageFormat::magic_1, Offset(0)).error().failure,
              Failure::invalid_input);
}

// ---- foreign bytes ----

std::vector<LegacyRecord> many_of_kafka_python(MessageFormat format) {
    std::vector<LegacyRecord> records;
    for (int i = 0; i < 20; ++i) {
        LegacyRecord& record = records.emplace_back();
        record.offset = Offset(i);
        if (format == MessageFormat::magic_1) record.timestamp = t0 + i;
        record.key = to_bytes(fmt::format("customer-{}", i % 5));
        record.value = to_bytes(std::string(50, 'v'));
    }
    return records;
}

TEST(ForeignMessageSet, OfKafkaPythonInThePlain) {
    Golden golden = read_golden("kafka_python.txt");
    for (const MessageFormat format : formats) {
        const bool has_time = format == MessageFormat::magic_1;
        const Bytes& bytes = golden[has_time ? "set.plain.1" : "set.plain.0"];
        const Result<MessageSet> set = decode_message_set(bytes);
        ASSERT_TRUE(set.ok()) << to_string(set.error());
        ASSERT_EQ(set->records.size(), 3u);
        EXPECT_EQ(set->records[0].key, to_bytes("k"));
        EXPECT_EQ(set->records[0].value, to_bytes("v"));
        EXPECT_EQ(set->records[1].key, std::nullopt);
        EXPECT_EQ(set->records[1].value, Bytes{});
        EXPECT_EQ(set->records[2].key, Bytes{});
        EXPECT_EQ(set->records[2].value, std::nullopt);
        EXPECT_EQ(set->records[1].timestamp, has_time ? t0 + 5 : no_timestamp);
        EXPECT_EQ(to_hex(encode_message_set(set->records, format)), to_hex(bytes));
    }
}

TEST(ForeignMessageSet, OfKafkaPythonInEveryCodec) {
    Golden golden = read_golden("kafka_python.txt");
    for (const MessageFormat format : formats) {
        for (const Compression codec : {Compression::gzip, Compression::snappy, Compression::lz4}) {
            const std::string name =
                fmt::format("set.{}.{}", to_string(codec), static_cast<int>(format));
            const Result<MessageSet> set = decode_message_set(golden[name]);
            ASSERT_TRUE(set.ok()) << name << ": " << to_string(set.error());
            EXPECT_EQ(set->records, many_of_kafka_python(format)) << name;
            EXPECT_EQ(set->compression, codec) << name;
        }
    }
}

TEST(ForeignMessageSet, OfKafkajsWhichCountsNothing) {
    Golden golden = read_golden("kafkajs.txt");
    for (const char* name : {"set.plain.0", "set.plain.1"}) {
        const Result<MessageSet> set = decode_message_set(golden[name]);
        ASSERT_TRUE(set.ok()) << name << ": " << to_string(set.error());
        EXPECT_EQ(offsets_of(set->records), (std::vector{Offset(-1), Offset(-1)})) << name;
        EXPECT_TRUE(batch_of_message_set(golden[name]).ok()) << name;
    }
}

// KAFKA-3160: in magic 0 the checksum of an LZ4 header is the one that the frame format forbids.
TEST(ForeignMessageSet, HasTheBrokenLz4HeaderInMagicZero) {
    Golden golden = read_golden("kafka_python.txt");
    const Bytes& set = golden["set.lz4.0"];
    ASSERT_FALSE(set.empty());
    const Bytes broken(set.begin() + value_at_1 - 8, set.end());
    EXPECT_FALSE(decompress(Compression::lz4, broken).ok());
    Bytes mended = broken;
    mend_lz4_header(mended);
    EXPECT_TRUE(decompress(Compression::lz4, mended).ok());
    break_lz4_header(mended);
    EXPECT_EQ(to_hex(mended), to_hex(broken));

    const Bytes& right = golden["set.lz4.1"];
    ASSERT_FALSE(right.empty());
    EXPECT_TRUE(decompress(Compression::lz4, ByteView(right).subspan(value_at_1)).ok());
}

TEST(MessageSet, WritesTheBrokenLz4HeaderInMagicZero) {
    const std::vector records{message(0, no_timestamp, std::string(100, 'a'))};
    const Bytes set = encode_message_set(records, MessageFormat::magic_0, Compression::lz4);
    EXPECT_FALSE(decompress(Compression::lz4, ByteView(set).subspan(value_at_1 - 8)).ok());
    EXPECT_TRUE(decode_message_set(set).ok());
}

TEST(Lz4Header, MayHaveTheSizeOfItsContent) {
    // "squall" four times, as python3-lz4 writes it with a content size.
    Bytes frame{0x04, 0x22, 0x4d, 0x18, 0x68, 0x40, 0x18, 0,   0,   0,   0,   0,   0,
                0,    0x4f, 0x0f, 0,    0,    0,    0x69, 's', 'q', 'u', 'a', 'l', 'l',
                0x06, 0,    0x50, 'q',  'u',  'a',  'l',  'l', 0,   0,   0,   0};
    const Bytes right = frame;
    break_lz4_header(frame);
    EXPECT_NE(frame, right);
    EXPECT_FALSE(decompress(Compression::lz4, frame).ok());
    mend_lz4_header(frame);
    EXPECT_EQ(frame, right);
    EXPECT_EQ(*decompress(Compression::lz4, frame), to_bytes("squallsquallsquallsquall"));
}

TEST(Lz4Header, OfAFrameThatIsNoneStaysAsItIs) {
    for (std::size_t size = 0; size < 7; ++size) {
        Bytes frame(size, 0xff);
        const Bytes before = frame;
        mend_lz4_header(frame);
        EXPECT_EQ(frame, before);
    }
}

}  // namespace
}  // namespace squall::model
