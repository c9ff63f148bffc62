#include "scenarios/audit.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/events/replica_events.h"
#include "model/protocol/record_batch.h"
#include "sim/base/bytes.h"
#include "sim/base/crc32c.h"

namespace squall::scenarios {
namespace {

using model::AuditedBatch;
using model::AuditedLog;
using model::BrokerId;
using model::LeaderEpoch;
using model::Offset;
using model::TopicPartition;

// Positions in the header of a record batch of magic 2 (docs of the Kafka protocol, "Record
// Batch").
constexpr std::size_t length_at = 8;
constexpr std::size_t epoch_at = 12;
constexpr std::size_t crc_at = 17;
constexpr std::size_t attributes_at = 21;
constexpr std::size_t last_delta_at = 23;
constexpr std::size_t header_size = 61;
constexpr std::size_t length_counts_from = 12;
constexpr std::int16_t control_bit = 0x20;

// ".../orders-0/00000000000000000042.log": the partition, or nullopt for any other file.
std::optional<TopicPartition> partition_of(std::string_view path) {
    if (!path.ends_with(".log")) return std::nullopt;
    const std::size_t file = path.rfind('/');
    if (file == std::string_view::npos) return std::nullopt;
    std::string_view directory = path.substr(0, file);
    if (const std::size_t parent = directory.rfind('/'); parent != std::string_view::npos) {
        directory.remove_prefix(parent + 1);
    }
    const std::size_t dash = directory.rfind('-');
    if (dash == std::string_view::npos) return std::nullopt;
    std::int32_t index = 0;
    const char* const end = directory.data() + directory.size();
    const auto [stopped, error] = std::from_chars(directory.data() + dash + 1, end, index);
    if (error != std::errc() || stopped != end) return std::nullopt;
    return TopicPartition{std::string(directory.substr(0, dash)), index};
}

// Those of a batch, from its base offset on; where compaction took one, nobody's id stands in its
// place. None where they make no sense.
std::vector<model::RecordId> records_of(ByteView batch) {
    const Result<model::BatchView> view = model::BatchView::at_front(batch);
    if (!view || !view->check()) return {};
    std::vector<model::RecordId> records;
    records.reserve(std::min<std::size_t>(static_cast<std::size_t>(view->count()), batch.size()));
    model::RecordReader reader(*view);
    for (model::RecordView record; reader.next(record);) {
        records.resize(static_cast<std::size_t>(record.offset_delta));
        records.push_back(model::record_id(record));
    }
    if (!reader.status()) return {};
    return records;
}

// What a batch was found to hold.
struct Content {
    Bytes batch;
    bool crc_matches = false;
    std::vector<model::RecordId> records;
};
// Of a partition, by base offset: the latest that was read there. The replicas of a batch are alike
// to the byte where nothing went wrong, and are then read once.
using Contents = std::map<std::int64_t, Content>;

Content content_of(ByteView batch) {
    Content content{.batch = Bytes(batch.begin(), batch.end())};
    const auto crc = load_big_endian<std::uint32_t>(batch.data() + crc_at);
    content.crc_matches = crc32c(batch.subspan(attributes_at)) == crc;
    // The ends of transactions are nobody's records.
    const auto attributes = load_big_endian<std::int16_t>(batch.data() + attributes_at);
    const bool is_control = (attributes & control_bit) != 0;
    if (content.crc_matches && !is_control) content.records = records_of(batch);
    return content;
}

// Emits the batches of one segment; returns how many, and how many bytes at the end are no batch.
std::pair<std::uint64_t, std::uint64_t> audit_segment(sim::Trace& trace, BrokerId broker,
                                                      const TopicPartition& partition,
                                                      ByteView bytes, Contents& contents) {
    std::uint64_t batches = 0;
    while (bytes.size() >= header_size) {
        const auto length = load_big_endian<std::int32_t>(bytes.data() + length_at);
        if (length < static_cast<std::int32_t>(header_size - length_counts_from)) break;
        const std::size_t size = length_counts_from + static_cast<std::size_t>(length);
        if (size > bytes.size()) break;
        const ByteView batch = bytes.first(size);
        const auto base = load_big_endian<std::int64_t>(batch.data());
        AuditedBatch audited;
        audited.broker = broker;
        audited.partition = partition;
        audited.base_offset = Offset{base};
        audited.last_offset =
            Offset{base + load_big_endian<std::int32_t>(batch.data() + last_delta_at)};
        audited.leader_epoch = LeaderEpoch{load_big_endian<std::int32_t>(batch.data() + epoch_at)};
        audited.crc = load_big_endian<std::uint32_t>(batch.data() + crc_at);
        auto known = contents.lower_bound(base);
        if (known == contents.end() || known->first != base) {
            known = contents.emplace_hint(known, base, content_of(batch));
        } else if (!std::ranges::equal(known->second.batch, batch)) {
            known->second = content_of(batch);
        }
        audited.crc_matches = known->second.crc_matches;
        audited.records = known->second.records;
        trace.emit_as_harness(audited);
        ++batches;
        bytes = bytes.subspan(size);
    }
    return {batches, bytes.size()};
}

}  // namespace

void audit_disks(Cluster& cluster) {
    sim::Trace& trace = cluster.simulation().trace();
    std::map<TopicPartition, Contents> contents;
    for (const auto& machine : cluster.machines()) {
        if (!machine->is_broker) continue;
        // Segments of a partition, in order of their names, which is that of their base offsets.
        std::map<TopicPartition, std::vector<std::string>> segments;
        for (const std::string& path : machine->disk->list("")) {
            if (const auto partition = partition_of(path)) segments[*partition].push_back(path);
        }
        const BrokerId broker = cluster.broker_id(*machine);
        for (const auto& [partition, paths] : segments) {
            if (partition.topic == model::metadata_topic) continue;
            AuditedLog log{.broker = broker,
                           .partition = partition,
                           .batches = 0,
                           .trailing_bytes = 0,
                           .running = machine->node->is_running()};
            for (const std::string& path : paths) {
                const Bytes bytes = machine->disk->inspect(path);
                const auto [batches, trailing] =
                    audit_segment(trace, broker, partition, bytes, contents[partition]);
                log.batches += batches;
                log.trailing_bytes += trailing;
            }
            trace.emit_as_harness(log);
        }
    }
}

}  // namespace squall::scenarios
