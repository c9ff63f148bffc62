// Settings: option structs seen as a properties file sees them, key by key, as text.
//
// Works on any described struct: the names of its fields are the keys. Integers are decimal,
// booleans true or false, durations a whole number in the unit of their member or a text with a
// unit of its own ("250ms"), lists separated by commas, enums by the word they print as. A member
// that is described with SettingBounds stays within them. What is printed is read back to the same
// value. Types of their own notation have a free `std::optional<std::string>
// read_setting(std::string_view, T&)` beside them, which says what was expected where it does not
// take the text.
#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "sim/base/describe.h"
#include "sim/base/distribution.h"
#include "sim/base/result.h"
#include "sim/base/setting_bounds.h"

namespace squall {

struct SettingText {
    std::string key;
    std::string value;
    bool operator==(const SettingText&) const = default;
};

namespace detail {

// Whole text to number, or what was expected instead.
template <class T>
std::optional<std::string> parse_integer(std::string_view text, T& out) {
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, out);
    if (error == std::errc() && stopped == end && !text.empty()) return std::nullopt;
    return fmt::format("a whole number from {} to {}", std::numeric_limits<T>::min(),
                       std::numeric_limits<T>::max());
}

// Nullopt where the text was taken, else what was expected.
template <class T>
std::optional<std::string> parse_setting(std::string_view text, T& out) {
    if constexpr (requires { read_setting(text, out); }) {
        return read_setting(text, out);
    } else if constexpr (std::is_same_v<T, bool>) {
        if (text != "true" && text != "false") return "true or false";
        out = text == "true";
        return std::nullopt;
    } else if constexpr (std::is_enum_v<T>) {
        // Protocol enums are small and count from zero.
        std::string words;
        for (int value = 0; value < 16; ++value) {
            const std::string_view word = to_string(static_cast<T>(value));
            if (word.empty() || word == "?") break;
            if (word == text) {
                out = static_cast<T>(value);
                return std::nullopt;
            }
            words += (words.empty() ? "" : ", ") + std::string(word);
        }
        return "one of " + words;
    } else if constexpr (std::is_integral_v<T>) {
        return parse_integer(text, out);
    } else if constexpr (is_strong_id_v<T>) {
        typename T::rep number{};
        auto expected = parse_integer(text, number);
        if (!expected) out = T(number);
        return expected;
    } else if constexpr (is_duration<T>::value) {
        std::int64_t count = 0;
        if (!parse_integer(text, count)) {
            out = T(static_cast<typename T::rep>(count));
            return std::nullopt;
        }
        const Result<Duration> duration = parse_duration(text);
        if (!duration) return "a whole number, or a duration like \"250ms\"";
        out = std::chrono::duration_cast<T>(*duration);
        if (saturated(out) == *duration) return std::nullopt;
        return "a multiple of " + to_string(Duration(T(1)));
    } else if constexpr (std::is_same_v<T, std::string>) {
        out = text;
        return std::nullopt;
    } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
        out.clear();
        while (!text.empty()) {
            const std::size_t comma = text.find(',');
            out.emplace_back(text.substr(0, comma));
            text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
        }
        return std::nullopt;
    } else {
        return "nothing: it follows from the scenario";
    }
}

template <class T>
std::string print_setting(const T& value) {
    if constexpr (is_duration<T>::value) {
        return fmt::format("{}", value.count());
    } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
        std::string text;
        for (const std::string& element : value) text += (text.empty() ? "" : ",") + element;
        return text;
    } else {
        std::string text;
        Printer(text).value(value);
        return text;
    }
}

template <class T>
inline constexpr bool has_count = is_duration<T>::value || is_strong_id_v<T> ||
                                  (std::is_integral_v<T> && !std::is_same_v<T, bool>);

// A number, or a duration in its own unit, for comparison with bounds.
template <class T>
requires has_count<T> std::int64_t bounded_count(const T& value) {
    if constexpr (is_duration<T>::value) {
        return value.count();
    } else if constexpr (is_strong_id_v<T>) {
        return static_cast<std::int64_t>(value.value());
    } else if constexpr (std::is_unsigned_v<T>) {
        return static_cast<std::int64_t>(std::min<std::uint64_t>(value, INT64_MAX));
    } else {
        return value;
    }
}

// Nullopt where the value lies within, else what was expected.
inline std::optional<std::string> outside_of(const SettingBounds& bounds, std::int64_t count) {
    if (count >= bounds.low && count <= bounds.high) return std::nullopt;
    if (bounds.high == INT64_MAX) return fmt::format("at least {}", bounds.low);
    return fmt::format("{} to {}", bounds.low, bounds.high);
}

struct SettingSetter {
    std::string_view key;
    std::string_view text;
    bool found = false;
    std::optional<std::string> expected;

    template <class T>
    void operator()(std::string_view name, T& member) {
        (*this)(name, member, SettingBounds{});
    }
    template <class T>
    void operator()(std::string_view name, T& member, const SettingBounds& bounds) {
        if (name != key) return;
        found = true;
        T value = member;
        expected = parse_setting(text, value);
        if constexpr (has_count<T>) {
            if (!expected) expected = outside_of(bounds, bounded_count(value));
        }
        if (!expected) member = value;
    }
};

struct SettingLister {
    std::vector<SettingText>& out;

    template <class T>
    void operator()(std::string_view name, const T& member) {
        out.push_back({std::string(name), print_setting(member)});
    }
    template <class T, class Attributes>
    void operator()(std::string_view name, const T& member, const Attributes&) {
        (*this)(name, member);
    }
};

}  // namespace detail

// Sets one member by its key; an error leaves it as it was. Errors: not_found (no such key),
// invalid_input (saying what was expected).
template <class Options>
Status set_setting(Options& options, std::string_view key, std::string_view text) {
    detail::SettingSetter setter{.key = key, .text = text};
    Options::describe(options, setter);
    if (!setter.found) return Error{Failure::not_found, fmt::format("unknown setting '{}'", key)};
    if (setter.expected) {
        return Error{Failure::invalid_input,
                     fmt::format("{} = \"{}\": expected {}", key, text, *setter.expected)};
    }
    return success();
}

// Every key with its value, in the order of the list.
template <class Options>
std::vector<SettingText> list_settings(const Options& options) {
    std::vector<SettingText> settings;
    detail::SettingLister lister{settings};
    Options::describe(options, lister);
    return settings;
}

}  // namespace squall
