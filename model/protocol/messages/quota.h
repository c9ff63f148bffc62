// What quotas are measured in: IEEE doubles. On the wire they are their bits in eight bytes, and
// here too, because described structs have no floating point: a run decides nothing by a quota.
#pragma once

#include <cstdint>

#include "sim/base/strong_id.h"

namespace squall::model {

using DoubleBits = StrongId<struct DoubleBitsTag, std::uint64_t>;

}  // namespace squall::model
