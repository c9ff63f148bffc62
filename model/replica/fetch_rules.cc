#include "model/replica/fetch_rules.h"

#include <algorithm>

namespace squall::model {

ErrorCode check_leader_epoch(LeaderEpoch mine, LeaderEpoch theirs, const BugSet* bugs) {
    if (theirs == no_leader_epoch || theirs == mine) return ErrorCode::none;
    const ErrorCode right =
        theirs < mine ? ErrorCode::fenced_leader_epoch : ErrorCode::unknown_leader_epoch;
    return bugs == nullptr ? right : bugs->deviate(Bug::z06_unfenced_fetch, right, ErrorCode::none);
}

namespace {

// Does the asker's log part from ours below its end? Its last epoch must be one that we have, and
// must not have ended here before the asker's log does.
bool is_diverging(const FetchTarget& target, OffsetAndEpoch end_of_epoch, const BugSet* bugs) {
    const bool ends_earlier = end_of_epoch.offset < target.fetch_offset;
    const bool right = ends_earlier || end_of_epoch.epoch < target.last_fetched_epoch;
    if (bugs == nullptr) return right;
    // KIP-101 before KIP-279: only the offset is compared.
    return bugs->deviate(Bug::z03_epoch_lookup_single_step, right, ends_earlier);
}

}  // namespace

PrefixCheck check_prefix(const FetchTarget& target, Offset log_start_offset,
                         OffsetAndEpoch end_of_epoch, const BugSet* bugs) {
    const auto check = [&]() -> PrefixCheck {
        // An empty log, or one from before leader epochs, has nothing to compare.
        if (target.last_fetched_epoch == no_leader_epoch) return {};
        if (end_of_epoch.offset == no_offset || end_of_epoch.epoch == no_leader_epoch) {
            return {.error = ErrorCode::offset_out_of_range};
        }
        // What lies before our log start is gone, whether or not it diverged.
        if (target.fetch_offset < log_start_offset)
            return {.error = ErrorCode::offset_out_of_range};
        if (is_diverging(target, end_of_epoch, bugs)) return {.diverging = end_of_epoch};
        return {};
    };
    const PrefixCheck right = check();
    // Before KIP-101 nobody compared epochs at all.
    return bugs == nullptr ? right
                           : bugs->deviate(Bug::z02_hw_truncate_divergence, right, PrefixCheck{});
}

bool is_out_of_range(Offset fetch_offset, const LogEnds& ends) {
    return fetch_offset < ends.log_start_offset || fetch_offset > ends.log_end_offset;
}

Offset fetch_bound(bool is_follower, bool read_committed, const LogEnds& ends, const BugSet* bugs) {
    if (is_follower) return ends.log_end_offset;
    const Offset right = read_committed ? ends.last_stable_offset : ends.high_watermark;
    return bugs == nullptr ? right
                           : bugs->deviate(Bug::z26_read_above_hw, right, ends.log_end_offset);
}

FetchAnswer answer_in_range(const FetchTarget& target, const LogEnds& ends,
                            OffsetAndEpoch end_of_last_fetched_epoch, const BugSet* bugs) {
    FetchAnswer answer{.error = ErrorCode::none,
                       .diverging = std::nullopt,
                       .ends = ends,
                       .upto = target.fetch_offset};
    const PrefixCheck prefix =
        check_prefix(target, ends.log_start_offset, end_of_last_fetched_epoch, bugs);
    answer.error = prefix.error;
    answer.diverging = prefix.diverging;
    if (answer.error != ErrorCode::none || answer.diverging) return answer;
    if (is_out_of_range(target.fetch_offset, ends)) {
        answer.error = ErrorCode::offset_out_of_range;
        return answer;
    }
    answer.upto = std::max(target.fetch_offset,
                           fetch_bound(target.is_follower(), target.read_committed, ends, bugs));
    return answer;
}

}  // namespace squall::model
