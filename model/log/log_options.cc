#include "model/log/log_options.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <type_traits>
#include <vector>

#include "model/log/checkpoint_text.h"

namespace squall::model {

namespace {

// ConfigDef does not mind blanks around a value.
std::string_view trimmed(std::string_view text) {
    const auto is_blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

bool is_word(std::string_view text, std::string_view lower_case) {
    return std::ranges::equal(text, lower_case, {},
                              [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
}

// "0.5" in thousandths; further digits do not count.
std::optional<std::int64_t> parse_permille(std::string_view text) {
    const std::size_t dot = text.find('.');
    const std::string whole(text.substr(0, dot));
    std::string fraction(dot == std::string_view::npos ? "" : text.substr(dot + 1));
    if (whole.empty() || whole.front() == '-' || whole.size() > 6) return std::nullopt;
    if (fraction.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
    fraction.resize(3, '0');
    const std::optional<std::int64_t> units = parse_number(whole);
    const std::optional<std::int64_t> thousandths = parse_number(fraction);
    if (!units || !thousandths) return std::nullopt;
    return *units * 1000 + *thousandths;
}

std::optional<CleanupPolicy> parse_cleanup_policy(std::string_view text) {
    CleanupPolicy policy{.deletes = false, .compacts = false};
    for (bool is_last = false; !is_last;) {
        const std::size_t comma = text.find(',');
        is_last = comma == std::string_view::npos;
        const std::string_view one = trimmed(text.substr(0, comma));
        if (one != "delete" && one != "compact") return std::nullopt;
        (one == "delete" ? policy.deletes : policy.compacts) = true;
        if (!is_last) text.remove_prefix(comma + 1);
    }
    return policy;
}

// A visitor of describe() that sets the members named in a topic's settings.
class SettingsParser {
  public:
    explicit SettingsParser(const std::map<std::string, std::string>& settings)
        : settings_(settings) {}

    template <class T>
    void operator()(std::string_view key, T& member) {
        (*this)(key, member, SettingBounds{});
    }
    template <class T>
    void operator()(std::string_view key, T& member, SettingBounds bounds) {
        keys_.push_back(key);
        const auto found = settings_.find(std::string(key));
        if (found == settings_.end() || error_) return;
        parse(key, std::string(trimmed(found->second)), member, bounds);
    }

    // After the visit.
    std::optional<Error> error() const {
        if (error_) return error_;
        for (const auto& [key, value] : settings_) {
            if (std::ranges::find(keys_, key) == keys_.end()) {
                return Error{Failure::invalid_input, fmt::format("unknown topic config '{}'", key)};
            }
        }
        return std::nullopt;
    }

  private:
    template <class T>
    void parse(std::string_view key, const std::string& text, T& member, SettingBounds bounds) {
        if constexpr (std::is_same_v<T, bool>) {
            if (!is_word(text, "true") && !is_word(text, "false")) {
                return refuse(key, text, "true or false");
            }
            member = is_word(text, "true");
        } else if constexpr (std::is_same_v<T, std::int32_t>) {
            bounds.low = std::max<std::int64_t>(bounds.low, INT32_MIN);
            bounds.high = std::min<std::int64_t>(bounds.high, INT32_MAX);
            if (const auto number = parse_bounded(key, text, bounds)) {
                member = static_cast<std::int32_t>(*number);
            }
        } else if constexpr (std::is_same_v<T, std::int64_t>) {
            if (const auto number = parse_bounded(key, text, bounds)) member = *number;
        } else if constexpr (std::is_same_v<T, LogOptions::Milliseconds>) {
            if (const auto number = parse_bounded(key, text, bounds)) {
                member = LogOptions::Milliseconds(*number);
            }
        } else if constexpr (requires { read_setting(text, member); }) {
            if (const auto expected = read_setting(text, member)) refuse(key, text, *expected);
        } else {
            static_assert(std::is_same_v<T, std::string>, "a setting of a type not known here");
            if (text != "producer") return refuse(key, text, "producer");
            member = text;
        }
    }

    std::optional<std::int64_t> parse_bounded(std::string_view key, const std::string& text,
                                              SettingBounds bounds) {
        const std::optional<std::int64_t> number = parse_number(text);
        if (number && *number >= bounds.low && *number <= bounds.high) return number;
        refuse(key, text, fmt::format("a number from {} to {}", bounds.low, bounds.high));
        return std::nullopt;
    }

    void refuse(std::string_view key, std::string_view text, std::string_view expected) {
        error_ = Error{Failure::invalid_input,
                       fmt::format("invalid value '{}' for topic config '{}': expected {}", text,
                                   key, expected)};
    }

    const std::map<std::string, std::string>& settings_;
    std::vector<std::string_view> keys_;
    std::optional<Error> error_;
};

}  // namespace

std::string to_string(const CleanupPolicy& policy) {
    if (policy.compacts && policy.deletes) return "compact,delete";
    return policy.compacts ? "compact" : "delete";
}

std::optional<std::string> read_setting(std::string_view text, CleanupPolicy& policy) {
    const auto parsed = parse_cleanup_policy(text);
    if (!parsed) return "delete, compact, or compact,delete";
    policy = *parsed;
    return std::nullopt;
}

std::string_view to_string(TimestampType type) {
    return type == TimestampType::create_time ? "CreateTime" : "LogAppendTime";
}

std::string to_string(Permille ratio) {
    return fmt::format("{}.{:03}", ratio.value / 1000, ratio.value % 1000);
}

std::optional<std::string> read_setting(std::string_view text, Permille& ratio) {
    const auto parsed = parse_permille(text);
    if (!parsed || *parsed > 1000) return "a ratio from 0 to 1";
    ratio.value = static_cast<std::int32_t>(*parsed);
    return std::nullopt;
}

std::optional<std::string> read_setting(std::string_view text, TimestampType& type) {
    if (text != "CreateTime" && text != "LogAppendTime") return "CreateTime or LogAppendTime";
    type = text == "CreateTime" ? TimestampType::create_time : TimestampType::log_append_time;
    return std::nullopt;
}

Result<LogOptions> LogOptions::with(
    const std::map<std::string, std::string>& topic_settings) const {
    LogOptions options = *this;
    SettingsParser parser(topic_settings);
    describe(options, parser);
    if (const std::optional<Error> error = parser.error()) return *error;
    if (options.min_compaction_lag_ms > options.max_compaction_lag_ms) {
        return Error{Failure::invalid_input,
                     fmt::format("min.compaction.lag.ms {} is beyond max.compaction.lag.ms {}",
                                 options.min_compaction_lag_ms.count(),
                                 options.max_compaction_lag_ms.count())};
    }
    return options;
}

}  // namespace squall::model
