#include "model/coordinator/group/classic_group.h"

#include <algorithm>
#include <utility>

#include "model/assignors/consumer_protocol.h"
#include "sim/base/assert.h"

namespace squall::model {

std::string_view to_string(GroupState state) {
    switch (state) {
        case GroupState::empty:
            return "Empty";
        case GroupState::preparing_rebalance:
            return "PreparingRebalance";
        case GroupState::completing_rebalance:
            return "CompletingRebalance";
        case GroupState::stable:
            return "Stable";
        case GroupState::dead:
            return "Dead";
    }
    return "?";
}

const JoinGroupRequest::Protocol* GroupMember::find_protocol(std::string_view name) const {
    const auto found = std::ranges::find(protocols, name, &JoinGroupRequest::Protocol::name);
    return found == protocols.end() ? nullptr : &*found;
}

ClassicGroup::ClassicGroup(std::string group_id, const GroupMetadata& stored)
    : group_id_(std::move(group_id)),
      state_(stored.members.empty() ? GroupState::empty : GroupState::stable),
      generation_(stored.generation),
      protocol_name_(stored.protocol),
      leader_(stored.leader),
      state_timestamp_(stored.current_state_timestamp) {
    if (!stored.protocol_type.empty()) protocol_type_ = stored.protocol_type;
    for (const MemberMetadata& each : stored.members) {
        GroupMember member;
        member.member_id = each.member_id;
        member.group_instance_id = each.group_instance_id;
        member.client_id = each.client_id;
        member.client_host = each.client_host;
        member.rebalance_timeout = each.rebalance_timeout;
        member.session_timeout = each.session_timeout;
        // The log keeps the subscription for the chosen protocol alone.
        member.protocols = {{stored.protocol.value_or(std::string()), each.subscription}};
        member.assignment = each.assignment;
        member.is_new = false;
        if (member.is_static()) static_members_[*member.group_instance_id] = member.member_id;
        members_.emplace(member.member_id, std::move(member));
    }
}

void ClassicGroup::apply(const GroupChange& change) {
    ASSERT(change.group == group_id_, "a change of {} for {}", change.group, group_id_);
    ASSERT(state_ != GroupState::dead, "{} is dead", group_id_);
    std::visit([this](const auto& what) { on(what); }, change.what);
}

void ClassicGroup::on(const group_change::PendingMemberAdded& change) {
    ASSERT(!members_.contains(change.member_id), "{} is a member", change.member_id);
    pending_members_[change.member_id] = change.deadline;
}

void ClassicGroup::on(const group_change::PendingMemberRemoved& change) {
    ASSERT(is_pending(change.member_id), "{} is not pending", change.member_id);
    pending_members_.erase(change.member_id);
}

void ClassicGroup::on(const group_change::MemberAdded& change) {
    const GroupMember& member = change.member;
    ASSERT(!member.member_id.empty(), "a member of {} without id", group_id_);
    ASSERT(member.awaiting_join.has_value(), "{} does not wait", member.member_id);
    if (members_.empty()) protocol_type_ = change.protocol_type;
    ASSERT(protocol_type_ == change.protocol_type, "{} is of type {}", member.member_id,
           change.protocol_type);
    if (!leader_) leader_ = member.member_id;
    if (member.is_static()) {
        ASSERT(!static_members_.contains(*member.group_instance_id), "{} is taken",
               *member.group_instance_id);
        static_members_[*member.group_instance_id] = member.member_id;
    }
    pending_members_.erase(member.member_id);
    if (is_in(GroupState::preparing_rebalance) && is_initial_rebalance_) new_member_added_ = true;
    const bool added = members_.emplace(member.member_id, member).second;
    ASSERT(added, "{} is a member of {} already", member.member_id, group_id_);
}

void ClassicGroup::on(const group_change::MemberUpdated& change) {
    GroupMember& member = mutable_member(change.member_id);
    member.protocols = change.protocols;
    member.rebalance_timeout = change.rebalance_timeout;
    member.session_timeout = change.session_timeout;
    member.awaiting_join = change.awaiting_join;
}

void ClassicGroup::on(const group_change::StaticMemberReplaced& change) {
    GroupMember member = this->member(change.from);
    ASSERT(member.is_static(), "{} is not static", change.from);
    ASSERT(!member.awaiting_join && !member.awaiting_sync, "{} is owed an answer", change.from);
    ASSERT(!members_.contains(change.to), "{} is a member already", change.to);
    members_.erase(change.from);
    member.member_id = change.to;
    static_members_[*member.group_instance_id] = change.to;
    if (is_leader(change.from)) leader_ = change.to;
    if (pending_sync_.erase(change.from) > 0) pending_sync_.insert(change.to);
    members_.emplace(change.to, std::move(member));
}

void ClassicGroup::on(const group_change::MemberRemoved& change) {
    const GroupMember& gone = member(change.member_id);
    ASSERT(!gone.awaiting_join && !gone.awaiting_sync, "{} is owed an answer", change.member_id);
    if (gone.is_static()) static_members_.erase(*gone.group_instance_id);
    members_.erase(change.member_id);
    pending_sync_.erase(change.member_id);
    if (pending_sync_.empty()) sync_deadline_ = LocalTime::max();
    if (is_leader(change.member_id)) {
        leader_.reset();
        if (!members_.empty()) leader_ = members_.begin()->first;
    }
}

void ClassicGroup::on(const group_change::SessionRenewed& change) {
    mutable_member(change.member_id).session_deadline = change.deadline;
}

void ClassicGroup::on(const group_change::LeaderElected& change) {
    ASSERT(member(change.member_id).awaiting_join.has_value(), "{} did not join", change.member_id);
    leader_ = change.member_id;
}

void ClassicGroup::on(const group_change::JoinAnswered& change) {
    mutable_member(change.member_id).awaiting_join.reset();
}

void ClassicGroup::on(const group_change::SyncArrived& change) {
    if (change.awaiting_sync) {
        ASSERT(is_in(GroupState::completing_rebalance), "{} waits for an assignment in {}",
               change.member_id, to_string(state_));
    }
    mutable_member(change.member_id).awaiting_sync = change.awaiting_sync;
    pending_sync_.erase(change.member_id);
    if (pending_sync_.empty()) sync_deadline_ = LocalTime::max();
}

void ClassicGroup::on(const group_change::SyncAnswered& change) {
    mutable_member(change.member_id).awaiting_sync.reset();
}

void ClassicGroup::on(const group_change::AssignmentSet& change) {
    ASSERT(is_in(GroupState::completing_rebalance), "an assignment in {}", to_string(state_));
    for (auto& [id, member] : members_) {
        const auto given = change.assignment.find(id);
        member.assignment = given == change.assignment.end() ? Bytes() : given->second;
    }
}

void ClassicGroup::on(const group_change::RebalanceStarted& change) {
    ASSERT(!is_in(GroupState::preparing_rebalance), "{} rebalances already", group_id_);
    ASSERT(change.is_initial == is_in(GroupState::empty), "initial from {}", to_string(state_));
    for (const auto& [id, member] : members_) {
        ASSERT(!member.awaiting_sync, "{} still waits for the sync that is cancelled", id);
    }
    if (!leader_ && !members_.empty()) leader_ = members_.begin()->first;
    is_initial_rebalance_ = change.is_initial;
    // Who is there when the first join phase starts does not extend it.
    new_member_added_ = false;
    extension_left_ = change.extension_left;
    join_deadline_ = change.join_deadline;
    sync_deadline_ = LocalTime::max();
    pending_sync_.clear();
    enter(GroupState::preparing_rebalance, change.wall_ms);
}

void ClassicGroup::on(const group_change::JoinPhaseExtended& change) {
    ASSERT(is_in(GroupState::preparing_rebalance), "no join phase in {}", to_string(state_));
    new_member_added_ = false;
    extension_left_ = change.extension_left;
    join_deadline_ = change.join_deadline;
}

void ClassicGroup::on(const group_change::GenerationStarted& change) {
    ASSERT(is_in(GroupState::preparing_rebalance), "no join phase in {}", to_string(state_));
    generation_ = generation_.next();
    join_deadline_ = LocalTime::max();
    is_initial_rebalance_ = false;
    new_member_added_ = false;
    extension_left_ = {};
    if (members_.empty()) {
        protocol_name_.reset();
        enter(GroupState::empty, change.wall_ms);
        return;
    }
    ASSERT(leader_ && member(*leader_).awaiting_join, "a generation of {} without its leader",
           group_id_);
    protocol_name_ = select_protocol();
    for (auto& [id, member] : members_) {
        member.is_new = false;
        pending_sync_.insert(id);
    }
    sync_deadline_ = change.sync_deadline;
    enter(GroupState::completing_rebalance, change.wall_ms);
}

void ClassicGroup::on(const group_change::BecameStable& change) {
    ASSERT(is_in(GroupState::completing_rebalance), "stable from {}", to_string(state_));
    enter(GroupState::stable, change.wall_ms);
}

void ClassicGroup::on(const group_change::Died&) {
    ASSERT(is_in(GroupState::empty), "{} dies in {}", group_id_, to_string(state_));
    enter(GroupState::dead, state_timestamp_);
}

void ClassicGroup::on(const group_change::ConvertedToClassic& change) {
    ASSERT(is_in(GroupState::empty) && !protocol_type_, "{} is converted over itself", group_id_);
    ASSERT(!change.members.empty(), "{} is converted without members", group_id_);
    protocol_type_ = consumer_protocol_type;
    generation_ = change.generation;
    for (const GroupMember& member : change.members) {
        ASSERT(!member.awaiting_join && !member.awaiting_sync, "{} waits", member.member_id);
        if (member.is_static()) static_members_[*member.group_instance_id] = member.member_id;
        members_.emplace(member.member_id, member);
    }
    protocol_name_ = select_protocol();
    if (change.is_settled) leader_ = members_.begin()->first;
    enter(GroupState::stable, change.wall_ms);
}

void ClassicGroup::on(const group_change::ConsumerTimerSet& change) {
    UNREACHABLE("a timer of {} in {}, which is a classic group", change.member_id, group_id_);
}

void ClassicGroup::enter(GroupState state, TimestampMs wall_ms) {
    state_ = state;
    state_timestamp_ = wall_ms;
}

const GroupMember* ClassicGroup::find_member(const std::string& member_id) const {
    const auto found = members_.find(member_id);
    return found == members_.end() ? nullptr : &found->second;
}

const GroupMember& ClassicGroup::member(const std::string& member_id) const {
    const GroupMember* const found = find_member(member_id);
    ASSERT(found != nullptr, "{} is not a member of {}", member_id, group_id_);
    return *found;
}

GroupMember& ClassicGroup::mutable_member(const std::string& member_id) {
    const auto found = members_.find(member_id);
    ASSERT(found != members_.end(), "{} is not a member of {}", member_id, group_id_);
    return found->second;
}

const std::string* ClassicGroup::find_static_member(const std::string& group_instance_id) const {
    const auto found = static_members_.find(group_instance_id);
    return found == static_members_.end() ? nullptr : &found->second;
}

std::size_t ClassicGroup::count_awaiting_join() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        members_, [](const auto& entry) { return entry.second.awaiting_join.has_value(); }));
}

