#include "checkers/group_positions.h"

#include <algorithm>

#include "model/events/controller_events.h"

namespace squall::checkers {

namespace {

using GroupPositionsEvents =
    sim::EventOf<model::RecordsPolled, model::PositionSet, model::AssignmentChanged,
                 model::CommitInvoked, model::CommitCompleted, model::OffsetCommitted,
                 model::GroupStateChanged, model::TopicDeleted>;

}  // namespace

namespace {
constexpr Duration shortest_retention = 60s;
}  // namespace

bool GroupPositions::looks_at(const sim::EventKind& kind) {
    return GroupPositionsEvents::includes(kind);
}

std::optional<PositionFault> GroupPositions::observe(const sim::Event& any,
                                                     const Allowance& allowance) {
    const GroupPositionsEvents event(any);
    if (const auto* polled = event.as<model::RecordsPolled>()) {
        if (polled->group.empty()) return std::nullopt;
        Reader& reader = readers_[{polled->client_id, polled->partition}];
        reader.position = polled->next_position;
        reader.has_sought = false;
    } else if (const auto* set = event.as<model::PositionSet>()) {
        if (set->group.empty()) return std::nullopt;
        Reader& reader = readers_[{set->client_id, set->partition}];
        std::optional<PositionFault> fault = judge(*set, reader, event.sequence, allowance);
        reader.position = set->offset;
        reader.has_sought = set->reason == model::PositionReason::seek;
        return fault;
    } else if (const auto* assigned = event.as<model::AssignmentChanged>()) {
        if (assigned->change != model::AssignmentChange::assigned) return std::nullopt;
        for (const model::TopicPartition& partition : assigned->partitions) {
            readers_[{assigned->client_id, partition}] = Reader{.assigned = event.sequence};
        }
    } else if (const auto* invoked = event.as<model::CommitInvoked>()) {
        on_invoked(*invoked, event.sequence);
    } else if (const auto* completed = event.as<model::CommitCompleted>()) {
        on_completed(*completed, event.sequence);
    } else if (const auto* committed = event.as<model::OffsetCommitted>()) {
        Partition& partition = groups_[committed->group].partitions[committed->partition];
        partition.effective.insert_or_assign(committed->offset, event.sequence);
    } else if (const auto* changed = event.as<model::GroupStateChanged>()) {
        on_group_state(*changed, event.time);
    } else if (const auto* deleted = event.as<model::TopicDeleted>()) {
        forget_topic(deleted->topic);
    }
    return std::nullopt;
}

void GroupPositions::on_invoked(const model::CommitInvoked& invoked, sim::EventSequence sequence) {
    if (invoked.group.empty()) return;
    Group& group = groups_[invoked.group];
    for (const model::PartitionOffset& commit : invoked.offsets) {
        group.partitions[commit.partition].commits.push_back(
            {.operation = invoked.operation, .offset = commit.offset, .invoked = sequence});
        open_[invoked.operation].emplace_back(invoked.group, commit.partition);
    }
}

void GroupPositions::on_completed(const model::CommitCompleted& completed,
                                  sim::EventSequence sequence) {
    const auto open = open_.find(completed.operation);
    if (open == open_.end()) return;
    if (completed.outcome == model::Outcome::ok) {
        for (const auto& [group, partition] : open->second) {
            auto& commits = groups_[group].partitions[partition].commits;
            const auto commit =
                std::find_if(commits.rbegin(), commits.rend(),
                             [&](const Commit& c) { return c.operation == completed.operation; });
            // Its group may have died meanwhile.
            if (commit != commits.rend()) commit->answered_ok = sequence;
        }
    }
    open_.erase(open);
}

void GroupPositions::on_group_state(const model::GroupStateChanged& changed, Time now) {
    Group& group = groups_[changed.group];
    const bool may_have_expired =
        group.empty_since && now - *group.empty_since >= shortest_retention;
    if (changed.to == "Dead" || may_have_expired) group.partitions.clear();
    if (changed.to != "Empty") {
        group.empty_since.reset();
    } else if (!group.empty_since) {
        group.empty_since = now;
    }
}

void GroupPositions::forget_topic(const std::string& topic) {
    for (auto& [name, group] : groups_) {
        std::erase_if(group.partitions,
                      [&](const auto& entry) { return entry.first.topic == topic; });
    }
}

const GroupPositions::Commit* GroupPositions::last_above(const Partition& partition,
                                                         model::Offset offset,
                                                         sim::EventSequence event) {
    const auto at = std::find_if(
        partition.commits.rbegin(), partition.commits.rend(), [&](const Commit& commit) {
            return commit.offset > offset && commit.answered_ok.value() != 0 &&
                   commit.answered_ok < event;
        });
    return at == partition.commits.rend() ? nullptr : &*at;
}

bool GroupPositions::may_be_read_after(const Partition& partition, model::Offset offset,
                                       const Commit& higher) {
    const auto effective = partition.effective.find(offset);
    if (effective != partition.effective.end() && effective->second > higher.answered_ok) {
        return true;
    }
    return std::ranges::any_of(partition.commits, [&](const Commit& commit) {
        return commit.offset == offset &&
               (commit.answered_ok.value() == 0 || commit.answered_ok > higher.invoked);
    });
}

std::optional<PositionFault> GroupPositions::judge(const model::PositionSet& set,
                                                   const Reader& reader,
                                                   sim::EventSequence sequence,
                                                   const Allowance& allowance) {
    using enum model::PositionReason;
    const bool is_reset = set.reason == reset_earliest || set.reason == reset_latest;
    if (is_reset && set.cause == model::ResetCause::out_of_range) {
        if (reader.position == model::no_offset || reader.has_sought ||
            allowance.of_removal(set.partition, reader.position) ||
            allowance.of_truncation(set.partition, sim::EventSequence{0})) {
            return std::nullopt;
        }
        return PositionFault{
            .type = "reset-without-cause",
            .shown = evidence("group", set.group, "client", set.client_id, "partition",
                              set.partition, "position", reader.position, "reset_to", set.offset),
            .events = {sequence},
            .cause = std::nullopt};
    }
    const bool found_none = is_reset && set.cause == model::ResetCause::no_commit;
    if (set.reason != committed && !found_none) return std::nullopt;
    const auto group = groups_.find(set.group);
    if (group == groups_.end() || reader.assigned.value() == 0) return std::nullopt;
    const auto at = group->second.partitions.find(set.partition);
    if (at == group->second.partitions.end()) return std::nullopt;
    const model::Offset read = found_none ? model::no_offset : set.offset;
    const Commit* higher = last_above(at->second, read, reader.assigned);
    if (higher == nullptr) return std::nullopt;
    if (!found_none && may_be_read_after(at->second, read, *higher)) return std::nullopt;
    return PositionFault{
        .type = found_none ? "commit-forgotten" : "position-below-commit",
        .shown = evidence("group", set.group, "client", set.client_id, "partition", set.partition,
                          "position", set.offset, "committed", higher->offset, "operation",
                          higher->operation),
        .events = {higher->invoked, higher->answered_ok, reader.assigned, sequence},
        .cause = allowance.of_truncation_anywhere(model::offsets_topic, higher->invoked)};
}

}  // namespace squall::checkers
