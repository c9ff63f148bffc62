// The files of scenarios/library as they stood when the program was built: see cmake/embed.cmake.
#pragma once

#include <string_view>
#include <vector>

namespace squall::scenarios {

struct LibraryText {
    std::string_view name;  // the file's name without .toml
    std::string_view text;
};

// In order of name.
const std::vector<LibraryText>& library_texts();

}  // namespace squall::scenarios