bool ClassicGroup::has_all_members_joined() const {
    return pending_members_.empty() && count_awaiting_join() == members_.size();
}

std::chrono::milliseconds ClassicGroup::rebalance_timeout() const {
    std::chrono::milliseconds largest{};
    for (const auto& [id, member] : members_) {
        largest = std::max(largest, member.rebalance_timeout);
    }
    return largest;
}

std::set<std::string> ClassicGroup::common_protocols() const {
    std::map<std::string, std::size_t> supporters;
    for (const auto& [id, member] : members_) {
        std::set<std::string> named;  // a member that names a protocol twice supports it once
        for (const auto& protocol : member.protocols) named.insert(protocol.name);
        for (const std::string& name : named) ++supporters[name];
    }
    std::set<std::string> common;
    for (const auto& [name, count] : supporters) {
        if (count == members_.size()) common.insert(name);
    }
    return common;
}

bool ClassicGroup::supports(const std::string& type,
                            const std::vector<JoinGroupRequest::Protocol>& protocols) const {
    if (members_.empty()) return !type.empty() && !protocols.empty();
    if (protocol_type_ != type) return false;
    const std::set<std::string> common = common_protocols();
    return std::ranges::any_of(protocols,
                               [&](const auto& each) { return common.contains(each.name); });
}

