#include "scenarios/scenario_toml.h"

#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <sstream>

namespace squall::scenarios {
namespace {

std::string kind_of(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::table:
            return "a table";
        case toml::node_type::array:
            return "an array";
        case toml::node_type::string:
            return "a string";
        case toml::node_type::integer:
            return "a whole number";
        case toml::node_type::floating_point:
            return "a decimal number";
        case toml::node_type::boolean:
            return "true or false";
        case toml::node_type::date:
        case toml::node_type::time:
        case toml::node_type::date_time:
            return "a date or time";
        case toml::node_type::none:
            return "nothing";
    }
    return "something else";
}

std::string text_of(const toml::node& node) {
    if (const auto* text = node.as_string()) return text->get();
    std::ostringstream out;
    node.visit([&](const auto& value) { out << value; });
    return out.str();
}

// "64KiB" with the units of `units`: a number and a factor. Nullopt where it is none.
struct UnitName {
    std::string_view name;
    std::uint64_t factor;
};
std::optional<std::uint64_t> parse_with_units(std::string_view text,
                                              std::initializer_list<UnitName> units) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc()) return std::nullopt;
    const std::string_view rest(stopped, static_cast<std::size_t>(end - stopped));
    for (const UnitName& unit : units) {
        if (rest == unit.name && number <= UINT64_MAX / unit.factor) return number * unit.factor;
    }
    return std::nullopt;
}

std::int64_t days_from_civil(const toml::date& date) {
    return (std::chrono::sys_days(std::chrono::year(date.year) / date.month / date.day))
        .time_since_epoch()
        .count();
}

}  // namespace

toml::source_position begin_of_key(const std::vector<toml::source_region>& parts) {
    const auto first = std::ranges::find_if(parts, [&](const toml::source_region& part) {
        return part.begin.line == parts.back().begin.line;
    });
    return first->begin;
}

TableReader::TableReader(const toml::table& table, std::string path, std::string file)
    : table_(&table), path_(std::move(path)), file_(std::move(file)) {}

const toml::node* TableReader::find(std::string_view key) {
    asked_.emplace(key);
    return table_->get(key);
}

bool TableReader::has(std::string_view key) const {
    return table_->contains(key);
}

void TableReader::fail_at(std::string_view key, std::string message) const {
    const toml::node* node = table_;
    std::string_view rest = key;
    // A quoted key has its dots in itself.
    if (const toml::node* const whole = table_->get(key)) {
        node = whole;
        rest = {};
    }
    while (!rest.empty() && node->is_table()) {
        const std::size_t dot = rest.find('.');
        const toml::node* const next = node->as_table()->get(rest.substr(0, dot));
        if (next == nullptr) break;
        node = next;
        rest = dot == std::string_view::npos ? "" : rest.substr(dot + 1);
    }
    fail(node->source().begin, key, std::move(message));
}

void TableReader::fail_at_key(std::string_view key, std::string message) const {
    std::vector<toml::source_region> parts;
    const toml::table* table = table_;
    for (std::string_view rest = key; table != nullptr;) {
        // A quoted key has its dots in itself.
        auto found = table->find(rest);
        const std::size_t dot = found == table->end() ? rest.find('.') : std::string_view::npos;
        if (dot != std::string_view::npos) found = table->find(rest.substr(0, dot));
        if (found == table->end()) break;
        parts.push_back(found->first.source());
        if (dot == std::string_view::npos) break;
        rest = rest.substr(dot + 1);
        table = found->second.as_table();
    }
    if (parts.empty()) fail_at(key, std::move(message));
    fail(begin_of_key(parts), key, std::move(message));
}

void TableReader::fail(const toml::source_position& place, std::string_view key,
                       std::string message) const {
    std::string where = path_;
    if (!key.empty()) where += (where.empty() ? "" : ".") + std::string(key);
    throw ScenarioError{.file = file_,
                        .line = static_cast<int>(place.line),
                        .column = static_cast<int>(place.column),
                        .message = where.empty() ? std::move(message) : where + ": " + message};
}

std::optional<TableReader> TableReader::table(std::string_view key) {
    const toml::node* const node = find(key);
    if (node == nullptr) return std::nullopt;
    if (!node->is_table()) fail_at(key, "expected a table, found " + kind_of(*node));
    return TableReader(*node->as_table(),
                       path_.empty() ? std::string(key) : path_ + "." + std::string(key), file_);
}

