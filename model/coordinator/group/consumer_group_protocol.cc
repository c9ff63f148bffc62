#include "model/coordinator/group/consumer_group_protocol.h"

#include <algorithm>
#include <utility>

#include "model/assignors/server_assignors.h"
#include "model/coordinator/group/member_reconciliation.h"
#include "sim/base/assert.h"

namespace squall::model {
namespace {

using group_change::ConsumerTimerSet;
using Heartbeat = ConsumerGroupHeartbeatRequest;

ConsumerGroupHeartbeatResponse heartbeat_error(ErrorCode error, std::string why) {
    ConsumerGroupHeartbeatResponse response;
    response.error_code = error;
    response.error_message = std::move(why);
    return response;
}

std::string_view reason_for(ErrorCode error) {
    switch (error) {
        case ErrorCode::fenced_member_epoch:
            return "the member must give up all its partitions and join again";
        case ErrorCode::unreleased_instance_id:
            return "another member has this instance id, and is there";
        case ErrorCode::fenced_instance_id:
            return "another member came under this instance id";
        case ErrorCode::unsupported_assignor:
            return "the assignors are uniform and range";
        default:
            return to_string(error);
    }
}

std::vector<ConsumerGroupHeartbeatResponse::TopicPartitions> to_response(
    const IdPartitions& partitions) {
    std::vector<ConsumerGroupHeartbeatResponse::TopicPartitions> topics;
    for (const IdPartition& each : partitions) {
        if (topics.empty() || topics.back().topic_id != each.topic_id) {
            topics.emplace_back().topic_id = each.topic_id;
        }
        topics.back().partitions.push_back(each.partition);
    }
    return topics;
}

// All that a member has to say: it is told in turn what it has.
bool is_full(const Heartbeat& request) {
    return request.member_epoch == joining_member_epoch ||
           (request.rebalance_timeout_ms != -1 && request.subscribed_topic_names &&
            request.topic_partitions);
}

// A decision in the making: a copy of the group runs ahead of the real one, record by record, so
// that each rule sees the effect of the ones before.
class Draft {
  public:
    Draft(const ConsumerGroup& group, const GroupCoordinatorOptions& options, const Moment& at,
          const BugSet* bugs)
        : group_(group), options_(options), at_(at), bugs_(bugs) {}

    const ConsumerGroup& group() const { return group_; }

    template <class Value>
    void write(std::string member_id, std::optional<Value> value) {
        const ConsumerGroupRecord record =
            ConsumerStateRecord<Value>{group_.id(), std::move(member_id), std::move(value)};
        group_.apply(record);
        decision_.records.push_back(record);
    }
    void set_timer(const std::string& member_id, ConsumerTimerSet::Timer timer,
                   LocalTime deadline) {
        const ConsumerTimerSet change{member_id, timer, deadline};
        group_.apply(change);
        decision_.changes.push_back({group_.id(), change});
    }
    void renew_session(const std::string& member_id) {
        set_timer(member_id, ConsumerTimerSet::Timer::session,
                  at_.now + Duration(options_.group_consumer_session_timeout));
    }

    void bump_epoch(std::int64_t metadata_hash) {
        write<ConsumerGroupEpoch>(
            "", ConsumerGroupEpoch{.epoch = group_.epoch() + 1, .metadata_hash = metadata_hash});
    }
    void remove(const std::string& member_id) {
        write<CurrentAssignment>(member_id, std::nullopt);
        write<TargetAssignment>(member_id, std::nullopt);
        write<ConsumerMemberMetadata>(member_id, std::nullopt);
    }
    // A member is gone: what it had is free, and the others shall have it.
    void expel(const std::string& member_id) {
        remove(member_id);
        bump_epoch(group_.metadata_hash());
    }
    void replace_static(const std::string& from, const std::string& to);
    void come_back(const std::string& member_id);
    // Whether the group may need another assignment now.
    bool subscribe(const Heartbeat& request, const GroupCall& call, const std::string& member_id);
    void assign(bool is_asked_for, const MetadataImage& image);
    void reconcile_member(const std::string& member_id, const std::optional<IdPartitions>& owned);

