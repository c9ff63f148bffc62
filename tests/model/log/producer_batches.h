// Batches of producers that number them, and the markers that end their transactions.
#pragma once

#include "model/protocol/control_batch.h"
#include "model/protocol/record_batch.h"

namespace squall::model {

struct Numbered {
    std::int64_t id = 7;
    std::int16_t epoch = 0;
    std::int32_t sequence = 0;
    int records = 1;
    std::int64_t offset = 0;
    TimestampMs timestamp = 1000;
    bool is_transactional = false;
    std::string_view key = "key";
    std::string_view value = "value";
};
inline Bytes numbered(const Numbered& what) {
    BatchBuilder builder({.base_offset = Offset(what.offset),
                          .partition_leader_epoch = LeaderEpoch(0),
                          .producer_id = ProducerId(what.id),
                          .producer_epoch = ProducerEpoch(what.epoch),
                          .base_sequence = SequenceNumber(what.sequence),
                          .is_transactional = what.is_transactional});
    for (int i = 0; i < what.records; ++i) {
        builder.append(what.timestamp, as_bytes(what.key), as_bytes(what.value));
    }
    return builder.finish();
}

struct Marker {
    std::int64_t id = 7;
    std::int16_t epoch = 0;
    bool is_commit = false;
    std::int32_t coordinator_epoch = 0;
    std::int64_t offset = 0;
    TimestampMs timestamp = 1000;
};
inline Bytes marker(const Marker& what) {
    Bytes batch = marker_batch({.producer_id = ProducerId(what.id),
                                .producer_epoch = ProducerEpoch(what.epoch),
                                .is_commit = what.is_commit,
                                .coordinator_epoch = what.coordinator_epoch},
                               what.timestamp);
    stamp_batch(batch, Offset(what.offset), LeaderEpoch(0));
    return batch;
}

}  // namespace squall::model