std::vector<std::pair<std::string, TableReader>> TableReader::tables(std::string_view key) {
    std::vector<std::pair<std::string, TableReader>> found;
    std::optional<TableReader> outer = table(key);
    if (!outer) return found;
    for (const auto& [name, node] : *outer->table_) {
        found.emplace_back(std::string(name.str()), *outer->table(name.str()));
    }
    std::ranges::sort(found, {}, [](const auto& entry) { return entry.first; });
    return found;
}

std::vector<TableReader> TableReader::array_of_tables(std::string_view key) {
    std::vector<TableReader> found;
    const toml::node* const node = find(key);
    if (node == nullptr) return found;
    if (!node->is_array()) {
        fail_at(key,
                fmt::format("expected [[{}]], an array of tables; found {}", key, kind_of(*node)));
    }
    for (const toml::node& element : *node->as_array()) {
        if (!element.is_table()) fail_at(key, "expected tables, found " + kind_of(element));
        // Faults are called by id; who has none, by number.
        const std::size_t number = found.size() + 1;
        const std::string unnamed =
            key == "fault" ? fmt::format("fault-{}", number) : fmt::format("{}", number);
        const std::string name = (*element.as_table())["id"].value_or(unnamed);
        found.emplace_back(*element.as_table(),
                           fmt::format("{}{}{}.{}", path_, path_.empty() ? "" : ".", key, name),
                           file_);
    }
    return found;
}

std::optional<std::string> TableReader::text(std::string_view key) {
    const toml::node* const node = find(key);
    if (node == nullptr) return std::nullopt;
    if (node->is_table() || node->is_array()) {
        fail_at(key, "expected one value, found " + kind_of(*node));
    }
    return text_of(*node);
}

std::optional<std::string> TableReader::string(std::string_view key) {
    const toml::node* const node = find(key);
    if (node == nullptr) return std::nullopt;
    if (!node->is_string()) fail_at(key, "expected a string, found " + kind_of(*node));
    return node->as_string()->get();
}

std::optional<std::int64_t> TableReader::integer(std::string_view key, std::int64_t low,
                                                 std::int64_t high) {
    const toml::node* const node = find(key);
    if (node == nullptr) return std::nullopt;
    if (!node->is_integer()) fail_at(key, "expected a whole number, found " + kind_of(*node));
    const std::int64_t number = node->as_integer()->get();
    if (number < low || number > high) {
        fail_at(key, fmt::format("expected {} to {}, found {}", low, high, number));
    }
    return number;
}

std::optional<Duration> TableReader::duration(std::string_view key) {
    const std::optional<std::string> written = string(key);
    if (!written) return std::nullopt;
    Result<Duration> parsed = parse_duration(*written);
    if (!parsed) fail_at(key, parsed.error().detail);
    if (*parsed < Duration::zero()) fail_at(key, "expected 0s or more, found \"" + *written + "\"");
    return *parsed;
}

std::optional<std::uint64_t> TableReader::size(std::string_view key) {
    const std::optional<std::string> written = text(key);
    if (!written) return std::nullopt;
    const auto bytes = parse_with_units(*written, {{"", 1},
                                                   {"B", 1},
                                                   {"KiB", 1ull << 10},
                                                   {"MiB", 1ull << 20},
                                                   {"GiB", 1ull << 30},
                                                   {"TiB", 1ull << 40}});
    if (!bytes)
        fail_at(key, "expected a size like \"64KiB\" or \"10GiB\", found \"" + *written + "\"");
    return bytes;
}

std::optional<std::uint64_t> TableReader::bandwidth(std::string_view key) {
    const std::optional<std::string> written = text(key);
    if (!written) return std::nullopt;
    const auto bits = parse_with_units(
        *written,
        {{"bit/s", 1}, {"kbit/s", 1'000}, {"Mbit/s", 1'000'000}, {"Gbit/s", 1'000'000'000}});
    if (!bits) {
        fail_at(key, "expected a bandwidth like \"1Gbit/s\" or \"100Mbit/s\", found \"" + *written +
                         "\"");
    }
    return bits;
}

std::optional<DurationDistribution> TableReader::distribution(std::string_view key) {
    const std::optional<std::string> written = string(key);
    if (!written) return std::nullopt;
    Result<DurationDistribution> parsed = DurationDistribution::parse(*written);
    if (!parsed) fail_at(key, parsed.error().detail);
    return std::move(parsed).value();
}

