#include "model/assignors/consumer_protocol.h"

#include <algorithm>

#include "sim/base/assert.h"

namespace squall::model {
namespace {

void write_string(ByteWriter& out, std::string_view text) {
    out.integer(static_cast<std::int16_t>(text.size()));
    out.bytes(as_bytes(text));
}

void write_nullable_bytes(ByteWriter& out, const std::optional<Bytes>& bytes) {
    if (!bytes) {
        out.integer(std::int32_t{-1});
        return;
    }
    out.integer(static_cast<std::int32_t>(bytes->size()));
    out.bytes(*bytes);
}

void write_partitions(ByteWriter& out, const std::vector<TopicPartition>& partitions) {
    std::map<std::string_view, std::vector<std::int32_t>> by_topic;
    for (const TopicPartition& each : partitions) by_topic[each.topic].push_back(each.partition);
    out.integer(static_cast<std::int32_t>(by_topic.size()));
    for (auto& [topic, numbers] : by_topic) {
        std::ranges::sort(numbers);
        write_string(out, topic);
        out.integer(static_cast<std::int32_t>(numbers.size()));
        for (const std::int32_t number : numbers) out.integer(number);
    }
}

// The element count of an array. Bad where it cannot fit: each element takes `element_bytes_min`.
std::size_t read_count(ByteReader& in, std::size_t element_bytes_min) {
    const auto count = in.integer<std::int32_t>();
    if (count < 0 || static_cast<std::size_t>(count) > in.remaining() / element_bytes_min) {
        in.mark_bad();
        return 0;
    }
    return static_cast<std::size_t>(count);
}

std::optional<std::string> read_nullable_string(ByteReader& in) {
    const auto length = in.integer<std::int16_t>();
    if (length < -1) in.mark_bad();
    if (length < 0) return std::nullopt;
    return std::string(as_text(in.bytes(static_cast<std::size_t>(length))));
}

std::string read_string(ByteReader& in) {
    std::optional<std::string> text = read_nullable_string(in);
    if (!text) in.mark_bad();
    return text.value_or(std::string());
}

std::optional<Bytes> read_nullable_bytes(ByteReader& in) {
    const auto length = in.integer<std::int32_t>();
    if (length < -1) in.mark_bad();
    if (length < 0) return std::nullopt;
    const ByteView view = in.bytes(static_cast<std::size_t>(length));
    return Bytes(view.begin(), view.end());
}

std::vector<TopicPartition> read_partitions(ByteReader& in) {
    std::vector<TopicPartition> partitions;
    for (std::size_t topics = read_count(in, 6); topics > 0 && in.ok(); --topics) {
        const std::string topic = read_string(in);
        for (std::size_t count = read_count(in, 4); count > 0 && in.ok(); --count) {
            const auto partition = in.integer<std::int32_t>();
            partitions.push_back({topic, partition});
        }
    }
    std::ranges::sort(partitions);
    return partitions;
}

// The version to read the rest as. Bad if negative.
std::int16_t read_version(ByteReader& in) {
    const auto version = in.integer<std::int16_t>();
    if (version < 0) in.mark_bad();
    return std::min(version, consumer_protocol_version_max);
}

Error malformed(std::string_view what, ByteView bytes) {
    return Error{
        Failure::corrupt,
        fmt::format("{} of {} bytes is not in the consumer protocol's format", what, bytes.size())};
}

}  // namespace

Bytes encode_subscription(const Subscription& subscription, std::int16_t version) {
    ASSERT(version >= 0 && version <= consumer_protocol_version_max, "version {}", version);
    Bytes bytes;
    ByteWriter out(bytes);
    out.integer(version);
    out.integer(static_cast<std::int32_t>(subscription.topics.size()));
    for (const std::string& topic : subscription.topics) write_string(out, topic);
    write_nullable_bytes(out, subscription.user_data);
    if (version >= 1) write_partitions(out, subscription.owned_partitions);
    if (version >= 2) out.integer(subscription.generation_id.value());
    if (version >= 3) {
        if (subscription.rack_id) {
            write_string(out, *subscription.rack_id);
        } else {
            out.integer(std::int16_t{-1});
        }
    }
    return bytes;
}

Bytes encode_assignment(const Assignment& assignment, std::int16_t version) {
    ASSERT(version >= 0 && version <= consumer_protocol_version_max, "version {}", version);
    Bytes bytes;
    ByteWriter out(bytes);
    out.integer(version);
    write_partitions(out, assignment.partitions);
    write_nullable_bytes(out, assignment.user_data);
    return bytes;
}

Result<Subscription> decode_subscription(ByteView bytes) {
    ByteReader in(bytes);
    Subscription subscription;
    const std::int16_t version = read_version(in);
    for (std::size_t count = read_count(in, 2); count > 0 && in.ok(); --count) {
        subscription.topics.push_back(read_string(in));
    }
    subscription.user_data = read_nullable_bytes(in);
    if (version >= 1) subscription.owned_partitions = read_partitions(in);
    if (version >= 2) subscription.generation_id = GenerationId(in.integer<std::int32_t>());
    if (version >= 3) subscription.rack_id = read_nullable_string(in);
    if (!in.ok()) return malformed("a subscription", bytes);
    return subscription;
}

Result<Assignment> decode_assignment(ByteView bytes) {
    if (bytes.empty()) return Assignment{};
    ByteReader in(bytes);
    Assignment assignment;
    read_version(in);
    assignment.partitions = read_partitions(in);
    assignment.user_data = read_nullable_bytes(in);
    if (!in.ok()) return malformed("an assignment", bytes);
    return assignment;
}

Bytes encode_sticky_user_data(const StickyUserData& data) {
    Bytes bytes;
    ByteWriter out(bytes);
    write_partitions(out, data.partitions);
    out.integer(data.generation.value());
    return bytes;
}

Result<StickyUserData> decode_sticky_user_data(ByteView bytes) {
    ByteReader in(bytes);
    StickyUserData data;
    data.partitions = read_partitions(in);
    // Before KIP-341 there was no generation.
    if (in.remaining() > 0) data.generation = GenerationId(in.integer<std::int32_t>());
    if (!in.ok()) return malformed("sticky user data", bytes);
    return data;
}

}  // namespace squall::model
