#include "scenarios/event_pattern.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace squall::scenarios {
namespace {

std::string_view without_spaces_around(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

// "broker = 1" or "broker != 1". False: it is neither.
bool parse_field(std::string_view text, EventPattern::Field& field) {
    const std::size_t equals_at = text.find('=');
    if (equals_at == std::string_view::npos) return false;
    std::string_view name = text.substr(0, equals_at);
    field.is_equal = !name.ends_with('!');
    if (!field.is_equal) name.remove_suffix(1);
    field.name = without_spaces_around(name);
    field.value = without_spaces_around(text.substr(equals_at + 1));
    return !field.name.empty();
}

}  // namespace

std::string EventPattern::text() const {
    if (fields.empty()) return event;
    std::string inside;
    for (const Field& field : fields) {
        inside += fmt::format("{}{}{}{}", inside.empty() ? "" : " ", field.name,
                              field.is_equal ? "=" : "!=", field.value);
    }
    return fmt::format("{}{{{}}}", event, inside);
}

bool EventPattern::matches(const sim::Event& found) const {
    if (found.name() != event) return false;
    if (fields.empty()) return true;
    const std::vector<sim::FieldText> values = found.fields();
    return std::ranges::all_of(fields, [&](const Field& wanted) {
        const auto value = std::ranges::find(values, wanted.name, &sim::FieldText::name);
        return value != values.end() && (value->text == wanted.value) == wanted.is_equal;
    });
}

Result<EventPattern> parse_event_pattern(std::string_view text) {
    const Error bad{Failure::invalid_input,
                    fmt::format("'{}' names no events; expected something like 'LogOpened' or "
                                "'LogOpened{{broker = 1, truncated_bytes != 0}}'",
                                text)};
    const std::size_t brace = text.find('{');
    EventPattern pattern{.event = std::string(without_spaces_around(text.substr(0, brace))),
                         .fields = {}};
    if (pattern.event.empty()) return bad;
    if (brace == std::string_view::npos) return pattern;
    std::string_view rest = without_spaces_around(text.substr(brace + 1));
    if (!rest.ends_with('}')) return bad;
    rest.remove_suffix(1);
    while (true) {
        const std::size_t comma = rest.find(',');
        EventPattern::Field field;
        if (!parse_field(rest.substr(0, comma), field)) return bad;
        pattern.fields.push_back(std::move(field));
        if (comma == std::string_view::npos) return pattern;
        rest.remove_prefix(comma + 1);
    }
}

}  // namespace squall::scenarios
