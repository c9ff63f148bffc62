// ConsumerRecord: a record as the application gets it, with its place in the log.
#pragma once

#include <optional>
#include <vector>

#include "model/protocol/record_batch.h"
#include "model/protocol/types.h"

namespace squall::model {

struct ConsumerRecord {
    TopicPartition partition;
    Offset offset;
    LeaderEpoch leader_epoch = no_leader_epoch;
    TimestampMs timestamp = no_timestamp;
    std::optional<Bytes> key;
    std::optional<Bytes> value;
    std::vector<RecordHeader> headers;
    RecordId id;  // identity of its content

    bool operator==(const ConsumerRecord&) const = default;
};

}  // namespace squall::model
