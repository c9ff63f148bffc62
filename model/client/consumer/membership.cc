#include "model/client/consumer/membership.h"

#include <algorithm>
#include <utility>

#include "model/assignors/consumer_protocol.h"
#include "sim/base/assert.h"

namespace squall::model {

Membership::Membership(const ConsumerOptions& options)
    : GroupMembership(options),
      session_timeout_(options.session_timeout),
      heartbeat_interval_(options.heartbeat_interval) {}

void Membership::reset_generation() {
    identity_.generation = no_generation;
    needs_rejoin_ = true;
    // Also where it gave up what a cooperative rebalance asks for: now it has lost the rest.
    is_prepared_ = false;
    state_ = State::unjoined;
}

void Membership::reset_identity() {
    reset_generation();
    identity_.member_id.clear();
}

void Membership::back_off(LocalTime now, Draws& jitter) {
    ++join_failures_;
    join_not_before_ = now + backoff_.delay(join_failures_, jitter);
}

// ---- joining ----

bool Membership::may_join(LocalTime now) const {
    return needs_rejoin_ && is_prepared_ && coordinator() && !has_assignment_ && !join_in_flight_ &&
           (state_ == State::unjoined || state_ == State::stable) && now >= join_not_before_ &&
           fatal_.empty() && !is_shut_down_;
}

JoinGroupRequest Membership::begin_join(std::vector<JoinGroupRequest::Protocol> protocols) {
    ASSERT(is_prepared_ && needs_rejoin_, "group {}: joins unprepared", group_id_);
    ASSERT(state_ == State::unjoined || state_ == State::stable, "group {}: joins twice",
           group_id_);
    state_ = State::preparing_rebalance;
    join_in_flight_ = true;
    needs_rejoin_ = false;
    members_.clear();
    JoinGroupRequest request;
    request.group_id = group_id_;
    request.session_timeout_ms = static_cast<std::int32_t>(session_timeout_.count());
    request.rebalance_timeout_ms = static_cast<std::int32_t>(max_poll_interval_.count());
    request.member_id = identity_.member_id;
    request.group_instance_id = instance_id();
    request.protocol_type = consumer_protocol_type;
    request.protocols = std::move(protocols);
    return request;
}

void Membership::on_joined(const Result<JoinGroupResponse>& answer, LocalTime now, Draws& jitter) {
    ASSERT(join_in_flight_, "group {}: nobody joins", group_id_);
    join_in_flight_ = false;
    // Left, or forgotten, while the request was out.
    if (state_ != State::preparing_rebalance) return;
    if (!answer) return fail_join(ErrorCode::none, answer.error(), now, jitter);
    switch (answer->error_code) {
        case ErrorCode::none:
            state_ = State::completing_rebalance;
            join_failures_ = 0;
            identity_ = {.generation = answer->generation_id, .member_id = answer->member_id};
            protocol_ = answer->protocol_name.value_or("");
            if (answer->leader == answer->member_id) members_ = answer->members;
            session_alive_at_ = now;
            heartbeat_sent_at_ = now;
            return;
        case ErrorCode::member_id_required:
            state_ = State::unjoined;
            needs_rejoin_ = true;
            identity_ = {.generation = no_generation, .member_id = answer->member_id};
            return;
        default:
            return fail_join(answer->error_code, success(), now, jitter);
    }
}

void Membership::fail_join(ErrorCode error, const Result<Unit>& transport, LocalTime now,
                           Draws& jitter) {
    state_ = State::unjoined;
    needs_rejoin_ = true;
    members_.clear();
    if (!transport) {
        finder_.break_connection(now, jitter);
        return;
    }
    switch (error) {
        case ErrorCode::unknown_member_id:
            reset_identity();
            return;
        case ErrorCode::illegal_generation:
            reset_generation();
            return;
        case ErrorCode::rebalance_in_progress:
            return;
        case ErrorCode::not_coordinator:
        case ErrorCode::coordinator_not_available:
            finder_.break_connection(now, jitter);
            return;
        default:
            if (is_retriable(error)) {
                back_off(now, jitter);
            } else {
                fatal_ = to_string(error);
            }
            return;
    }
}

SyncGroupRequest Membership::begin_sync(std::map<std::string, Bytes> assignments) {
    ASSERT(must_sync(), "group {}: no sync is due", group_id_);
    ASSERT(is_leader() || assignments.empty(), "group {}: a follower assigns", group_id_);
    sync_in_flight_ = true;
    joining_as_ = identity_;
    SyncGroupRequest request;
    request.group_id = group_id_;
    request.generation_id = identity_.generation;
    request.member_id = identity_.member_id;
    request.group_instance_id = instance_id();
    request.protocol_type = consumer_protocol_type;
    request.protocol_name = protocol_;
    for (auto& [member, bytes] : assignments) {
        request.assignments.push_back({.member_id = member, .assignment = std::move(bytes)});
    }
    return request;
}

void Membership::on_synced(const Result<SyncGroupResponse>& answer, LocalTime now, Draws& jitter) {
    ASSERT(sync_in_flight_, "group {}: nobody syncs", group_id_);
    sync_in_flight_ = false;
    // The heartbeat learned meanwhile that this generation is over.
    if (state_ != State::completing_rebalance || joining_as_ != identity_) return;
    if (!answer) return fail_join(ErrorCode::none, answer.error(), now, jitter);
    if (answer->error_code != ErrorCode::none) {
        return fail_join(answer->error_code, success(), now, jitter);
    }
    state_ = State::stable;
    needs_rejoin_ = false;
    members_.clear();
    has_assignment_ = true;
    assignment_ = answer->assignment;
    assigned_as_ = identity_;
    session_alive_at_ = now;
}

std::optional<Bytes> Membership::take_assignment() {
    if (!has_assignment_) return std::nullopt;
    has_assignment_ = false;
    if (assigned_as_ != identity_) {
        needs_rejoin_ = true;
        return std::nullopt;
    }
    is_prepared_ = false;
    return std::move(assignment_);
}

// ---- staying ----

ErrorCode Membership::may_commit() const {
    if (state_ == State::stable) return ErrorCode::none;
    return has_lost_partitions() ? ErrorCode::unknown_member_id : ErrorCode::rebalance_in_progress;
}

bool Membership::may_heartbeat(LocalTime now) const {
    return has_joined() && coordinator() && !heartbeat_in_flight_ && fatal_.empty() &&
           now - heartbeat_sent_at_ >= heartbeat_interval_;
}

HeartbeatRequest Membership::begin_heartbeat(LocalTime now) {
    ASSERT(!heartbeat_in_flight_, "group {}: two heartbeats at once", group_id_);
    heartbeat_in_flight_ = true;
    heartbeat_sent_at_ = now;
    HeartbeatRequest request;
    request.group_id = group_id_;
    request.generation_id = identity_.generation;
    request.member_id = identity_.member_id;
    request.group_instance_id = instance_id();
    return request;
}

void Membership::on_heartbeat(const Result<HeartbeatResponse>& answer, const GroupIdentity& sent_as,
                              LocalTime now) {
    heartbeat_in_flight_ = false;
    if (!answer) {
        lose_coordinator();
        return;
    }
    switch (answer->error_code) {
        case ErrorCode::none:
            session_alive_at_ = now;
            return;
        case ErrorCode::rebalance_in_progress:
            // Alive, and called to join; while joining anyway there is nothing to do.
            session_alive_at_ = now;
            if (state_ == State::stable) request_rejoin();
            return;
        case ErrorCode::not_coordinator:
        case ErrorCode::coordinator_not_available:
            lose_coordinator();
            return;
        case ErrorCode::unknown_member_id:
            if (sent_as == identity_) reset_identity();
            return;
        case ErrorCode::illegal_generation:
            if (sent_as == identity_) reset_generation();
            return;
        default:
            if (!is_retriable(answer->error_code) && sent_as == identity_) {
                fatal_ = to_string(answer->error_code);
            }
            return;
    }
}

void Membership::check_session(LocalTime now) {
    if (has_joined() && coordinator() && now - session_alive_at_ >= session_timeout_) {
        lose_coordinator();
    }
}

void Membership::on_commit_error(ErrorCode error, const GroupIdentity& sent_as) {
    if (sent_as != identity_) return;
    switch (error) {
        case ErrorCode::rebalance_in_progress:
            request_rejoin();
            return;
        case ErrorCode::unknown_member_id:
            reset_identity();
            return;
        case ErrorCode::illegal_generation:
            reset_generation();
            return;
        case ErrorCode::fenced_instance_id:
            fatal_ = to_string(error);
            return;
        default:
            return;
    }
}

std::optional<LeaveGroupRequest> Membership::leave(std::string_view reason) {
    std::optional<LeaveGroupRequest> request;
    if (!is_static() && coordinator() && !identity_.member_id.empty()) {
        request.emplace();
        request->group_id = group_id_;
        // Version 3 lists members; older ones name this one.
        request->member_id = identity_.member_id;
        request->members.push_back({.member_id = identity_.member_id,
                                    .group_instance_id = std::nullopt,
                                    .reason = std::string(reason)});
    }
    reset_identity();
    return request;
}

void Membership::shut_down() {
    GroupMembership::shut_down();
    needs_rejoin_ = false;
}

LocalTime Membership::next_change(LocalTime now) const {
    LocalTime next = LocalTime::max();
    const auto at = [&](LocalTime time) {
        if (time > now) next = std::min(next, time);
    };
    if (const auto find = finder_.next_find()) at(*find);
    if (needs_rejoin_) at(join_not_before_);
    if (has_joined()) {
        // One nanosecond more: late is beyond the interval.
        at(polled_at_ + max_poll_interval_ + Duration(1));
        at(heartbeat_sent_at_ + heartbeat_interval_);
        at(session_alive_at_ + session_timeout_);
    }
    return next;
}

}  // namespace squall::model
