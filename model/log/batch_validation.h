// What a leader checks before a batch enters its log (Kafka's LogValidator), and what a follower
// checks on batches that a leader sent. Pure rules; the first that is broken answers.
#pragma once

#include <cstdint>
#include <string>

#include "model/log/log_options.h"
#include "model/protocol/batch_view.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"

namespace squall::model {

// Who wrote a batch: a client by Produce, or the broker itself (coordinators, the metadata quorum),
// which alone may write control batches.
enum class BatchSource : std::uint8_t { client, broker };

struct BatchVerdict {
    ErrorCode error = ErrorCode::none;
    std::string message;  // for the response's error_message; empty if accepted

    bool accepted() const { return error == ErrorCode::none; }
};

// On a leader: size (message_too_large), CRC (corrupt_message), counts and offsets 0, 1, 2 ...,
// keys on compacted topics, no control batches from clients (invalid_record), timestamps within
// message.timestamp.{before,after}.max.ms of `now` (invalid_timestamp). Compressed records
// are held to the same (invalid_record if they do not decompress).
BatchVerdict validate_as_leader(const BatchView& batch, const LogOptions& options,
                                BatchSource source, TimestampMs now);
// On a follower: CRC and counts alone. The leader decided the rest.
BatchVerdict validate_as_follower(const BatchView& batch);

}  // namespace squall::model
