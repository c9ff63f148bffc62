#include "model/log/batch_validation.h"

#include <fmt/core.h>

#include <utility>

#include "model/protocol/record_batch.h"

namespace squall::model {

namespace {

BatchVerdict reject(ErrorCode error, std::string message) {
    return BatchVerdict{.error = error, .message = std::move(message)};
}

// Records count their offsets from 0 without holes: only compaction, later, may make some.
bool counts_every_offset(const BatchView& batch) {
    return batch.count() > 0 && batch.count() - 1 == batch.last_offset_delta();
}

// The earliest and latest a producer's clock may be from the broker's (KIP-937). No timestamp is
// accepted.
bool is_timestamp_acceptable(TimestampMs timestamp, TimestampMs now, const LogOptions& options) {
    if (timestamp == no_timestamp) return true;
    if (timestamp < 0) return false;
    return timestamp <= now ? now - timestamp <= options.message_timestamp_before_max_ms.count()
                            : timestamp - now <= options.message_timestamp_after_max_ms.count();
}

BatchVerdict validate_header(const BatchView& batch, BatchSource source) {
    if (!counts_every_offset(batch)) {
        return reject(ErrorCode::invalid_record,
                      fmt::format("{} records up to offset delta {}", batch.count(),
                                  batch.last_offset_delta()));
    }
    if (batch.attributes().compression() > Compression::zstd) {
        return reject(ErrorCode::invalid_record, "unknown compression");
    }
    if (source == BatchSource::broker) return {};
    if (batch.base_offset() != Offset(0)) {
        return reject(ErrorCode::invalid_record,
                      fmt::format("The baseOffset of the record batch should be 0, but it is {}",
                                  batch.base_offset()));
    }
    if (batch.attributes().is_control()) {
        return reject(ErrorCode::invalid_record, "clients cannot write control batches");
    }
    if (batch.has_producer_id() && batch.base_sequence() < SequenceNumber(0)) {
        return reject(
            ErrorCode::invalid_record,
            fmt::format("sequence {} of producer {}", batch.base_sequence(), batch.producer_id()));
    }
    return {};
}

BatchVerdict validate_records(const BatchView& batch, const LogOptions& options, BatchSource source,
                              TimestampMs now) {
    const bool claims_append_time =
        source == BatchSource::client &&
        batch.attributes().timestamp_type() == TimestampType::log_append_time;
    const bool checks_time = options.message_timestamp_type == TimestampType::create_time;
    const bool needs_keys = options.cleanup_policy.compacts && !batch.attributes().is_control();
    RecordReader reader(batch);
    RecordView record;
    std::int32_t expected = 0;
    while (reader.next(record)) {
        if (record.offset_delta != expected) {
            return reject(ErrorCode::invalid_record, fmt::format("record {} has offset delta {}",
                                                                 expected, record.offset_delta));
        }
        if (needs_keys && !record.key) {
            return reject(ErrorCode::invalid_record,
                          fmt::format("record {} has no key, on a compacted topic", expected));
        }
        const TimestampMs timestamp = reader.timestamp(record);
        if (checks_time && !is_timestamp_acceptable(timestamp, now, options)) {
            return reject(
                ErrorCode::invalid_timestamp,
                fmt::format("record {} has timestamp {} at {}", expected, timestamp, now));
        }
        // As Kafka asks: not where the timestamp is one of a producer's that was looked at.
        if (claims_append_time && (!checks_time || timestamp == no_timestamp)) {
            return reject(ErrorCode::invalid_timestamp,
                          "Producer should not set timestamp type to LogAppendTime.");
        }
        ++expected;
    }
    if (!reader.status()) {
        return reject(ErrorCode::invalid_record, reader.status().error().detail);
    }
    return {};
}

}  // namespace

BatchVerdict validate_as_leader(const BatchView& batch, const LogOptions& options,
                                BatchSource source, TimestampMs now) {
    if (batch.size() > static_cast<std::size_t>(options.max_message_bytes)) {
        return reject(ErrorCode::message_too_large,
                      fmt::format("{} bytes, max.message.bytes is {}", batch.size(),
                                  options.max_message_bytes));
    }
    if (BatchVerdict verdict = validate_as_follower(batch); !verdict.accepted()) return verdict;
    if (BatchVerdict verdict = validate_header(batch, source); !verdict.accepted()) return verdict;
    return validate_records(batch, options, source, now);
}

BatchVerdict validate_as_follower(const BatchView& batch) {
    const Status status = batch.check();
    if (!status) return reject(ErrorCode::corrupt_message, status.error().detail);
    return {};
}

}  // namespace squall::model