    GroupDecision answer(CallId call, ConsumerGroupHeartbeatResponse response,
                         std::string reason = "") {
        if (decision_.records.empty()) {
            decision_.answer(call, std::move(response));
        } else {
            decision_.answer_when_stored(call, std::move(response));
        }
        return take(std::move(reason));
    }
    GroupDecision take(std::string reason) {
        if (bugs_ == nullptr || !bugs_->is_armed(Bug::z82_assign_before_revoke)) {
            group_.check_invariants();
        }
        if (!decision_.records.empty()) {
            decision_.follow_up = ConsumerGroupStored{group_.id(), std::move(reason)};
        }
        return std::move(decision_);
    }

  private:
    ConsumerGroup group_;
    const GroupCoordinatorOptions& options_;
    Moment at_;
    const BugSet* bugs_;
    GroupDecision decision_;
};

// The new process of a static member has its place, its target and what it held; the target's epoch
// it has to be told (KIP-345).
void Draft::replace_static(const std::string& from, const std::string& to) {
    const ConsumerMember before = group_.member(from);
    const IdPartitions target = group_.target_of(from);
    remove(from);
    write<ConsumerMemberMetadata>(to, before.metadata);
    write<TargetAssignment>(to, TargetAssignment{.partitions = target});
    write<CurrentAssignment>(to, before.current);
    come_back(to);
}

void Draft::come_back(const std::string& member_id) {
    CurrentAssignment current = group_.member(member_id).current;
    current.member_epoch = joining_member_epoch;
    current.previous_member_epoch = leaving_member_epoch;
    write<CurrentAssignment>(member_id, current);
}

bool Draft::subscribe(const Heartbeat& request, const GroupCall& call,
                      const std::string& member_id) {
    const ConsumerMember* const known = group_.find_member(member_id);
    ConsumerMemberMetadata next = known == nullptr ? ConsumerMemberMetadata{} : known->metadata;
    next.client_id = call.client_id;
    next.client_host = call.client_host;
    if (request.instance_id) next.instance_id = request.instance_id;
    if (request.rack_id) next.rack_id = request.rack_id;
    if (request.rebalance_timeout_ms != -1) {
        next.rebalance_timeout = std::chrono::milliseconds(request.rebalance_timeout_ms);
    }
    if (request.server_assignor) next.server_assignor = request.server_assignor;
    if (request.subscribed_topic_names) {
        next.subscribed_topic_names = *request.subscribed_topic_names;
        std::ranges::sort(next.subscribed_topic_names);
        const auto again = std::ranges::unique(next.subscribed_topic_names);
        next.subscribed_topic_names.erase(again.begin(), again.end());
    }
    if (known != nullptr && known->metadata == next) return false;
    const bool asks_for_another_assignment =
        known == nullptr || known->metadata.subscribed_topic_names != next.subscribed_topic_names ||
        known->metadata.server_assignor != next.server_assignor;
    write<ConsumerMemberMetadata>(member_id, std::move(next));
    return asks_for_another_assignment;
}

// Moves the group's epoch on if something changed, and brings the target to it. Everybody's share
// comes from what is subscribed to and from the last target, so that nothing moves without need.
void Draft::assign(bool is_asked_for, const MetadataImage& image) {
    const std::int64_t hash = hash_topics(group_.subscribed_topics(), image);
    if (is_asked_for || hash != group_.metadata_hash()) bump_epoch(hash);
    if (group_.target_epoch() == group_.epoch()) return;

    PartitionCounts counts;
    std::map<std::string, Uuid> ids;
    std::map<Uuid, std::string> names;
    for (const std::string& topic : group_.subscribed_topics()) {
        const TopicImage* const known = image.find_topic(topic);
        if (known == nullptr) continue;
        counts[topic] = static_cast<std::int32_t>(known->partitions.size());
        ids[topic] = known->id;
        names[known->id] = topic;
    }
    std::vector<SubscribedMember> members;
    for (const auto& [id, member] : group_.members()) {
        SubscribedMember& subscribed = members.emplace_back();
        subscribed.member_id = id;
        subscribed.group_instance_id = member.metadata.instance_id;
        subscribed.subscription.topics = member.metadata.subscribed_topic_names;
        for (const IdPartition& had : group_.target_of(id)) {
            const auto name = names.find(had.topic_id);
            if (name == names.end()) continue;
            subscribed.subscription.owned_partitions.push_back({name->second, had.partition});
        }
        std::ranges::sort(subscribed.subscription.owned_partitions);
    }
    const PartitionAssignor* const assignor = find_server_assignor(
        group_.preferred_assignor().value_or(std::string(default_server_assignor)));
    ASSERT(assignor != nullptr, "{} has an assignor that nobody knows", group_.id());
    for (const auto& [member_id, assignment] : assignor->assign(counts, members)) {
        IdPartitions share;
        for (const TopicPartition& each : assignment.partitions) {
            share.insert({ids.at(each.topic), each.partition});
        }
        if (share == group_.target_of(member_id)) continue;
        write<TargetAssignment>(member_id, TargetAssignment{.partitions = std::move(share)});
    }
    write<TargetAssignmentEpoch>("", TargetAssignmentEpoch{.assignment_epoch = group_.epoch()});
}

void Draft::reconcile_member(const std::string& member_id,
                             const std::optional<IdPartitions>& owned) {
    const ConsumerMember& member = group_.member(member_id);
    const CurrentAssignment before = member.current;
    const CurrentAssignment next =
        reconcile({.member = before,
                   .target_epoch = group_.target_epoch(),
                   .target = group_.target_of(member_id),
                   .owned = owned,
                   .is_held_by_another =
                       [&](const IdPartition& partition) {
                           return group_.is_held_by_another(partition, member_id);
                       },
                   .bugs = bugs_});
    if (next == before) return;
    write<CurrentAssignment>(member_id, next);
    const bool must_give_up = next.state == MemberState::unrevoked_partitions;
    const auto patience = group_.member(member_id).metadata.rebalance_timeout;
    if (must_give_up) {
        set_timer(member_id, ConsumerTimerSet::Timer::rebalance, at_.now + Duration(patience));
    } else if (group_.rebalance_deadline(member_id) != LocalTime::max()) {
        set_timer(member_id, ConsumerTimerSet::Timer::rebalance, LocalTime::max());
    }
}

}  // namespace

// ---- rules ----

IdPartitions to_set(const std::vector<Heartbeat::TopicPartitions>& topics) {
    IdPartitions partitions;
    for (const Heartbeat::TopicPartitions& topic : topics) {
        for (const std::int32_t number : topic.partitions) {
            partitions.insert({topic.topic_id, number});
        }
    }
    return partitions;
}

ErrorCode check_heartbeat(const Heartbeat& request) {
    if (request.group_id.empty()) return ErrorCode::invalid_group_id;
    if (request.member_id.empty()) return ErrorCode::invalid_request;
    if (request.subscribed_topic_regex && !request.subscribed_topic_regex->empty()) {
        return ErrorCode::invalid_regular_expression;
    }
    if (request.instance_id && request.instance_id->empty()) return ErrorCode::invalid_request;
    if (request.member_epoch < static_leaving_member_epoch) return ErrorCode::invalid_request;
    if (request.member_epoch == static_leaving_member_epoch && !request.instance_id) {
        return ErrorCode::invalid_request;
    }
    if (request.member_epoch == joining_member_epoch) {
        if (request.rebalance_timeout_ms == -1 || !request.subscribed_topic_names ||
            !request.topic_partitions || !request.topic_partitions->empty()) {
            return ErrorCode::invalid_request;
        }
    }
    if (request.server_assignor && find_server_assignor(*request.server_assignor) == nullptr) {
        return ErrorCode::unsupported_assignor;
    }
    return ErrorCode::none;
}

ErrorCode check_member_epoch(const ConsumerMember& member, std::int32_t epoch,
                             const std::optional<IdPartitions>& owned) {
    const CurrentAssignment& current = member.current;
    if (epoch == current.member_epoch) return ErrorCode::none;
    const bool may_have_lost_its_answer = epoch < current.member_epoch &&
                                          epoch == current.previous_member_epoch && owned &&
                                          std::ranges::includes(current.assigned, *owned);
    return may_have_lost_its_answer ? ErrorCode::none : ErrorCode::fenced_member_epoch;
}

ErrorCode check_instance(const ConsumerGroup& group, const Heartbeat& request, const BugSet* bugs) {
    const auto check = [&] {
        const std::string* const holder = group.find_static_member(*request.instance_id);
        if (request.member_epoch == joining_member_epoch) {
            if (holder == nullptr || *holder == request.member_id) return ErrorCode::none;
            return group.member(*holder).is_away() ? ErrorCode::none
                                                   : ErrorCode::unreleased_instance_id;
        }
        if (holder == nullptr) return ErrorCode::unknown_member_id;
        return *holder == request.member_id ? ErrorCode::none : ErrorCode::fenced_instance_id;
    };
    const ErrorCode right = check();
    // With the bug a second process takes the place of one that is still there.
    if (bugs == nullptr || right != ErrorCode::unreleased_instance_id) return right;
    return bugs->deviate(Bug::z79_static_id_not_fenced, right, ErrorCode::none);
}

ErrorCode check_member_offsets(const ConsumerGroup& group, const std::string& member_id,
                               std::int32_t member_epoch, const BugSet* bugs) {
    const auto check = [&] {
        // Administrators, while nobody is there.
        if (member_epoch < 0 && group.members().empty()) return ErrorCode::none;
        const ConsumerMember* const member = group.find_member(member_id);
        if (member == nullptr) return ErrorCode::unknown_member_id;
        return member->current.member_epoch == member_epoch ? ErrorCode::none
                                                            : ErrorCode::stale_member_epoch;
    };
    const ErrorCode right = check();
    if (bugs == nullptr) return right;
    return bugs->deviate(Bug::z78_zombie_commit, right, ErrorCode::none);
}

std::int64_t hash_topics(const std::set<std::string>& topics, const MetadataImage& image) {
    // FNV-1a, over what of a topic matters to an assignment.
    std::uint64_t hash = 0xcbf29ce484222325;
    const auto mix = [&](std::uint64_t word) {
        for (int shift = 0; shift < 64; shift += 8) {
            hash ^= (word >> shift) & 0xff;
            hash *= 0x100000001b3;
        }
    };
    bool is_any_there = false;
    for (const std::string& name : topics) {
        const TopicImage* const topic = image.find_topic(name);
        if (topic == nullptr) continue;
        is_any_there = true;
        mix(topic->id.high);
        mix(topic->id.low);
        mix(topic->partitions.size());
    }
    return is_any_there ? static_cast<std::int64_t>(hash) : 0;
}

// ---- requests ----

GroupDecision ConsumerGroupProtocol::heartbeat(const ConsumerGroup& group, const Heartbeat& request,
                                               const GroupCall& call,
                                               const MetadataImage& image) const {
    Draft draft(group, options_, call.at, bugs_);
    const auto refuse = [&](ErrorCode error) {
        return draft.answer(call.call, heartbeat_error(error, std::string(reason_for(error))));
    };
    ErrorCode error = check_heartbeat(request);
    if (error == ErrorCode::none && request.instance_id) {
        error = check_instance(group, request, bugs_);
    }
    if (error != ErrorCode::none) return refuse(error);

    const std::string& id = request.member_id;
    const ConsumerMember* const known = group.find_member(id);
    if (request.member_epoch < joining_member_epoch) {
        if (known == nullptr) return refuse(ErrorCode::unknown_member_id);
        ConsumerGroupHeartbeatResponse farewell;
        farewell.member_id = id;
        farewell.member_epoch = request.member_epoch;
        if (request.member_epoch == leaving_member_epoch) {
            draft.expel(id);
            return draft.answer(call.call, std::move(farewell), "left");
        }
        CurrentAssignment away = known->current;
        away.previous_member_epoch = away.member_epoch;
        away.member_epoch = static_leaving_member_epoch;
        away.state = MemberState::stable;
        away.pending_revocation.clear();
        draft.write<CurrentAssignment>(id, away);
        if (group.rebalance_deadline(id) != LocalTime::max()) {
            draft.set_timer(id, ConsumerTimerSet::Timer::rebalance, LocalTime::max());
        }
        return draft.answer(call.call, std::move(farewell));
    }

    std::optional<IdPartitions> owned;
    if (request.topic_partitions) owned = to_set(*request.topic_partitions);
    const bool comes_back =
        known != nullptr && known->is_away() && request.member_epoch == joining_member_epoch;
    if (comes_back) {
        draft.come_back(id);
    } else if (known != nullptr) {
        error = check_member_epoch(*known, request.member_epoch, owned);
        if (error != ErrorCode::none) return refuse(error);
    } else if (request.member_epoch != joining_member_epoch) {
        return refuse(ErrorCode::unknown_member_id);
    } else if (const std::string* const before =
                   request.instance_id ? group.find_static_member(*request.instance_id) : nullptr) {
        draft.replace_static(std::string(*before), id);
    } else if (group.members().size() >=
               static_cast<std::size_t>(options_.group_consumer_max_size)) {
        return refuse(ErrorCode::group_max_size_reached);
    }
    const bool asks_for_another = draft.subscribe(request, call, id);
    draft.assign(asks_for_another, image);
    draft.reconcile_member(id, owned);
    draft.renew_session(id);

    const CurrentAssignment& now = draft.group().member(id).current;
    ConsumerGroupHeartbeatResponse response;
    response.member_id = id;
    response.member_epoch = now.member_epoch;
    response.heartbeat_interval_ms =
        static_cast<std::int32_t>(options_.group_consumer_heartbeat_interval.count());
    const bool has_changed = known == nullptr || known->current.assigned != now.assigned;
    if (is_full(request) || has_changed) {
        response.assignment.emplace();
        response.assignment->topic_partitions = to_response(now.assigned);
    }
    return draft.answer(call.call, std::move(response));
}

// ---- time ----

GroupDecision ConsumerGroupProtocol::on_timeout(const ConsumerGroup& group,
                                                const Moment& at) const {
    Draft draft(group, options_, at, bugs_);
    const LocalTime due = group.next_deadline();
    ASSERT(due <= at.now, "nothing of {} is due", group.id());
    for (const auto& [id, member] : group.members()) {
        if (group.session_deadline(id) == due) {
            draft.expel(std::string(id));
            return draft.take("session timeout");
        }
        if (group.rebalance_deadline(id) == due) {
            draft.expel(std::string(id));
            return draft.take("rebalance timeout");
        }
    }
    UNREACHABLE("the deadline of {} belongs to nobody", group.id());
}

GroupDecision ConsumerGroupProtocol::on_loaded(const ConsumerGroup& group, const Moment& at) const {
    Draft draft(group, options_, at, bugs_);
    for (const auto& [id, member] : group.members()) {
        draft.renew_session(id);
        if (member.current.state == MemberState::unrevoked_partitions) {
            draft.set_timer(id, ConsumerTimerSet::Timer::rebalance,
                            at.now + Duration(member.metadata.rebalance_timeout));
        }
    }
    return draft.take("");
}

}  // namespace squall::model
