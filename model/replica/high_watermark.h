// Rules of the high watermark: the end of what is committed, and of what consumers may see.
//
// The leader's is the least log end over the maximal in-sync set, never moves back within a leader
// epoch, and stands still while the committed in-sync set is below min.insync.replicas
// (KAFKA-15583: so that every eligible leader replica has all that is committed). A follower's is
// its leader's, bounded by its own log end, as of the last answered fetch: it lags.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "model/protocol/types.h"

namespace squall::model {

// min.insync.replicas may exceed the number of replicas; then all of them are asked for.
std::size_t effective_min_isr(std::int32_t min_insync_replicas, std::size_t replication_factor);

bool may_advance_high_watermark(std::size_t committed_isr_size, std::size_t effective_min_isr);

// After an append, and never on a diverging response (KAFKA-14704).
Offset follower_high_watermark(Offset leader_high_watermark, Offset log_start_offset,
                               Offset log_end_offset);

// The end of what read_committed consumers may see: nothing at or above the first record of a
// transaction that is still open, or decided but not below the high watermark.
Offset last_stable_offset(Offset high_watermark, std::optional<Offset> first_unstable_offset);

}  // namespace squall::model
