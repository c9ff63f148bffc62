#include "model/coordinator/group/classic_protocol.h"

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"

namespace squall::model {
namespace {

using namespace group_change;

// A decision in the making: a copy of the group runs ahead of the real one, change by change, so
// that each rule sees the effect of the ones before.
class Draft {
  public:
    Draft(const ClassicGroup& group, const GroupCoordinatorOptions& options, const Moment& at)
        : group_(group), options_(options), at_(at) {}

    const ClassicGroup& group() const { return group_; }
    const Moment& at() const { return at_; }

    template <class What>
    void change(What what) {
        GroupChange change{group_.id(), std::move(what)};
        group_.apply(change);
        decision_.changes.push_back(std::move(change));
    }
    template <class Response>
    void reply(CallId call, Response response) {
        decision_.answer(call, std::move(response));
    }
    GroupDecision take() {
        group_.check_invariants();
        return std::move(decision_);
    }

    void store(GroupMetadata metadata, std::optional<GroupFollowUp> follow_up);
    void renew_session(const std::string& member_id);
    void add_member(const JoinGroupRequest& request, const GroupCall& call, std::string member_id);
    void update_member(const JoinGroupRequest& request, const GroupCall& call,
                       const std::string& member_id);
    void replace_static_member(const JoinGroupRequest& request, const GroupCall& call,
                               const std::string& from, const std::string& to);
    void answer_join(const std::string& member_id, JoinGroupResponse response);
    void answer_sync(const std::string& member_id, ErrorCode error);
    void answer_all_syncs(ErrorCode error);
    void remove_member(const std::string& member_id, const std::string& reason);
    void rebalance(const std::string& reason);
    void rebalance_or_complete_join(const std::string& reason);
    void complete_join_if_all_joined();
    void end_join_phase();
    void end_sync_phase();