std::string ClassicGroup::select_protocol() const {
    const std::set<std::string> candidates = common_protocols();
    ASSERT(!candidates.empty(), "the members of {} have no protocol in common", group_id_);
    std::map<std::string, std::size_t> votes;
    for (const auto& [id, member] : members_) {
        for (const auto& protocol : member.protocols) {
            if (!candidates.contains(protocol.name)) continue;
            ++votes[protocol.name];
            break;
        }
    }
    return std::ranges::max_element(votes, {}, [](const auto& vote) { return vote.second; })->first;
}

std::vector<JoinGroupResponse::Member> ClassicGroup::join_group_members() const {
    ASSERT(protocol_name_.has_value(), "{} has no protocol", group_id_);
    std::vector<JoinGroupResponse::Member> result;
    for (const auto& [id, member] : members_) {
        const JoinGroupRequest::Protocol* const protocol = member.find_protocol(*protocol_name_);
        ASSERT(protocol != nullptr, "{} does not support {}", id, *protocol_name_);
        result.push_back({id, member.group_instance_id, protocol->metadata});
    }
    return result;
}

bool ClassicGroup::has_forgotten(const std::string& topic) const {
    if (!is_in(GroupState::stable) || protocol_type_ != consumer_protocol_type) return false;
    return std::ranges::all_of(join_group_members(), [&](const auto& member) {
        const Result<Subscription> subscription = decode_subscription(ByteView(member.metadata));
        return subscription &&
               std::ranges::find(subscription->topics, topic) == subscription->topics.end();
    });
}

