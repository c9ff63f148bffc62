#include "sim/base/describe.h"

#include <array>
#include <charconv>

namespace squall {

namespace {

template <class Number>
void append(std::string& out, Number number) {
    std::array<char, 20> digits{};  // as many as the longest of 64 bits has, sign included
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), end);
}

}  // namespace

void append_number(std::string& out, std::int64_t number) {
    append(out, number);
}
void append_number(std::string& out, std::uint64_t number) {
    append(out, number);
}

}  // namespace squall
