#include "model/log/partition_metadata.h"

#include "model/log/checkpoint_text.h"

namespace squall::model {

namespace {

constexpr std::string_view version_line = "version: 0\n";
constexpr std::string_view topic_id_key = "topic_id: ";

}  // namespace

std::string log_folder(const TopicPartition& partition) {
    return to_string(partition);
}

std::optional<TopicPartition> partition_of_folder(std::string_view folder) {
    const std::size_t dash = folder.rfind('-');
    if (dash == std::string_view::npos || dash == 0) return std::nullopt;
    const std::optional<std::int64_t> number = parse_number(folder.substr(dash + 1));
    if (!number || *number < 0 || *number > INT32_MAX) return std::nullopt;
    TopicPartition partition{.topic = std::string(folder.substr(0, dash)),
                             .partition = static_cast<std::int32_t>(*number)};
    if (log_folder(partition) != folder) return std::nullopt;  // "orders-01"
    return partition;
}

std::string encode_partition_metadata(const Uuid& topic_id) {
    return fmt::format("{}{}{}\n", version_line, topic_id_key, topic_id);
}

Result<Uuid> decode_partition_metadata(std::string_view text) {
    const Error corrupt{Failure::corrupt, "partition.metadata: not a version and a topic id"};
    if (!text.starts_with(version_line) || !text.ends_with('\n')) return corrupt;
    text.remove_prefix(version_line.size());
    if (!text.starts_with(topic_id_key)) return corrupt;
    text.remove_prefix(topic_id_key.size());
    text.remove_suffix(1);
    const std::optional<Uuid> id = parse_uuid(text);
    if (!id) return corrupt;
    return *id;
}

}  // namespace squall::model
