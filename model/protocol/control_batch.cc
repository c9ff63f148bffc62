#include "model/protocol/control_batch.h"

#include <fmt/core.h>

#include <algorithm>

#include "model/protocol/record_batch.h"
#include "model/protocol/wire_codec.h"

namespace squall::model {

SQUALL_INSTANTIATE_CODEC(LeaderChange);
SQUALL_INSTANTIATE_CODEC(KraftVoters);

namespace {

constexpr std::int16_t current_key_version = 0;
constexpr std::int16_t current_marker_version = 0;

Bytes control_key(ControlType type) {
    Bytes key;
    ByteWriter writer(key);
    writer.integer(current_key_version);
    writer.integer(static_cast<std::int16_t>(type));
    return key;
}

struct ControlRecord {
    ControlType type{};
    ByteView value;
};

Error corrupt(const BatchView& batch, std::string_view what) {
    return {Failure::corrupt,
            fmt::format("control batch at offset {}: {}", batch.base_offset(), what)};
}

// Keys and values of later versions only grow, so what is known of them stands at their front.
Result<ControlRecord> read_control_record(const BatchView& batch, const RecordView& record) {
    if (!record.key) return corrupt(batch, "no key");
    ByteReader key(*record.key);
    key.integer<std::int16_t>();
    const auto type = static_cast<ControlType>(key.integer<std::int16_t>());
    if (!key.ok()) return corrupt(batch, "key too short");
    return ControlRecord{type, record.value.value_or(ByteView{})};
}

Result<ControlRecord> read_control_record(const BatchView& batch) {
    if (!batch.attributes().is_control()) return corrupt(batch, "it is none");
    RecordReader reader(batch);
    RecordView record;
    if (!reader.next(record)) {
        return reader.status() ? corrupt(batch, "no record") : reader.status().error();
    }
    return read_control_record(batch, record);
}

template <class Value>
void append_versioned(BatchBuilder& builder, ControlType type, const Value& value,
                      TimestampMs now) {
    const Bytes key = control_key(type);
    const Bytes encoded = encode(value, value.version);
    builder.append(now, ByteView(key), ByteView(encoded));
}

void append_quorum(BatchBuilder& builder, const std::optional<KraftVoters>& voters,
                   TimestampMs now) {
    if (!voters) return;
    Bytes value;
    ByteWriter writer(value);
    writer.integer(std::int16_t{0});  // version
    writer.integer(std::int16_t{1});  // kraft.version
    writer.unsigned_varint(0);        // tagged fields
    const Bytes key = control_key(ControlType::kraft_version);
    builder.append(now, ByteView(key), ByteView(value));
    append_versioned(builder, ControlType::kraft_voters, *voters, now);
}

}  // namespace

std::string_view to_string(ControlType type) {
    switch (type) {
        case ControlType::abort:
            return "abort";
        case ControlType::commit:
            return "commit";
        case ControlType::leader_change:
            return "leader_change";
        case ControlType::snapshot_header:
            return "snapshot_header";
        case ControlType::snapshot_footer:
            return "snapshot_footer";
        case ControlType::kraft_version:
            return "kraft_version";
        case ControlType::kraft_voters:
            return "kraft_voters";
    }
    return "unknown";
}

Bytes marker_batch(const TransactionMarker& marker, TimestampMs now) {
    ASSERT(marker.producer_id != no_producer_id, "a transaction marker without a producer");
    BatchBuilder builder({.producer_id = marker.producer_id,
                          .producer_epoch = marker.producer_epoch,
                          .is_transactional = true,
                          .is_control = true});
    Bytes value;
    ByteWriter writer(value);
    writer.integer(current_marker_version);
    writer.integer(marker.coordinator_epoch);
    const Bytes key = control_key(marker.is_commit ? ControlType::commit : ControlType::abort);
    builder.append(now, ByteView(key), ByteView(value));
    return builder.finish();
}

Bytes leader_change_batch(const LeaderChange& change, TimestampMs now,
                          const std::optional<KraftVoters>& voters) {
    BatchBuilder builder({.is_control = true});
    append_versioned(builder, ControlType::leader_change, change, now);
    append_quorum(builder, voters, now);
    return builder.finish();
}

Bytes voters_batch(const KraftVoters& voters, TimestampMs now) {
    BatchBuilder builder({.is_control = true});
    append_versioned(builder, ControlType::kraft_voters, voters, now);
    return builder.finish();
}

Bytes snapshot_header_batch(TimestampMs last_contained, TimestampMs now,
                            const std::optional<KraftVoters>& voters) {
    BatchBuilder builder({.is_control = true});
    Bytes value;
    ByteWriter writer(value);
    writer.integer(std::int16_t{0});  // version
    writer.integer(last_contained);
    writer.unsigned_varint(0);  // tagged fields
    const Bytes key = control_key(ControlType::snapshot_header);
    builder.append(now, ByteView(key), ByteView(value));
    append_quorum(builder, voters, now);
    return builder.finish();
}

Bytes snapshot_footer_batch(TimestampMs now) {
    BatchBuilder builder({.is_control = true});
    Bytes value;
    ByteWriter writer(value);
    writer.integer(std::int16_t{0});  // version
    writer.unsigned_varint(0);        // tagged fields
    const Bytes key = control_key(ControlType::snapshot_footer);
    builder.append(now, ByteView(key), ByteView(value));
    return builder.finish();
}

Result<ControlType> control_type(const BatchView& batch) {
    const Result<ControlRecord> record = read_control_record(batch);
    if (!record) return record.error();
    return record->type;
}

Result<TransactionMarker> read_marker(const BatchView& batch) {
    const Result<ControlRecord> record = read_control_record(batch);
    if (!record) return record.error();
    ByteReader value(record->value);
    const auto version = value.integer<std::int16_t>();
    const auto coordinator_epoch = value.integer<std::int32_t>();
    const bool is_end = record->type == ControlType::abort || record->type == ControlType::commit;
    if (!is_end || !value.ok() || version < 0) {
        return Error{Failure::corrupt, fmt::format("batch at offset {} is no transaction marker",
                                                   batch.base_offset())};
    }
    return TransactionMarker{.producer_id = batch.producer_id(),
                             .producer_epoch = batch.producer_epoch(),
                             .is_commit = record->type == ControlType::commit,
                             .coordinator_epoch = coordinator_epoch};
}

Result<LeaderChange> read_leader_change(const BatchView& batch) {
    const Result<ControlRecord> record = read_control_record(batch);
    if (!record) return record.error();
    if (record->type != ControlType::leader_change) {
        return Error{Failure::corrupt,
                     fmt::format("batch at offset {} is no leader change", batch.base_offset())};
    }
    ByteReader value(record->value);
    return decode<LeaderChange>(record->value, value.integer<std::int16_t>());
}

Result<std::optional<VotersRecord>> read_voters(const BatchView& batch) {
    if (!batch.attributes().is_control()) return corrupt(batch, "it is none");
    RecordReader reader(batch);
    RecordView view;
    std::optional<VotersRecord> found;
    while (reader.next(view)) {
        const Result<ControlRecord> record = read_control_record(batch, view);
        if (!record) return record.error();
        if (record->type != ControlType::kraft_voters) continue;
        ByteReader version(record->value);
        Result<KraftVoters> voters =
            decode<KraftVoters>(record->value, version.integer<std::int16_t>());
        if (!voters) return voters.error();
        found = VotersRecord{reader.offset(view), *std::move(voters)};
    }
    if (!reader.status()) return reader.status().error();
    return found;
}

}  // namespace squall::model
