#include "model/replica/fetch_rules.h"

namespace squall::model {

ErrorCode check_leader_epoch(LeaderEpoch mine, LeaderEpoch theirs) {
    if (theirs == no_leader_epoch || theirs == mine) return ErrorCode::none;
    return theirs < mine ? ErrorCode::fenced_leader_epoch : ErrorCode::unknown_leader_epoch;
}

PrefixCheck check_prefix(const FetchTarget& target, Offset log_start_offset,
                         OffsetAndEpoch end_of_epoch) {
    // An empty log, or one from before leader epochs, has nothing to compare.
    if (target.last_fetched_epoch == no_leader_epoch) return {};
    if (end_of_epoch.offset == no_offset || end_of_epoch.epoch == no_leader_epoch) {
        return {.error = ErrorCode::offset_out_of_range};
    }
    // What lies before our log start is gone, whether or not it diverged.
    if (target.fetch_offset < log_start_offset) return {.error = ErrorCode::offset_out_of_range};
    if (end_of_epoch.epoch < target.last_fetched_epoch ||
        end_of_epoch.offset < target.fetch_offset) {
        return {.diverging = end_of_epoch};
    }
    return {};
}

bool is_out_of_range(Offset fetch_offset, const LogEnds& ends) {
    return fetch_offset < ends.log_start_offset || fetch_offset > ends.log_end_offset;
}

Offset fetch_bound(bool is_follower, bool read_committed, const LogEnds& ends) {
    if (is_follower) return ends.log_end_offset;
    return read_committed ? ends.last_stable_offset : ends.high_watermark;
}

}  // namespace squall::model