std::optional<WallTime> TableReader::date(std::string_view key) {
    const toml::node* const node = find(key);
    if (node == nullptr) return std::nullopt;
    const auto* const stamp = node->as_date_time();
    if (stamp == nullptr) {
        fail_at(key, "expected a date and time like 2025-01-01T00:00:00Z, found " + kind_of(*node));
    }
    const toml::date_time value = stamp->get();
    // Records carry milliseconds since 1970, and simulated clocks count nanoseconds in 64 bits.
    if (value.date.year < 1970 || value.date.year > 2200) {
        fail_at(key, fmt::format("expected a year from 1970 to 2200, found {}", value.date.year));
    }
    auto at = std::chrono::seconds(days_from_civil(value.date) * 86400 + value.time.hour * 3600 +
                                   value.time.minute * 60 + value.time.second);
    if (value.offset) at -= std::chrono::minutes(value.offset->minutes);
    return WallTime(at + Duration(value.time.nanosecond));
}

std::optional<std::vector<std::string>> TableReader::texts(std::string_view key) {
    const toml::node* const node = find(key);
    if (node == nullptr) return std::nullopt;
    if (!node->is_array()) fail_at(key, "expected an array, found " + kind_of(*node));
    std::vector<std::string> values;
    for (const toml::node& element : *node->as_array()) {
        if (element.is_table() || element.is_array()) {
            fail_at(key, "expected values, found " + kind_of(element));
        }
        values.push_back(text_of(element));
    }
    return values;
}

std::vector<std::string> TableReader::strings(std::string_view key) {
    const toml::node* const node = find(key);
    if (node == nullptr) return {};
    if (!node->is_array()) fail_at(key, "expected an array of strings, found " + kind_of(*node));
    std::vector<std::string> values;
    for (const toml::node& element : *node->as_array()) {
        if (!element.is_string()) fail_at(key, "expected strings, found " + kind_of(element));
        values.push_back(element.as_string()->get());
    }
    return values;
}

std::map<std::string, std::string> TableReader::flatten_rest() {
    std::map<std::string, std::string> flat;
    const auto flatten = [&](const auto& self, const toml::table& table,
                             const std::string& prefix) -> void {
        for (const auto& [name, node] : table) {
            const std::string key = prefix + std::string(name.str());
            if (const auto* inner = node.as_table()) {
                self(self, *inner, key + ".");
            } else if (const auto* list = node.as_array()) {
                // A list setting, as a properties file writes it.
                std::string joined;
                for (const toml::node& element : *list) {
                    if (element.is_table() || element.is_array()) {
                        fail_at(key, "expected a list of values");
                    }
                    joined += (joined.empty() ? "" : ",") + text_of(element);
                }
                flat[key] = joined;
            } else {
                flat[key] = text_of(node);
            }
        }
    };
    for (const auto& [name, node] : *table_) {
        if (asked_.contains(name.str())) continue;
        const std::string key(name.str());
        asked_.insert(key);
        if (const auto* inner = node.as_table()) {
            flatten(flatten, *inner, key + ".");
        } else if (node.is_array()) {
            std::string joined;
            const std::vector<std::string> values = *texts(key);
            for (const std::string& value : values) joined += (joined.empty() ? "" : ",") + value;
            flat[key] = joined;
        } else {
            flat[key] = text_of(node);
        }
    }
    return flat;
}

std::vector<std::string> TableReader::rest() const {
    std::vector<std::string> keys;
    for (const auto& [name, node] : *table_) {
        if (!asked_.contains(name.str())) keys.emplace_back(name.str());
    }
    return keys;
}

bool TableReader::is_table(std::string_view key) const {
    const toml::node* const node = table_->get(key);
    return node != nullptr && node->is_table();
}

void TableReader::finish() {
    for (const auto& [name, node] : *table_) {
        if (asked_.contains(name.str())) continue;
        const std::string key(name.str());
        const std::vector<std::string> known(asked_.begin(), asked_.end());
        std::string message = "unknown key '" + key + "'" + suggestion(key, known);
        if (message.find("did you mean") == std::string::npos && !known.empty()) {
            message += "; known are";
            for (const std::string& name_known : known) message += " " + name_known;
        }
        fail_at_key(key, std::move(message));
    }
}

}  // namespace squall::scenarios
