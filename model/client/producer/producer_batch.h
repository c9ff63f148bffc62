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

struct ProducerBatch {
    BatchId id;
    TopicPartition partition;
    std::vector<SendId> sends;         // in order of their records
    BatchBuilder builder;              // while open
    Bytes encoded;                     // once closed
    std::uint64_t reserved_bytes = 0;  // of buffer.memory
    LocalTime created_at;              // delivery.timeout.ms counts from here
    bool is_closed = false;            // takes no more records

    std::uint32_t attempts = 0;                     // produce requests that carried it
    LocalTime not_before;                           // back-off of a retry
    LeaderEpoch attempted_epoch = no_leader_epoch;  // of the leader it was last sent to
    // Some attempt may have been written although nobody said so: from then on the outcome of a
    // failure is unknown, even if the last attempt was refused for certain.
    bool may_be_written = false;
    std::string last_error;

    bool is_retry() const { return attempts > 0; }
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
        encoded = builder.finish();
        is_closed = true;
    }

  private:
    static std::optional<ByteView> view(const std::optional<Bytes>& bytes) {
        return bytes ? std::optional<ByteView>(*bytes) : std::nullopt;
    }
};

}  // namespace squall::model
