#include "checkers/numbered_logs.h"

#include <algorithm>

#include "sim/base/assert.h"

namespace squall::checkers {

namespace {

using NumberedLogsEvents =
    sim::EventOf<model::BatchAppended, model::MarkerAppended, model::RoleTaken, model::LogTruncated,
                 model::LogOpened, model::LogStartAdvanced, model::TopicCreated>;

}  // namespace

namespace {
constexpr std::int64_t sequences = std::int64_t{1} << 31;
}

model::SequenceNumber next_sequence(model::SequenceNumber sequence) {
    const std::int64_t next = (std::int64_t{sequence.value()} + 1) % sequences;
    return model::SequenceNumber{static_cast<std::int32_t>(next)};
}

model::SequenceNumber NumberedBatch::last_sequence() const {
    if (base_sequence < model::SequenceNumber{0}) return base_sequence;
    const std::int64_t last =
        (base_sequence.value() + (last_offset.value() - base_offset.value())) % sequences;
    return model::SequenceNumber{static_cast<std::int32_t>(last)};
}

std::string_view to_string(Fate fate) {
    switch (fate) {
        case Fate::plain:
            return "plain";
        case Fate::committed:
            return "committed";
        case Fate::aborted:
            return "aborted";
        case Fate::undecided:
            return "undecided";
        case Fate::untold:
            return "untold";
    }
    return "?";
}

const std::vector<const NumberedBatch*>& NumberedLog::of(model::ProducerId producer) const {
    static const std::vector<const NumberedBatch*> none;
    const auto at = producers_.find(producer);
    return at == producers_.end() ? none : at->second;
}

const NumberedBatch* NumberedLog::find(model::Offset offset) const {
    const auto after = std::ranges::upper_bound(
        batches_, offset, {}, [](const NumberedBatch* batch) { return batch->base_offset; });
    if (after == batches_.begin()) return nullptr;
    const NumberedBatch* batch = *std::prev(after);
    return batch->last_offset >= offset ? batch : nullptr;
}

const NumberedBatch* NumberedLog::end_of(const NumberedBatch& batch) const {
    if (!batch.is_transactional || batch.is_control) return nullptr;
    const auto& own = of(batch.producer_id);
    auto at = std::ranges::upper_bound(own, batch.base_offset, {},
                                       [](const NumberedBatch* b) { return b->base_offset; });
    at = std::find_if(at, own.end(), [](const NumberedBatch* b) { return b->is_control; });
    return at == own.end() ? nullptr : *at;
}

Fate NumberedLog::fate_of(const NumberedBatch& batch) const {
    if (!batch.is_transactional || batch.is_control) return Fate::plain;
    const NumberedBatch* end = end_of(batch);
    if (!is_told(batch.base_offset, end == nullptr ? end_ : end->base_offset)) return Fate::untold;
    if (end == nullptr) return Fate::undecided;
    if (!end->commit) return Fate::untold;
    return *end->commit ? Fate::committed : Fate::aborted;
}

model::Offset NumberedLog::stable_offset(model::Offset high_watermark) const {
    model::Offset stable = high_watermark;
    if (!open_.empty()) stable = std::min(stable, open_.begin()->first);
    const model::Offset from = std::max(high_watermark, loaded_);
    for (auto at = ended_.lower_bound(from); at != ended_.end(); ++at) {
        stable = std::min(stable, at->second);
    }
    return stable;
}

bool NumberedLog::is_told(model::Offset from, model::Offset to) const {
    return std::ranges::none_of(
        untold_, [&](const auto& range) { return range.first < to && from < range.second; });
}

void NumberedLog::open(model::Offset start, model::Offset end) {
    truncate(end);
    loaded_ = end;
    start_ = std::max(start_, start);
    if (end > end_) untold_.emplace_back(std::max(end_, start), end);
    end_ = end;
}

void NumberedLog::append(const NumberedBatch& batch) {
    advance_end(batch.last_offset.next());
    batches_.push_back(&batch);
    auto& own = producers_[batch.producer_id];
    if (batch.is_control) {
        end_transaction(batch);
    } else if (batch.is_transactional && find_open(batch.producer_id) == open_.end()) {
        open_.emplace(batch.base_offset, batch.producer_id);
    }
    own.push_back(&batch);
}

std::map<model::Offset, model::ProducerId>::iterator NumberedLog::find_open(
    model::ProducerId producer) {
    return std::ranges::find(open_, producer, [](const auto& entry) { return entry.second; });
}

void NumberedLog::end_transaction(const NumberedBatch& marker) {
    const auto at = find_open(marker.producer_id);
    if (at == open_.end()) return;  // the end of a transaction that wrote nothing here
    ended_.emplace(marker.base_offset, at->first);
    open_.erase(at);
}

void NumberedLog::truncate(model::Offset to) {
    if (to >= end_) return;
    end_ = to;
    loaded_ = std::min(loaded_, to);
    std::erase_if(untold_, [&](const auto& range) { return range.first >= to; });
    if (!untold_.empty()) untold_.back().second = std::min(untold_.back().second, to);
    if (batches_.empty() || batches_.back()->last_offset < to) return;
    while (!batches_.empty() && batches_.back()->last_offset >= to) {
        auto& own = producers_[batches_.back()->producer_id];
        own.pop_back();
        batches_.pop_back();
    }
    reopen();
}

// A cut may take ends away, and beginnings.
void NumberedLog::reopen() {
    open_.clear();
    ended_.clear();
    for (const auto& [producer, own] : producers_) {
        const NumberedBatch* first = nullptr;
        for (const NumberedBatch* batch : own) {
            if (batch->is_control) {
                if (first != nullptr) ended_.emplace(batch->base_offset, first->base_offset);
                first = nullptr;
            } else if (batch->is_transactional && first == nullptr) {
                first = batch;
            }
        }
        if (first != nullptr) open_.emplace(first->base_offset, producer);
    }
}

void NumberedLogs::on_appended(const model::BatchAppended& appended, const sim::Event& event) {
    Partition& partition = partitions_[appended.partition];
    NumberedLog& log = partition.logs[appended.broker];
    log.truncate(appended.base_offset);
    if (appended.producer_id == model::no_producer_id) {
        log.advance_end(appended.last_offset.next());
        return;
    }
    appending_ = {.batch = &note(partition, appended, event), .log = &log};
    growing_ = &log;
    is_by_leader_ = appended.role == model::ReplicaRole::leader;
}

void NumberedLogs::settle() {
    if (growing_ == nullptr) return;
    growing_->append(*appending_.batch);
    growing_ = nullptr;
    is_by_leader_ = false;
}

const NumberedBatch& NumberedLogs::note(Partition& partition, const model::BatchAppended& appended,
                                        const sim::Event& event) {
    const auto [at, is_new] =
        partition.batches.try_emplace({appended.base_offset, appended.leader_epoch});
    NumberedBatch& batch = at->second;
    if (is_new) {
        batch = {.base_offset = appended.base_offset,
                 .last_offset = appended.last_offset,
                 .leader_epoch = appended.leader_epoch,
                 .producer_id = appended.producer_id,
                 .producer_epoch = appended.producer_epoch,
                 .base_sequence = appended.base_sequence,
                 .is_control = appended.is_control,
                 .is_transactional = appended.is_transactional,
                 .commit = {},
                 .coordinator_epoch = -1,
                 .records = {},
                 .appended = event.sequence,
                 .appended_at = event.time};
    }
    if (appended.role == model::ReplicaRole::leader && appended.is_transactional &&
        !appended.is_control) {
        batch.records = appended.records;
    }
    return batch;
}

std::optional<NumberedLogs::StoredOffsets> NumberedLogs::stored_offsets(
    model::ProducerId producer, model::ProducerEpoch epoch, sim::EventSequence told) const {
    std::optional<StoredOffsets> found;
    visit([&](const model::TopicPartition& partition, const NumberedLog& log) {
        if (partition.topic != model::offsets_topic) return;
        for (const NumberedBatch* batch : log.of(producer)) {
            if (batch->is_control || batch->producer_epoch != epoch || batch->appended > told ||
                (found && found->batch->appended > batch->appended)) {
                continue;
            }
            found = StoredOffsets{.partition = partition,
                                  .batch = batch,
                                  .end = log.end_of(*batch),
                                  .fate = log.fate_of(*batch)};
        }
    });
    return found;
}

void NumberedLogs::on_marker(const model::MarkerAppended& marker) {
    Partition& partition = partitions_[marker.partition];
    const auto at = partition.batches.find({marker.offset, marker.leader_epoch});
    if (at == partition.batches.end()) return;
    at->second.commit = marker.commit;
    at->second.coordinator_epoch = marker.coordinator_epoch;
}

bool NumberedLogs::looks_at(const sim::EventKind& kind) {
    return NumberedLogsEvents::includes(kind);
}

void NumberedLogs::observe(const sim::Event& any) {
    const NumberedLogsEvents event(any);
    ASSERT(growing_ == nullptr, "event {}: the batch before it was not settled", event.sequence);
    if (const auto* appended = event.as<model::BatchAppended>()) {
        return on_appended(*appended, event);
    }
    const auto log_of = [this](const model::TopicPartition& partition,
                               model::BrokerId broker) -> NumberedLog* {
        const auto at = partitions_.find(partition);
        if (at == partitions_.end()) return nullptr;
        const auto log = at->second.logs.find(broker);
        return log == at->second.logs.end() ? nullptr : &log->second;
    };
    if (const auto* marker = event.as<model::MarkerAppended>()) {
        on_marker(*marker);
    } else if (const auto* taken = event.as<model::RoleTaken>()) {
        if (taken->role != model::ReplicaRole::leader) return;
        Partition& partition = partitions_[taken->partition];
        if (taken->leader_epoch < partition.leader_epoch) return;
        partition.leader = taken->broker;
        partition.leader_epoch = taken->leader_epoch;
    } else if (const auto* cut = event.as<model::LogTruncated>()) {
        if (NumberedLog* log = log_of(cut->partition, cut->broker)) log->truncate(cut->to);
    } else if (const auto* opened = event.as<model::LogOpened>()) {
        partitions_[opened->partition].logs[opened->broker].open(opened->log_start_offset,
                                                                 opened->log_end_offset);
    } else if (const auto* moved = event.as<model::LogStartAdvanced>()) {
        if (NumberedLog* log = log_of(moved->partition, moved->broker)) {
            if (moved->reason == "topic deleted") {
                *log = NumberedLog{};
            } else {
                log->advance_start(moved->to);
            }
        }
    } else if (const auto* created = event.as<model::TopicCreated>()) {
        const auto [at, is_new] = topics_.try_emplace(created->topic, created->topic_id);
        if (is_new || at->second == created->topic_id) return;
        at->second = created->topic_id;
        std::erase_if(partitions_,
                      [&](const auto& entry) { return entry.first.topic == created->topic; });
    }
}

const NumberedLog* NumberedLogs::find(const model::TopicPartition& partition,
                                      model::BrokerId broker) const {
    const auto at = partitions_.find(partition);
    if (at == partitions_.end()) return nullptr;
    const auto log = at->second.logs.find(broker);
    return log == at->second.logs.end() ? nullptr : &log->second;
}

model::BrokerId NumberedLogs::leader(const model::TopicPartition& partition) const {
    const auto at = partitions_.find(partition);
    return at == partitions_.end() ? model::no_broker : at->second.leader;
}

const NumberedLog* NumberedLogs::leader_log(const model::TopicPartition& partition) const {
    return find(partition, leader(partition));
}

}  // namespace squall::checkers
