#include "model/log/checkpoint_text.h"

#include <fmt/core.h>

#include <charconv>

namespace squall::model {

namespace {

constexpr std::string_view version = "0";

}  // namespace

std::string checkpoint_header(std::size_t entries) {
    return fmt::format("{}\n{}\n", version, entries);
}

CheckpointLines::CheckpointLines(std::string_view text) : rest_(text) {
    if (line() != version) return;
    const std::optional<std::string_view> count = line();
    if (count) entries_left_ = parse_number(*count).value_or(-1);
}

std::optional<std::string_view> CheckpointLines::line() {
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    ++line_number_;
    return text;
}

std::optional<std::vector<std::string_view>> CheckpointLines::next(std::size_t words) {
    if (entries_left_ <= 0) return std::nullopt;
    std::optional<std::string_view> text = line();
    std::vector<std::string_view> found;
    while (text && found.size() < words) {
        const std::size_t space = text->find(' ');
        found.push_back(text->substr(0, space));
        if (space == std::string_view::npos) {
            text.reset();
        } else {
            text->remove_prefix(space + 1);
        }
    }
    if (text || found.size() != words) {
        entries_left_ = -1;
        return std::nullopt;
    }
    --entries_left_;
    return found;
}

bool CheckpointLines::is_complete() const {
    return entries_left_ == 0 && rest_.empty();
}

Error CheckpointLines::corrupt(std::string_view what) const {
    return Error{Failure::corrupt, fmt::format("checkpoint, line {}: {}", line_number_, what)};
}

std::optional<std::int64_t> parse_number(std::string_view text) {
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, failure] = std::from_chars(text.data(), end, number);
    if (failure != std::errc() || stopped != end) return std::nullopt;
    return number;
}

}  // namespace squall::model
