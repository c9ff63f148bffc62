#include "model/log/offset_checkpoint.h"

#include <utility>

#include "model/log/checkpoint_text.h"

namespace squall::model {

OffsetCheckpoint::OffsetCheckpoint(sim::Disk& disk, std::string path)
    : disk_(disk), path_(std::move(path)) {}

Result<Duration> OffsetCheckpoint::load() {
    offsets_.clear();
    if (!disk_.exists(path_)) return Duration::zero();
    const Result<sim::Costed<Bytes>> bytes = disk_.read_all(path_);
    if (!bytes) return bytes.error();
    Result<std::map<TopicPartition, Offset>> offsets = decode(as_text(bytes->value));
    if (offsets) offsets_ = std::move(*offsets);
    return bytes->cost;
}

Result<Duration> OffsetCheckpoint::store() {
    return disk_.replace(path_, as_bytes(encode(offsets_)));
}

std::optional<Offset> OffsetCheckpoint::get(const TopicPartition& partition) const {
    const auto found = offsets_.find(partition);
    if (found == offsets_.end()) return std::nullopt;
    return found->second;
}

std::string OffsetCheckpoint::encode(const std::map<TopicPartition, Offset>& offsets) {
    std::string text = checkpoint_header(offsets.size());
    for (const auto& [partition, offset] : offsets) {
        text += fmt::format("{} {} {}\n", partition.topic, partition.partition, offset);
    }
    return text;
}

Result<std::map<TopicPartition, Offset>> OffsetCheckpoint::decode(std::string_view text) {
    CheckpointLines lines(text);
    std::map<TopicPartition, Offset> offsets;
    while (const auto words = lines.next(3)) {
        const auto partition = parse_number((*words)[1]);
        const auto offset = parse_number((*words)[2]);
        if (!partition || !offset || *partition < 0 || *partition > INT32_MAX || *offset < 0) {
            return lines.corrupt("not a topic, a partition and an offset");
        }
        offsets[TopicPartition{.topic = std::string((*words)[0]),
                               .partition = static_cast<std::int32_t>(*partition)}] =
            Offset(*offset);
    }
    if (!lines.is_complete()) return lines.corrupt("not as many entries as it says");
    return offsets;
}

}  // namespace squall::model
