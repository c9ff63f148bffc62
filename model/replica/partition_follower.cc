#include "model/replica/partition_follower.h"

#include <algorithm>

#include "model/replica/high_watermark.h"
#include "sim/base/assert.h"

namespace squall::model {

std::string_view to_string(FollowerPhase phase) {
    switch (phase) {
        case FollowerPhase::leaderless:
            return "leaderless";
        case FollowerPhase::fetching:
            return "fetching";
        case FollowerPhase::out_of_range:
            return "out_of_range";
        case FollowerPhase::fenced:
            return "fenced";
        case FollowerPhase::failed:
            return "failed";
    }
    return "?";
}

PartitionFollower::PartitionFollower(FollowerOptions options, LogState log, Offset high_watermark)
    : options_(options),
      log_(log),
      high_watermark_(std::clamp(high_watermark, log.log_start_offset, log.log_end_offset)) {
    check_invariants();
}

PartitionFollower::Output PartitionFollower::step(const Input& input, LocalTime now) {
    ASSERT(!log_is_changing_ || std::holds_alternative<LogChanged>(input) ||
               std::holds_alternative<LogFailed>(input),
           "an input while the log at {} is being changed", log_.log_end_offset);
    Output output;
    std::visit([&](const auto& what) { on(what, now, output); }, input);
    log_is_changing_ = output.changes_log();
    check_invariants();
    return output;
}

std::optional<FollowerFetch> PartitionFollower::next_fetch(LocalTime now) const {
    if (phase_ != FollowerPhase::fetching || log_is_changing_ || now < retry_at_) {
        return std::nullopt;
    }
    return FollowerFetch{.current_leader_epoch = leader_epoch_,
                         .fetch_offset = log_.log_end_offset,
                         .last_fetched_epoch = log_.last_epoch,
                         .log_start_offset = log_.log_start_offset};
}

// ---- inputs ----

void PartitionFollower::on(const LeaderChanged& input, LocalTime now, Output& output) {
    ASSERT(input.leader_epoch > leader_epoch_, "leader epoch from {} to {}", leader_epoch_,
           input.leader_epoch);
    leader_ = input.leader;
    leader_epoch_ = input.leader_epoch;
    retry_at_ = now;
    if (phase_ == FollowerPhase::failed) return;
    phase_ = leader_ == no_broker ? FollowerPhase::leaderless : FollowerPhase::fetching;
    if (phase_ == FollowerPhase::fetching) {
        truncate(end_on_becoming_follower(), "became follower", output);
    }
}

void PartitionFollower::on(const FetchAnswered& input, LocalTime now, Output& output) {
    // From another epoch, or from before a truncation: the log is no longer what it answers to.
    if (!is_answer_to_now(input.asked)) return;
    switch (input.error) {
        case ErrorCode::none:
            break;
        case ErrorCode::offset_out_of_range:
            phase_ = FollowerPhase::out_of_range;
            output.locate_leader_log = true;
            return;
        case ErrorCode::fenced_leader_epoch:
            phase_ = FollowerPhase::fenced;
            return;
        default:
            retry_at_ = now + options_.replica_fetch_backoff;
            return;
    }
    if (input.diverging_epoch) {
        // The high watermark of a leader with which we do not share a prefix says nothing about
        // our log (KAFKA-14704).
        truncate(truncation_offset(*input.diverging_epoch, input.own_end_of_diverging_epoch),
                 "divergence", output);
        // Our log is a prefix, and the leader disagrees: do not spin on its mistake.
        if (!output.truncate_to) retry_at_ = now + options_.replica_fetch_backoff;
        return;
    }
    output.append = input.has_records;
    if (input.leader_log_start_offset > log_.log_start_offset) {
        output.advance_log_start_to = input.leader_log_start_offset;
    }
    output.leader_high_watermark = input.leader_high_watermark;
}

void PartitionFollower::on(const FetchFailed& input, LocalTime now, Output&) {
    if (input.current_leader_epoch != leader_epoch_) return;
    // A leader that could not be asked where its log is will be asked for records again.
    if (phase_ == FollowerPhase::out_of_range) phase_ = FollowerPhase::fetching;
    retry_at_ = now + options_.replica_fetch_backoff;
}

// Only an unclean election or retention gets here: the leader's log does not reach our end, or
// begins behind it.
void PartitionFollower::on(const LeaderLogLocated& input, LocalTime now, Output& output) {
    if (input.current_leader_epoch != leader_epoch_ || phase_ != FollowerPhase::out_of_range) {
        return;
    }
    phase_ = FollowerPhase::fetching;
    if (input.log_end_offset < log_.log_start_offset) {
        output.restart_at = input.log_start_offset;
        output.reason = "out of range";
    } else if (input.log_end_offset < log_.log_end_offset) {
        truncate(input.log_end_offset, "out of range", output);
    } else if (input.log_start_offset > log_.log_end_offset) {
        output.restart_at = input.log_start_offset;
        output.reason = "out of range";
    } else {
        // The leader moved meanwhile; ask again, but not at once.
        retry_at_ = now + options_.replica_fetch_backoff;
    }
}

void PartitionFollower::on(const LogChanged& input, LocalTime, Output&) {
    log_ = input.log;
    high_watermark_ = std::clamp(high_watermark_, log_.log_start_offset, log_.log_end_offset);
}

void PartitionFollower::on(const LogFailed&, LocalTime, Output&) {
    phase_ = FollowerPhase::failed;
}

// ---- rules ----

// A follower keeps what it has until its leader tells it where they diverge. What lies between its
// own high watermark and its log end may be committed: the watermark is one fetch behind (KIP-101).
Offset PartitionFollower::end_on_becoming_follower() const {
    const Offset keep_all = log_.log_end_offset;
    if (options_.bugs == nullptr) return keep_all;
    return options_.bugs->deviate(Bug::z01_hw_truncate_loss, keep_all, high_watermark_);
}

// `diverging` is the leader's largest epoch not above our last, and where it ends there. `own_end`
// is our largest epoch not above that one, and where it ends here. If both name the same epoch, the
// logs agree up to the lesser end. If we do not know the leader's epoch, all of our records above
// our own smaller epoch are none of the leader's; below that, the next fetch will tell (KIP-279).
Offset PartitionFollower::truncation_offset(OffsetAndEpoch diverging,
                                            OffsetAndEpoch own_end) const {
    Offset to = diverging.offset;
    if (own_end.epoch != no_leader_epoch && own_end.offset != no_offset) {
        to = own_end.epoch == diverging.epoch ? std::min(own_end.offset, diverging.offset)
                                              : own_end.offset;
    }
    if (options_.bugs != nullptr) {
        // Before KIP-279 the answer did not say of which epoch it was.
        to = options_.bugs->deviate(Bug::z03_epoch_lookup_single_step, to, diverging.offset);
    }
    return std::clamp(to, log_.log_start_offset, log_.log_end_offset);
}

bool PartitionFollower::is_answer_to_now(const FollowerFetch& asked) const {
    return phase_ == FollowerPhase::fetching && asked.current_leader_epoch == leader_epoch_ &&
           asked.fetch_offset == log_.log_end_offset && asked.last_fetched_epoch == log_.last_epoch;
}

bool PartitionFollower::set_high_watermark(Offset leader_high_watermark) {
    const Offset before = high_watermark_;
    high_watermark_ =
        follower_high_watermark(leader_high_watermark, log_.log_start_offset, log_.log_end_offset);
    check_invariants();
    return high_watermark_ > before;
}

void PartitionFollower::truncate(Offset to, std::string_view reason, Output& output) {
    ASSERT(to <= log_.log_end_offset, "truncation to {} beyond log end {}", to,
           log_.log_end_offset);
    if (to == log_.log_end_offset) return;
    output.truncate_to = to;
    output.reason = reason;
}

void PartitionFollower::check_invariants() const {
    ASSERT(log_.log_start_offset <= log_.log_end_offset, "log start {} beyond log end {}",
           log_.log_start_offset, log_.log_end_offset);
    ASSERT(log_.log_start_offset <= high_watermark_, "log start {} beyond high watermark {}",
           log_.log_start_offset, high_watermark_);
    ASSERT(high_watermark_ <= log_.log_end_offset, "high watermark {} beyond log end {}",
           high_watermark_, log_.log_end_offset);
    if (phase_ == FollowerPhase::fetching) {
        ASSERT(leader_ != no_broker, "fetching from nobody in leader epoch {}", leader_epoch_);
    }
}

}  // namespace squall::model
