// Wire: what a field of a message says about itself beyond its name and type, in the one `describe`
// list of its struct. Together the attributes hold every published version of the message.
//
//     fields("rack_id", self.rack_id, Wire{.since = 11});
//
// A field without attributes is there in every version of its message (or of the struct around it).
// On a version that does not have a field, encoding leaves it out and decoding leaves the member's
// initialiser, which is Kafka's default.
//
// Nullable fields are std::optional members. On a version whose schema cannot say null, nullopt is
// written as the type's empty value ("" or an empty array).
//
// Tagged fields (KIP-482) stand in their struct's tag section, and only if they differ from their
// default; `since` is then also the version from which they are tagged. `absent` is the default of
// an integer whose default is not zero.
#pragma once

#include <cstdint>
#include <limits>

#include "model/protocol/api_key.h"

namespace squall::model {

using ApiVersion = std::int16_t;

inline constexpr ApiVersion any_later_version = std::numeric_limits<ApiVersion>::max();
inline constexpr ApiVersion no_version = -1;

struct Wire {
    ApiVersion since = 0;
    ApiVersion until = any_later_version;  // included
    ApiVersion nullable = no_version;      // null can be said from this version on
    std::int16_t tag = -1;                 // -1: not tagged
    std::int64_t absent = 0;               // tagged integers: the value that is left out

    constexpr bool is_tagged() const { return tag >= 0; }
    constexpr bool has(ApiVersion version) const { return since <= version && version <= until; }
    constexpr bool can_be_null(ApiVersion version) const {
        return nullable != no_version && version >= nullable;
    }
};

// The versions of one API, both ends included; from `flexible_since` on its structs are in the
// flexible encoding (compact lengths, tag sections; KIP-482).
struct VersionRange {
    ApiVersion min = 0;
    ApiVersion max = 0;
    ApiVersion flexible_since = any_later_version;

    constexpr bool contains(ApiVersion version) const { return min <= version && version <= max; }
    constexpr bool is_flexible(ApiVersion version) const { return version >= flexible_since; }
};

}  // namespace squall::model
