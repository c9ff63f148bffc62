#include <gtest/gtest.h>

#include <string>

#include "model/protocol/record_batch.h"
#include "tests/model/protocol/golden.h"

namespace squall::model {
namespace {

constexpr TimestampMs t0 = 1'700'000'000'000;

bool is_compressed(std::string_view name) {
    return name == "batch.gzip" || name == "batch.snappy" || name == "batch.lz4" ||
           name == "batch.zstd";
}

class ForeignBatch : public testing::TestWithParam<const char*> {
  protected:
    // The batches both encoders were given, by name.
    RecordBatch decoded(const std::string& name) {
        const Result<RecordBatch> batch = decode_batch(golden_["batch." + name]);
        EXPECT_TRUE(batch.ok()) << name << ": " << (batch ? "" : to_string(batch.error()));
        return batch ? *batch : RecordBatch{};
    }

    Golden golden_ = read_golden(GetParam());
};

TEST_P(ForeignBatch, DecodesAndEncodesToTheSameBytes) {
    int compared = 0;
    for (const auto& [name, bytes] : golden_) {
        if (!name.starts_with("batch.") || is_compressed(name)) continue;
        const Result<RecordBatch> batch = decode_batch(bytes);
        ASSERT_TRUE(batch.ok()) << name << ": " << to_string(batch.error());
        EXPECT_EQ(to_hex(encode_batch(*batch)), to_hex(bytes)) << name;
        ++compared;
    }
    EXPECT_GE(compared, 8);
}

TEST_P(ForeignBatch, IsBuiltToTheSameBytesFromItsRecords) {
    for (const auto& [name, bytes] : golden_) {
        if (!name.starts_with("batch.") || is_compressed(name)) continue;
        const RecordBatch batch = decode_batch(bytes).value();
        BatchBuilder builder({.base_offset = batch.base_offset,
                              .partition_leader_epoch = batch.partition_leader_epoch,
                              .producer_id = batch.producer_id,
                              .producer_epoch = batch.producer_epoch,
                              .base_sequence = batch.base_sequence,
                              .is_transactional = batch.attributes.is_transactional()});
        for (const Record& record : batch.records) {
            builder.append(batch.timestamp_of(record),
                           record.key ? std::optional<ByteView>(*record.key) : std::nullopt,
                           record.value ? std::optional<ByteView>(*record.value) : std::nullopt,
                           record.headers);
        }
        EXPECT_EQ(to_hex(builder.finish()), to_hex(bytes)) << name;
    }
}

TEST_P(ForeignBatch, TellsNullFromEmpty) {
    const RecordBatch batch = decoded("null_and_empty");
    ASSERT_GE(batch.records.size(), 3u);
    EXPECT_EQ(batch.records[0].key, std::nullopt);
    EXPECT_EQ(batch.records[0].value, to_bytes("v"));
    EXPECT_EQ(batch.records[1].key, to_bytes("k"));
    EXPECT_EQ(batch.records[1].value, std::nullopt);
    EXPECT_EQ(batch.records[2].key, Bytes{});
    EXPECT_EQ(batch.records[2].value, Bytes{});
}

TEST_P(ForeignBatch, CarriesHeadersRepeatedAndBinary) {
    const RecordBatch batch = decoded("headers");
    ASSERT_EQ(batch.records.size(), 1u);
    const std::vector<RecordHeader>& headers = batch.records[0].headers;
    ASSERT_GE(headers.size(), 4u);
    EXPECT_EQ(headers[0], (RecordHeader{"trace-id", Bytes{0x00, 0xff, 0x10}}));
    EXPECT_EQ(headers[1], (RecordHeader{"retry", to_bytes("1")}));
    EXPECT_EQ(headers[2], (RecordHeader{"retry", to_bytes("2")}));
}

TEST_P(ForeignBatch, CarriesText) {
    const RecordBatch batch = decoded("unicode");
    ASSERT_EQ(batch.records.size(), 1u);
    EXPECT_EQ(batch.records[0].key, to_bytes("注文-7"));
    EXPECT_EQ(batch.records[0].value, to_bytes("¡olé! 🚀"));
}

TEST_P(ForeignBatch, CarriesTimestamps) {
    const RecordBatch batch = decoded("timestamps");
    ASSERT_EQ(batch.records.size(), 3u);
    EXPECT_EQ(batch.timestamp_of(batch.records[0]), t0);
    EXPECT_EQ(batch.timestamp_of(batch.records[2]), t0 + 86'400'000ll * 60);
    EXPECT_EQ(batch.max_timestamp, t0 + 86'400'000ll * 60);
}

TEST_P(ForeignBatch, CarriesManyRecordsInOrder) {
    const RecordBatch batch = decoded("many");
    ASSERT_EQ(batch.records.size(), 70u);
    EXPECT_EQ(batch.last_offset_delta, 69);
    for (std::size_t i = 0; i < batch.records.size(); ++i) {
        EXPECT_EQ(batch.records[i].offset_delta, static_cast<std::int32_t>(i));
        EXPECT_EQ(batch.records[i].key, to_bytes("customer-" + std::to_string(i % 5)));
        EXPECT_EQ(batch.records[i].value, to_bytes(std::string(i, 'x')));
    }
}

TEST_P(ForeignBatch, CarriesTheProducer) {
    const Bytes& bytes = golden_["batch.idempotent"];
    const BatchView view = BatchView::at_front(bytes).value();
    EXPECT_EQ(view.producer_id(), ProducerId(4711));
    EXPECT_EQ(view.producer_epoch(), ProducerEpoch(3));
    EXPECT_EQ(view.base_sequence(), SequenceNumber(INT32_MAX - 1));
    EXPECT_EQ(view.last_sequence(), SequenceNumber(0));
    EXPECT_FALSE(view.attributes().is_transactional());
    EXPECT_TRUE(decoded("transactional").attributes.is_transactional());
    EXPECT_EQ(decoded("transactional").producer_id, ProducerId(9'000'000'000));
}

TEST_P(ForeignBatch, IsReadThroughItsCompression) {
    int compressed = 0;
    for (const auto& [name, bytes] : golden_) {
        if (!is_compressed(name)) continue;
        const BatchView view = BatchView::at_front(bytes).value();
        EXPECT_TRUE(view.check().ok()) << name;
        EXPECT_EQ("batch." + std::string(to_string(view.attributes().compression())), name);
        EXPECT_EQ(view.last_offset(), Offset(19)) << name;
        const Result<RecordBatch> batch = decode_batch(view);
        ASSERT_TRUE(batch.ok()) << name << ": " << to_string(batch.error());
        ASSERT_EQ(batch->records.size(), 20u) << name;
        for (const Record& record : batch->records) {
            EXPECT_EQ(record.key, to_bytes("k")) << name;
            EXPECT_EQ(record.value, Bytes(50, 'v')) << name;
        }
        // Ours is read the same, whatever its bytes.
        EXPECT_EQ(decode_batch(encode_batch(*batch)).value(), *batch) << name;
        ++compressed;
    }
    EXPECT_EQ(compressed, std::string_view(GetParam()) == "kafka_python.txt" ? 4 : 1);
}

INSTANTIATE_TEST_SUITE_P(Encoders, ForeignBatch, testing::Values("kafka_python.txt", "kafkajs.txt"),
                         [](const auto& encoder) {
                             const std::string file = encoder.param;
                             return file.substr(0, file.find('.'));
                         });

}  // namespace
}  // namespace squall::model
