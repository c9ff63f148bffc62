#include "model/coordinator/group/consumer_draft.h"

#include <algorithm>

#include "model/assignors/server_assignors.h"
#include "model/coordinator/group/group_migration.h"
#include "model/coordinator/group/member_reconciliation.h"
#include "model/coordinator/regular_expression.h"
#include "sim/base/assert.h"

namespace squall::model {

using group_change::ConsumerTimerSet;

namespace {

// Kafka's REGEX_BATCH_REFRESH_MIN_INTERVAL_MS: a group that is told of new topics, or of new
// expressions, all the time does not rebalance all the time.
constexpr std::chrono::milliseconds expressions_refresh_min_interval{10000};

// Internal topics as well, as in Kafka.
std::set<std::string> matching(const std::string& expression, const MetadataImage& image) {
    std::set<std::string> topics;
    const Result<RegularExpression> parsed = RegularExpression::parse(expression);
    // It was checked when it came, by a coordinator that may have read it otherwise.
    if (!parsed) return topics;
    for (const auto& [name, topic] : image.topics) {
        if (parsed->matches(name)) topics.insert(name);
    }
    return topics;
}

}  // namespace

void ConsumerDraft::start_timer(const std::string& member_id, Timer timer, Duration patience) {
    const ConsumerTimerSet change{member_id, timer, at_.now + patience};
    group_.apply(change);
    decision_.changes.push_back({group_.id(), change});
}

void ConsumerDraft::stop_timer(const std::string& member_id, Timer timer) {
    if (group_.deadline(timer, member_id) == LocalTime::max()) return;
    const ConsumerTimerSet change{member_id, timer, LocalTime::max()};
    group_.apply(change);
    decision_.changes.push_back({group_.id(), change});
}

void ConsumerDraft::renew_session(const std::string& member_id) {
    const auto& classic = group_.member(member_id).metadata.classic;
    start_timer(
        member_id, Timer::session,
        Duration(classic ? classic->session_timeout : options_.group_consumer_session_timeout));
}

void ConsumerDraft::bump_epoch(std::int64_t metadata_hash) {
    write<ConsumerGroupEpoch>(
        "", ConsumerGroupEpoch{.epoch = group_.epoch() + 1, .metadata_hash = metadata_hash});
}

void ConsumerDraft::remove(const std::string& member_id) {
    write<CurrentAssignment>(member_id, std::nullopt);
    write<TargetAssignment>(member_id, std::nullopt);
    write<ConsumerMemberMetadata>(member_id, std::nullopt);
}

void ConsumerDraft::expel(const std::string& member_id) {
    const bool spoke_consumer = !group_.member(member_id).is_classic();
    remove(member_id);
    forget_expressions();
    if (spoke_consumer && may_downgrade(group_, options_)) {
        convert_to_classic(false);
    } else {
        bump_epoch(group_.metadata_hash());
    }
}

void ConsumerDraft::replace_static(const std::string& from, const std::string& to) {
    const ConsumerMember before = group_.member(from);
    const IdPartitions target = group_.target_of(from);
    remove(from);
    write<ConsumerMemberMetadata>(to, before.metadata);
    write<TargetAssignment>(to, TargetAssignment{.partitions = target});
    write<CurrentAssignment>(to, before.current);
    come_back(to);
}

void ConsumerDraft::come_back(const std::string& member_id) {
    CurrentAssignment current = group_.member(member_id).current;
    current.member_epoch = joining_member_epoch;
    current.previous_member_epoch = leaving_member_epoch;
    write<CurrentAssignment>(member_id, current);
}

bool ConsumerDraft::describe_member(const std::string& member_id, ConsumerMemberMetadata next) {
    std::ranges::sort(next.subscribed_topic_names);
    const auto again = std::ranges::unique(next.subscribed_topic_names);
    next.subscribed_topic_names.erase(again.begin(), again.end());
    const ConsumerMember* const known = group_.find_member(member_id);
    if (known != nullptr && known->metadata == next) return false;
    // Who joins with nothing but an expression that is not resolved yet is given nothing for now.
    const bool brings_nothing =
        next.subscribed_topic_names.empty() && !next.subscribed_topic_regex.empty() &&
        !group_.resolved_expressions().contains(next.subscribed_topic_regex);
    const bool asks_for_another_assignment =
        known == nullptr
            ? !brings_nothing || group_.epoch() == 0
            : known->metadata.subscribed_topic_names != next.subscribed_topic_names ||
                  known->metadata.subscribed_topic_regex != next.subscribed_topic_regex ||
                  known->metadata.server_assignor != next.server_assignor;
    write<ConsumerMemberMetadata>(member_id, std::move(next));
    forget_expressions();
    return asks_for_another_assignment;
}

void ConsumerDraft::forget_expressions() {
    const std::set<std::string> subscribed = group_.subscribed_expressions();
    std::vector<std::string> forgotten;
    for (const auto& [expression, resolved] : group_.resolved_expressions()) {
        if (!subscribed.contains(expression)) forgotten.push_back(expression);
    }
    for (const std::string& each : forgotten) write<ResolvedExpression>(each, std::nullopt);
}

// Source: GroupMetadataManager.maybeUpdateRegularExpressions. Who asks is answered before.
void ConsumerDraft::refresh_expressions() {
    const std::set<std::string> subscribed = group_.subscribed_expressions();
    if (subscribed.empty() || group_.deadline(Timer::expressions, "") != LocalTime::max()) return;
    const auto& resolved = group_.resolved_expressions();
    std::optional<TimestampMs> last;
    for (const auto& [expression, each] : resolved) {
        last = std::max(last.value_or(each.timestamp), each.timestamp);
    }
    const auto is_older_than = [&](std::chrono::milliseconds age) {
        return !last || at_.wall_ms > *last + age.count();
    };
    if (!is_older_than(expressions_refresh_min_interval)) return;
    const bool is_called_for =
        is_older_than(options_.group_consumer_regex_refresh_interval) ||
        std::ranges::any_of(subscribed, [&](const std::string& expression) {
            const auto known = resolved.find(expression);
            return known == resolved.end() ||
                   !std::ranges::includes(known->second.topics, matching(expression, image_));
        });
    if (is_called_for) start_timer("", Timer::expressions, Duration::zero());
}

void ConsumerDraft::resolve_expressions() {
    stop_timer("", Timer::expressions);
    bool has_changed = false;
    for (const std::string& expression : group_.subscribed_expressions()) {
        const auto known = group_.resolved_expressions().find(expression);
        std::set<std::string> topics = matching(expression, image_);
        has_changed |= known == group_.resolved_expressions().end()
                           ? !topics.empty()
                           : known->second.topics != topics;
        write<ResolvedExpression>(expression,
                                  ResolvedExpression{.topics = std::move(topics),
                                                     .version = image_.next_offset.value() - 1,
                                                     .timestamp = at_.wall_ms});
    }
    const std::int64_t hash = hash_topics(group_.subscribed_topics(), image_);
    if (has_changed || hash != group_.metadata_hash()) bump_epoch(hash);
}

// Everybody's share comes from what is subscribed to and from the last target, so that nothing
// moves without need.
void ConsumerDraft::assign(bool is_asked_for) {
    const std::int64_t hash = hash_topics(group_.subscribed_topics(), image_);
    if (is_asked_for || hash != group_.metadata_hash()) bump_epoch(hash);
    if (group_.target_epoch() == group_.epoch()) return;

    PartitionCounts counts;
    std::map<std::string, Uuid> ids;
    std::map<Uuid, std::string> names;
    for (const std::string& topic : group_.subscribed_topics()) {
        const TopicImage* const known = image_.find_topic(topic);
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
        const std::set<std::string> topics = group_.topics_of(member);
        subscribed.subscription.topics.assign(topics.begin(), topics.end());
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

void ConsumerDraft::reconcile_member(const std::string& member_id,
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
    // Who speaks the classic protocol gives up what it must before it joins again, and has a timer
    // for that.
    const ConsumerMemberMetadata& metadata = group_.member(member_id).metadata;
    if (next.state == MemberState::unrevoked_partitions && !metadata.classic) {
        start_timer(member_id, Timer::rebalance, Duration(metadata.rebalance_timeout));
    } else {
        stop_timer(member_id, Timer::rebalance);
    }
}

// The whole group is struck from the log, and stands there again as a generation of the classic
// protocol, with what its members are to have.
ClassicGroup ConsumerDraft::convert_to_classic(bool is_settled) {
    ASSERT(!is_converted_, "{} is converted twice", group_.id());
    const group_change::ConvertedToClassic change =
        to_classic(group_, image_, is_settled, at_.wall_ms);
    ClassicGroup classic(group_.id());
    classic.apply({group_.id(), change});

    std::vector<std::string> ids;
    for (const auto& [id, member] : group_.members()) ids.push_back(id);
    for (const std::string& id : ids) write<CurrentAssignment>(id, std::nullopt);
    for (const std::string& id : ids) write<TargetAssignment>(id, std::nullopt);
    write<TargetAssignmentEpoch>("", std::nullopt);
    for (const std::string& id : ids) write<ConsumerMemberMetadata>(id, std::nullopt);
    write<ConsumerGroupEpoch>("", std::nullopt);
    decision_.records.push_back(
        GroupMetadataRecord{group_.id(), classic.metadata(classic.assignment(), at_.wall_ms)});

    // The timers of the group that it was end with it.
    decision_.changes.clear();
    decision_.changes.push_back({group_.id(), change});
    is_converted_ = true;
    return classic;
}

GroupDecision ConsumerDraft::take(std::string reason) {
    if (bugs_ == nullptr || !bugs_->is_armed(Bug::z82_assign_before_revoke)) {
        group_.check_invariants();
    }
    if (!decision_.records.empty()) {
        ConsumerGroupStored stored{group_.id(), std::move(reason)};
        if (is_converted_) stored.converted_to = GroupType::classic;
        decision_.follow_up = std::move(stored);
    }
    return std::move(decision_);
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

}  // namespace squall::model
