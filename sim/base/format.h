// PlainFormatter: base of fmt formatters for types that print one way only, with fmt/core.h alone
// (fmt/format.h costs a third of a second in every file that includes it).
#pragma once

#include <fmt/core.h>

namespace squall {

struct PlainFormatter {
    template <class Context>
    constexpr auto parse(Context& context) {
        return context.begin();
    }
};

}  // namespace squall
