#include "model/log/meta_properties.h"

#include "model/log/checkpoint_text.h"

namespace squall::model {

namespace {

constexpr std::string_view head = "version=1\nnode.id=";
constexpr std::string_view middle = "\ndirectory.id=";
constexpr std::string_view tail = "\n";

}  // namespace

std::string encode_meta_properties(const MetaProperties& properties) {
    return fmt::format("{}{}{}{}{}", head, properties.node_id, middle, properties.directory_id,
                       tail);
}

Result<MetaProperties> decode_meta_properties(std::string_view text) {
    const Error corrupt{Failure::corrupt, fmt::format("meta.properties says '{}'", text)};
    const std::size_t second = text.find(middle);
    const bool is_framed =
        text.starts_with(head) && text.ends_with(tail) && second != std::string_view::npos;
    if (!is_framed) return corrupt;
    const std::size_t id_begin = second + middle.size();
    const auto node = parse_number(text.substr(head.size(), second - head.size()));
    const auto directory = parse_uuid(text.substr(id_begin, text.size() - tail.size() - id_begin));
    if (!node || !directory) return corrupt;
    const MetaProperties properties{BrokerId{static_cast<std::int32_t>(*node)}, *directory};
    if (encode_meta_properties(properties) != text) return corrupt;
    return properties;
}

Result<Duration> format_directory(sim::Disk& disk, const MetaProperties& properties) {
    const std::string text = encode_meta_properties(properties);
    const Result<Duration> written = disk.replace(meta_properties_path, as_bytes(text));
    if (!written) return written;
    const Result<Duration> flushed = disk.flush(meta_properties_path);
    if (!flushed) return flushed;
    return *written + *flushed;
}

Result<sim::Costed<MetaProperties>> read_meta_properties(const sim::Disk& disk) {
    const Result<sim::Costed<Bytes>> text = disk.read_all(meta_properties_path);
    if (!text) return text.error();
    const Result<MetaProperties> properties = decode_meta_properties(as_text(text->value));
    if (!properties) return properties.error();
    return sim::Costed<MetaProperties>{*properties, text->cost};
}

Result<Duration> check_directory_of(BrokerId node, const sim::Disk& disk) {
    if (!disk.exists(meta_properties_path)) return Duration{};
    const auto properties = read_meta_properties(disk);
    if (!properties) return properties.error();
    if (properties->value.node_id != node) {
        return Error{Failure::corrupt, fmt::format("the disk of node {} in node {}",
                                                   properties->value.node_id, node)};
    }
    return properties->cost;
}

}  // namespace squall::model
