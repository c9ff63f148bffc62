// ProducerBatch: records of one partition on their way to its leader, together from the first
// append to the last answer. A value: it moves from the accumulator to the requests in flight and,
// for a retry, back. Encoded as it is filled; the same bytes go out at every attempt.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/protocol/record_batch.h"
#include "model/protocol/types.h"
#include "sim/base/assert.h"
#include "sim/base/strong_id.h"
#include "sim/base/time.h"

namespace squall::model {

// In order of creation, unique in one producer.
using BatchId = StrongId<struct BatchIdTag, std::uint64_t>;
// One record given to send(), unique in one producer.
using SendId = StrongId<struct SendIdTag, std::uint64_t>;

// A record whose partition is chosen.
struct RecordToSend {
    SendId send;
    TimestampMs timestamp = no_timestamp;
    std::optional<Bytes> key;
    std::optional<Bytes> value;
    std::vector<RecordHeader> headers;
};

// Who a numbered batch comes from: an id of the cluster's, and how often it was taken over or began
// anew.
struct ProducerIdentity {
    ProducerId id = no_producer_id;
    ProducerEpoch epoch = no_producer_epoch;

    bool is_valid() const { return id != no_producer_id; }
    auto operator<=>(const ProducerIdentity&) const = default;
};

struct ProducerBatch {
    // Without an outcome, of one partition, with numbers: what a leader remembers of a producer.
    static constexpr std::size_t in_flight_max = 5;

    BatchId id;
    TopicPartition partition;
    std::vector<SendId> sends;         // in order of their records
    BatchBuilder builder;              // while open
    Bytes encoded;                     // once closed
    std::uint64_t reserved_bytes = 0;  // of buffer.memory
    LocalTime created_at;              // delivery.timeout.ms counts from here
    bool is_closed = false;            // takes no more records
    Compression compression = Compression::none;

    ProducerIdentity identity;  // once numbered: see BatchNumbering
    SequenceNumber base_sequence = no_sequence;

    std::uint32_t attempts = 0;                     // produce requests that carried it
    LocalTime not_before;                           // back-off of a retry
    LeaderEpoch attempted_epoch = no_leader_epoch;  // of the leader it was last sent to
    // Some attempt may have been written although nobody said so: from then on the outcome of a
    // failure is unknown, even if the last attempt was refused for certain.
    bool may_be_written = false;
    // The leader refused its sequence when nothing was in front of it: as of then it was not in
    // the log, and under this number it cannot come there.
    bool is_known_absent = false;
    std::string last_error;

    bool is_retry() const { return attempts > 0; }
    bool is_numbered() const { return base_sequence != no_sequence; }
    std::int32_t record_count() const { return static_cast<std::int32_t>(sends.size()); }
    SequenceNumber last_sequence() const {
        return sequence_after(base_sequence, record_count() - 1);
    }
    std::size_t size_bytes() const { return is_closed ? encoded.size() : builder.size(); }

    // Requires: open.
    void append(const RecordToSend& record) {
        ASSERT(!is_closed, "append to the closed batch {} of {}", id, partition);
        builder.append(record.timestamp, view(record.key), view(record.value), record.headers);
        sends.push_back(record.send);
    }
    std::size_t size_with(const RecordToSend& record) const {
        return builder.size_with(record.timestamp, view(record.key), view(record.value),
                                 record.headers);
    }
    // Idempotent. Requires: not empty.
    void close() {
        if (is_closed) return;
        ASSERT(!sends.empty(), "batch {} of {} is empty", id, partition);
        encoded = compressed(builder.finish(), compression);
        is_closed = true;
    }
    // Writes identity and number into the encoded bytes. Requires: closed.
    void set_producer(const ProducerIdentity& producer, SequenceNumber first,
                      bool is_transactional) {
        ASSERT(is_closed, "the open batch {} of {} is numbered", id, partition);
        identity = producer;
        base_sequence = first;
        stamp_producer(encoded, producer.id, producer.epoch, first, is_transactional);
    }

  private:
    static std::optional<ByteView> view(const std::optional<Bytes>& bytes) {
        return bytes ? std::optional<ByteView>(*bytes) : std::nullopt;
    }
};

}  // namespace squall::model
