#include "model/replica/partition_leader.h"

#include <algorithm>
#include <utility>

#include "model/controller/incarnation.h"
#include "model/replica/high_watermark.h"
#include "sim/base/assert.h"

namespace squall::model {

PartitionLeader::PartitionLeader(LeaderOptions options, Election election, LocalTime now)
    : options_(options),
      leader_epoch_(election.view.leader_epoch),
      epoch_start_offset_(election.log_end_offset),
      log_start_offset_(election.log_start_offset),
      high_watermark_(std::max(election.high_watermark, election.log_start_offset)),
      log_end_offset_(election.log_end_offset),
      in_sync_set_(election.view.isr, election.view.partition_epoch) {
    take_view(election.view, now);
    check_invariants();
}

PartitionLeader::Output PartitionLeader::begin(LocalTime now) {
    Output output;
    advance_high_watermark(now, output);
    check_invariants();
    return output;
}

PartitionLeader::Output PartitionLeader::step(const Input& input, LocalTime now) {
    const Offset before = high_watermark_;
    Output output;
    std::visit([&](const auto& what) { on(what, now, output); }, input);
    ASSERT(high_watermark_ >= before, "high watermark back from {} to {}", before, high_watermark_);
    check_invariants();
    return output;
}

// It would not be proposed, being a member, and would not move the high watermark.
bool PartitionLeader::count_repeated_fetch(const FollowerFetched& input, LocalTime now) {
    if (input.fetch_offset != log_end_offset_ || high_watermark_ != log_end_offset_) return false;
    const auto follower = followers_.find(input.replica);
    if (follower == followers_.end()) return false;
    FollowerProgress& progress = follower->second;
    const bool is_repeated = input.fetch_offset == progress.log_end_offset &&
                             input.log_start_offset == progress.log_start_offset &&
                             input.replica_epoch == progress.broker_epoch &&
                             in_sync_set_.is_committed(input.replica) &&
                             is_of_current_incarnation(input.replica, input.replica_epoch);
    if (is_repeated) record(progress, input, now);
    return is_repeated;
}

// ---- inputs ----

void PartitionLeader::on(const Appended& input, LocalTime now, Output& output) {
    ASSERT(input.log_end_offset >= log_end_offset_, "a leader's log end back from {} to {}",
           log_end_offset_, input.log_end_offset);
    log_end_offset_ = input.log_end_offset;
    advance_high_watermark(now, output);
}

void PartitionLeader::on(const AcknowledgmentAwaited& input, LocalTime, Output& output) {
    ASSERT(input.required_offset <= log_end_offset_, "waiting for {} beyond log end {}",
           input.required_offset, log_end_offset_);
    const auto at = std::ranges::upper_bound(pending_, input.required_offset, {},
                                             &PendingProduce::required_offset);
    pending_.insert(at, {input.ticket, input.required_offset});
    answer_reached(output);
}

void PartitionLeader::on(const FollowerFetched& input, LocalTime now, Output& output) {
    const auto follower = followers_.find(input.replica);
    ASSERT(follower != followers_.end(), "a counted fetch of broker {}, which is no replica",
           input.replica);
    ASSERT(input.fetch_offset <= log_end_offset_, "a counted fetch at {} beyond log end {}",
           input.fetch_offset, log_end_offset_);
    FollowerProgress& progress = follower->second;
    record(progress, input, now);

    if (may_join_isr(input.replica, progress)) {
        std::vector<BrokerId> isr = in_sync_set_.committed();
        isr.push_back(input.replica);
        propose(isr, output);
    }
    advance_high_watermark(now, output);
}

void PartitionLeader::on(const Ticked&, LocalTime now, Output& output) {
    if (in_sync_set_.is_change_in_flight()) return;
    std::vector<BrokerId> isr;
    for (const BrokerId member : in_sync_set_.committed()) {
        const auto follower = followers_.find(member);
        if (follower != followers_.end() && is_out_of_sync(follower->second, now)) continue;
        isr.push_back(member);
    }
    if (isr.size() < in_sync_set_.committed().size()) propose(isr, output);
}

void PartitionLeader::on(const AlterPartitionAnswered& input, LocalTime now, Output& output) {
    // Newer metadata may have settled the proposal before its answer came.
    if (in_sync_set_.in_flight() != input.proposal) return;
    switch (input.error) {
        case ErrorCode::none:
            // Answers of another epoch say nothing about us; metadata will.
            if (input.leader_epoch != leader_epoch_) return;
            if (input.partition_epoch < in_sync_set_.partition_epoch()) return;
            in_sync_set_.commit(input.isr, input.partition_epoch);
            advance_high_watermark(now, output);
            answer_reached(output);
            return;
        case ErrorCode::ineligible_replica:
        case ErrorCode::operation_not_attempted:
            // Certainly not committed: the committed set is what it was.
            in_sync_set_.roll_back();
            return;
        case ErrorCode::fenced_leader_epoch:
        case ErrorCode::invalid_request:
        case ErrorCode::invalid_update_version:
        case ErrorCode::new_leader_elected:
        case ErrorCode::unknown_topic_id:
        case ErrorCode::unknown_topic_or_partition:
            // Our view is old, and an earlier copy of this proposal may have been committed: stay
            // with the maximal set until metadata says what is true.
            return;
        default:
            output.proposal = input.proposal;
            return;
    }
}

void PartitionLeader::on(const MetadataChanged& input, LocalTime now, Output& output) {
    ASSERT(input.view.leader_epoch == leader_epoch_,
           "metadata of leader epoch {} for a leader of {}", input.view.leader_epoch,
           leader_epoch_);
    take_view(input.view, now);
    if (input.view.partition_epoch > in_sync_set_.partition_epoch()) {
        in_sync_set_.commit(input.view.isr, input.view.partition_epoch);
    }
    // The in-sync set may be down to this leader alone, or min.insync.replicas be lower.
    advance_high_watermark(now, output);
    answer_reached(output);
}

void PartitionLeader::on(const LogStartAdvanced& input, LocalTime, Output&) {
    ASSERT(input.log_start_offset >= log_start_offset_, "log start back from {} to {}",
           log_start_offset_, input.log_start_offset);
    ASSERT(input.log_start_offset <= high_watermark_, "log start {} beyond high watermark {}",
           input.log_start_offset, high_watermark_);
    log_start_offset_ = input.log_start_offset;
}

void PartitionLeader::on(const Resigned& input, LocalTime, Output& output) {
    for (const PendingProduce& pending : pending_) {
        output.answers.push_back({pending.ticket, input.error});
    }
    pending_.clear();
}

// ---- rules ----

std::size_t PartitionLeader::min_isr() const {
    return effective_min_isr(min_insync_replicas_, replicas_.size());
}

// A caught-up replica about to join is waited for, so that it finds the high watermark within its
// reach; a slow one outside the set is not.
bool PartitionLeader::counts_for_high_watermark(BrokerId replica, const FollowerProgress& progress,
                                                LocalTime now) const {
    return is_in_isr_to_count(replica) ||
           (progress.is_caught_up(log_end_offset_, now, options_.replica_lag_time_max) &&
            is_isr_eligible(replica, progress));
}

// A shrink that is only proposed may never be committed: whom it drops may still be elected.
bool PartitionLeader::is_in_isr_to_count(BrokerId replica) const {
    const bool right = in_sync_set_.is_in_maximal(replica);
    if (options_.bugs == nullptr) return right;
    return options_.bugs->deviate(Bug::z16_hw_from_proposed_isr, right,
                                  in_sync_set_.is_in_proposed(replica));
}

// The controller would refuse the others (KIP-841, KIP-903).
bool PartitionLeader::is_isr_eligible(BrokerId replica, const FollowerProgress& progress) const {
    const auto standing = standings_.find(replica);
    return standing != standings_.end() && !standing->second.is_fenced &&
           !standing->second.in_controlled_shutdown && progress.broker_epoch &&
           is_same_incarnation(standing->second.broker_epoch, *progress.broker_epoch,
                               options_.bugs);
}

// Reaching the high watermark is not enough: right after an election it lags, and records between
// it and the start of the epoch may be committed (KAFKA-7128).
bool PartitionLeader::has_reached_isr(const FollowerProgress& progress) const {
    const bool reached_watermark = progress.log_end_offset >= high_watermark_;
    const bool right = reached_watermark && progress.log_end_offset >= epoch_start_offset_;
    if (options_.bugs == nullptr) return right;
    return options_.bugs->deviate(Bug::z07_isr_join_without_epoch_start, right, reached_watermark);
}

bool PartitionLeader::may_join_isr(BrokerId replica, const FollowerProgress& progress) const {
    return !in_sync_set_.is_change_in_flight() && !in_sync_set_.is_committed(replica) &&
           is_isr_eligible(replica, progress) && has_reached_isr(progress);
}

bool PartitionLeader::is_out_of_sync(const FollowerProgress& progress, LocalTime now) const {
    return !progress.is_caught_up(log_end_offset_, now, options_.replica_lag_time_max);
}

bool PartitionLeader::is_of_current_incarnation(BrokerId replica, BrokerEpoch replica_epoch) const {
    const auto standing = standings_.find(replica);
    if (standing == standings_.end()) return true;
    // A newer process than metadata has told us of yet is no old one.
    return standing->second.broker_epoch <= replica_epoch ||
           is_same_incarnation(standing->second.broker_epoch, replica_epoch, options_.bugs);
}

bool PartitionLeader::may_list_end_offset() const {
    const bool right = high_watermark_ >= epoch_start_offset_;
    if (options_.bugs == nullptr) return right;
    return options_.bugs->deviate(Bug::z28_listoffsets_regress, right, true);
}

// ---- questions ----

ErrorCode PartitionLeader::admits_produce(std::int16_t acks,
                                          std::optional<LeaderEpoch> required_epoch) const {
    if (acks < -1 || acks > 1) return ErrorCode::invalid_required_acks;
    if (required_epoch && *required_epoch != leader_epoch_) {
        return ErrorCode::not_leader_or_follower;
    }
    if (acks == -1 && in_sync_set_.committed().size() < min_isr()) {
        return ErrorCode::not_enough_replicas;
    }
    return ErrorCode::none;
}

LogEnds PartitionLeader::ends(std::optional<Offset> first_unstable_offset) const {
    return {.log_start_offset = log_start_offset_,
            .last_stable_offset = last_stable_offset(high_watermark_, first_unstable_offset),
            .high_watermark = high_watermark_,
            .log_end_offset = log_end_offset_};
}

PartitionLeader::FetchAnswer PartitionLeader::answer_fetch(const FetchTarget& target,
                                                           const LogFacts& facts) const {
    FetchAnswer answer{
        .error = check_leader_epoch(leader_epoch_, target.current_leader_epoch, options_.bugs),
        .diverging = std::nullopt,
        .ends = ends(facts.first_unstable_offset),
        .upto = target.fetch_offset};
    if (answer.error != ErrorCode::none) return answer;

    if (target.is_follower()) {
        // A replica that we do not know of yet: the assignment is newer than our metadata.
        if (!followers_.contains(target.replica)) {
            answer.error = ErrorCode::unknown_leader_epoch;
            return answer;
        }
        if (!is_of_current_incarnation(target.replica, target.replica_epoch)) {
            answer.error = ErrorCode::not_leader_or_follower;
            return answer;
        }
    }

    return answer_in_range(target, answer.ends, facts.end_of_last_fetched_epoch, options_.bugs);
}

bool PartitionLeader::knows_follower(BrokerId replica, BrokerEpoch replica_epoch) const {
    return followers_.contains(replica) && is_of_current_incarnation(replica, replica_epoch);
}

bool PartitionLeader::may_delete_up_to(Offset offset) const {
    return offset >= Offset(0) && offset <= high_watermark_;
}

Offset PartitionLeader::low_watermark() const {
    Offset lowest = log_start_offset_;
    for (const auto& [replica, progress] : followers_) {
        const auto standing = standings_.find(replica);
        const bool is_alive = standing != standings_.end() && !standing->second.is_fenced;
        if (is_alive) lowest = std::min(lowest, progress.log_start_offset);
    }
    return lowest;
}

std::vector<ReadCandidate> PartitionLeader::read_candidates(Offset offset, LocalTime now) const {
    std::vector<ReadCandidate> candidates;
    for (const auto& [replica, progress] : followers_) {
        // One out of sync may fall behind for ever, and take its readers with it.
        if (!in_sync_set_.is_committed(replica)) continue;
        if (progress.log_end_offset < offset || progress.log_start_offset > offset) continue;
        candidates.push_back({.broker = replica,
                              .log_end_offset = progress.log_end_offset,
                              .since_caught_up = progress.last_caught_up
                                                     ? now - *progress.last_caught_up
                                                     : Duration::max()});
    }
    return candidates;
}

// ---- steps ----

void PartitionLeader::record(FollowerProgress& progress, const FollowerFetched& input,
                             LocalTime now) const {
    progress.record({.fetch_offset = input.fetch_offset,
                     .log_start_offset = input.log_start_offset,
                     .broker_epoch = input.replica_epoch,
                     .leader_end = log_end_offset_},
                    now);
}

void PartitionLeader::take_view(const PartitionView& view, LocalTime now) {
    replicas_ = view.replicas;
    standings_ = view.standings;
    min_insync_replicas_ = view.min_insync_replicas;
    std::erase_if(followers_,
                  [&](const auto& follower) { return !contains(replicas_, follower.first); });
    for (const BrokerId replica : replicas_) {
        if (replica == options_.self || followers_.contains(replica)) continue;
        // Members of the in-sync set have all of replica.lag.time.max.ms to show up.
        FollowerProgress progress;
        if (contains(view.isr, replica)) progress.last_caught_up = now;
        followers_.emplace(replica, progress);
    }
}

void PartitionLeader::advance_high_watermark(LocalTime now, Output& output) {
    // So it is of an idle partition, at each fetch of each follower.
    if (high_watermark_ == log_end_offset_) return;
    if (!may_advance_high_watermark(in_sync_set_.committed().size(), min_isr())) return;

    Offset reached = log_end_offset_;
    for (const auto& [replica, progress] : followers_) {
        if (progress.log_end_offset < reached &&
            counts_for_high_watermark(replica, progress, now)) {
            reached = progress.log_end_offset;
        }
    }
    if (reached <= high_watermark_) return;

    // One step may come here twice; the host sees one move.
    const Offset from = output.high_watermark ? output.high_watermark->from : high_watermark_;
    output.high_watermark =
        HighWatermarkMove{.from = from, .to = reached, .maximal_isr = in_sync_set_.maximal()};
    high_watermark_ = reached;
    answer_reached(output);
}

void PartitionLeader::answer_reached(Output& output) {
    const auto end =
        std::ranges::upper_bound(pending_, high_watermark_, {}, &PendingProduce::required_offset);
    // The in-sync set may have shrunk since the append: the data stays, the promise is not given.
    const ErrorCode error = in_sync_set_.maximal().size() >= min_isr()
                                ? ErrorCode::none
                                : ErrorCode::not_enough_replicas_after_append;
    for (auto pending = pending_.begin(); pending != end; ++pending) {
        output.answers.push_back({pending->ticket, error});
    }
    pending_.erase(pending_.begin(), end);
}

void PartitionLeader::propose(const std::vector<BrokerId>& isr, Output& output) {
    IsrChange change{.leader_epoch = leader_epoch_,
                     .partition_epoch = in_sync_set_.partition_epoch(),
                     .from = in_sync_set_.committed(),
                     .to = {}};
    for (const BrokerId member : isr) {
        const auto follower = followers_.find(member);
        // -1: a member that has not fetched from us yet; the controller does not check it.
        const BrokerEpoch epoch = member == options_.self ? options_.self_epoch
                                  : follower != followers_.end() && follower->second.broker_epoch
                                      ? *follower->second.broker_epoch
                                      : BrokerEpoch{-1};
        change.to.push_back({member, epoch});
    }
    in_sync_set_.propose(change);
    output.proposal = std::move(change);
}

void PartitionLeader::check_invariants() const {
    in_sync_set_.check_invariants();
    ASSERT(log_start_offset_ <= high_watermark_, "log start {} beyond high watermark {}",
           log_start_offset_, high_watermark_);
    ASSERT(high_watermark_ <= log_end_offset_, "high watermark {} beyond log end {}",
           high_watermark_, log_end_offset_);
    ASSERT(epoch_start_offset_ <= log_end_offset_, "epoch start {} beyond log end {}",
           epoch_start_offset_, log_end_offset_);
    ASSERT(in_sync_set_.is_committed(options_.self), "leader {} outside its in-sync set",
           options_.self);
    ASSERT(!followers_.contains(options_.self), "leader {} follows itself", options_.self);
    if (in_sync_set_.in_flight()) {
        ASSERT(contains(in_sync_set_.in_flight()->proposed_isr(), options_.self),
               "leader {} proposes an in-sync set without itself", options_.self);
    }
    for (const auto& [replica, progress] : followers_) {
        ASSERT(progress.log_end_offset <= log_end_offset_, "follower {} at {} beyond log end {}",
               replica, progress.log_end_offset, log_end_offset_);
    }
    ASSERT(std::ranges::is_sorted(pending_, {}, &PendingProduce::required_offset),
           "pending produces out of order");
    if (!pending_.empty()) {
        ASSERT(pending_.front().required_offset > high_watermark_,
               "a produce up to {} still waits at high watermark {}",
               pending_.front().required_offset, high_watermark_);
    }
}

// ---- the rule; it could be broken ----

bool awaits_in_sync_set(std::int16_t acks, bool repeats_uncommitted, const BugSet* bugs) {
    const bool right = acks == -1;
    if (bugs == nullptr) return right;
    return bugs->deviate(Bug::z97_apply_before_commit, right, right && !repeats_uncommitted);
}

}  // namespace squall::model
