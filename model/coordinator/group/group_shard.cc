#include "model/coordinator/group/group_shard.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "model/assignors/consumer_protocol.h"
#include "model/coordinator/group/group_migration.h"
#include "sim/base/assert.h"

namespace squall::model {

namespace {

void fold(const ConsumerGroupRecord& record, std::map<std::string, ConsumerGroup>& groups) {
    const std::string& id = group_of(record);
    ConsumerGroup& group = groups.try_emplace(id, id).first->second;
    group.apply(record);
    // Tombstones of what compaction kept back may still come.
    if (group.is_gone() && group.members().empty()) groups.erase(id);
}

// The tombstones of a group of the consumer protocol that has no members.
void bury(const ConsumerGroup& group, std::vector<GroupRecord>& records) {
    ASSERT(group.members().empty(), "{} has members", group.id());
    records.push_back(ConsumerGroupRecord(
        ConsumerStateRecord<TargetAssignmentEpoch>{group.id(), "", std::nullopt}));
    records.push_back(
        ConsumerGroupRecord(ConsumerStateRecord<ConsumerGroupEpoch>{group.id(), "", std::nullopt}));
}

GroupDecision no_consumer_group(const GroupCall& call, std::string why) {
    ConsumerGroupHeartbeatResponse response;
    response.error_code = ErrorCode::group_id_not_found;
    response.error_message = std::move(why);
    return reply_only(call, std::move(response));
}

}  // namespace

void GroupShard::apply(const GroupRecord& record, const RecordPlace& place) {
    if (const auto* of_consumers = std::get_if<ConsumerGroupRecord>(&record)) {
        fold(*of_consumers, stored_consumer_groups_);
        return;
    }
    if (const auto* commit = std::get_if<OffsetCommitRecord>(&record)) {
        offsets_.apply(*commit, place);
        // A simple consumer's group exists by its offsets alone.
        const bool begins_group =
            is_active_ && commit->value && !consumer_groups_.contains(commit->group);
        if (begins_group) groups_.try_emplace(commit->group, commit->group);
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

void GroupShard::begin(const GroupRecord& record) {
    ASSERT(is_active_, "a record of {} before its log was read", group_of(record));
    const auto* const of_consumers = std::get_if<ConsumerGroupRecord>(&record);
    if (of_consumers == nullptr) return;
    fold(*of_consumers, consumer_groups_);
    const auto* const epoch = std::get_if<ConsumerStateRecord<ConsumerGroupEpoch>>(of_consumers);
    if (epoch == nullptr || !epoch->value) return;
    // What was a group of offsets alone, or one of the classic protocol.
    const auto classic = groups_.find(epoch->group);
    if (classic == groups_.end()) return;
    for (const auto& [id, member] : classic->second.members()) {
        ASSERT(!member.awaiting_join && !member.awaiting_sync, "{} waits in a group that ends", id);
    }
    groups_.erase(classic);
}

std::vector<ResolvedOffset> GroupShard::end_transaction(ProducerId producer, bool commit) {
    std::vector<ResolvedOffset> resolved = offsets_.end_transaction(producer, commit);
    for (const ResolvedOffset& each : resolved) {
        if (!is_active_) break;
        if (consumer_groups_.contains(each.group)) continue;
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
    if (const auto* timer = std::get_if<group_change::ConsumerTimerSet>(&change.what)) {
        consumer_groups_.try_emplace(change.group, change.group).first->second.apply(*timer);
        return;
    }
    groups_.try_emplace(change.group, change.group).first->second.apply(change);
}

GroupDecision GroupShard::activate(const Moment& at) {
    ASSERT(!is_active_ && groups_.empty(), "activated twice");
    is_active_ = true;
    for (const auto& [id, stored] : stored_groups_) groups_.emplace(id, ClassicGroup(id, stored));
    consumer_groups_ = stored_consumer_groups_;
    for (const std::string& id : offsets_.groups()) {
        if (!consumer_groups_.contains(id)) groups_.try_emplace(id, id);
    }

    GroupDecision all;
    for (const auto& [id, group] : groups_) {
        ASSERT(!consumer_groups_.contains(id), "{} is of two protocols", id);
        GroupDecision decision = protocol_.on_loaded(group, at);
        ASSERT(decision.records.empty() && decision.replies.empty(),
               "{} has members that wait before anybody asked", id);
        for (GroupChange& change : decision.changes) all.changes.push_back(std::move(change));
    }
    for (const auto& [id, group] : consumer_groups_) {
        GroupDecision decision = consumer_protocol_.on_loaded(group, at);
        ASSERT(decision.records.empty(), "{} changes by being loaded", id);
        for (GroupChange& change : decision.changes) all.changes.push_back(std::move(change));
    }
    return all;
}

const ConsumerGroup* GroupShard::find_consumer_group(const std::string& group) const {
    const auto found = consumer_groups_.find(group);
    return found == consumer_groups_.end() ? nullptr : &found->second;
}

const ConsumerGroup* GroupShard::find_stored_consumer_group(const std::string& group) const {
    const auto found = stored_consumer_groups_.find(group);
    return found == stored_consumer_groups_.end() ? nullptr : &found->second;
}

bool GroupShard::has_same_records_as(const GroupShard& other) const {
    return stored_groups_ == other.stored_groups_ && offsets_ == other.offsets_ &&
           std::ranges::equal(stored_consumer_groups_, other.stored_consumer_groups_,
                              [](const auto& a, const auto& b) {
                                  return a.first == b.first &&
                                         a.second.has_same_records_as(b.second);
                              });
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

const ConsumerGroup* GroupShard::find_migrating(const std::string& group) const {
    const ConsumerGroup* const modern = find_consumer_group(group);
    return modern == nullptr || modern->members().empty() ? nullptr : modern;
}

GroupDecision GroupShard::handle(const JoinGroupRequest& request, const GroupCall& call,
                                 const MetadataImage& image) const {
    if (const ConsumerGroup* const modern = find_migrating(request.group_id)) {
        return follow_conversion(classic_members_.join(*modern, request, call, image), call.at);
    }
    GroupDecision decision = with_group(request, call, &ClassicProtocol::join);
    if (const ConsumerGroup* const empty = find_consumer_group(request.group_id)) {
        ASSERT(decision.records.empty(), "the first member of {} finds one", request.group_id);
        bury(*empty, decision.records);
    }
    return decision;
}
GroupDecision GroupShard::handle(const SyncGroupRequest& request, const GroupCall& call,
                                 const MetadataImage& image) const {
    if (const ConsumerGroup* const modern = find_migrating(request.group_id)) {
        return classic_members_.sync(*modern, request, call, image);
    }
    return with_group(request, call, &ClassicProtocol::sync);
}
GroupDecision GroupShard::handle(const HeartbeatRequest& request, const GroupCall& call) const {
    if (const ConsumerGroup* const modern = find_migrating(request.group_id)) {
        return classic_members_.heartbeat(*modern, request, call);
    }
    return with_group(request, call, &ClassicProtocol::heartbeat);
}
GroupDecision GroupShard::handle(const LeaveGroupRequest& request, const GroupCall& call) const {
    if (const ConsumerGroup* const modern = find_migrating(request.group_id)) {
        return classic_members_.leave(*modern, request, call);
    }
    return with_group(request, call, &ClassicProtocol::leave);
}

// Members that were given an id, and did not come with it yet, are welcome in either group.
GroupDecision GroupShard::handle(const ConsumerGroupHeartbeatRequest& request,
                                 const GroupCall& call, const MetadataImage& image) const {
    const bool joins = request.member_epoch == joining_member_epoch;
    const ClassicGroup* const classic = find_group(request.group_id);
    const bool is_taken = classic != nullptr && !classic->is_in(GroupState::empty);
    if (is_taken && joins && may_upgrade(*classic, options_)) {
        return upgrade(*classic, request, call, image);
    }
    const ConsumerGroup* const known = find_consumer_group(request.group_id);
    if (is_taken || (known == nullptr && !joins)) {
        return no_consumer_group(
            call, is_taken ? "the group speaks the classic protocol" : "no such group");
    }
    GroupDecision decision =
        known != nullptr
            ? consumer_protocol_.heartbeat(*known, request, call, image)
            : consumer_protocol_.heartbeat(ConsumerGroup(request.group_id), request, call, image);
    // It may have been used by members whose last word is still on its way to the log.
    const bool was_classic = classic != nullptr && (classic->protocol_type().has_value() ||
                                                    stored_groups_.contains(request.group_id));
    if (was_classic && !decision.records.empty()) {
        decision.records.insert(decision.records.begin(),
                                GroupMetadataRecord{request.group_id, std::nullopt});
    }
    return follow_conversion(std::move(decision), call.at);
}

// The conversion and the first step of the member that asked for it are one batch. If the member is
// refused, nothing is converted.
GroupDecision GroupShard::upgrade(const ClassicGroup& classic,
                                  const ConsumerGroupHeartbeatRequest& request,
                                  const GroupCall& call, const MetadataImage& image) const {
    const GroupDecision released = protocol_.release(classic, call.at);
    ClassicGroup silent = classic;
    for (const GroupChange& change : released.changes) silent.apply(change);
    std::optional<GroupDecision> converted = to_consumer(silent, options_, image, call.at, bugs_);
    if (!converted) {
        return no_consumer_group(call, "what its members embed cannot be read");
    }
    ConsumerGroup modern(classic.id());
    for (const GroupRecord& record : converted->records) {
        const auto* const of_consumers = std::get_if<ConsumerGroupRecord>(&record);
        if (of_consumers != nullptr) modern.apply(*of_consumers);
    }
    for (const GroupChange& change : converted->changes) {
        modern.apply(std::get<group_change::ConsumerTimerSet>(change.what));
    }
    GroupDecision step = consumer_protocol_.heartbeat(modern, request, call, image);
    if (step.records.empty()) return step;

    GroupDecision all = released;
    for (GroupDecision* const part : {&*converted, &step}) {
        std::ranges::move(part->changes, std::back_inserter(all.changes));
        std::ranges::move(part->records, std::back_inserter(all.records));
    }
    all.parked = std::move(step.parked);
    ConsumerGroupStored stored = std::get<ConsumerGroupStored>(*step.follow_up);
    stored.converted_to = GroupType::consumer;
    all.follow_up = std::move(stored);
    return all;
}

// Where a decision makes a classic group, the sessions of its members start, and the rebalance if
// there is to be one.
GroupDecision GroupShard::follow_conversion(GroupDecision decision, const Moment& at) const {
    const auto conversion = std::ranges::find_if(decision.changes, [](const GroupChange& change) {
        return std::holds_alternative<group_change::ConvertedToClassic>(change.what);
    });
    if (conversion == decision.changes.end()) return decision;
    ClassicGroup classic(conversion->group);
    classic.apply(*conversion);
    GroupDecision next = protocol_.on_loaded(classic, at);
    ASSERT(next.records.empty() && next.replies.empty(), "{} has members that wait", classic.id());
    std::ranges::move(next.changes, std::back_inserter(decision.changes));
    return decision;
}

ErrorCode GroupShard::check_commit(const OffsetCommitRequest& request, ApiVersion version) const {
    const ConsumerGroup* const modern = find_consumer_group(request.group_id);
    if (modern == nullptr) {
        return check_offset_commit(find_group(request.group_id), request, version, bugs_);
    }
    return check_member_offsets(*modern,
                                {.member_id = request.member_id,
                                 .member_epoch = request.generation_id_or_member_epoch.value(),
                                 .is_of_old_version = version < 9},
                                bugs_);
}

ErrorCode GroupShard::check_commit(const TxnOffsetCommitRequest& request) const {
    const ConsumerGroup* const modern = find_consumer_group(request.group_id);
    if (modern == nullptr) {
        return check_txn_offset_commit(find_group(request.group_id), request, bugs_);
    }
    // Producers from before KIP-447 name no member, and are not held against the group.
    if (request.generation_id < GenerationId(0) && request.member_id.empty() &&
        !request.group_instance_id) {
        return ErrorCode::none;
    }
    const ErrorCode error = check_member_offsets(
        *modern, {.member_id = request.member_id, .member_epoch = request.generation_id.value()},
        bugs_);
    // What a producer understands.
    return error == ErrorCode::stale_member_epoch ? ErrorCode::illegal_generation : error;
}

OffsetFetchResponse::Group GroupShard::fetch(const OffsetFetchRequest::Group& request,
                                             bool require_stable) const {
    const ConsumerGroup* const modern = find_consumer_group(request.group_id);
    const bool names_member = request.member_id.has_value() || request.member_epoch >= 0;
    if (modern != nullptr && names_member) {
        const ErrorCode error = check_member_offsets(
            *modern,
            {.member_id = request.member_id.value_or(""), .member_epoch = request.member_epoch},
            nullptr);
        if (error != ErrorCode::none) {
            OffsetFetchResponse::Group refused;
            refused.group_id = request.group_id;
            refused.error_code = error;
            return refused;
        }
    }
    return offsets_.fetch(request, require_stable, bugs_);
}

GroupDecision GroupShard::handle(const OffsetCommitRequest& request, const GroupCall& call) const {
    GroupDecision decision;
    const ClassicGroup* const group = find_group(request.group_id);
    const ErrorCode error = check_commit(request, call.version);
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
    const ErrorCode error = check_commit(request);
    if (error != ErrorCode::none) {
        decision.answer(call.call, txn_offset_commit_error(request, error));
        return decision;
    }
    // It comes from the producer: the member's session it does not renew.
    OffsetCommitPlan plan =
        plan_offset_commit(as_offset_commit(request), call.at.wall_ms, options_);
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

// Only a group that nobody is in can go. Source: ClassicGroup.validateDeleteGroup,
// ConsumerGroup.validateDeleteGroup.
ErrorCode GroupShard::check_group_deletion(const std::string& group) const {
    if (const ConsumerGroup* const modern = find_consumer_group(group)) {
        return modern->members().empty() ? ErrorCode::none : ErrorCode::non_empty_group;
    }
    const ClassicGroup* const classic = find_group(group);
    if (classic == nullptr) return ErrorCode::group_id_not_found;
    return classic->is_in(GroupState::empty) ? ErrorCode::none : ErrorCode::non_empty_group;
}

GroupDecision GroupShard::handle(const GroupDeletion& request, const GroupCall& call) const {
    GroupDecision decision;
    const std::string& id = request.group_id;
    const ErrorCode error = check_group_deletion(id);
    if (error != ErrorCode::none) {
        decision.answer(call.call, GroupDeletion::Response{id, error});
        return decision;
    }
    for (const TopicPartition& partition : offsets_.partitions_of(id)) {
        decision.records.push_back(OffsetCommitRecord{id, partition, std::nullopt});
    }
    if (const ConsumerGroup* const modern = find_consumer_group(id)) {
        bury(*modern, decision.records);
    } else if (stored_groups_.contains(id) || decision.records.empty()) {
        decision.records.push_back(GroupMetadataRecord{id, std::nullopt});
    }
    decision.answer_when_stored(call.call, GroupDeletion::Response{id, ErrorCode::none});
    decision.follow_up = GroupDeleted{id};
    return decision;
}

// Offsets of consumers may go while the group is in use, topic by topic; whoever else coordinates
// through a group (Connect) says nothing of topics. Source: validateOffsetDelete.
ErrorCode GroupShard::check_offset_delete(const std::string& group) const {
    if (find_consumer_group(group) != nullptr) return ErrorCode::none;
    const ClassicGroup* const classic = find_group(group);
    if (classic == nullptr) return ErrorCode::group_id_not_found;
    const bool is_of_consumers = classic->protocol_type() == consumer_protocol_type;
    return classic->is_in(GroupState::empty) || is_of_consumers ? ErrorCode::none
                                                                : ErrorCode::non_empty_group;
}

// What members in the middle of a rebalance will subscribe to is not known yet: they may.
bool GroupShard::is_subscribed(const std::string& group, const std::string& topic) const {
    if (const ConsumerGroup* const modern = find_consumer_group(group)) {
        return modern->subscribed_topics().contains(topic);
    }
    const ClassicGroup* const classic = find_group(group);
    return !classic->is_in(GroupState::empty) && !classic->has_forgotten(topic);
}

GroupDecision GroupShard::handle(const OffsetDeleteRequest& request, const GroupCall& call) const {
    GroupDecision decision;
    OffsetDeleteResponse response;
    response.error_code = check_offset_delete(request.group_id);
    if (response.error_code != ErrorCode::none) {
        decision.answer(call.call, std::move(response));
        return decision;
    }
    const std::set<TopicPartition> known = offsets_.partitions_of(request.group_id);
    for (const OffsetDeleteRequest::Topic& topic : request.topics) {
        const ErrorCode error = is_subscribed(request.group_id, topic.name)
                                    ? ErrorCode::group_subscribed_to_topic
                                    : ErrorCode::none;
        OffsetDeleteResponse::Topic& slot = response.topics.emplace_back();
        slot.name = topic.name;
        for (const OffsetDeleteRequest::Partition& partition : topic.partitions) {
            slot.partitions.push_back({partition.partition_index, error});
            const TopicPartition name{topic.name, partition.partition_index};
            if (error == ErrorCode::none && known.contains(name)) {
                decision.records.push_back(
                    OffsetCommitRecord{request.group_id, name, std::nullopt});
            }
        }
    }
    if (decision.records.empty()) {
        decision.answer(call.call, std::move(response));
    } else {
        decision.answer_when_stored(call.call, std::move(response));
    }
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
    for (const auto& [id, group] : consumer_groups_) next = std::min(next, group.next_deadline());
    return next;
}

GroupDecision GroupShard::on_timeout(const Moment& at, const MetadataImage& image) const {
    const LocalTime due = next_deadline();
    for (const auto& [id, group] : groups_) {
        if (ClassicProtocol::next_deadline(group) == due) return protocol_.on_timeout(group, at);
    }
    for (const auto& [id, group] : consumer_groups_) {
        if (group.next_deadline() != due) continue;
        return follow_conversion(consumer_protocol_.on_timeout(group, at, image), at);
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
    for (const auto& [id, group] : consumer_groups_) expire(group, at, decision);
    return decision;
}

void GroupShard::expire(const ConsumerGroup& group, const Moment& at,
                        GroupDecision& decision) const {
    const std::set<std::string> subscribed = group.subscribed_topics();
    std::size_t kept = 0;
    for (const auto& [partition, committed] : offsets_.of_group(group.id())) {
        const bool is_expired = !offsets_.has_pending(group.id(), partition) &&
                                is_offset_expired(committed, subscribed.contains(partition.topic),
                                                  at.wall_ms, options_, bugs_);
        if (is_expired) {
            decision.records.push_back(OffsetCommitRecord{group.id(), partition, std::nullopt});
        } else {
            ++kept;
        }
    }
    if (kept == 0 && !offsets_.has_pending(group.id()) && group.members().empty()) {
        bury(group, decision.records);
    }
}

}  // namespace squall::model
