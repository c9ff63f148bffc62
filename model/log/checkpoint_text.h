// The text that Kafka's checkpoint files share: a version, a number of entries, and one line of
// words for each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/result.h"

namespace squall::model {

// "0\n<entries>\n"
std::string checkpoint_header(std::size_t entries);

// Reads the entries; stops at the first line that is not one.
class CheckpointLines {
  public:
    // `text` must outlive the reader and what it returns.
    explicit CheckpointLines(std::string_view text);

    // The next entry, of exactly `words` words. nullopt at the end or where the text goes wrong.
    std::optional<std::vector<std::string_view>> next(std::size_t words);
    // Whether the header was right, and there were as many entries as it says and nothing else.
    bool is_complete() const;

    Error corrupt(std::string_view what) const;

  private:
    std::optional<std::string_view> line();

    std::string_view rest_;
    std::int64_t line_number_ = 0;
    std::int64_t entries_left_ = -1;  // -1: the text has gone wrong
};

// The whole text as a decimal number.
std::optional<std::int64_t> parse_number(std::string_view text);

}  // namespace squall::model
