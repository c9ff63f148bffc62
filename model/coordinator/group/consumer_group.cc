#include "model/coordinator/group/consumer_group.h"

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"

namespace squall::model {

std::string_view to_string(ConsumerGroupState state) {
    switch (state) {
        case ConsumerGroupState::empty:
            return "Empty";
        case ConsumerGroupState::assigning:
            return "Assigning";
        case ConsumerGroupState::reconciling:
            return "Reconciling";
        case ConsumerGroupState::stable:
            return "Stable";
    }
    return "?";
}

// ---- the fold ----

void ConsumerGroup::apply(const ConsumerGroupRecord& record) {
    ASSERT(group_of(record) == group_id_, "a record of {} for {}", group_of(record), group_id_);
    std::visit([this](const auto& each) { on(each); }, record);
}

void ConsumerGroup::on(const ConsumerStateRecord<ConsumerGroupEpoch>& record) {
    is_gone_ = !record.value.has_value();
    if (!record.value) return;
    ASSERT(record.value->epoch >= epoch_, "{} goes back from epoch {} to {}", group_id_, epoch_,
           record.value->epoch);
    epoch_ = record.value->epoch;
    metadata_hash_ = record.value->metadata_hash;
}

void ConsumerGroup::on(const ConsumerStateRecord<ConsumerMemberMetadata>& record) {
    if (record.value) {
        members_[record.subject].metadata = *record.value;
        return;
    }
    members_.erase(record.subject);
    std::erase_if(deadlines_,
                  [&](const auto& entry) { return entry.first.first == record.subject; });
}

void ConsumerGroup::on(const ConsumerStateRecord<TargetAssignmentEpoch>& record) {
    target_epoch_ = record.value ? record.value->assignment_epoch : 0;
}

void ConsumerGroup::on(const ConsumerStateRecord<TargetAssignment>& record) {
    if (record.value) {
        target_[record.subject] = record.value->partitions;
    } else {
        target_.erase(record.subject);
    }
}

// The tombstone stands before that of the member itself; compaction may keep one without the other.
void ConsumerGroup::on(const ConsumerStateRecord<CurrentAssignment>& record) {
    if (record.value) {
        members_[record.subject].current = *record.value;
    } else if (const auto member = members_.find(record.subject); member != members_.end()) {
        member->second.current = CurrentAssignment{};
    }
}

void ConsumerGroup::on(const ConsumerStateRecord<ResolvedExpression>& record) {
    if (record.value) {
        resolved_[record.subject] = *record.value;
    } else {
        resolved_.erase(record.subject);
    }
}

void ConsumerGroup::apply(const group_change::ConsumerTimerSet& change) {
    if (change.deadline == LocalTime::max()) {
        deadlines_.erase({change.member_id, change.timer});
    } else {
        deadlines_[{change.member_id, change.timer}] = change.deadline;
    }
}

// ---- what can be asked ----

ConsumerGroupState ConsumerGroup::state() const {
    if (members_.empty()) return ConsumerGroupState::empty;
    if (epoch_ > target_epoch_) return ConsumerGroupState::assigning;
    const bool are_all_there = std::ranges::all_of(members_, [&](const auto& entry) {
        const CurrentAssignment& current = entry.second.current;
        return current.state == MemberState::stable && current.member_epoch == target_epoch_;
    });
    return are_all_there ? ConsumerGroupState::stable : ConsumerGroupState::reconciling;
}

const IdPartitions& ConsumerGroup::target_of(const std::string& member_id) const {
    static const IdPartitions none;
    const auto found = target_.find(member_id);
    return found == target_.end() ? none : found->second;
}

const ConsumerMember* ConsumerGroup::find_member(const std::string& member_id) const {
    const auto found = members_.find(member_id);
    return found == members_.end() ? nullptr : &found->second;
}

const ConsumerMember& ConsumerGroup::member(const std::string& member_id) const {
    const ConsumerMember* const found = find_member(member_id);
    ASSERT(found != nullptr, "{} is not a member of {}", member_id, group_id_);
    return *found;
}

const std::string* ConsumerGroup::find_static_member(const std::string& instance_id) const {
    const auto found = std::ranges::find_if(members_, [&](const auto& entry) {
        return entry.second.metadata.instance_id == instance_id;
    });
    return found == members_.end() ? nullptr : &found->first;
}

bool ConsumerGroup::is_held_by_another(const IdPartition& partition,
                                       const std::string& member_id) const {
    return std::ranges::any_of(members_, [&](const auto& entry) {
        // What a member has to give up it holds as well, until it says that it is gone.
        const bool is_its_own = entry.first == member_id &&
                                !entry.second.current.pending_revocation.contains(partition);
        return !is_its_own && entry.second.holds(partition);
    });
}

std::set<std::string> ConsumerGroup::subscribed_topics() const {
    std::set<std::string> topics;
    for (const auto& [id, member] : members_) topics.merge(topics_of(member));
    return topics;
}

std::set<std::string> ConsumerGroup::topics_of(const ConsumerMember& member) const {
    const ConsumerMemberMetadata& metadata = member.metadata;
    std::set<std::string> topics(metadata.subscribed_topic_names.begin(),
                                 metadata.subscribed_topic_names.end());
    const auto resolved = resolved_.find(metadata.subscribed_topic_regex);
    if (resolved != resolved_.end()) {
        topics.insert(resolved->second.topics.begin(), resolved->second.topics.end());
    }
    return topics;
}

std::set<std::string> ConsumerGroup::subscribed_expressions() const {
    std::set<std::string> expressions;
    for (const auto& [id, member] : members_) {
        const std::string& expression = member.metadata.subscribed_topic_regex;
        if (!expression.empty()) expressions.insert(expression);
    }
    return expressions;
}

std::optional<std::string> ConsumerGroup::preferred_assignor() const {
    std::map<std::string, std::size_t> votes;
    for (const auto& [id, member] : members_) {
        if (member.metadata.server_assignor) ++votes[*member.metadata.server_assignor];
    }
    if (votes.empty()) return std::nullopt;
    return std::ranges::max_element(votes, {}, [](const auto& vote) { return vote.second; })->first;
}

bool ConsumerGroup::is_target_free_for(const std::string& member_id) const {
    const ConsumerMember& own = member(member_id);
    return std::ranges::none_of(target_of(member_id), [&](const IdPartition& wanted) {
        return !own.current.assigned.contains(wanted) && is_held_by_another(wanted, member_id);
    });
}

bool ConsumerGroup::supports_classic(
    const std::vector<JoinGroupRequest::Protocol>& protocols) const {
    return std::ranges::any_of(protocols, [&](const JoinGroupRequest::Protocol& wanted) {
        return std::ranges::all_of(members_, [&](const auto& entry) {
            const auto& classic = entry.second.metadata.classic;
            if (!classic) return true;
            return std::ranges::find(classic->protocols, wanted.name,
                                     &JoinGroupRequest::Protocol::name) != classic->protocols.end();
        });
    });
}

LocalTime ConsumerGroup::deadline(Timer timer, const std::string& member_id) const {
    const auto found = deadlines_.find({member_id, timer});
    return found == deadlines_.end() ? LocalTime::max() : found->second;
}

LocalTime ConsumerGroup::next_deadline() const {
    LocalTime next = LocalTime::max();
    for (const auto& [whose, deadline] : deadlines_) next = std::min(next, deadline);
    return next;
}

std::pair<ConsumerGroup::Timer, std::string> ConsumerGroup::next_timer() const {
    ASSERT(!deadlines_.empty(), "{} has no timer", group_id_);
    const auto first =
        std::ranges::min_element(deadlines_, {}, [](const auto& entry) { return entry.second; });
    return {first->first.second, first->first.first};
}

void ConsumerGroup::check_invariants() const {
    ASSERT(target_epoch_ <= epoch_, "the target of {} is of epoch {}, the group of {}", group_id_,
           target_epoch_, epoch_);
    std::map<IdPartition, const std::string*> holders;
    std::set<std::string> instances;
    for (const auto& [id, member] : members_) {
        const CurrentAssignment& current = member.current;
        ASSERT(current.member_epoch <= target_epoch_, "{} is of epoch {}, beyond the target's {}",
               id, current.member_epoch, target_epoch_);
        if (current.state == MemberState::unrevoked_partitions) {
            ASSERT(!current.pending_revocation.empty(), "{} has nothing to give up", id);
        } else {
            ASSERT(current.pending_revocation.empty(), "{} gives something up in {}", id,
                   to_string(current.state));
        }
        for (const IdPartitions* held : {&current.assigned, &current.pending_revocation}) {
            for (const IdPartition& partition : *held) {
                const auto [at, is_first] = holders.try_emplace(partition, &id);
                ASSERT(is_first, "partition {} of one topic of {} is held by {} and {}",
                       partition.partition, group_id_, *at->second, id);
            }
        }
        if (!member.is_static()) continue;
        const bool is_alone = instances.insert(*member.metadata.instance_id).second;
        ASSERT(is_alone, "two members of {} are {}", group_id_, *member.metadata.instance_id);
    }
}

bool ConsumerGroup::has_same_records_as(const ConsumerGroup& other) const {
    return group_id_ == other.group_id_ && is_gone_ == other.is_gone_ && epoch_ == other.epoch_ &&
           metadata_hash_ == other.metadata_hash_ && target_epoch_ == other.target_epoch_ &&
           members_ == other.members_ && target_ == other.target_ && resolved_ == other.resolved_;
}

}  // namespace squall::model
