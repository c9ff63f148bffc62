// Strings as the records of __consumer_offsets carry them: a length of two bytes, then the text.
#pragma once

#include <string>
#include <string_view>

#include "sim/base/bytes.h"

namespace squall::model {

void write_string(ByteWriter& out, std::string_view text);
// Marks `in` bad, and gives "", if there is none.
std::string read_string(ByteReader& in);

}  // namespace squall::model
