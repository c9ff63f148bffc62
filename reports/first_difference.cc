#include "reports/first_difference.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>

namespace squall::reports {
namespace {

constexpr std::size_t events_before = 3;

// Takes the first line off; nullopt at the end.
std::optional<std::string_view> next_line(std::string_view& text) {
    if (text.empty()) return std::nullopt;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

}  // namespace

std::string first_difference(std::string_view left, std::string_view right) {
    std::deque<std::string_view> before;
    for (std::uint64_t number = 1;; ++number) {
        const std::optional<std::string_view> a = next_line(left);
        const std::optional<std::string_view> b = next_line(right);
        if (!a && !b) return "the recorded traces are equal: the difference comes and goes\n";
        if (a == b) {
            before.push_back(*a);
            if (before.size() > events_before) before.pop_front();
            continue;
        }
        std::string text = fmt::format("first difference: event {}\n", number);
        for (const std::string_view line : before) text += fmt::format("    {}\n", line);
        text += fmt::format("  < {}\n", a.value_or("(no more events)"));
        text += fmt::format("  > {}\n", b.value_or("(no more events)"));
        return text;
    }
}

}  // namespace squall::reports
