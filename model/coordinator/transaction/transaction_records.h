// The records of __transaction_state, in Kafka's bytes.
//
//   TransactionLogKey    int16 version 0 | string transactional_id
//   TransactionLogValue  int16 version | int64 producer_id | int16 producer_epoch
//                        | int32 timeout_ms | int8 status
//                        | nullable array of (topic, array of int32 partition)
//                        | int64 last_update_timestamp_ms | int64 start_timestamp_ms
//                        | 1 only, tagged: 0 int64 previous_producer_id, 1 int64 next_producer_id,
//                          2 int16 client_transaction_version
//
// Version 0 has int16 and int32 lengths, version 1 (KIP-890) is flexible: compact lengths and
// tagged fields. Written: 1; read: both. A null value is a tombstone: the topic is compacted. A key
// of another version, or a value newer than 1, is passed over, as Kafka does.
#pragma once

#include <optional>
#include <string>

#include "model/coordinator/transaction/transaction_metadata.h"
#include "sim/base/bytes.h"
#include "sim/base/result.h"

namespace squall::model {

struct TransactionRecord {
    std::string transactional_id;
    std::optional<TransactionMetadata> value;  // nullopt: a tombstone

    bool operator==(const TransactionRecord&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("transactional_id", self.transactional_id);
        fields("value", self.value);
    }
};

struct TransactionRecordBytes {
    Bytes key;
    std::optional<Bytes> value;
};

TransactionRecordBytes encode_transaction_record(const TransactionRecord& record);

// nullopt: a version of record that this release does not know. Failure::corrupt where it knows it
// and the bytes do not fit.
Result<std::optional<TransactionRecord>> decode_transaction_record(ByteView key,
                                                                   std::optional<ByteView> value);

}  // namespace squall::model
