#include "model/replica/high_watermark.h"

#include <algorithm>

#include "sim/base/assert.h"

namespace squall::model {

std::size_t effective_min_isr(std::int32_t min_insync_replicas, std::size_t replication_factor) {
    ASSERT(min_insync_replicas >= 1, "min.insync.replicas {}", min_insync_replicas);
    return std::min(static_cast<std::size_t>(min_insync_replicas), replication_factor);
}

bool may_advance_high_watermark(std::size_t committed_isr_size, std::size_t effective_min_isr) {
    return committed_isr_size >= effective_min_isr;
}

Offset follower_high_watermark(Offset leader_high_watermark, Offset log_start_offset,
                               Offset log_end_offset) {
    ASSERT(log_start_offset <= log_end_offset, "log start {} beyond log end {}", log_start_offset,
           log_end_offset);
    return std::clamp(leader_high_watermark, log_start_offset, log_end_offset);
}

Offset last_stable_offset(Offset high_watermark, std::optional<Offset> first_unstable_offset) {
    return first_unstable_offset ? std::min(high_watermark, *first_unstable_offset)
                                 : high_watermark;
}

}  // namespace squall::model
