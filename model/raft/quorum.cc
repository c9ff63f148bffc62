#include "model/raft/quorum.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "sim/base/assert.h"
#include "sim/base/hash.h"
#include "sim/base/rng.h"

namespace squall::model::raft {

std::string_view to_string(RoleName role) {
    switch (role) {
        case RoleName::unattached:
            return "unattached";
        case RoleName::prospective:
            return "prospective";
        case RoleName::candidate:
            return "candidate";
        case RoleName::leader:
            return "leader";
        case RoleName::follower:
            return "follower";
        case RoleName::resigned:
            return "resigned";
    }
    return "?";
}

Quorum::Quorum(QuorumConfig config, QuorumState durable, LogSummary log, LogPosition snapshot,
               std::optional<VoterHistory> voters)
    : config_(std::move(config)),
      state_(durable),
      log_(std::move(log)),
      voters_(voters ? *std::move(voters) : VoterHistory(VoterSet(config_.options.voters))),
      snapshot_(snapshot),
      high_watermark_(snapshot.offset) {
    ASSERT(!this->voters().empty(), "a quorum without voters");
    ASSERT(log_.start().offset <= snapshot.offset && snapshot.offset <= log_.log_end(),
           "a snapshot at {} of a log from {} to {}", snapshot.offset, log_.start().offset,
           log_.log_end());
}

Output Quorum::step(const Input& input, LocalTime now) {
    ASSERT(booted_ != std::holds_alternative<Boot>(input), "Boot is the first input, once");
    const RoleName role_before = role();
    const QuorumState state_before = state_;
    const Offset high_watermark_before = high_watermark_;
    Output output;
    output_ = &output;

    std::visit([&](const auto& alternative) { on(alternative, now); }, input);
    if (is_leader() && must_resign_as_removed()) become_resigned(now);
    maybe_fetch(now);

    output_->role_changed = role() != role_before || state_.epoch != state_before.epoch ||
                            state_.leader != state_before.leader;
    output_->high_watermark_moved = high_watermark_ != high_watermark_before;
    ASSERT(state_.epoch >= state_before.epoch, "epoch went back from {} to {}", state_before.epoch,
           state_.epoch);
    ASSERT(high_watermark_ >= high_watermark_before, "high watermark went back from {} to {}",
           high_watermark_before, high_watermark_);
    if (state_.epoch == state_before.epoch && state_before.voted != no_broker) {
        ASSERT(state_.voted == state_before.voted, "the vote of epoch {} moved from {} to {}",
               state_.epoch, state_before.voted, state_.voted);
    }
    if (!(state_ == state_before)) {
        ASSERT(output_->persist_state.has_value(), "quorum state changed and is not persisted");
    }
    check_invariants();
    output_ = nullptr;
    return output;
}

// ---- rules ----

bool Quorum::is_up_to_date(const LogPosition& last) const {
    if (last.epoch != log_.last_epoch()) return last.epoch > log_.last_epoch();
    return last.offset >= log_.log_end();
}

bool Quorum::may_grant_vote(const VoteRequest& request) const {
    switch (role()) {
        case RoleName::unattached:
        case RoleName::prospective:
            break;
        case RoleName::candidate:
        case RoleName::leader:
        case RoleName::follower:
        case RoleName::resigned:
            return false;
    }
    if (state_.leader != no_broker) return false;
    const ReplicaKey candidate{request.candidate, request.candidate_directory_id};
    const ReplicaKey voted{state_.voted, state_.voted_directory_id};
    if (state_.voted != no_broker && voted != candidate) return false;
    return is_up_to_date(request.last);
}

bool Quorum::may_grant_pre_vote(const VoteRequest& request) const {
    if (role() == RoleName::leader || role() == RoleName::resigned) return false;
    if (const auto* follower = std::get_if<Follower>(&role_)) {
        if (follower->has_fetched) return false;
    }
    return is_up_to_date(request.last);
}

bool Quorum::may_commit(Offset end, Offset epoch_start) const {
    return deviate(Bug::z36_raft_commit_old_epoch, end > epoch_start, true);
}

QuorumState Quorum::what_to_persist(const QuorumState& state) const {
    QuorumState without_vote = state;
    without_vote.voted = no_broker;
    without_vote.voted_directory_id = {};
    return deviate(Bug::z34_raft_forgets_vote, state, without_vote);
}

bool Quorum::must_flush_before_fetch() const {
    return deviate(Bug::z35_raft_fetch_before_fsync, is_voter(), false);
}

bool Quorum::flushes_what_it_fetched() const {
    return is_voter() || config_.options.followers_always_flush;
}

bool Quorum::may_truncate(Offset to) const {
    return to >= high_watermark_;
}

bool Quorum::needs_snapshot(const LogPosition& fetcher) const {
    const LogPosition start = log_.start();
    if (start.offset == Offset{0}) return false;
    return fetcher.offset < start.offset || fetcher.epoch < start.epoch ||
           (fetcher.offset == start.offset && fetcher.epoch != start.epoch);
}

bool Quorum::still_answers(const FetchResponse& response) const {
    return response.position == log_.end();
}

bool Quorum::may_load(const LogPosition& snapshot) const {
    return snapshot.offset > high_watermark_ && snapshot.epoch > no_epoch &&
           snapshot.epoch <= state_.epoch;
}

bool Quorum::must_resign_without_quorum() const {
    return deviate(Bug::z38_raft_no_check_quorum, true, false);
}

bool Quorum::is_meant_for_us(const Uuid& voter_directory_id) const {
    return voter_directory_id.is_zero() || voter_directory_id == config_.directory_id;
}

bool Quorum::may_speak(BrokerId candidate_or_leader) const {
    return voters().knows_directories() || has_voter(candidate_or_leader);
}

ErrorCode Quorum::error_of_change() const {
    if (!is_leader()) return ErrorCode::not_leader_or_follower;
    if (!voters().knows_directories()) return ErrorCode::unsupported_version;
    if (high_watermark_ <= epoch_start()) return ErrorCode::request_timed_out;
    const std::optional<Offset> last_change = voters_.latest_offset();
    if (last_change && high_watermark_ <= *last_change) return ErrorCode::request_timed_out;
    return ErrorCode::none;
}

bool Quorum::may_join(const ReplicaKey& observer, LocalTime now) const {
    const auto& observers = std::get<Leader>(role_).observers;
    const auto found = observers.find(observer);
    if (found == observers.end()) return false;
    return found->second.has_caught_up && now - found->second.fetched_at < 1h;
}

bool Quorum::must_resign_as_removed() const {
    return !is_voter() && high_watermark_ > voters_.latest_offset().value_or(Offset{0});
}

// ---- inputs ----

void Quorum::on(const Boot&, LocalTime now) {
    booted_ = true;
    // A vote or leadership of an epoch that the log has already left behind says nothing any more.
    if (log_.last_epoch() > state_.epoch) {
        become_unattached(log_.last_epoch(), now);
    } else if (state_.leader == config_.self) {
        // Its unflushed records of that epoch may be gone: it must not lead in it again.
        enter(Resigned{.election_deadline = now + election_delay()});
    } else if (state_.leader != no_broker) {
        enter(Follower{.fetch_deadline = now + config_.options.fetch_timeout});
    } else {
        enter(Unattached{.election_deadline = now + election_delay()});
    }
    if (is_only_voter()) become_prospective(now);
}

void Quorum::on(const Tick&, LocalTime now) {
    switch (role()) {
        case RoleName::unattached:
            if (is_voter() && now >= std::get<Unattached>(role_).election_deadline) {
                become_prospective(now);
            }
            break;
        case RoleName::prospective:
            if (now >= std::get<Prospective>(role_).election_deadline) end_of_ballot(now);
            break;
        case RoleName::candidate:
            if (now >= std::get<Candidate>(role_).election_deadline) become_prospective(now);
            break;
        case RoleName::leader: {
            Leader& leader = std::get<Leader>(role_);
            if (now >= quorum_deadline(leader)) {
                if (must_resign_without_quorum()) return become_resigned(now);
                for (auto& [voter, fetched_at] : leader.voter_fetches) fetched_at = now;
            } else if (now >= leader.announce_deadline) {
                announce(now);
            }
            break;
        }
        case RoleName::follower:
            if (now < std::get<Follower>(role_).fetch_deadline) break;
            if (is_voter()) {
                become_prospective(now);
            } else {
                // An observer asks around; what it knows of the epoch's leader stays true.
                fetch_in_flight_ = false;
                enter(Unattached{});
            }
            break;
        case RoleName::resigned:
            if (now < std::get<Resigned>(role_).election_deadline) break;
            if (is_voter()) {
                become_prospective(now);
            } else {
                enter(Unattached{});
            }
            break;
    }
}

void Quorum::on(const Received& received, LocalTime now) {
    std::visit([&](const auto& message) { receive(message, now); }, received.message);
}

void Quorum::on(const FetchFailed&, LocalTime now) {
    fetch_in_flight_ = false;
    fetch_not_before_ = now + config_.options.retry_backoff;
}

void Quorum::on(const VoteFailed& failed, LocalTime) {
    const bool pre_vote = failed.request.pre_vote;
    const Ballot* const ballot = open_ballot(pre_vote);
    if (ballot == nullptr || failed.request.epoch != state_.epoch) return;
    if (!ballot->votes.contains(failed.voter)) ask_for_vote(failed.voter, pre_vote);
}

void Quorum::on(const LogFlushed& flushed, LocalTime) {
    log_.mark_flushed(flushed.end);
    if (is_leader()) advance_high_watermark();
}

void Quorum::on(const Propose& propose, LocalTime) {
    ASSERT(propose.count > 0, "a proposal of {} records", propose.count);
    if (!is_leader()) return;
    const Offset base = log_.log_end();
    log_.append(state_.epoch, propose.count);
    output_->append_proposed =
        BatchSpan{.base_offset = base, .last_offset = log_.log_end() - 1, .epoch = state_.epoch};
    output_->flush = true;
}

void Quorum::on(const SnapshotTaken& taken, LocalTime) {
    // One that was loaded meanwhile may have overtaken it.
    if (taken.id.offset <= snapshot_.offset) return;
    ASSERT(taken.id.offset <= high_watermark_, "a snapshot at {} above the high watermark {}",
           taken.id.offset, high_watermark_);
    snapshot_ = taken.id;
    if (!taken.drops_log) return;
    log_.drop_before(taken.id);
    voters_.drop_before(taken.id.offset);
    output_->voters_changed = true;
    output_->drop_before = taken.id;
}

void Quorum::on(const Resign&, LocalTime now) {
    if (is_leader()) become_resigned(now);
}

void Quorum::on(const AddVoter& add, LocalTime now) {
    ErrorCode error = error_of_change();
    if (error == ErrorCode::none && has_voter(add.voter.id)) error = ErrorCode::duplicate_voter;
    if (error == ErrorCode::none && add.voter.directory_id.is_zero()) {
        error = ErrorCode::invalid_request;
    }
    if (error == ErrorCode::none && !may_join(key_of(add.voter), now)) {
        error = ErrorCode::request_timed_out;
    }
    output_->refusal = error;
    if (error == ErrorCode::none) change_voters(voters().with(add.voter), now);
}

void Quorum::on(const RemoveVoter& remove, LocalTime now) {
    ErrorCode error = error_of_change();
    if (error == ErrorCode::none && !voters().contains(remove.voter)) {
        error = ErrorCode::voter_not_found;
    }
    // A quorum of nobody could never decide anything again.
    if (error == ErrorCode::none && voters().size() == 1) error = ErrorCode::invalid_request;
    output_->refusal = error;
    if (error == ErrorCode::none) change_voters(voters().without(remove.voter.id), now);
}

void Quorum::on(const UpdateVoter& update, LocalTime now) {
    ErrorCode error = error_of_change();
    if (error == ErrorCode::none && !voters().contains(key_of(update.voter))) {
        error = ErrorCode::voter_not_found;
    }
    output_->refusal = error;
    if (error != ErrorCode::none || *voters().find(update.voter.id) == update.voter) return;
    const std::size_t others = voters().size() - 1;
    change_voters(others == 0 ? VoterSet({update.voter})
                              : voters().without(update.voter.id).with(update.voter),
                  now);
}

// From its record on, committed or not (Raft 4.1).
void Quorum::change_voters(VoterSet next, LocalTime now) {
    const Offset offset = log_.log_end();
    log_.append(state_.epoch, 1);
    output_->append_voters = next;
    output_->flush = true;
    voters_.append(offset, std::move(next));
    output_->voters_changed = true;
    Leader& leader = std::get<Leader>(role_);
    std::erase_if(leader.voter_ends, [&](const auto& entry) { return !has_voter(entry.first); });
    std::erase_if(leader.voter_fetches, [&](const auto& entry) { return !has_voter(entry.first); });
    for (const RaftVoter& voter : voters().voters()) {
        const auto joined = leader.observers.find(key_of(voter));
        if (joined == leader.observers.end()) continue;
        leader.voter_ends[voter.id] = joined->second.end;
        leader.voter_fetches[voter.id] = now;
        leader.observers.erase(joined);
    }
    advance_high_watermark();
}

// ---- messages ----

void Quorum::receive(const VoteRequest& request, LocalTime now) {
    const auto answer = [&](bool granted, ErrorCode error = ErrorCode::none) {
        output_->reply = VoteResponse{.voter = config_.self,
                                      .epoch = state_.epoch,
                                      .leader = state_.leader,
                                      .granted = granted,
                                      .pre_vote = request.pre_vote,
                                      .error = error};
    };
    // A candidate's own epoch has no records yet, a prospective's may.
    const bool makes_sense =
        request.pre_vote ? request.last.epoch <= request.epoch : request.last.epoch < request.epoch;
    if (!makes_sense || !may_speak(request.candidate)) {
        return answer(false, ErrorCode::invalid_request);
    }
    if (!is_meant_for_us(request.voter_directory_id)) {
        return answer(false, ErrorCode::invalid_voter_key);
    }
    // Who asks may have a log in which this member votes, or does not yet: with changing sets he
    // alone knows whose votes count.
    if (!may_speak(config_.self)) return answer(false, ErrorCode::inconsistent_voter_set);
    if (!learn(request.epoch, no_broker, Word::hearsay, now)) {
        return answer(false, ErrorCode::fenced_leader_epoch);
    }
    if (request.pre_vote) return answer(may_grant_pre_vote(request));
    if (!may_grant_vote(request)) return answer(false);
    QuorumState voted = state_;
    voted.voted = request.candidate;
    voted.voted_directory_id = request.candidate_directory_id;
    persist(voted);
    // Who helps another to win waits a full timeout before it tries itself.
    enter(Unattached{.election_deadline = now + election_delay()});
    output_->vote_granted = true;
    answer(true);
}

void Quorum::receive(const VoteResponse& response, LocalTime now) {
    if (!learn(response.epoch, response.leader, Word::hearsay, now)) return;
    if (!has_voter(response.voter)) return;
    Ballot* const ballot = open_ballot(response.pre_vote);
    if (ballot == nullptr) return;  // the answer to an election that is over
    ballot->votes[response.voter] = response.granted;

    if (ballot->granted() >= majority()) {
        return response.pre_vote ? become_candidate(now) : become_leader(now);
    }
    if (ballot->rejected() <= voters().size() - majority()) return;
    if (response.pre_vote) return end_of_ballot(now);
    Candidate& candidate = std::get<Candidate>(role_);
    if (candidate.backing_off) return;
    candidate.backing_off = true;
    candidate.election_deadline = now + backoff_delay();
}

void Quorum::receive(const BeginQuorumEpochRequest& request, LocalTime now) {
    ErrorCode error = ErrorCode::none;
    if (!may_speak(request.leader)) {
        error = ErrorCode::invalid_request;
    } else if (!is_meant_for_us(request.voter_directory_id)) {
        error = ErrorCode::invalid_voter_key;
    } else if (!learn(request.epoch, request.leader, Word::heard, now)) {
        error = ErrorCode::fenced_leader_epoch;
    } else if (auto* follower = std::get_if<Follower>(&role_)) {
        follower->fetch_deadline = now + config_.options.fetch_timeout;
    }
    output_->reply = BeginQuorumEpochResponse{
        .voter = config_.self, .epoch = state_.epoch, .leader = state_.leader, .error = error};
}

void Quorum::receive(const BeginQuorumEpochResponse& response, LocalTime now) {
    learn(response.epoch, response.leader, Word::hearsay, now);
}

void Quorum::receive(const EndQuorumEpochRequest& request, LocalTime now) {
    ErrorCode error = ErrorCode::none;
    if (!may_speak(request.leader)) {
        error = ErrorCode::invalid_request;
    } else if (!learn(request.epoch, request.leader, Word::heard, now)) {
        error = ErrorCode::fenced_leader_epoch;
    } else if (auto* follower = std::get_if<Follower>(&role_)) {
        // The first in line goes at once, the others wait ever longer for it to succeed.
        const auto& line = request.preferred_successors;
        const auto place = std::ranges::find(line, config_.self) - line.begin();
        failed_elections_ = static_cast<std::uint32_t>(place);
        follower->fetch_deadline = place == 0 ? now : now + backoff_delay();
        follower->has_fetched = false;
        if (place == 0 && is_voter()) become_prospective(now);
    }
    output_->reply =
        EndQuorumEpochResponse{.epoch = state_.epoch, .leader = state_.leader, .error = error};
}

void Quorum::receive(const EndQuorumEpochResponse& response, LocalTime now) {
    learn(response.epoch, response.leader, Word::hearsay, now);
}

void Quorum::note_contact(const ReplicaKey& replica, LocalTime now) {
    if (replica.id == config_.self) return;
    Leader& leader = std::get<Leader>(role_);
    if (voters().contains(replica)) {
        leader.voter_fetches[replica.id] = now;
    } else if (voters().knows_directories() && !replica.directory_id.is_zero()) {
        leader.observers[replica].fetched_at = now;
    }
}

void Quorum::note_end(const ReplicaKey& replica, Offset end) {
    if (replica.id == config_.self) return;
    Leader& leader = std::get<Leader>(role_);
    if (voters().contains(replica)) {
        leader.voter_ends[replica.id] = end;
        advance_high_watermark();
    } else if (const auto found = leader.observers.find(replica); found != leader.observers.end()) {
        found->second.end = end;
        if (end >= log_.log_end()) found->second.has_caught_up = true;
    }
}

void Quorum::receive(const FetchRequest& request, LocalTime now) {
    if (error_of_fetch(request.epoch) == ErrorCode::none) {
        note_contact(request.fetcher(), now);
        if (log_.contains(request.position)) note_end(request.fetcher(), request.position.offset);
    }
    output_->reply = answer_fetch(request);
}

// Whoever fetches, and whatever: only from the leader, and only in its epoch.
ErrorCode Quorum::error_of_fetch(RaftEpoch epoch) const {
    if (epoch < state_.epoch) return ErrorCode::fenced_leader_epoch;
    if (epoch > state_.epoch) return ErrorCode::unknown_leader_epoch;
    return is_leader() ? ErrorCode::none : ErrorCode::not_leader_or_follower;
}

FetchResponse Quorum::answer_fetch(const FetchRequest& request) const {
    FetchResponse response{.from = config_.self,
                           .position = request.position,
                           .epoch = state_.epoch,
                           .leader = state_.leader,
                           .error = error_of_fetch(request.epoch)};
    if (response.error != ErrorCode::none) return response;
    response.high_watermark = high_watermark_;
    if (needs_snapshot(request.position)) {
        response.snapshot = snapshot_;
    } else if (!log_.contains(request.position)) {
        response.diverging = log_.end_of_epoch(request.position.epoch);
    }
    return response;
}

bool Quorum::has_news_for(const FetchRequest& request) const {
    // What a leader mostly finds: one that has everything, in its own epoch.
    if (is_leader() && request.epoch == state_.epoch && request.position == log_.end()) {
        return request.high_watermark < high_watermark_;
    }
    const FetchResponse answer = answer_fetch(request);
    if (answer.error != ErrorCode::none || answer.diverging || answer.snapshot) return true;
    if (request.position.offset < log_.log_end()) return true;
    return request.high_watermark < high_watermark_;
}

void Quorum::receive(const FetchSnapshotRequest& request, LocalTime now) {
    if (error_of_fetch(request.epoch) == ErrorCode::none) note_contact(request.fetcher(), now);
    output_->reply = answer_fetch_snapshot(request);
}

FetchSnapshotResponse Quorum::answer_fetch_snapshot(const FetchSnapshotRequest& request) const {
    FetchSnapshotResponse response{.from = config_.self,
                                   .epoch = state_.epoch,
                                   .leader = state_.leader,
                                   .error = error_of_fetch(request.epoch),
                                   .snapshot = request.snapshot};
    if (response.error == ErrorCode::none && request.snapshot != snapshot_) {
        response.error = ErrorCode::snapshot_not_found;
    }
    return response;
}

Follower* Quorum::hear_from_leader(BrokerId from, RaftEpoch epoch, BrokerId leader, ErrorCode error,
                                   LocalTime now) {
    fetch_in_flight_ = false;
    const bool heard = error == ErrorCode::none;
    if (!heard) fetch_not_before_ = now + config_.options.retry_backoff;
    const Word word = heard && from == leader ? Word::heard : Word::hearsay;
    if (!learn(epoch, leader, word, now) || !heard) return nullptr;
    auto* const follower = std::get_if<Follower>(&role_);
    if (follower == nullptr || from != state_.leader) return nullptr;
    follower->fetch_deadline = now + config_.options.fetch_timeout;
    follower->has_fetched = true;
    failed_elections_ = 0;
    return follower;
}

void Quorum::receive(const FetchResponse& response, LocalTime now) {
    if (hear_from_leader(response.from, response.epoch, response.leader, response.error, now) ==
        nullptr) {
        return;
    }
    if (!still_answers(response)) return;
    if (response.snapshot) return load(*response.snapshot, now);
    if (response.diverging) return truncate_to_common(*response.diverging);
    accept_batches(response);
    follow_high_watermark(response.high_watermark);
}

void Quorum::load(const LogPosition& snapshot, LocalTime now) {
    if (may_load(snapshot)) {
        Follower& follower = std::get<Follower>(role_);
        follower.loading = snapshot;
        follower.loaded_bytes = 0;
    } else {
        fetch_not_before_ = now + config_.options.retry_backoff;
    }
}

void Quorum::receive(const FetchSnapshotResponse& response, LocalTime now) {
    Follower* const follower =
        hear_from_leader(response.from, response.epoch, response.leader, response.error, now);
    if (auto* const loader = std::get_if<Follower>(&role_);
        loader != nullptr && response.error == ErrorCode::snapshot_not_found) {
        loader->loading.reset();  // the leader has a later one: fetch to learn which
    }
    if (follower == nullptr || follower->loading != response.snapshot) return;
    if (response.is_complete) return adopt(response);
    follower->loaded_bytes = response.received;
}

void Quorum::adopt(const FetchSnapshotResponse& response) {
    const LogPosition& snapshot = response.snapshot;
    std::get<Follower>(role_).loading.reset();
    if (!may_load(snapshot)) return;
    snapshot_ = snapshot;
    log_.restart_at(snapshot);
    if (response.voters) {
        voters_.restart_at(*response.voters);
        output_->voters_changed = true;
    }
    high_watermark_ = snapshot.offset;
    output_->restart_at = snapshot;
}

void Quorum::truncate_to_common(const LogPosition& diverging) {
    // The leader's end of the last epoch that both have; we may have less of it (KIP-101, KIP-279).
    const LogPosition ours = log_.end_of_epoch(diverging.epoch);
    const Offset to =
        ours.epoch == diverging.epoch ? std::min(ours.offset, diverging.offset) : ours.offset;
    if (!may_truncate(to)) {
        output_->fatal =
            fmt::format("told to truncate to {}, below the high watermark {}", to, high_watermark_);
        return;
    }
    if (to == log_.log_end()) return;
    log_.truncate(to);
    voters_.truncate(to);
    output_->voters_changed = true;
    output_->truncate_to = to;
}

void Quorum::accept_batches(const FetchResponse& response) {
    for (const BatchSpan& batch : response.batches) {
        const bool fits = batch.base_offset == log_.log_end() && batch.count() > 0 &&
                          batch.epoch >= log_.last_epoch() && batch.epoch > no_epoch &&
                          batch.epoch <= state_.epoch;
        if (!fits) break;  // the answer to a Fetch from before a truncation
        log_.append(batch.epoch, batch.count());
        for (const auto& [offset, voters] : response.voters) {
            if (offset >= batch.base_offset && offset <= batch.last_offset) {
                voters_.append(offset, voters);
                output_->voters_changed = true;
            }
        }
        ++output_->append_fetched;
    }
    if (output_->append_fetched > 0 && flushes_what_it_fetched()) output_->flush = true;
}

void Quorum::follow_high_watermark(Offset of_leader) {
    high_watermark_ = std::max(high_watermark_, std::min(of_leader, log_.log_end()));
}

void Quorum::advance_high_watermark() {
    const Leader& leader = std::get<Leader>(role_);
    // Its own records count once they are durable, like everyone else's, and as long as it votes.
    std::vector<Offset> ends;
    if (is_voter()) ends.push_back(log_.flushed_end());
    for (const BrokerId voter : other_voters()) {
        const auto end = leader.voter_ends.find(voter);
        ends.push_back(end == leader.voter_ends.end() ? Offset{0} : end->second);
    }
    std::ranges::sort(ends, std::greater<>());
    const Offset replicated = ends[majority() - 1];
    if (replicated > high_watermark_ && may_commit(replicated, leader.epoch_start)) {
        high_watermark_ = replicated;
    }
}

// ---- transitions ----

void Quorum::enter(Role role) {
    role_ = std::move(role);
}

void Quorum::persist(QuorumState state) {
    if (state == state_) return;
    state_ = state;
    output_->persist_state = what_to_persist(state);
}

void Quorum::become_unattached(RaftEpoch epoch, LocalTime now) {
    ASSERT(epoch > state_.epoch, "unattached in epoch {} after {}", epoch, state_.epoch);
    persist({.epoch = epoch});
    fetch_in_flight_ = false;
    // A voter that was waiting for an election goes on waiting as long as it would have: epochs of
    // others must not keep it from trying.
    LocalTime deadline = now + election_delay();
    if (const auto* before = std::get_if<Unattached>(&role_)) {
        if (booted_ && before->election_deadline > now) deadline = before->election_deadline;
    }
    enter(Unattached{.election_deadline = deadline});
}

void Quorum::become_prospective(LocalTime now) {
    ASSERT(is_voter(), "an observer stands for election");
    fetch_in_flight_ = false;
    enter(Prospective{.ballot = {.votes = {{config_.self, true}}},
                      .election_deadline = now + election_delay()});
    if (majority() == 1) return become_candidate(now);
    for (const BrokerId voter : other_voters()) ask_for_vote(voter, true);
}

void Quorum::become_candidate(LocalTime now) {
    ASSERT(role() == RoleName::prospective, "candidate from {}", to_string(role()));
    persist({.epoch = state_.epoch.next(),
             .voted = config_.self,
             .voted_directory_id = config_.directory_id});
    enter(Candidate{.ballot = {.votes = {{config_.self, true}}},
                    .election_deadline = now + election_delay()});
    output_->vote_granted = true;
    if (majority() == 1) return become_leader(now);
    for (const BrokerId voter : other_voters()) ask_for_vote(voter, false);
}

void Quorum::become_leader(LocalTime now) {
    ASSERT(role() == RoleName::candidate, "leader from {}", to_string(role()));
    ASSERT(std::get<Candidate>(role_).ballot.granted() >= majority(), "leader without a majority");
    QuorumState state = state_;
    state.leader = config_.self;
    persist(state);
    failed_elections_ = 0;
    std::map<BrokerId, LocalTime> fetches;
    for (const BrokerId voter : other_voters()) fetches[voter] = now;
    enter(Leader{.epoch_start = log_.log_end(),
                 .voter_ends = {},
                 .voter_fetches = std::move(fetches),
                 .observers = {},
                 .announce_deadline = now});
    output_->append_leader_change = true;
    // What the disks were formatted with is nowhere in the log yet.
    const bool is_first = !voters_.latest_offset() && snapshot_.offset == Offset{0};
    if (is_first && voters().knows_directories()) {
        output_->append_voters = voters();
        log_.append(state_.epoch, 3);
        voters_.append(log_.log_end() - 1, *output_->append_voters);
        output_->voters_changed = true;
    } else {
        log_.append(state_.epoch, 1);
    }
    output_->flush = true;
    announce(now);
}

void Quorum::become_follower(BrokerId leader, LocalTime now) {
    ASSERT(leader != config_.self, "follows itself in epoch {}", state_.epoch);
    QuorumState state = state_;
    state.leader = leader;
    persist(state);
    fetch_in_flight_ = false;
    fetch_not_before_ = now;
    enter(Follower{.fetch_deadline = now + config_.options.fetch_timeout});
}

void Quorum::become_resigned(LocalTime now) {
    ASSERT(is_leader(), "{} resigns", to_string(role()));
    const Leader& leader = std::get<Leader>(role_);
    // The longest log first; of equals the lower id.
    std::vector<BrokerId> successors = other_voters();
    std::ranges::sort(successors, {}, [&](BrokerId voter) {
        const auto end = leader.voter_ends.find(voter);
        const Offset acknowledged = end == leader.voter_ends.end() ? Offset{0} : end->second;
        return std::pair(-acknowledged.value(), voter);
    });
    for (const BrokerId voter : other_voters()) {
        output_->send.push_back({voter, EndQuorumEpochRequest{.leader = config_.self,
                                                              .epoch = state_.epoch,
                                                              .preferred_successors = successors}});
    }
    enter(Resigned{.election_deadline = now + election_delay()});
}

void Quorum::ask_for_vote(BrokerId voter, bool pre_vote) {
    const RaftVoter* const whom = voters().find(voter);
    ASSERT(whom != nullptr, "asks {} for a vote, who has none", voter);
    output_->send.push_back({voter, VoteRequest{.candidate = config_.self,
                                                .epoch = state_.epoch,
                                                .last = log_.end(),
                                                .pre_vote = pre_vote,
                                                .candidate_directory_id = config_.directory_id,
                                                .voter_directory_id = whom->directory_id}});
}

Ballot* Quorum::open_ballot(bool pre_vote) {
    if (auto* prospective = std::get_if<Prospective>(&role_)) {
        return pre_vote ? &prospective->ballot : nullptr;
    }
    if (auto* candidate = std::get_if<Candidate>(&role_)) {
        return pre_vote ? nullptr : &candidate->ballot;
    }
    return nullptr;
}

// A pre-vote that found no majority: back to where it came from.
void Quorum::end_of_ballot(LocalTime now) {
    ++failed_elections_;
    if (state_.leader != no_broker && state_.leader != config_.self) {
        return become_follower(state_.leader, now);
    }
    enter(Unattached{.election_deadline = now + election_delay()});
}

bool Quorum::learn(RaftEpoch epoch, BrokerId leader, Word word, LocalTime now) {
    if (epoch < state_.epoch) return false;
    if (epoch > state_.epoch) become_unattached(epoch, now);
    if (leader == no_broker || leader == config_.self) return true;
    // The first leader that an epoch shows stays its leader, whatever else is claimed.
    if (state_.leader != no_broker && state_.leader != leader) return true;
    const bool is_news = state_.leader == no_broker;
    if (role() == RoleName::follower) return true;
    if (is_news || word == Word::heard) become_follower(leader, now);
    return true;
}

void Quorum::announce(LocalTime now) {
    Leader& leader = std::get<Leader>(role_);
    leader.announce_deadline = now + config_.options.fetch_timeout / 2;
    for (const BrokerId voter : other_voters()) {
        if (leader.voter_ends.contains(voter)) continue;
        output_->send.push_back(
            {voter,
             BeginQuorumEpochRequest{.leader = config_.self,
                                     .epoch = state_.epoch,
                                     .voter_directory_id = voters().find(voter)->directory_id}});
    }
}

void Quorum::maybe_fetch(LocalTime now) {
    const bool follows = role() == RoleName::follower;
    const bool searches = role() == RoleName::unattached;
    if ((!follows && !searches) || fetch_in_flight_ || now < fetch_not_before_) return;
    if (output_->fatal) return;
    if (waits_for_flush()) {
        output_->flush = true;  // LogFlushed comes back here
        return;
    }
    BrokerId target = state_.leader;
    if (searches) {
        const std::vector<BrokerId> others = servers();
        if (others.empty()) return;
        target = others[next_fetch_target_++ % others.size()];
    }
    fetch_in_flight_ = true;
    if (const auto* follower = std::get_if<Follower>(&role_); follower && follower->loading) {
        output_->send.push_back(
            {target, FetchSnapshotRequest{.replica = config_.self,
                                          .epoch = state_.epoch,
                                          .snapshot = *follower->loading,
                                          .position = follower->loaded_bytes,
                                          .directory_id = config_.directory_id}});
        return;
    }
    output_->send.push_back({target, FetchRequest{.replica = config_.self,
                                                  .epoch = state_.epoch,
                                                  .position = log_.end(),
                                                  .high_watermark = high_watermark_,
                                                  .directory_id = config_.directory_id}});
}

LocalTime Quorum::next_deadline() const {
    LocalTime deadline = LocalTime::max();
    switch (role()) {
        case RoleName::unattached:
            if (is_voter()) deadline = std::get<Unattached>(role_).election_deadline;
            break;
        case RoleName::prospective:
            deadline = std::get<Prospective>(role_).election_deadline;
            break;
        case RoleName::candidate:
            deadline = std::get<Candidate>(role_).election_deadline;
            break;
        case RoleName::leader:
            if (!has_other_voters()) return deadline;
            deadline = std::min(quorum_deadline(std::get<Leader>(role_)),
                                std::get<Leader>(role_).announce_deadline);
            break;
        case RoleName::follower:
            deadline = std::get<Follower>(role_).fetch_deadline;
            break;
        case RoleName::resigned:
            deadline = std::get<Resigned>(role_).election_deadline;
            break;
    }
    const bool wants_to_fetch = role() == RoleName::follower || role() == RoleName::unattached;
    if (wants_to_fetch && !fetch_in_flight_ && !waits_for_flush() && knows_servers()) {
        deadline = std::min(deadline, fetch_not_before_);
    }
    return deadline;
}

// ---- the voter set, and time ----

bool Quorum::waits_for_flush() const {
    return log_.flushed_end() < log_.log_end() && must_flush_before_fetch();
}

bool Quorum::is_voter() const {
    return voters().contains(key());
}

std::vector<BrokerId> Quorum::other_voters() const {
    std::vector<BrokerId> others;
    for (const RaftVoter& voter : voters().voters()) {
        if (voter.id != config_.self) others.push_back(voter.id);
    }
    return others;
}

bool Quorum::has_other_voters() const {
    return voters().size() > (has_voter(config_.self) ? 1 : 0);
}

bool Quorum::knows_servers() const {
    const auto is_other = [&](const RaftVoter& server) { return server.id != config_.self; };
    return has_other_voters() || std::ranges::any_of(config_.options.voters, is_other);
}

std::vector<BrokerId> Quorum::servers() const {
    std::vector<BrokerId> found = other_voters();
    for (const RaftVoter& server : config_.options.voters) {
        const bool is_new = server.id != config_.self && !has_voter(server.id);
        if (is_new) found.push_back(server.id);
    }
    return found;
}

LocalTime Quorum::quorum_deadline(const Leader& leader) const {
    const std::size_t others_needed = majority() - (is_voter() ? 1 : 0);
    if (others_needed == 0) return LocalTime::max();
    std::vector<LocalTime> contacts;
    for (const auto& [voter, fetched_at] : leader.voter_fetches) contacts.push_back(fetched_at);
    ASSERT(contacts.size() == other_voters().size(), "in touch with {} of {} other voters",
           contacts.size(), other_voters().size());
    std::ranges::sort(contacts, std::greater<>());
    return contacts[others_needed - 1] + config_.options.fetch_timeout * 3 / 2;
}

Offset Quorum::epoch_start() const {
    ASSERT(is_leader(), "epoch start of a {}", to_string(role()));
    return std::get<Leader>(role_).epoch_start;
}

Duration Quorum::election_delay() {
    const Duration base = config_.options.election_timeout;
    const std::uint64_t bits = combine(config_.jitter_seed, ++attempt_);
    return base + Duration(static_cast<std::int64_t>(
                      scale_bits(bits, static_cast<std::uint64_t>(base.count()))));
}

Duration Quorum::backoff_delay() {
    // Binary exponential: 100 ms doubled for every failure in a row, drawn uniformly below that.
    const Duration longest = config_.options.election_backoff_max;
    const Duration ceiling =
        std::min<Duration>(longest, 100ms * (std::int64_t{1} << std::min(failed_elections_, 10u)));
    const std::uint64_t bits = combine(config_.jitter_seed, ++attempt_);
    return Duration(1 + static_cast<std::int64_t>(
                            scale_bits(bits, static_cast<std::uint64_t>(ceiling.count()))));
}

void Quorum::check_invariants() const {
    ASSERT(log_.flushed_end() <= log_.log_end(), "flushed {} beyond the end {}", log_.flushed_end(),
           log_.log_end());
    ASSERT(log_.start().offset <= snapshot_.offset && snapshot_.offset <= high_watermark_,
           "a log from {}, a snapshot at {}, a high watermark of {}", log_.start().offset,
           snapshot_.offset, high_watermark_);
    ASSERT(high_watermark_ <= log_.log_end(), "high watermark {} beyond the end {}",
           high_watermark_, log_.log_end());
    ASSERT(log_.last_epoch() <= state_.epoch, "records of epoch {} in epoch {}", log_.last_epoch(),
           state_.epoch);
    switch (role()) {
        case RoleName::unattached:
            break;
        case RoleName::prospective:
            ASSERT(is_voter(), "an observer stands for election");
            break;
        case RoleName::candidate:
            ASSERT(state_.voted == config_.self, "a candidate that voted for {}", state_.voted);
            ASSERT(state_.leader == no_broker, "a candidate against leader {}", state_.leader);
            break;
        case RoleName::leader: {
            ASSERT(state_.leader == config_.self, "a leader that knows leader {}", state_.leader);
            const Offset start = std::get<Leader>(role_).epoch_start;
            if (start >= log_.start().offset) {
                ASSERT(log_.epoch_before(start) < state_.epoch,
                       "records of epoch {} before its start", state_.epoch);
            }
            ASSERT(log_.log_end() > start, "a leader without its LeaderChange record");
            break;
        }
        case RoleName::follower:
            ASSERT(state_.leader != no_broker && state_.leader != config_.self, "a follower of {}",
                   state_.leader);
            break;
        case RoleName::resigned:
            ASSERT(state_.leader == config_.self, "resigned from the epoch of {}", state_.leader);
            break;
    }
}

}  // namespace squall::model::raft
