#include "model/controller/topic_name.h"

#include <fmt/core.h>

#include <algorithm>

namespace squall::model {

std::optional<std::string> why_invalid_topic_name(const std::string& name) {
    constexpr std::size_t longest = 249;
    if (name.empty()) return "Topic name is invalid: the empty string is not allowed";
    if (name == "." || name == "..") {
        return fmt::format("Topic name is invalid: '{}' is not allowed", name);
    }
    if (name.size() > longest) {
        return fmt::format(
            "Topic name is invalid: the length of '{}' is longer than the max "
            "allowed length {}",
            name, longest);
    }
    const bool legal = std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    });
    if (!legal) {
        return fmt::format(
            "Topic name is invalid: '{}' contains one or more characters other "
            "than ASCII alphanumerics, '.', '_' and '-'",
            name);
    }
    return std::nullopt;
}

bool do_topic_names_collide(const std::string& one, const std::string& other) {
    const auto unified = [](char c) { return c == '.' ? '_' : c; };
    return std::ranges::equal(one, other, {}, unified, unified);
}

}  // namespace squall::model
