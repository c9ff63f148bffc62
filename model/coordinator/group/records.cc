#include "model/coordinator/group/records.h"

#include <string_view>

#include "model/coordinator/group/record_text.h"
#include "sim/base/assert.h"

namespace squall::model {
namespace {

constexpr std::int16_t offset_commit_key_version = 1;
constexpr std::int16_t group_metadata_key_version = 2;
constexpr std::int16_t latest_value_version = 3;
constexpr std::int16_t value_version_with_expiry = 1;

void write_nullable_string(ByteWriter& out, const std::optional<std::string>& text) {
    if (text) {
        write_string(out, *text);
    } else {
        out.integer(std::int16_t{-1});
    }
}

void write_bytes(ByteWriter& out, const Bytes& bytes) {
    out.integer(static_cast<std::int32_t>(bytes.size()));
    out.bytes(bytes);
}

std::optional<std::string> read_nullable_string(ByteReader& in) {
    const auto length = in.integer<std::int16_t>();
    if (length < -1) in.mark_bad();
    if (length < 0) return std::nullopt;
    return std::string(as_text(in.bytes(static_cast<std::size_t>(length))));
}

Bytes read_bytes(ByteReader& in) {
    const auto length = in.integer<std::int32_t>();
    if (length < 0) in.mark_bad();
    if (!in.ok()) return {};
    const ByteView view = in.bytes(static_cast<std::size_t>(length));
    return Bytes(view.begin(), view.end());
}

std::chrono::milliseconds read_milliseconds(ByteReader& in) {
    return std::chrono::milliseconds(in.integer<std::int32_t>());
}

void write(ByteWriter& out, const CommittedOffset& committed) {
    const bool expires = committed.expire_timestamp != no_timestamp;
    const std::int16_t version = expires ? value_version_with_expiry : latest_value_version;
    out.integer(version);
    out.integer(committed.offset.value());
    if (version >= 3) out.integer(committed.leader_epoch.value());
    write_string(out, committed.metadata);
    out.integer(committed.commit_timestamp);
    if (expires) out.integer(committed.expire_timestamp);
}

CommittedOffset read_committed_offset(ByteReader& in, std::int16_t version) {
    CommittedOffset committed;
    committed.offset = Offset(in.integer<std::int64_t>());
    if (version >= 3) committed.leader_epoch = LeaderEpoch(in.integer<std::int32_t>());
    committed.metadata = read_string(in);
    committed.commit_timestamp = in.integer<std::int64_t>();
    if (version == 1) committed.expire_timestamp = in.integer<std::int64_t>();
    return committed;
}

void write(ByteWriter& out, const GroupMetadata& group) {
    out.integer(latest_value_version);
    write_string(out, group.protocol_type);
    out.integer(group.generation.value());
    write_nullable_string(out, group.protocol);
    write_nullable_string(out, group.leader);
    out.integer(group.current_state_timestamp);
    out.integer(static_cast<std::int32_t>(group.members.size()));
    for (const MemberMetadata& member : group.members) {
        write_string(out, member.member_id);
        write_nullable_string(out, member.group_instance_id);
        write_string(out, member.client_id);
        write_string(out, member.client_host);
        out.integer(static_cast<std::int32_t>(member.rebalance_timeout.count()));
        out.integer(static_cast<std::int32_t>(member.session_timeout.count()));
        write_bytes(out, member.subscription);
        write_bytes(out, member.assignment);
    }
}

MemberMetadata read_member(ByteReader& in, std::int16_t version) {
    MemberMetadata member;
    member.member_id = read_string(in);
    if (version >= 3) member.group_instance_id = read_nullable_string(in);
    member.client_id = read_string(in);
    member.client_host = read_string(in);
    if (version >= 1) member.rebalance_timeout = read_milliseconds(in);
    member.session_timeout = read_milliseconds(in);
    // Version 0 has no rebalance timeout: the session timeout served as both.
    if (version == 0) member.rebalance_timeout = member.session_timeout;
    member.subscription = read_bytes(in);
    member.assignment = read_bytes(in);
    return member;
}

GroupMetadata read_group_metadata(ByteReader& in, std::int16_t version) {
    GroupMetadata group;
    group.protocol_type = read_string(in);
    group.generation = GenerationId(in.integer<std::int32_t>());
    group.protocol = read_nullable_string(in);
    group.leader = read_nullable_string(in);
    if (version >= 2) group.current_state_timestamp = in.integer<std::int64_t>();
    auto count = in.integer<std::int32_t>();
    if (count < 0) in.mark_bad();
    for (; count > 0 && in.ok(); --count) group.members.push_back(read_member(in, version));
    return group;
}

template <class Value>
std::optional<Bytes> encode_value(const std::optional<Value>& value) {
    if (!value) return std::nullopt;
    Bytes bytes;
    ByteWriter out(bytes);
    write(out, *value);
    return bytes;
}

Error corrupt(std::string_view what) {
    return Error{Failure::corrupt,
                 fmt::format("{} record of {} does not parse", what, offsets_topic)};
}

// The parsed record, or why there is none. `read` parses a value of the given version.
template <class Record, class Read>
Result<std::optional<GroupRecord>> with_value(Record record, std::optional<ByteView> value,
                                              std::string_view what, Read read) {
    if (value) {
        ByteReader in(*value);
        const auto version = in.integer<std::int16_t>();
        if (!in.ok() || version < 0) return corrupt(what);
        if (version > latest_value_version) return std::optional<GroupRecord>();
        record.value = read(in, version);
        if (!in.ok()) return corrupt(what);
    }
    return std::optional<GroupRecord>(std::move(record));
}

}  // namespace

const std::string& group_of(const GroupRecord& record) {
    return std::visit(
        [](const auto& each) -> const std::string& {
            if constexpr (std::is_same_v<std::decay_t<decltype(each)>, ConsumerGroupRecord>) {
                return group_of(each);
            } else {
                return each.group;
            }
        },
        record);
}

KeyAndValue encode_group_record(const GroupRecord& record) {
    if (const auto* const of_consumers = std::get_if<ConsumerGroupRecord>(&record)) {
        return {encode_consumer_key(*of_consumers), encode_consumer_value(*of_consumers)};
    }
    KeyAndValue encoded;
    ByteWriter key(encoded.key);
    if (const auto* commit = std::get_if<OffsetCommitRecord>(&record)) {
        key.integer(offset_commit_key_version);
        write_string(key, commit->group);
        write_string(key, commit->partition.topic);
        key.integer(commit->partition.partition);
        encoded.value = encode_value(commit->value);
    } else {
        const auto& metadata = std::get<GroupMetadataRecord>(record);
        key.integer(group_metadata_key_version);
        write_string(key, metadata.group);
        encoded.value = encode_value(metadata.value);
    }
    return encoded;
}

Result<std::optional<GroupRecord>> decode_group_record(ByteView key,
                                                       std::optional<ByteView> value) {
    ByteReader in(key);
    const auto type = in.integer<std::int16_t>();
    if (!in.ok() || type < 0) return corrupt("a");
    if (type <= offset_commit_key_version) {
        OffsetCommitRecord record;
        record.group = read_string(in);
        record.partition.topic = read_string(in);
        record.partition.partition = in.integer<std::int32_t>();
        if (!in.ok()) return corrupt("an OffsetCommit");
        return with_value(std::move(record), value, "an OffsetCommit", read_committed_offset);
    }
    if (type == group_metadata_key_version) {
        GroupMetadataRecord record;
        record.group = read_string(in);
        if (!in.ok()) return corrupt("a GroupMetadata");
        return with_value(std::move(record), value, "a GroupMetadata", read_group_metadata);
    }
    auto decoded = decode_consumer_record(type, in, value);
    if (!decoded) return decoded.error();
    if (!*decoded) return std::optional<GroupRecord>();
    return std::optional<GroupRecord>(std::move(**decoded));
}

}  // namespace squall::model
