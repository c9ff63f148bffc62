// Words and numbers as every command prints them.
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/base/time.h"

namespace squall::cli {

inline double seconds_of(Duration duration) {
    return static_cast<double>(duration.count()) / 1e9;
}

// "1 run", "2 runs"
inline std::string plural(std::uint64_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace squall::cli