  private:
    ClassicGroup group_;
    const GroupCoordinatorOptions& options_;
    Moment at_;
    GroupDecision decision_;
};

JoinGroupResponse join_error(ErrorCode error, std::string member_id) {
    JoinGroupResponse response;
    response.error_code = error;
    response.member_id = std::move(member_id);
    return response;
}

SyncGroupResponse sync_error(ErrorCode error) {
    SyncGroupResponse response;
    response.error_code = error;
    return response;
}

HeartbeatResponse heartbeat_response(ErrorCode error) {
    HeartbeatResponse response;
    response.error_code = error;
    return response;
}

// The current generation, as one member is told of it; the leader alone learns who is in it.
JoinGroupResponse join_response(const ClassicGroup& group, const std::string& member_id) {
    JoinGroupResponse response;
    response.member_id = member_id;
    response.generation_id = group.generation();
    response.protocol_type = group.protocol_type();
    response.protocol_name = group.protocol_name();
    response.leader = group.leader().value_or(std::string());
    if (group.is_leader(member_id)) response.members = group.join_group_members();
    return response;
}

std::string new_member_id(const JoinGroupRequest& request, const GroupCall& call) {
    ASSERT(!call.fresh_uuid.empty(), "no uuid for a new member of {}", request.group_id);
    return request.group_instance_id.value_or(call.client_id) + "-" + call.fresh_uuid;
}

void Draft::store(GroupMetadata metadata, std::optional<GroupFollowUp> follow_up) {
    ASSERT(decision_.records.empty(), "two batches in one decision on {}", group_.id());
    decision_.records.push_back(GroupMetadataRecord{group_.id(), std::move(metadata)});
    decision_.follow_up = std::move(follow_up);
}

void Draft::renew_session(const std::string& member_id) {
    const LocalTime deadline = at_.now + group_.member(member_id).session_timeout;
    change(SessionRenewed{member_id, deadline});
}

void Draft::add_member(const JoinGroupRequest& request, const GroupCall& call,
                       std::string member_id) {
    GroupMember member;
    member.member_id = std::move(member_id);
    member.group_instance_id = request.group_instance_id;
    member.client_id = call.client_id;
    member.client_host = call.client_host;
    member.rebalance_timeout = rebalance_timeout_of(request);
    member.session_timeout = std::chrono::milliseconds(request.session_timeout_ms);
    member.protocols = request.protocols;
    member.awaiting_join = call.call;
    member.session_deadline = at_.now + Duration(new_member_join_timeout);
    const std::string reason = "member " + member.member_id + " joins";
    change(MemberAdded{request.protocol_type, std::move(member)});
    rebalance_or_complete_join(reason);
}

void Draft::update_member(const JoinGroupRequest& request, const GroupCall& call,
                          const std::string& member_id) {
    // The member asks again on another connection: nobody reads the first answer any more.
    if (group_.member(member_id).awaiting_join) {
        answer_join(member_id, join_error(ErrorCode::rebalance_in_progress, member_id));
    }
    change(MemberUpdated{member_id, request.protocols, rebalance_timeout_of(request),
                         std::chrono::milliseconds(request.session_timeout_ms), call.call});
}

void Draft::replace_static_member(const JoinGroupRequest& request, const GroupCall& call,
                                  const std::string& from, const std::string& to) {
    if (group_.member(from).awaiting_join) {
        answer_join(from, join_error(ErrorCode::fenced_instance_id, from));
    }
    answer_sync(from, ErrorCode::fenced_instance_id);
    const GroupMember before = group_.member(from);
    const std::string leader_before = group_.leader().value_or(std::string());
    change(StaticMemberReplaced{from, to});
    update_member(request, call, to);
    renew_session(to);

    switch (group_.state()) {
        case GroupState::stable:
            // Same protocol: the new process takes the old one's place without a rebalance, once
            // that is in the log; otherwise the old id would be valid again after a failover.
            if (group_.protocol_name() == group_.select_protocol()) {
                store(
                    group_.metadata(group_.assignment(), group_.state_timestamp()),
                    StaticMemberStored{group_.id(), to, before, leader_before, call.version >= 9});
            } else {
                rebalance("static member " + to + " changed its protocols");
            }
            return;
        case GroupState::completing_rebalance:
            // The leader may be assigning to the old id right now.
            rebalance("static member " + to + " replaced " + from + " while syncing");
            return;
        case GroupState::preparing_rebalance:
            complete_join_if_all_joined();
            return;
        case GroupState::empty:
        case GroupState::dead:
            UNREACHABLE("a static member in {}", to_string(group_.state()));
    }
}

void Draft::answer_join(const std::string& member_id, JoinGroupResponse response) {
    const std::optional<CallId> call = group_.member(member_id).awaiting_join;
    if (!call) return;
    reply(*call, std::move(response));
    change(JoinAnswered{member_id});
}

void Draft::answer_sync(const std::string& member_id, ErrorCode error) {
    const GroupMember& member = group_.member(member_id);
    if (!member.awaiting_sync) return;
    SyncGroupResponse response = sync_error(error);
    if (error == ErrorCode::none) {
        response.protocol_type = group_.protocol_type();
        response.protocol_name = group_.protocol_name();
        response.assignment = member.assignment;
    }
    reply(*member.awaiting_sync, std::move(response));
    change(SyncAnswered{member_id});
    // Sessions that ran out while the member waited were ignored: start anew.
    renew_session(member_id);
}

void Draft::answer_all_syncs(ErrorCode error) {
    std::vector<std::string> waiting;
    for (const auto& [id, member] : group_.members()) {
        if (member.awaiting_sync) waiting.push_back(id);
    }
    for (const std::string& id : waiting) answer_sync(id, error);
}

void Draft::remove_member(const std::string& member_id, const std::string& reason) {
    // UNKNOWN_MEMBER_ID makes a client that is still there join again as a new member.
    answer_join(member_id, join_error(ErrorCode::unknown_member_id, member_id));
    answer_sync(member_id, ErrorCode::unknown_member_id);
    change(MemberRemoved{member_id, reason});
}

void Draft::rebalance(const std::string& reason) {
    if (group_.is_in(GroupState::completing_rebalance)) {
        change(AssignmentSet{});
        answer_all_syncs(ErrorCode::rebalance_in_progress);
    }
    const bool is_initial = group_.is_in(GroupState::empty);
    const auto timeout = group_.rebalance_timeout();
    const auto initial_delay = options_.group_initial_rebalance_delay;
    change(RebalanceStarted{
        .reason = reason,
        .is_initial = is_initial,
        .extension_left = is_initial
                              ? std::max(timeout - initial_delay, std::chrono::milliseconds(0))
                              : std::chrono::milliseconds(0),
        .join_deadline = at_.now + Duration(is_initial ? initial_delay : timeout),
        .wall_ms = at_.wall_ms,
    });
    complete_join_if_all_joined();
}

void Draft::rebalance_or_complete_join(const std::string& reason) {
    if (group_.is_in(GroupState::preparing_rebalance)) {
        complete_join_if_all_joined();
    } else {
        rebalance(reason);
    }
}

void Draft::complete_join_if_all_joined() {
    // The first rebalance of an empty group ends by the clock alone.
    if (!group_.is_in(GroupState::preparing_rebalance) || group_.is_initial_rebalance()) return;
    if (group_.has_all_members_joined()) end_join_phase();
}

void Draft::end_join_phase() {
    std::vector<std::string> silent;
    for (const auto& [id, member] : group_.members()) {
        if (!member.awaiting_join && !member.is_static()) silent.push_back(id);
    }
    for (const std::string& id : silent) remove_member(id, "rebalance timeout");

    const auto joined = std::ranges::find_if(
        group_.members(), [](const auto& entry) { return entry.second.awaiting_join.has_value(); });
    if (joined == group_.members().end() && !group_.members().empty()) {
        // Static members alone, none of them there: wait until one comes or their sessions expire.
        change(JoinPhaseExtended{at_.now + Duration(group_.rebalance_timeout()), {}});
        return;
    }
    if (joined != group_.members().end() && !group_.member(*group_.leader()).awaiting_join) {
        change(LeaderElected{joined->first});
    }
    change(GenerationStarted{at_.now + Duration(group_.rebalance_timeout()), at_.wall_ms});
    if (group_.is_in(GroupState::empty)) {
        // If this cannot be stored, the next coordinator finds the old members and waits for their
        // sessions to expire: harmless, so nobody is told.
        store(group_.metadata({}, at_.wall_ms), std::nullopt);
        return;
    }
    std::vector<std::string> ids;
    for (const auto& [id, member] : group_.members()) ids.push_back(id);
    for (const std::string& id : ids) {
        answer_join(id, join_response(group_, id));
        renew_session(id);
    }
}

void Draft::end_sync_phase() {
    const std::set<std::string> missing = group_.pending_sync();
    ASSERT(!missing.empty(), "{} waits for no sync", group_.id());
    for (const std::string& id : missing) remove_member(id, "sync timeout");
    rebalance("members missed their sync");
}

}  // namespace

// ---- rules ----

std::chrono::milliseconds rebalance_timeout_of(const JoinGroupRequest& request) {
    return std::chrono::milliseconds(request.rebalance_timeout_ms > 0 ? request.rebalance_timeout_ms
                                                                      : request.session_timeout_ms);
}

bool is_allowed_session(const JoinGroupRequest& request, const GroupCoordinatorOptions& options) {
    const std::chrono::milliseconds session(request.session_timeout_ms);
    return session >= options.group_min_session_timeout &&
           session <= options.group_max_session_timeout;
}

bool must_return_with_id(const JoinGroupRequest& request, ApiVersion version) {
    return version >= 4 && !request.group_instance_id;
}

ErrorCode check_member(const ClassicGroup& group, const std::string& member_id,
                       const std::optional<std::string>& group_instance_id) {
    if (group_instance_id) {
        const std::string* const current = group.find_static_member(*group_instance_id);
        if (current == nullptr) return ErrorCode::unknown_member_id;
        if (*current != member_id) return ErrorCode::fenced_instance_id;
    }
    return group.find_member(member_id) != nullptr ? ErrorCode::none : ErrorCode::unknown_member_id;
}

Speaker speaker_of(const ClassicGroup& group, const std::string& member_id,
                   const std::optional<std::string>& group_instance_id, const BugSet* bugs) {
    const Speaker right{.error = check_member(group, member_id, group_instance_id),
                        .member_id = member_id};
    if (bugs == nullptr || right.error != ErrorCode::fenced_instance_id) return right;
    // As if the instance id alone told who speaks.
    const bool is_fenced = bugs->deviate(Bug::z79_static_id_not_fenced, true, false);
    if (is_fenced) return right;
    return {.error = ErrorCode::none, .member_id = *group.find_static_member(*group_instance_id)};
}

ErrorCode check_generation(const ClassicGroup& group, GenerationId generation) {
    return generation == group.generation() ? ErrorCode::none : ErrorCode::illegal_generation;
}

bool has_room(const ClassicGroup& group, const std::string& member_id,
              std::int32_t group_max_size) {
    const auto size_max = static_cast<std::size_t>(group_max_size);
    const GroupMember* const member = group.find_member(member_id);
    switch (group.state()) {
        case GroupState::empty:
        case GroupState::dead:
            return true;
        case GroupState::preparing_rebalance:
            // Who joins first stays, if the maximum was lowered below the size of the group.
            return (member != nullptr && member->awaiting_join) ||
                   group.count_awaiting_join() < size_max;
        case GroupState::completing_rebalance:
        case GroupState::stable:
            return member != nullptr || group.members().size() < size_max;
    }
    return false;
}

bool must_rebalance_for(const ClassicGroup& group, const GroupMember& member,
                        const JoinGroupRequest& request) {
    if (member.protocols != request.protocols) return true;
    // In Stable the leader rejoins because it saw the topics change; in CompletingRebalance because
    // it lost the answer.
    return group.is_in(GroupState::stable) && group.is_leader(member.member_id);
}

bool is_expired(const GroupMember& member, LocalTime now) {
    if (now < member.session_deadline) return false;
    return member.is_new || (!member.awaiting_join && !member.awaiting_sync);
}

ErrorCode error_for_failed_append(ErrorCode append_error) {
    switch (append_error) {
        case ErrorCode::unknown_topic_or_partition:
        case ErrorCode::not_enough_replicas:
        case ErrorCode::not_enough_replicas_after_append:
        case ErrorCode::request_timed_out:
            return ErrorCode::coordinator_not_available;
        case ErrorCode::not_leader_or_follower:
        case ErrorCode::kafka_storage_error:
            return ErrorCode::not_coordinator;
        case ErrorCode::message_too_large:
        case ErrorCode::record_list_too_large:
        case ErrorCode::invalid_fetch_size:
            return ErrorCode::unknown_server_error;
        default:
            return append_error;
    }
}

// ---- requests ----

GroupDecision ClassicProtocol::join(const ClassicGroup& group, const JoinGroupRequest& request,
                                    const GroupCall& call) const {
    const std::chrono::milliseconds session_timeout(request.session_timeout_ms);
    if (!is_allowed_session(request, options_)) {
        return reply_only(call, join_error(ErrorCode::invalid_session_timeout, request.member_id));
    }
    Draft draft(group, options_, call.at);
    if (!has_room(group, request.member_id, options_.group_max_size)) {
        if (group.is_pending(request.member_id)) {
            draft.change(PendingMemberRemoved{request.member_id});
        } else if (group.find_member(request.member_id) != nullptr) {
            draft.remove_member(request.member_id, "group is full");
        }
        draft.reply(call.call, join_error(ErrorCode::group_max_size_reached, ""));
        draft.complete_join_if_all_joined();
        return draft.take();
    }
    if (!group.supports(request.protocol_type, request.protocols)) {
        return reply_only(call,
                          join_error(ErrorCode::inconsistent_group_protocol, request.member_id));
    }

    if (request.member_id.empty()) {
        const std::string member_id = new_member_id(request, call);
        const std::string* const known = request.group_instance_id
                                             ? group.find_static_member(*request.group_instance_id)
                                             : nullptr;
        if (known != nullptr) {
            draft.replace_static_member(request, call, std::string(*known), member_id);
        } else if (must_return_with_id(request, call.version)) {
            draft.change(PendingMemberAdded{member_id, call.at.now + Duration(session_timeout)});
            draft.reply(call.call, join_error(ErrorCode::member_id_required, member_id));
        } else {
            draft.add_member(request, call, member_id);
        }
        return draft.take();
    }

    if (group.is_pending(request.member_id) && !request.group_instance_id) {
        draft.add_member(request, call, request.member_id);
        return draft.take();
    }
    const ErrorCode error = check_member(group, request.member_id, request.group_instance_id);
    if (error != ErrorCode::none) return reply_only(call, join_error(error, request.member_id));

    const GroupMember& member = group.member(request.member_id);
    if (group.is_in(GroupState::preparing_rebalance)) {
        draft.update_member(request, call, member.member_id);
        draft.complete_join_if_all_joined();
    } else if (must_rebalance_for(group, member, request)) {
        // The sync it may still wait for is cancelled by the rebalance.
        draft.update_member(request, call, member.member_id);
        draft.rebalance("member " + member.member_id + " joins again");
    } else {
        // It lost the answer: the generation it asks for is the current one.
        draft.reply(call.call, join_response(group, member.member_id));
    }
    return draft.take();
}

GroupDecision ClassicProtocol::sync(const ClassicGroup& group, const SyncGroupRequest& request,
                                    const GroupCall& call) const {
    ErrorCode error = check_member(group, request.member_id, request.group_instance_id);
    if (error == ErrorCode::none) error = check_generation(group, request.generation_id);
    if (error == ErrorCode::none &&
        ((request.protocol_type && request.protocol_type != group.protocol_type()) ||
         (request.protocol_name && request.protocol_name != group.protocol_name()))) {
        error = ErrorCode::inconsistent_group_protocol;
    }
    if (error != ErrorCode::none) return reply_only(call, sync_error(error));

    Draft draft(group, options_, call.at);
    switch (group.state()) {
        case GroupState::preparing_rebalance:
            return reply_only(call, sync_error(ErrorCode::rebalance_in_progress));
        case GroupState::completing_rebalance:
            // Asked again on another connection.
            draft.answer_sync(request.member_id, ErrorCode::rebalance_in_progress);
            draft.change(SyncArrived{request.member_id, call.call});
            if (group.is_leader(request.member_id)) {
                std::map<std::string, Bytes> assignment;
                for (const auto& each : request.assignments) {
                    assignment[each.member_id] = each.assignment;
                }
                draft.store(group.metadata(assignment, call.at.wall_ms),
                            AssignmentStored{group.id(), group.generation(), assignment});
            }
            return draft.take();
        case GroupState::stable: {
            SyncGroupResponse response;
            response.protocol_type = group.protocol_type();
            response.protocol_name = group.protocol_name();
            response.assignment = group.member(request.member_id).assignment;
            draft.change(SyncArrived{request.member_id, std::nullopt});
            draft.renew_session(request.member_id);
            draft.reply(call.call, std::move(response));
            return draft.take();
        }
        case GroupState::empty:
        case GroupState::dead:
            break;
    }
    UNREACHABLE("{} has a member in {}", group.id(), to_string(group.state()));
}

GroupDecision ClassicProtocol::heartbeat(const ClassicGroup& group, const HeartbeatRequest& request,
                                         const GroupCall& call) const {
    const Speaker speaker = speaker_of(group, request.member_id, request.group_instance_id, bugs_);
    ErrorCode error = speaker.error;
    if (error == ErrorCode::none) error = check_generation(group, request.generation_id);
    if (error != ErrorCode::none) return reply_only(call, heartbeat_response(error));

    // Members may send heartbeats as soon as their join is answered: in CompletingRebalance all is
    // well.
    const bool must_rejoin = group.is_in(GroupState::preparing_rebalance);
    GroupDecision decision = reply_only(
        call, heartbeat_response(must_rejoin ? ErrorCode::rebalance_in_progress : ErrorCode::none));
    const LocalTime deadline = call.at.now + group.member(speaker.member_id).session_timeout;
    decision.changes.push_back({group.id(), SessionRenewed{speaker.member_id, deadline}});
    return decision;
}

GroupDecision ClassicProtocol::leave(const ClassicGroup& group, const LeaveGroupRequest& request,
                                     const GroupCall& call) const {
    Draft draft(group, options_, call.at);
    LeaveGroupResponse response;
    bool any_left = false;
    const auto take_out = [&](const LeaveGroupRequest::Member& leaver) {
        // Administrators remove static members by instance id alone.
        if (leaver.member_id.empty()) {
            const std::string* const known =
                leaver.group_instance_id
                    ? draft.group().find_static_member(*leaver.group_instance_id)
                    : nullptr;
            if (known == nullptr) return ErrorCode::unknown_member_id;
            draft.remove_member(std::string(*known), "removed");
            any_left = true;
            return ErrorCode::none;
        }
        if (draft.group().is_pending(leaver.member_id)) {
            draft.change(PendingMemberRemoved{leaver.member_id});
            any_left = true;
            return ErrorCode::none;
        }
        const ErrorCode error =
            check_member(draft.group(), leaver.member_id, leaver.group_instance_id);
        if (error == ErrorCode::none) {
            draft.remove_member(leaver.member_id, "left");
            any_left = true;
        }
        return error;
    };
    if (call.version <= 2) {
        response.error_code = take_out({request.member_id, std::nullopt, std::nullopt});
    } else {
        for (const LeaveGroupRequest::Member& leaver : request.members) {
            const ErrorCode error = take_out(leaver);
            response.members.push_back({leaver.member_id, leaver.group_instance_id, error});
        }
    }
    draft.reply(call.call, std::move(response));
    if (any_left) {
        const bool had_generation =
            group.is_in(GroupState::completing_rebalance) || group.is_in(GroupState::stable);
        const bool lost_members = draft.group().members().size() < group.members().size();
        if (had_generation && lost_members) {
            draft.rebalance("members left");
        } else {
            draft.complete_join_if_all_joined();
        }
    }
    return draft.take();
}

// ---- the fate of records ----

GroupDecision ClassicProtocol::on_stored(const ClassicGroup& group, const AssignmentStored& stored,
                                         ErrorCode error, const Moment& at) const {
    // Somebody joined while the record was on its way: that rebalance has its own assignment.
    if (!group.is_in(GroupState::completing_rebalance) || group.generation() != stored.generation) {
        return {};
    }
    Draft draft(group, options_, at);
    if (error != ErrorCode::none) {
        draft.change(AssignmentSet{});
        draft.answer_all_syncs(error_for_failed_append(error));
        draft.rebalance("the assignment could not be stored");
        return draft.take();
    }
    draft.change(AssignmentSet{stored.assignment});
    draft.answer_all_syncs(ErrorCode::none);
    draft.change(BecameStable{at.wall_ms});
    return draft.take();
}

GroupDecision ClassicProtocol::on_stored(const ClassicGroup& group,
                                         const StaticMemberStored& stored, ErrorCode error,
                                         const Moment& at) const {
    // Removed, or replaced once more, in the meantime.
    if (group.find_member(stored.member_id) == nullptr) return {};
    Draft draft(group, options_, at);
    if (error != ErrorCode::none) {
        draft.answer_join(stored.member_id,
                          join_error(error_for_failed_append(error), stored.member_id));
        draft.answer_sync(stored.member_id, error_for_failed_append(error));
        draft.change(StaticMemberReplaced{stored.member_id, stored.before.member_id});
        draft.change(MemberUpdated{stored.before.member_id, stored.before.protocols,
                                   stored.before.rebalance_timeout, stored.before.session_timeout,
                                   std::nullopt});
        draft.renew_session(stored.before.member_id);
        draft.complete_join_if_all_joined();
        return draft.take();
    }
    // A rebalance began in the meantime: it counts as joined, and its answer is the new generation.
    if (!group.is_in(GroupState::stable)) return {};
    JoinGroupResponse response = join_response(group, stored.member_id);
    if (stored.can_skip_assignment) {
        // The leader learns the members, and that their assignment is not its business (KIP-814).
        response.skip_assignment = group.is_leader(stored.member_id);
    } else {
        // An older client that saw itself as the leader would assign anew: name the old one.
        response.leader = stored.leader;
        response.members.clear();
    }
    draft.answer_join(stored.member_id, std::move(response));
    draft.renew_session(stored.member_id);
    return draft.take();
}

// ---- time ----

LocalTime ClassicProtocol::next_deadline(const ClassicGroup& group) {
    LocalTime next = std::min(group.join_deadline(), group.sync_deadline());
    for (const auto& [id, deadline] : group.pending_members()) next = std::min(next, deadline);
    for (const auto& [id, member] : group.members()) next = std::min(next, member.session_deadline);
    return next;
}

GroupDecision ClassicProtocol::on_timeout(const ClassicGroup& group, const Moment& at) const {
    const LocalTime due = next_deadline(group);
    ASSERT(due <= at.now, "nothing of {} is due", group.id());
    Draft draft(group, options_, at);
    if (group.join_deadline() == due) {
        const auto extension = std::min(Duration(options_.group_initial_rebalance_delay),
                                        Duration(group.extension_left()));
        if (group.is_initial_rebalance() && group.new_member_added() && extension > Duration(0)) {
            const auto left = group.extension_left() -
                              std::chrono::duration_cast<std::chrono::milliseconds>(extension);
            draft.change(JoinPhaseExtended{at.now + extension, left});
        } else {
            draft.end_join_phase();
        }
        return draft.take();
    }
    if (group.sync_deadline() == due) {
        draft.end_sync_phase();
        return draft.take();
    }
    for (const auto& [id, deadline] : group.pending_members()) {
        if (deadline != due) continue;
        draft.change(PendingMemberRemoved{id});
        draft.complete_join_if_all_joined();
        return draft.take();
    }
    for (const auto& [id, member] : group.members()) {
        if (member.session_deadline != due) continue;
        if (is_expired(member, at.now)) {
            draft.remove_member(id, "session timeout");
            draft.rebalance_or_complete_join("the session of " + id + " expired");
        } else {
            draft.change(SessionRenewed{id, LocalTime::max()});
        }
        return draft.take();
    }
    UNREACHABLE("the deadline of {} belongs to nobody", group.id());
}

GroupDecision ClassicProtocol::on_loaded(const ClassicGroup& group, const Moment& at) const {
    Draft draft(group, options_, at);
    for (const auto& [id, member] : group.members()) draft.renew_session(id);
    if (!group.members().empty() && !group.leader()) {
        draft.rebalance("the group was of the consumer protocol");
    } else if (group.members().size() > static_cast<std::size_t>(options_.group_max_size)) {
        draft.rebalance("the group is larger than group.max.size");
    }
    return draft.take();
}

GroupDecision ClassicProtocol::release(const ClassicGroup& group, const Moment& at) const {
    Draft draft(group, options_, at);
    for (const auto& [id, member] : group.members()) {
        draft.answer_join(id, join_error(ErrorCode::rebalance_in_progress, id));
    }
    draft.answer_all_syncs(ErrorCode::rebalance_in_progress);
    return draft.take();
}

}  // namespace squall::model