GroupMetadata ClassicGroup::metadata(const std::map<std::string, Bytes>& assignment,
                                     TimestampMs wall_ms) const {
    GroupMetadata stored;
    stored.protocol_type = protocol_type_.value_or(std::string());
    stored.generation = generation_;
    stored.protocol = protocol_name_;
    stored.leader = leader_;
    stored.current_state_timestamp = wall_ms;
    for (const auto& [id, member] : members_) {
        const JoinGroupRequest::Protocol* const protocol = member.find_protocol(*protocol_name_);
        ASSERT(protocol != nullptr, "{} does not support {}", id, *protocol_name_);
        const auto given = assignment.find(id);
        stored.members.push_back(
            {.member_id = id,
             .group_instance_id = member.group_instance_id,
             .client_id = member.client_id,
             .client_host = member.client_host,
             .rebalance_timeout = member.rebalance_timeout,
             .session_timeout = member.session_timeout,
             .subscription = protocol->metadata,
             .assignment = given == assignment.end() ? Bytes() : given->second});
    }
    return stored;
}

std::map<std::string, Bytes> ClassicGroup::assignment() const {
    std::map<std::string, Bytes> result;
    for (const auto& [id, member] : members_) result[id] = member.assignment;
    return result;
}

void ClassicGroup::check_invariants() const {
    if (is_in(GroupState::empty) || is_in(GroupState::dead)) {
        ASSERT(members_.empty(), "{} members in {}", members_.size(), to_string(state_));
    }
    if (leader_) ASSERT(members_.contains(*leader_), "the leader {} is no member", *leader_);
    if (!members_.empty()) ASSERT(leader_.has_value(), "{} has members, no leader", group_id_);
    if (is_in(GroupState::preparing_rebalance)) {
        ASSERT(join_deadline_ != LocalTime::max(), "the join phase of {} has no end", group_id_);
    } else {
        ASSERT(join_deadline_ == LocalTime::max(), "a join phase in {}", to_string(state_));
    }
    if (!pending_sync_.empty()) {
        ASSERT(is_in(GroupState::completing_rebalance) || is_in(GroupState::stable),
               "syncs are missing in {}", to_string(state_));
        ASSERT(sync_deadline_ != LocalTime::max(), "the sync phase of {} has no end", group_id_);
    }
    for (const auto& [id, member] : members_) {
        ASSERT(id == member.member_id, "{} is filed under {}", member.member_id, id);
        ASSERT(!is_pending(id), "{} is both member and pending", id);
        if (member.awaiting_join) {
            ASSERT(is_in(GroupState::preparing_rebalance) || is_in(GroupState::stable),
                   "{} waits for a generation in {}", id, to_string(state_));
        }
        if (member.awaiting_sync) {
            ASSERT(is_in(GroupState::completing_rebalance), "{} waits for an assignment in {}", id,
                   to_string(state_));
        }
    }
    for (const auto& [instance, id] : static_members_) {
        ASSERT(member(id).group_instance_id == instance, "{} is not {}", id, instance);
    }
}

}  // namespace squall::model
