// Records and the batches they travel in: Kafka's v2 format to the byte (KIP-98, KIP-82 headers).
//
// A batch is built once, by a producer (BatchBuilder) or as a value (RecordBatch + encode_batch),
// and from then on passed around as bytes; a header is read in place (batch_view.h). Decoding and
// encoding again gives the same bytes for every batch that is not compressed and whose varints are
// written the shortest way, as all known encoders do.
//
// Records of compressed batches are read like others (compression.h); encoding one again gives what
// our codec writes, not the producer's bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/protocol/batch_view.h"
#include "model/protocol/types.h"
#include "sim/base/bytes.h"
#include "sim/base/result.h"

namespace squall::model {

struct RecordHeader {
    std::string key;
    std::optional<Bytes> value;

    bool operator==(const RecordHeader&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("key", self.key);
        fields("value", self.value);
    }
};

// A record as it stands in a batch: its offset and timestamp are relative to the batch's.
struct Record {
    std::int8_t attributes = 0;  // Kafka gives these bits no meaning
    std::int64_t timestamp_delta = 0;
    std::int32_t offset_delta = 0;
    std::optional<Bytes> key;
    std::optional<Bytes> value;
    std::vector<RecordHeader> headers;

    bool operator==(const Record&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("attributes", self.attributes);
        fields("timestamp_delta", self.timestamp_delta);
        fields("offset_delta", self.offset_delta);
        fields("key", self.key);
        fields("value", self.value);
        fields("headers", self.headers);
    }
};

// ---- reading ----

struct HeaderView {
    std::string_view key;
    std::optional<ByteView> value;
};

// A record read in place.
struct RecordView {
    std::int8_t attributes = 0;
    std::int64_t timestamp_delta = 0;
    std::int32_t offset_delta = 0;
    std::optional<ByteView> key;
    std::optional<ByteView> value;
    std::vector<HeaderView> headers;

    Record to_record() const;
};

// Walks the records of one batch: in place, or in the reader's own memory if they are compressed.
// Views of records live as long as the reader and the batch.
//
//     RecordReader reader(batch);
//     RecordView record;
//     while (reader.next(record)) use(reader.offset(record), record);
//     if (!reader.status()) ...
class RecordReader {
  public:
    explicit RecordReader(const BatchView& batch);
    RecordReader(const RecordReader&) = delete;
    RecordReader& operator=(const RecordReader&) = delete;

    // False at the end: after all records, or with a bad status where they do not make sense.
    bool next(RecordView& record);
    const Status& status() const { return status_; }

    Offset offset(const RecordView& record) const {
        return batch_.base_offset() + record.offset_delta;
    }
    // The broker's time for a whole batch under LogAppendTime, the producer's otherwise.
    TimestampMs timestamp(const RecordView& record) const;

  private:
    bool fail(std::string_view what);

    BatchView batch_;
    Bytes decompressed_;  // empty unless the batch is compressed
    ByteReader reader_;
    std::int32_t left_ = 0;
    Status status_ = success();
};

// ---- whole batches ----

struct RecordBatch {
    Offset base_offset{0};
    LeaderEpoch partition_leader_epoch = no_leader_epoch;
    BatchAttributes attributes;
    // The offset of the next batch is base_offset + last_offset_delta + 1, whatever records remain.
    std::int32_t last_offset_delta = 0;
    TimestampMs base_timestamp = no_timestamp;
    TimestampMs max_timestamp = no_timestamp;
    ProducerId producer_id = no_producer_id;
    ProducerEpoch producer_epoch = no_producer_epoch;
    SequenceNumber base_sequence = no_sequence;
    std::vector<Record> records;

    Offset offset_of(const Record& record) const { return base_offset + record.offset_delta; }
    // The broker's time for a whole batch under LogAppendTime, the producer's otherwise.
    TimestampMs timestamp_of(const Record& record) const;

    bool operator==(const RecordBatch&) const = default;
};

// Requires: a known codec, and fewer than 2^31 bytes.
Bytes encode_batch(const RecordBatch& batch);
// Corrupt if the CRC, the counts or the records are wrong; invalid_input if no codec has the number
// in its attributes.
Result<RecordBatch> decode_batch(const BatchView& batch);
// The same for the batch at the front of `bytes`.
Result<RecordBatch> decode_batch(ByteView bytes);

// The same batch with its records under another codec. Requires: a batch that decodes.
Bytes compressed(Bytes batch, Compression codec);

// Encodes a batch record by record, as a producer fills it. Offsets count up from base_offset by
// one; the base timestamp is the first record's.
class BatchBuilder {
  public:
    struct Options {
        Offset base_offset{0};
        LeaderEpoch partition_leader_epoch = no_leader_epoch;
        TimestampType timestamp_type = TimestampType::create_time;
        ProducerId producer_id = no_producer_id;
        ProducerEpoch producer_epoch = no_producer_epoch;
        SequenceNumber base_sequence = no_sequence;
        bool is_transactional = false;
        bool is_control = false;
    };

    BatchBuilder();
    explicit BatchBuilder(const Options& options);

    void append(TimestampMs timestamp, std::optional<ByteView> key, std::optional<ByteView> value,
                std::span<const RecordHeader> headers = {});

    std::int32_t count() const { return count_; }
    bool is_empty() const { return count_ == 0; }
    // Of the batch as it would be finished now, header included.
    std::size_t size() const { return bytes_.size(); }
    // What size() would be after this append.
    std::size_t size_with(TimestampMs timestamp, std::optional<ByteView> key,
                          std::optional<ByteView> value,
                          std::span<const RecordHeader> headers = {}) const;

    // An idempotent producer learns its identity, and numbers a batch, only when it is sent.
    void set_producer(ProducerId id, ProducerEpoch epoch, SequenceNumber base_sequence,
                      bool is_transactional);

    // The encoded batch; the builder is empty afterwards. Requires: at least one record.
    Bytes finish();

  private:
    Options options_;
    Bytes bytes_;
    std::int32_t count_ = 0;
    TimestampMs base_timestamp_ = no_timestamp;
    TimestampMs max_timestamp_ = no_timestamp;
};

// ---- identity ----

// The identity of a record's content: a hash of key, value and headers in their order, in which
// null and empty differ. The same on every machine; offsets and timestamps have no part in it.
RecordId record_id(std::optional<ByteView> key, std::optional<ByteView> value,
                   std::span<const HeaderView> headers = {});
RecordId record_id(const RecordView& record);
RecordId record_id(const Record& record);

}  // namespace squall::model
