#include "model/coordinator/group/group_shard.h"

#include <utility>

#include "sim/base/assert.h"

namespace squall::model {

void GroupShard::apply(const GroupRecord& record, const RecordPlace& place) {
    if (const auto* commit = std::get_if<OffsetCommitRecord>(&record)) {
        offsets_.apply(*commit, place);
        // A simple consumer's group exists by its offsets alone.
        if (is_active_ && commit->value) groups_.try_emplace(commit->group, commit->group);
        if (!commit->value) bury_if_nothing_left(commit->group);
        return;
    }
    const auto& metadata = std::get<GroupMetadataRecord>(record);
    if (metadata.value) {
        stored_groups_[metadata.group] = *metadata.value;
    } else {
        stored_groups_.erase(metadata.group);
        bury_if_nothing_left(metadata.group);
    }
}

std::vector<ResolvedOffset> GroupShard::end_transaction(ProducerId producer, bool commit) {
    std::vector<ResolvedOffset> resolved = offsets_.end_transaction(producer, commit);
    for (const ResolvedOffset& each : resolved) {
        if (!is_active_) break;
        if (each.takes_effect) {
            groups_.try_emplace(each.group, each.group);
        } else {
            bury_if_nothing_left(each.group);
        }
    }
    return resolved;
}

// A live group ends when retention took its last record. Not if somebody joined in the meantime.
void GroupShard::bury_if_nothing_left(const std::string& group) {
    const auto found = groups_.find(group);
    if (found == groups_.end() || stored_groups_.contains(group)) return;
    if (!offsets_.of_group(group).empty() || offsets_.has_pending(group)) return;
    if (!found->second.is_in(GroupState::empty) || !found->second.pending_members().empty()) return;
    found->second.apply({group, group_change::Died{}});
    groups_.erase(found);
}

void GroupShard::apply(const GroupChange& change) {
    ASSERT(is_active_, "a change of {} before its log was read", change.group);
    groups_.try_emplace(change.group, change.group).first->second.apply(change);
}

GroupDecision GroupShard::activate(const Moment& at) {
    ASSERT(!is_active_ && groups_.empty(), "activated twice");
    is_active_ = true;
    for (const auto& [id, stored] : stored_groups_) groups_.emplace(id, ClassicGroup(id, stored));
    for (const auto& [id, offsets] : offsets_.all()) groups_.try_emplace(id, id);

    GroupDecision all;
    for (const auto& [id, group] : groups_) {
        GroupDecision decision = protocol_.on_loaded(group, at);
        ASSERT(decision.records.empty() && decision.replies.empty(),
               "{} has members that wait before anybody asked", id);
        for (GroupChange& change : decision.changes) all.changes.push_back(std::move(change));
    }
    return all;
}

const ClassicGroup* GroupShard::find_group(const std::string& group) const {
    const auto found = groups_.find(group);
    return found == groups_.end() ? nullptr : &found->second;
}

// An unknown group is an empty one that nobody has heard of: it begins to exist with the first
// change that is applied to it.
template <class Request>
GroupDecision GroupShard::with_group(const Request& request, const GroupCall& call,
                                     GroupDecision (ClassicProtocol::*decide)(const ClassicGroup&,
                                                                              const Request&,
                                                                              const GroupCall&)
                                         const) const {
    const ClassicGroup* const known = find_group(request.group_id);
    if (known != nullptr) return (protocol_.*decide)(*known, request, call);
    return (protocol_.*decide)(ClassicGroup(request.group_id), request, call);
}

GroupDecision GroupShard::handle(const JoinGroupRequest& request, const GroupCall& call) const {
    return with_group(request, call, &ClassicProtocol::join);
}
GroupDecision GroupShard::handle(const SyncGroupRequest& request, const GroupCall& call) const {
    return with_group(request, call, &ClassicProtocol::sync);
}
GroupDecision GroupShard::handle(const HeartbeatRequest& request, const GroupCall& call) const {
    return with_group(request, call, &ClassicProtocol::heartbeat);
}
GroupDecision GroupShard::handle(const LeaveGroupRequest& request, const GroupCall& call) const {
    return with_group(request, call, &ClassicProtocol::leave);
}

GroupDecision GroupShard::handle(const OffsetCommitRequest& request, const GroupCall& call) const {
    GroupDecision decision;
    const ClassicGroup* const group = find_group(request.group_id);
    const ErrorCode error = check_offset_commit(group, request, call.version, bugs_);
    if (error != ErrorCode::none) {
        decision.answer(call.call, offset_commit_error(request, error));
        return decision;
    }
    if (group != nullptr && commit_renews_session(*group, request)) {
        const LocalTime deadline = call.at.now + group->member(request.member_id).session_timeout;
        decision.changes.push_back(
            {request.group_id, group_change::SessionRenewed{request.member_id, deadline}});
    }
    OffsetCommitPlan plan = plan_offset_commit(request, call.at.wall_ms, options_);
    if (plan.records.empty()) {
        decision.answer(call.call, std::move(plan.response));
        return decision;
    }
    decision.records = std::move(plan.records);
    decision.answer_when_stored(call.call, std::move(plan.response));
    decision.follow_up = OffsetsStored{.member_id = request.member_id,
                                       .generation = request.generation_id_or_member_epoch};
    return decision;
}

GroupDecision GroupShard::handle(const TxnOffsetCommitRequest& request,
                                 const GroupCall& call) const {
    GroupDecision decision;
    const ClassicGroup* const group = find_group(request.group_id);
    const ErrorCode error = check_txn_offset_commit(group, request, bugs_);
    if (error != ErrorCode::none) {
        decision.answer(call.call, txn_offset_commit_error(request, error));
        return decision;
    }
    const OffsetCommitRequest commit = as_offset_commit(request);
    if (group != nullptr && commit_renews_session(*group, commit)) {
        const LocalTime deadline = call.at.now + group->member(request.member_id).session_timeout;
        decision.changes.push_back(
            {request.group_id, group_change::SessionRenewed{request.member_id, deadline}});
    }
    OffsetCommitPlan plan = plan_offset_commit(commit, call.at.wall_ms, options_);
    TxnOffsetCommitResponse response;
    for (const OffsetCommitResponse::Topic& topic : plan.response.topics) {
        TxnOffsetCommitResponse::Topic& slot = response.topics.emplace_back();
        slot.name = topic.name;
        for (const OffsetCommitResponse::Partition& partition : topic.partitions) {
            slot.partitions.push_back({partition.partition_index, partition.error_code});
        }
    }
    if (plan.records.empty()) {
        decision.answer(call.call, std::move(response));
        return decision;
    }
    decision.records = std::move(plan.records);
    decision.answer_when_stored(call.call, std::move(response));
    decision.follow_up = OffsetsStored{request.member_id, request.generation_id,
                                       request.producer_id, request.producer_epoch};
    return decision;
}

GroupDecision GroupShard::on_stored(const GroupFollowUp& follow_up, ErrorCode error,
                                    const Moment& at) const {
    if (const auto* assignment = std::get_if<AssignmentStored>(&follow_up)) {
        const ClassicGroup* const group = find_group(assignment->group);
        return group == nullptr ? GroupDecision()
                                : protocol_.on_stored(*group, *assignment, error, at);
    }
    if (const auto* member = std::get_if<StaticMemberStored>(&follow_up)) {
        const ClassicGroup* const group = find_group(member->group);
        return group == nullptr ? GroupDecision() : protocol_.on_stored(*group, *member, error, at);
    }
    return {};
}

LocalTime GroupShard::next_deadline() const {
    LocalTime next = LocalTime::max();
    for (const auto& [id, group] : groups_) {
        next = std::min(next, ClassicProtocol::next_deadline(group));
    }
    return next;
}

GroupDecision GroupShard::on_timeout(const Moment& at) const {
    const LocalTime due = next_deadline();
    for (const auto& [id, group] : groups_) {
        if (ClassicProtocol::next_deadline(group) == due) return protocol_.on_timeout(group, at);
    }
    UNREACHABLE("no group has a timer");
}

GroupDecision GroupShard::expire(const Moment& at) const {
    GroupDecision decision;
    for (const auto& [id, group] : groups_) {
        std::size_t kept = 0;
        for (const auto& [partition, committed] : offsets_.of_group(id)) {
            if (!offsets_.has_pending(id, partition) &&
                is_offset_expired(partition, committed, group, at.wall_ms, options_, bugs_)) {
                decision.records.push_back(OffsetCommitRecord{id, partition, std::nullopt});
            } else {
                ++kept;
            }
        }
        const bool is_over = kept == 0 && !offsets_.has_pending(id) &&
                             group.is_in(GroupState::empty) && group.pending_members().empty() &&
                             stored_groups_.contains(id);
        if (is_over) decision.records.push_back(GroupMetadataRecord{id, std::nullopt});
    }
    return decision;
}

}  // namespace squall::model
