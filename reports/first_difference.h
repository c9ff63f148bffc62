// Where two recorded traces part: the first event that differs, with what came before it.
#pragma once

#include <string>

namespace squall::reports {

// Of two files of trace_lines(): for people; says so where they are equal or cannot be read.
std::string first_difference_of_files(const std::string& left, const std::string& right);

}  // namespace squall::reports
