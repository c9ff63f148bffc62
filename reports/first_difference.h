// Where two recorded traces part: the first event that differs, with what came before it.
#pragma once

#include <string>
#include <string_view>

namespace squall::reports {

// Of two texts of trace_lines(), for people; says so where they are equal.
std::string first_difference(std::string_view left, std::string_view right);

}  // namespace squall::reports
