#include "model/coordinator/group/record_text.h"

#include <cstdint>

#include "sim/base/assert.h"

namespace squall::model {

void write_string(ByteWriter& out, std::string_view text) {
    ASSERT(text.size() <= INT16_MAX, "a string of {} bytes in a record", text.size());
    out.integer(static_cast<std::int16_t>(text.size()));
    out.bytes(as_bytes(text));
}

std::string read_string(ByteReader& in) {
    const auto length = in.integer<std::int16_t>();
    if (length < 0) in.mark_bad();
    if (!in.ok()) return {};
    return std::string(as_text(in.bytes(static_cast<std::size_t>(length))));
}

}  // namespace squall::model
