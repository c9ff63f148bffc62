#include "model/replica/follower_progress.h"

#include <algorithm>

#include "sim/base/assert.h"

namespace squall::model {

void FollowerProgress::record(const Fetch& fetch, LocalTime now) {
    ASSERT(!last_fetch || now >= *last_fetch, "a fetch at {} after one at {}", now, *last_fetch);

    // std::optional compares nullopt below every time: "never" loses every max.
    if (fetch.fetch_offset >= fetch.leader_end) {
        last_caught_up = std::max(last_caught_up, std::optional(now));
    } else if (fetch.fetch_offset >= leader_end_at_last_fetch) {
        last_caught_up = std::max(last_caught_up, last_fetch);
    }
    log_end_offset = fetch.fetch_offset;
    log_start_offset = fetch.log_start_offset;
    leader_end_at_last_fetch = std::max(leader_end_at_last_fetch, fetch.leader_end);
    last_fetch = now;
    broker_epoch = fetch.broker_epoch;
}

bool FollowerProgress::is_caught_up(Offset leader_end, LocalTime now, Duration lag_time_max) const {
    return log_end_offset == leader_end ||
           (last_caught_up && now - *last_caught_up <= lag_time_max);
}

}  // namespace squall::model
