#include "checkers/audited_logs.h"

#include <algorithm>

namespace squall::checkers {

namespace {

using AuditedLogsEvents =
    sim::EventOf<model::HighWatermarkAdvanced, model::RoleTaken, model::PartitionChanged,
                 model::BrokerStarted, sim::DiskFaultHit, model::AuditedBatch, model::AuditedLog>;

}  // namespace

bool AuditedLogs::Log::holds(model::Offset offset, model::RecordId record) const {
    auto at = std::ranges::lower_bound(rows, offset, {}, &Row::offset);
    for (; at != rows.end() && at->offset == offset; ++at) {
        if (at->record == record) return true;
    }
    return false;
}

void AuditedLogs::on_high_watermark(const model::TopicPartition& partition,
                                    model::LeaderEpoch epoch, model::Offset high_watermark) {
    Partition& state = partitions_[partition];
    if (epoch < state.leader_epoch) return;
    state.leader_epoch = epoch;
    state.high_watermark = high_watermark;
}

bool AuditedLogs::is_rotten(const model::TopicPartition& partition, model::BrokerId broker) const {
    if (rotten_.empty()) return false;
    const auto node = nodes_.find(broker);
    return node != nodes_.end() && rotten_.contains({node->second, to_string(partition)});
}

bool AuditedLogs::looks_at(const sim::EventKind& kind) {
    return AuditedLogsEvents::includes(kind);
}

void AuditedLogs::observe(const sim::Event& any) {
    const AuditedLogsEvents event(any);
    if (const auto* moved = event.as<model::HighWatermarkAdvanced>()) {
        if (moved->role == model::ReplicaRole::leader) {
            on_high_watermark(moved->partition, moved->leader_epoch, moved->to);
        }
    } else if (const auto* taken = event.as<model::RoleTaken>()) {
        if (taken->role == model::ReplicaRole::leader) {
            on_high_watermark(taken->partition, taken->leader_epoch, taken->high_watermark);
            Partition& state = partitions_[taken->partition];
            if (taken->broker == state.leader) state.leader_is_back = false;
        }
    } else if (const auto* changed = event.as<model::PartitionChanged>()) {
        Partition& state = partitions_[changed->partition];
        if (changed->leader_epoch != state.elected) state.leader_is_back = false;
        state.elected = changed->leader_epoch;
        state.leader = changed->leader;
        state.isr = changed->isr;
    } else if (const auto* started = event.as<model::BrokerStarted>()) {
        nodes_[started->broker] = event.node;
        for (auto& [partition, state] : partitions_) {
            if (state.leader == started->broker) state.leader_is_back = true;
        }
    } else if (const auto* hit = event.as<sim::DiskFaultHit>()) {
        if (spoils_what_rests(*hit)) {
            rotten_.emplace(event.node, hit->path.substr(0, hit->path.find('/')));
        }
    } else if (const auto* batch = event.as<model::AuditedBatch>()) {
        if (is_rotten(batch->partition, batch->broker)) return;
        Log& log = partitions_[batch->partition].logs[batch->broker];
        model::Offset offset = batch->base_offset;
        for (const model::RecordId record : batch->records) {
            // Compaction took what stood there.
            const bool is_hole = record == model::RecordId{};
            if (!is_hole) {
                log.rows.push_back({.offset = offset, .record = record, .event = event.sequence});
            }
            ++offset;
        }
    } else if (const auto* audited = event.as<model::AuditedLog>()) {
        if (is_rotten(audited->partition, audited->broker)) return;
        Log& log = partitions_[audited->partition].logs[audited->broker];
        log.is_complete = true;
        log.running = audited->running;
        // A file may be out of order.
        if (!std::ranges::is_sorted(log.rows, {}, &Row::offset)) {
            std::ranges::stable_sort(log.rows, {}, &Row::offset);
        }
    }
}

bool AuditedLogs::is_audited(const model::TopicPartition& partition) const {
    const auto at = partitions_.find(partition);
    return at != partitions_.end() && !at->second.logs.empty();
}

bool AuditedLogs::is_on_any_replica(const model::TopicPartition& partition, model::Offset offset,
                                    model::RecordId record) const {
    const auto at = partitions_.find(partition);
    return at != partitions_.end() && std::ranges::any_of(at->second.logs, [&](const auto& entry) {
               return entry.second.holds(offset, record);
           });
}

const AuditedLogs::Log* AuditedLogs::leader_log(const model::TopicPartition& partition) const {
    const auto at = partitions_.find(partition);
    if (at == partitions_.end() || at->second.leader_is_back) return nullptr;
    const auto log = at->second.logs.find(at->second.leader);
    if (log == at->second.logs.end() || !log->second.is_complete || !log->second.running) {
        return nullptr;
    }
    return &log->second;
}

void AuditedLogs::visit_settled(
    const std::function<void(const model::TopicPartition&, model::BrokerId, const Row&)>& visit)
    const {
    for (const auto& [partition, state] : partitions_) {
        for (const model::BrokerId member : state.isr) {
            const auto log = state.logs.find(member);
            if (log == state.logs.end() || !log->second.is_complete || !log->second.running)
                continue;
            for (const Row& row : log->second.rows) {
                if (row.offset < state.high_watermark) visit(partition, member, row);
            }
        }
    }
}

}  // namespace squall::checkers
