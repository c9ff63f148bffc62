// How much memory a test asked for: the program's operator new counts.
#pragma once

#include <cstddef>

namespace squall {

// Since the program began; never goes down.
std::size_t bytes_allocated();

}  // namespace squall
