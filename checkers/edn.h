// EDN: the notation of recorded Jepsen histories (github.com/edn-format/edn), read strictly:
// whatever is not well formed is an error with its line and column, never skipped.
//
// Numbers that are no 64-bit integers are kept as text, and so is every other scalar but nil: a
// history names keys and values by them, and asks no more of them than to be equal or not. Tags are
// read over; what they tag is kept. Columns count bytes, from 1, as lines do.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/base/format.h"

namespace squall::checkers {

struct TextPlace {
    std::size_t line = 1;
    std::size_t column = 1;
};

// Why a text is not what it should be: "expected a value, found '}'".
struct TextProblem {
    TextPlace place;
    std::string what;
};

// An integer, or any other atom by its text: `:x`, `"x"`, `true`, `1.5`. Integers come first.
struct Scalar {
    bool is_text = false;
    std::int64_t integer = 0;
    std::string text;

    static Scalar of(std::int64_t integer) {
        return {.is_text = false, .integer = integer, .text = {}};
    }
    static Scalar of(std::string text) {
        return {.is_text = true, .integer = 0, .text = std::move(text)};
    }
    auto operator<=>(const Scalar&) const = default;
};
std::string to_string(const Scalar& scalar);

struct EdnValue {
    enum class Kind : std::uint8_t { nil, scalar, list, vector, map, set };
    Kind kind = Kind::nil;
    TextPlace place;
    Scalar scalar;
    std::vector<EdnValue> items;  // of a map: keys and values by turns

    bool is_nil() const { return kind == Kind::nil; }
    bool is_scalar() const { return kind == Kind::scalar; }
    bool is_row() const { return kind == Kind::list || kind == Kind::vector; }
    bool is_map() const { return kind == Kind::map; }
    bool is(std::string_view text) const {
        return kind == Kind::scalar && scalar.is_text && scalar.text == text;
    }
    // The value of a map under this keyword (":type"); null if there is none, or this is no map.
    const EdnValue* find(std::string_view keyword) const;
};
// "a map", "nil", ":x", for messages.
std::string describe_kind(const EdnValue& value);

// Reads one value after the other.
class EdnReader {
  public:
    explicit EdnReader(std::string_view text) : text_(text) {}

    // The next value; nullopt at the end of the text, or at a problem.
    std::optional<EdnValue> next();
    const std::optional<TextProblem>& problem() const { return problem_; }

  private:
    enum class Found : std::uint8_t { value, close, end, problem };

    Found read(EdnValue& out, int depth);
    Found read_items(EdnValue& out, EdnValue::Kind kind, char closing, int depth);
    Found read_dispatch(EdnValue& out, int depth);
    Found read_string(EdnValue& out);
    Found read_atom(EdnValue& out);
    void skip_blanks();
    Found fail(TextPlace place, std::string what);
    bool is_at_end() const { return at_ == text_.size(); }
    char peek() const { return text_[at_]; }
    char take();

    std::string_view text_;
    std::size_t at_ = 0;
    TextPlace place_;
    std::optional<TextProblem> problem_;
};

}  // namespace squall::checkers

template <>
struct fmt::formatter<squall::checkers::Scalar> : squall::PlainFormatter {
    template <class Context>
    auto format(const squall::checkers::Scalar& scalar, Context& context) const {
        return fmt::format_to(context.out(), "{}", to_string(scalar));
    }
};
