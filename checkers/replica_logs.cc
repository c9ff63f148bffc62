#include "checkers/replica_logs.h"

#include <algorithm>

#include "checkers/cluster_view.h"
#include "sim/base/assert.h"

namespace squall::checkers {

namespace {

using ReplicaLogsEvents = sim::EventOf<model::BatchAppended, model::LogTruncated, model::LogOpened,
                                       model::LogStartAdvanced, model::LogCleaned, sim::NodeStopped,
                                       sim::DiskFaultHit, model::TopicCreated>;

}  // namespace

const ReplicaLog::Entry* ReplicaLog::find(model::Offset offset) const {
    const auto after = std::ranges::upper_bound(entries_, offset, {},
                                                [](const Entry& e) { return e.batch.base_offset; });
    if (after == entries_.begin()) return nullptr;
    const Entry& entry = *std::prev(after);
    return entry.batch.last_offset >= offset ? &entry : nullptr;
}

const BatchIdentity* ReplicaLog::last_known() const {
    if (entries_.empty() || !entries_.back().known) return nullptr;
    return &entries_.back().batch;
}

ReplicaLog::Entry ReplicaLog::unknown(model::Offset from, model::Offset to) {
    return {.batch = {.base_offset = from,
                      .last_offset = to - 1,
                      .leader_epoch = model::no_leader_epoch,
                      .crc = 0},
            .known = false};
}

bool ReplicaLog::append(const BatchIdentity& batch) {
    const bool is_free = entries_.empty() || entries_.back().batch.last_offset < batch.base_offset;
    if (!is_free) cut(batch.base_offset);
    if (entries_.empty() && batch.base_offset < start_) start_ = batch.base_offset;
    entries_.push_back({.batch = batch, .known = true});
    end_ = batch.last_offset.next();
    return is_free;
}

void ReplicaLog::cut(model::Offset to) {
    while (!entries_.empty() && entries_.back().batch.last_offset >= to) {
        Entry& last = entries_.back();
        if (!last.known && last.batch.base_offset < to) {
            last.batch.last_offset = to - 1;
            break;
        }
        entries_.pop_back();  // whole batches go, as in Kafka
    }
}

void ReplicaLog::truncate(model::Offset to, bool starts_anew) {
    if (starts_anew || to < start_) {
        entries_.clear();
        start_ = to;
    } else {
        cut(to);
    }
    end_ = to;
}

void ReplicaLog::advance_start(model::Offset to) {
    const auto kept = std::ranges::find_if(
        entries_, [&](const Entry& entry) { return entry.batch.last_offset >= to; });
    entries_.erase(entries_.begin(), kept);
    start_ = std::max(start_, to);
    end_ = std::max(end_, to);
}

void ReplicaLog::clean(model::Offset to) {
    const auto kept = std::ranges::find_if(
        entries_, [&](const Entry& entry) { return entry.batch.last_offset >= to; });
    if (kept == entries_.begin()) return;
    const Entry cleaned =
        unknown(entries_.front().batch.base_offset, std::prev(kept)->batch.last_offset.next());
    entries_.erase(entries_.begin(), kept);
    entries_.insert(entries_.begin(), cleaned);
}

void ReplicaLog::open(model::Offset start, model::Offset end) {
    may_be_shorter_ = false;
    is_open_ = true;
    if (start > start_) {
        advance_start(start);
    } else if (start < start_) {
        entries_.insert(entries_.begin(), unknown(start, start_));
    }
    start_ = start;
    cut(end);
    const model::Offset told =
        std::max(start, entries_.empty() ? start : entries_.back().batch.last_offset.next());
    // A hole below the old end is no news (a batch that was cut in its middle left it).
    const model::Offset unknown_from = std::max(told, std::min(end_, end));
    if (end > unknown_from) entries_.push_back(unknown(unknown_from, end));
    end_ = end;
}

void ReplicaLogs::close_all_of(sim::NodeId node, bool has_lost_power) {
    for (auto& [key, log] : logs_) {
        const auto at = nodes_.find(key.second);
        if (at != nodes_.end() && at->second == node) log.close(has_lost_power);
    }
}

bool ReplicaLogs::is_closed(sim::NodeId node) const {
    return std::ranges::none_of(logs_, [&](const auto& entry) {
        const auto at = nodes_.find(entry.first.second);
        return at != nodes_.end() && at->second == node && entry.second.is_open();
    });
}

bool ReplicaLogs::looks_at(const sim::EventKind& kind) {
    return ReplicaLogsEvents::includes(kind);
}

bool ReplicaLogs::observe(const sim::Event& any, Change& change) {
    const ReplicaLogsEvents event(any);
    using Kind = Change::Kind;
    const auto touch = [&](const model::TopicPartition& partition,
                           model::BrokerId broker) -> ReplicaLog& {
        nodes_[broker] = event.node;
        const auto at = logs_.try_emplace(Key{partition, broker}).first;
        change.key = &at->first;
        change.log = &at->second;
        change.end_before = at->second.end();
        const BatchIdentity* const last = at->second.last_known();
        change.last_before = last == nullptr ? std::nullopt : std::optional(*last);
        change.was_known_exactly = !at->second.may_be_shorter();
        return at->second;
    };
    if (const auto* appended = event.as<model::BatchAppended>()) {
        const bool is_free = touch(appended->partition, appended->broker)
                                 .append({.base_offset = appended->base_offset,
                                          .last_offset = appended->last_offset,
                                          .leader_epoch = appended->leader_epoch,
                                          .crc = appended->crc});
        change.kind = is_free ? Kind::appended : Kind::overwritten;
        return true;
    }
    if (const auto* cut = event.as<model::LogTruncated>()) {
        touch(cut->partition, cut->broker).truncate(cut->to, cut->reason == "out of range");
        change.kind = Kind::truncated;
        return true;
    }
    if (const auto* opened = event.as<model::LogOpened>()) {
        touch(opened->partition, opened->broker)
            .open(opened->log_start_offset, opened->log_end_offset);
        change.kind = Kind::opened;
        return true;
    }
    if (const auto* moved = event.as<model::LogStartAdvanced>()) {
        ReplicaLog& log = touch(moved->partition, moved->broker);
        if (moved->reason == "topic deleted") {
            log = ReplicaLog{};
            change.kind = Kind::deleted;
        } else {
            log.advance_start(moved->to);
            change.kind = Kind::started_later;
        }
        return true;
    }
    if (const auto* cleaned = event.as<model::LogCleaned>()) {
        touch(cleaned->partition, cleaned->broker).clean(cleaned->to);
        change.kind = Kind::cleaned;
        change.cleaned_to = cleaned->to;
        return true;
    }
    if (const auto* stopped = event.as<sim::NodeStopped>()) {
        if (stopped->reason != sim::StopReason::end_of_run) {
            close_all_of(event.node, stopped->reason == sim::StopReason::power_loss);
        }
    } else if (const auto* hit = event.as<sim::DiskFaultHit>()) {
        // The power may also go, and the disk be replaced, where the process has been dead for a
        // while.
        const bool is_down = hit->fault == "lost" && is_closed(event.node);
        if (is_down || (destroys_data(*hit) && !destroys_flushed_data(*hit))) {
            close_all_of(event.node, true);
        }
    } else if (const auto* created = event.as<model::TopicCreated>()) {
        const auto [at, is_new] = topics_.try_emplace(created->topic, created->topic_id);
        if (!is_new && at->second != created->topic_id) {
            at->second = created->topic_id;
            forget_topic(created->topic);
        }
    }
    return false;
}

void ReplicaLogs::forget_topic(std::string_view topic) {
    std::erase_if(logs_, [&](const auto& entry) { return entry.first.first.topic == topic; });
}

const ReplicaLog* ReplicaLogs::find(const model::TopicPartition& partition,
                                    model::BrokerId broker) const {
    const auto at = logs_.find(Key{partition, broker});
    return at == logs_.end() ? nullptr : &at->second;
}

}  // namespace squall::checkers
