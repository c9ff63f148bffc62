#include "checkers/ledger_backlog.h"

#include <algorithm>

namespace squall::checkers {
namespace {

constexpr Duration patience = 30s;
constexpr Duration patience_with_the_dead = 60s;
constexpr Duration still_at_work = 5s;

void raise(std::map<model::TopicPartition, model::Offset>& positions,
           const model::TopicPartition& partition, model::Offset offset) {
    model::Offset& known = positions.try_emplace(partition, offset).first->second;
    known = std::max(known, offset);
}

bool has_passed(const std::map<model::TopicPartition, model::Offset>& positions,
                const model::TopicPartition& partition, model::Offset offset) {
    const auto position = positions.find(partition);
    return position != positions.end() && position->second > offset;
}

std::vector<std::string> names_in(const std::string& list) {
    std::vector<std::string> names;
    for (std::size_t begin = 0; begin < list.size();) {
        const std::size_t end = std::min(list.find(',', begin), list.size());
        names.push_back(list.substr(begin, end - begin));
        begin = end + 1;
    }
    return names;
}

}  // namespace

void LedgerBacklog::observe(const sim::Event& any) {
    const Shown event(any);
    if (const auto* opened = event.as<model::LedgerOpened>()) {
        Reading& reading = readings_[opened->ledger];
        reading.groups = names_in(opened->groups);
        reading.topic = opened->topic;
    } else if (const auto* accepted = event.as<model::BusinessEventAccepted>()) {
        accepted_.try_emplace(accepted->event,
                              Accepted{.record = accepted->record, .event = event.sequence});
    } else if (const auto* applied = event.as<model::EffectApplied>()) {
        Reading& reading = readings_[applied->ledger];
        reading.nodes.insert(event.node);
        if (reading.events.insert(applied->event).second) reading.last_effect = event.time;
    } else if (const auto* assigned = event.as<model::AssignmentChanged>()) {
        Group& group = groups_[assigned->group];
        group.nodes.insert(event.node);
        for (const auto& partition : assigned->partitions) group.topics.insert(partition.topic);
        if (assigned->change == model::AssignmentChange::assigned) group.lacks_member = false;
    } else if (const auto* committed = event.as<model::OffsetCommitted>()) {
        Group& group = groups_[committed->group];
        if (has_passed(group.passed, committed->partition, committed->offset)) return;
        const auto known = group.passed.find(committed->partition);
        if (known != group.passed.end() && known->second == committed->offset) return;
        raise(group.passed, committed->partition, committed->offset);
        group.topics.insert(committed->partition.topic);
        group.last_advance = event.time;
    } else if (const auto* set = event.as<model::PositionSet>()) {
        if (set->reason != model::PositionReason::reset_latest || set->group.empty()) return;
        raise(groups_[set->group].passed, set->partition, set->offset);
    } else if (const auto* polled = event.as<model::RecordsPolled>()) {
        if (polled->group.empty()) {
            raise(polled_[event.node], polled->partition, polled->next_position);
        }
    } else if (const auto* stopped = event.as<sim::NodeStopped>()) {
        if (stopped->reason == sim::StopReason::end_of_run) return;
        for (auto& [name, group] : groups_) {
            if (group.nodes.contains(event.node)) group.lacks_member = true;
        }
    } else if (event.as<sim::CalmBegan>() != nullptr) {
        calm_ = event.time;
        for (auto& [name, group] : groups_) group.lacked_member_in_calm = group.lacks_member;
    }
}

std::optional<std::string> LedgerBacklog::place_of(const std::string& ledger,
                                                   const std::string& event) {
    const auto found = readings_.find(ledger);
    const auto accepted = accepted_.find(event);
    if (found == readings_.end() || accepted == accepted_.end()) return std::nullopt;
    const Reading& reading = found->second;
    const model::RecordId record = accepted->second.record;
    if (record == model::RecordId{}) return std::nullopt;
    if (!has_found_records_) find_records();
    const auto places = places_.find(record);
    if (places == places_.end()) {
        const bool is_with_its_source =
            !acknowledged_.contains(record) && accepted->second.event > last_that_stands_;
        return is_with_its_source ? std::optional<std::string>("it had not been sent")
                                  : std::nullopt;
    }
    for (const Place& place : places->second) {
        if (auto waits = waits_for(ledger, reading, place)) return waits;
    }
    return std::nullopt;
}

bool LedgerBacklog::had_time(const std::string& ledger) const {
    const auto found = readings_.find(ledger);
    if (!calm_ || found == readings_.end()) return false;
    const Reading& reading = found->second;
    Duration enough = patience;
    Time last_step = reading.last_effect;
    for (const std::string& name : reading.groups) {
        const auto group = groups_.find(name);
        if (group == groups_.end()) continue;
        if (group->second.lacked_member_in_calm) enough = patience_with_the_dead;
        last_step = std::max(last_step, group->second.last_advance);
    }
    return book_.now() >= *calm_ + enough && book_.now() >= last_step + still_at_work;
}

std::optional<std::string> LedgerBacklog::waits_for(const std::string& ledger,
                                                    const Reading& reading,
                                                    const Place& place) const {
    const auto& [partition, offset] = place;
    const auto told = [&](const std::string& whom) {
        return fmt::format("{}@{} was ahead of {}", partition, offset, whom);
    };
    if (partition.topic == reading.topic) {
        const bool is_read = std::ranges::any_of(reading.nodes, [&](sim::NodeId node) {
            const auto polled = polled_.find(node);
            return polled != polled_.end() && has_passed(polled->second, partition, offset);
        });
        return is_read ? std::nullopt : std::optional<std::string>(told(ledger));
    }
    for (const std::string& name : reading.groups) {
        const auto group = groups_.find(name);
        // Who never came may yet read anything.
        if (group == groups_.end() || group->second.topics.empty()) return told("group " + name);
        if (!group->second.topics.contains(partition.topic)) continue;
        if (!has_passed(group->second.passed, partition, offset)) return told("group " + name);
    }
    return std::nullopt;
}

void LedgerBacklog::find_records() {
    has_found_records_ = true;
    std::map<model::RecordId, sim::EventSequence> known;
    for (const auto& [event, accepted] : accepted_) known[accepted.record] = accepted.event;
    const auto stands = [&](model::RecordId record, const model::TopicPartition& partition,
                            model::Offset offset) {
        const auto accepted = known.find(record);
        if (accepted == known.end()) return;
        places_[record].emplace(partition, offset);
        last_that_stands_ = std::max(last_that_stands_, accepted->second);
    };
    book_.audit().visit_settled(
        [&](const model::TopicPartition& partition, model::BrokerId, const AuditedLogs::Row& row) {
            stands(row.record, partition, row.offset);
        });
    for (const Send& send : book_.history().sends()) {
        if (!send.is_acknowledged()) continue;
        acknowledged_.insert(send.record);
        const model::TopicPartition& partition = book_.history().partition(send);
        if (!book_.audit().is_audited(partition)) stands(send.record, partition, send.offset);
    }
}

}  // namespace squall::checkers
