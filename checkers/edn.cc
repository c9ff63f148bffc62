#include "checkers/edn.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

namespace squall::checkers {

namespace {

constexpr int deepest = 64;

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',';
}

bool ends_atom(char c) {
    return is_blank(c) || std::string_view("()[]{}\";").find(c) != std::string_view::npos;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

char closing_of(EdnValue::Kind kind) {
    if (kind == EdnValue::Kind::list) return ')';
    return kind == EdnValue::Kind::vector ? ']' : '}';
}

}  // namespace

std::string to_string(const Scalar& scalar) {
    return scalar.is_text ? scalar.text : fmt::format("{}", scalar.integer);
}

const EdnValue* EdnValue::find(std::string_view keyword) const {
    if (kind != Kind::map) return nullptr;
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
        if (items[i].is(keyword)) return &items[i + 1];
    }
    return nullptr;
}

std::string describe_kind(const EdnValue& value) {
    switch (value.kind) {
        case EdnValue::Kind::nil:
            return "nil";
        case EdnValue::Kind::scalar:
            return to_string(value.scalar);
        case EdnValue::Kind::list:
            return "a list";
        case EdnValue::Kind::vector:
            return "a vector";
        case EdnValue::Kind::map:
            return "a map";
        case EdnValue::Kind::set:
            return "a set";
    }
    return "?";
}

std::optional<EdnValue> EdnReader::next() {
    if (problem_) return std::nullopt;
    EdnValue value;
    const TextPlace before = place_;
    switch (read(value, 0)) {
        case Found::value:
            return value;
        case Found::close:
            fail(before, fmt::format("expected a value, found '{}'", text_[at_ - 1]));
            return std::nullopt;
        case Found::end:
        case Found::problem:
            return std::nullopt;
    }
    return std::nullopt;
}

char EdnReader::take() {
    const char c = text_[at_++];
    if (c == '\n') {
        ++place_.line;
        place_.column = 1;
    } else {
        ++place_.column;
    }
    return c;
}

void EdnReader::skip_blanks() {
    while (!is_at_end()) {
        if (is_blank(peek())) {
            take();
        } else if (peek() == ';') {
            while (!is_at_end() && peek() != '\n') take();
        } else {
            return;
        }
    }
}

EdnReader::Found EdnReader::fail(TextPlace place, std::string what) {
    if (!problem_) problem_ = TextProblem{.place = place, .what = std::move(what)};
    return Found::problem;
}

// A closing bracket is taken and told to whoever opened one.
EdnReader::Found EdnReader::read(EdnValue& out, int depth) {
    skip_blanks();
    out = EdnValue{};
    out.place = place_;
    if (is_at_end()) return Found::end;
    if (depth > deepest) return fail(place_, fmt::format("more than {} brackets deep", deepest));
    switch (peek()) {
        case '(':
            take();
            return read_items(out, EdnValue::Kind::list, ')', depth);
        case '[':
            take();
            return read_items(out, EdnValue::Kind::vector, ']', depth);
        case '{':
            take();
            return read_items(out, EdnValue::Kind::map, '}', depth);
        case ')':
        case ']':
        case '}':
            take();
            return Found::close;
        case '"':
            return read_string(out);
        case '#':
            return read_dispatch(out, depth);
        default:
            return read_atom(out);
    }
}

EdnReader::Found EdnReader::read_items(EdnValue& out, EdnValue::Kind kind, char closing,
                                       int depth) {
    out.kind = kind;
    while (true) {
        EdnValue item;
        skip_blanks();
        const TextPlace place = place_;
        switch (read(item, depth + 1)) {
            case Found::value:
                out.items.push_back(std::move(item));
                break;
            case Found::close:
                if (text_[at_ - 1] != closing) {
                    return fail(place,
                                fmt::format("expected '{}', found '{}'", closing, text_[at_ - 1]));
                }
                if (kind == EdnValue::Kind::map && out.items.size() % 2 != 0) {
                    return fail(place, "this map has a key without a value");
                }
                return Found::value;
            case Found::end:
                return fail(out.place,
                            fmt::format("this bracket is never closed: expected '{}'", closing));
            case Found::problem:
                return Found::problem;
        }
    }
}

// #{set}, #_ what is left out, #tag what is tagged.
EdnReader::Found EdnReader::read_dispatch(EdnValue& out, int depth) {
    const TextPlace place = place_;
    take();
    if (is_at_end()) return fail(place, "expected a set, a tag or #_, found the end");
    if (peek() == '{') {
        take();
        return read_items(out, EdnValue::Kind::set, closing_of(EdnValue::Kind::set), depth);
    }
    if (peek() == '_') {
        take();
        EdnValue left_out;
        const Found found = read(left_out, depth + 1);
        if (found != Found::value) return fail(place, "expected a value after #_");
        return read(out, depth);
    }
    EdnValue tag;
    if (ends_atom(peek()) || read_atom(tag) != Found::value) {
        return fail(place, "expected a set, a tag or #_ after '#'");
    }
    if (read(out, depth + 1) != Found::value) {
        return fail(place, fmt::format("expected a value after #{}", tag.scalar.text));
    }
    return Found::value;
}

EdnReader::Found EdnReader::read_string(EdnValue& out) {
    std::string text(1, take());
    while (!is_at_end()) {
        const TextPlace place = place_;
        const char c = take();
        text += c;
        if (c == '"') {
            out.kind = EdnValue::Kind::scalar;
            out.scalar = Scalar::of(std::move(text));
            return Found::value;
        }
        if (c != '\\') continue;
        if (is_at_end()) break;
        const char escaped = take();
        if (std::string_view("tnr\\\"u").find(escaped) == std::string_view::npos) {
            return fail(place, fmt::format("unknown escape '\\{}' in a string", escaped));
        }
        text += escaped;
    }
    return fail(out.place, "this string is never closed");
}

EdnReader::Found EdnReader::read_atom(EdnValue& out) {
    const std::size_t begin = at_;
    const TextPlace place = place_;
    if (peek() == '\\') take();  // a character: whatever follows belongs to it
    if (!is_at_end()) take();
    while (!is_at_end() && !ends_atom(peek())) take();
    std::string_view text = text_.substr(begin, at_ - begin);
    if (text == "nil") {
        out.kind = EdnValue::Kind::nil;
        return Found::value;
    }
    if (text == ":") return fail(place, "expected a name after ':'");
    out.kind = EdnValue::Kind::scalar;
    const bool is_signed = text.size() > 1 && (text[0] == '-' || text[0] == '+');
    if (!is_digit(text[is_signed ? 1 : 0])) {
        out.scalar = Scalar::of(std::string(text));
        return Found::value;
    }
    std::string_view digits = text;
    if (digits.ends_with('N')) digits.remove_suffix(1);
    if (digits[0] == '+') digits.remove_prefix(1);
    std::int64_t integer = 0;
    const auto [stopped, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), integer);
    if (error == std::errc() && stopped == digits.data() + digits.size()) {
        out.scalar = Scalar::of(integer);
        return Found::value;
    }
    // A fraction, more than 64 bits, or the address of some object that was printed.
    const bool is_hex = digits.starts_with("0x") && digits.size() > 2 &&
                        digits.find_first_not_of("0123456789abcdefABCDEF", 2) == digits.npos;
    const bool is_number =
        is_hex || std::ranges::all_of(digits, [](char c) {
            return is_digit(c) || std::string_view("+-./eEM").find(c) != std::string_view::npos;
        });
    if (!is_number) return fail(place, fmt::format("'{}' is no number", text));
    out.scalar = Scalar::of(std::string(text));
    return Found::value;
}

}  // namespace squall::checkers
