// The only place that sees toml++: a reader of one table that knows which keys were used, where
// each value stands, and how to say what is wrong with it.
#pragma once

#include <toml++/toml.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/scenario_file.h"
#include "sim/base/settings.h"

namespace squall::scenarios {

// Where a dotted key begins, of whose parts at least one is known: where the first one stands of
// those in the line of the last.
toml::source_position begin_of_key(const std::vector<toml::source_region>& parts);

// A table being read. Every key must be asked for, or finish() objects to it.
class TableReader {
  public:
    // `path` is how the table is reached from the top: "topics.orders".
    TableReader(const toml::table& table, std::string path, std::string file);

    const std::string& path() const { return path_; }
    bool has(std::string_view key) const;
    // The nested table `key`, empty where there is none. Throws where it is no table.
    std::optional<TableReader> table(std::string_view key);
    // Each entry of a table of tables, in order of name: "topics".
    std::vector<std::pair<std::string, TableReader>> tables(std::string_view key);
    // Each entry of an array of tables: "[[fault]]".
    std::vector<TableReader> array_of_tables(std::string_view key);

    // The value as text: strings as they are, numbers and booleans as TOML writes them. Nullopt
    // where the key is absent. Throws where it is a table or an array.
    std::optional<std::string> text(std::string_view key);
    // Throws where the value is absent or of another kind.
    std::optional<std::string> string(std::string_view key);
    std::optional<std::int64_t> integer(std::string_view key, std::int64_t low, std::int64_t high);
    std::optional<Duration> duration(std::string_view key);
    std::optional<std::uint64_t> size(std::string_view key);       // "64KiB", 4096
    std::optional<std::uint64_t> bandwidth(std::string_view key);  // bits per second: "1Gbit/s"
    std::optional<DurationDistribution> distribution(std::string_view key);
    std::optional<WallTime> date(std::string_view key);
    std::vector<std::string> strings(std::string_view key);
    // Values of an array as text, or nullopt where the key is absent.
    std::optional<std::vector<std::string>> texts(std::string_view key);

    // What is left: nested tables flattened to dotted keys, each with its value as text.
    std::map<std::string, std::string> flatten_rest();
    // Sets the members of `options` from the rest, whose dots TOML nested and this joins again.
    template <class Options>
    void settings(Options& options) {
        std::vector<std::string> known;
        for (const SettingText& setting : list_settings(options)) known.push_back(setting.key);
        for (const auto& [key, value] : flatten_rest()) {
            const Status set = set_setting(options, key, value);
            if (set) continue;
            if (set.error().failure == Failure::not_found) {
                fail_at_key(key, "unknown setting '" + key + "'" + suggestion(key, known));
            }
            fail_at(key, set.error().detail);
        }
    }

    // Keys that nobody asked for yet, in order.
    std::vector<std::string> rest() const;
    bool is_table(std::string_view key) const;
    // Throws for the first key that nobody asked for.
    void finish();
    // Throws, pointing at the value of `key` (dotted below this table), or at the table.
    [[noreturn]] void fail_at(std::string_view key, std::string message) const;
    // Pointing at the key itself: one that should not be there.
    [[noreturn]] void fail_at_key(std::string_view key, std::string message) const;

  private:
    const toml::node* find(std::string_view key);
    [[noreturn]] void fail(const toml::source_position& place, std::string_view key,
                           std::string message) const;

    const toml::table* table_;
    std::string path_;
    std::string file_;
    std::set<std::string, std::less<>> asked_;
};

}  // namespace squall::scenarios
