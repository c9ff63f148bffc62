#include "checkers/log_starts.h"

#include <algorithm>

#include "checkers/cluster_view.h"

namespace squall::checkers {

namespace {

using LogStartsEvents =
    sim::EventOf<model::BatchAppended, model::HighWatermarkAdvanced, model::RoleTaken,
                 model::LogStartAdvanced, model::LogOpened, model::LogCleaned,
                 model::DeleteRecordsInvoked, model::AdminCompleted, model::PartitionChanged,
                 model::BrokerStarted, sim::NodeStopped, sim::DiskFaultHit, model::TopicCreated>;

}  // namespace

namespace {
constexpr std::string_view by_retention = "retention";
constexpr std::string_view by_request = "delete records";
constexpr std::string_view with_leader = "leader's log start";
constexpr std::string_view with_topic = "topic deleted";
}  // namespace

bool LogStarts::looks_at(const sim::EventKind& kind) {
    return LogStartsEvents::includes(kind);
}

void LogStarts::observe(const sim::Event& any, const ReplicaLogs& logs,
                        const TopicSettings& settings) {
    const LogStartsEvents event(any);
    has_judged_ = false;
    fault_.reset();
    if (const auto* appended = event.as<model::BatchAppended>()) {
        partitions_[appended->partition].batches.try_emplace(
            {appended->base_offset, appended->leader_epoch},
            Size{.max_timestamp = appended->max_timestamp, .bytes = appended->bytes});
    } else if (const auto* raised = event.as<model::HighWatermarkAdvanced>()) {
        partitions_[raised->partition].replicas[raised->broker].high_watermark = raised->to;
    } else if (const auto* taken = event.as<model::RoleTaken>()) {
        Partition& partition = partitions_[taken->partition];
        Replica& replica = partition.replicas[taken->broker];
        replica.high_watermark = taken->high_watermark;
        replica.is_leader = taken->role == model::ReplicaRole::leader;
        const ReplicaLog* log = logs.find(taken->partition, taken->broker);
        if (replica.is_leader && log != nullptr) {
            partition.leaders_start = std::max(partition.leaders_start, log->start());
        }
    } else if (const auto* moved = event.as<model::LogStartAdvanced>()) {
        on_advanced(*moved, logs, settings, event.sequence);
    } else if (const auto* opened = event.as<model::LogOpened>()) {
        on_opened(*opened, logs, event.sequence);
    } else if (const auto* cleaned = event.as<model::LogCleaned>()) {
        on_cleaned(*cleaned, settings, event.sequence);
    } else if (const auto* asked = event.as<model::DeleteRecordsInvoked>()) {
        on_asked(*asked, event.sequence);
    } else if (const auto* answered = event.as<model::AdminCompleted>()) {
        on_answered(*answered, logs, event.sequence);
    } else if (const auto* changed = event.as<model::PartitionChanged>()) {
        on_partition_changed(*changed, partitions_[changed->partition], event.sequence);
    } else if (const auto* started = event.as<model::BrokerStarted>()) {
        nodes_[started->broker] = event.node;
        is_clean_[started->broker] = started->clean;
        up_since_[started->broker] = event.sequence;
    } else if (event.as<sim::NodeStopped>()) {
        on_stopped(event.node);
    } else if (const auto* hit = event.as<sim::DiskFaultHit>()) {
        if (destroys_data(*hit)) spoiled_.insert(event.node);
    } else if (const auto* created = event.as<model::TopicCreated>()) {
        const auto [at, is_new] = topics_.try_emplace(created->topic, created->topic_id);
        if (is_new || at->second == created->topic_id) return;
        at->second = created->topic_id;
        std::erase_if(partitions_,
                      [&](const auto& entry) { return entry.first.topic == created->topic; });
    }
}

void LogStarts::find(std::string_view type, Evidence shown, sim::EventSequence sequence) {
    if (!fault_) fault_ = LogStartFault{type, std::move(shown), {sequence}};
}

// What a process knew of high watermarks dies with it.
void LogStarts::on_stopped(sim::NodeId node) {
    std::erase_if(up_since_, [&](const auto& entry) {
        const auto at = nodes_.find(entry.first);
        return at != nodes_.end() && at->second == node;
    });
    for (auto& [name, partition] : partitions_) {
        for (auto& [broker, replica] : partition.replicas) {
            const auto at = nodes_.find(broker);
            if (at != nodes_.end() && at->second == node) replica = Replica{};
        }
    }
}

void LogStarts::on_partition_changed(const model::PartitionChanged& changed, Partition& partition,
                                     sim::EventSequence sequence) {
    std::erase_if(partition.in_sync_since, [&](const auto& entry) {
        return std::ranges::find(changed.isr, entry.first) == changed.isr.end();
    });
    for (const model::BrokerId member : changed.isr) {
        partition.in_sync_since.try_emplace(member, sequence);
    }
}

void LogStarts::on_answered(const model::AdminCompleted& answered, const ReplicaLogs& logs,
                            sim::EventSequence sequence) {
    if (answered.outcome != model::Outcome::ok || !answered.request.starts_with("DeleteRecords")) {
        return;
    }
    const auto asked = deletions_.find(answered.client_id);
    if (asked == deletions_.end()) return;
    const auto [offsets, invoked] = asked->second;
    deletions_.erase(asked);
    for (const model::PartitionOffset& wanted : offsets) {
        const Partition& partition = partitions_[wanted.partition];
        // All that was committed: the leader told how far that is, if there was anything to delete.
        const bool is_all = wanted.offset == model::no_offset;
        if (is_all && partition.deleted < invoked) continue;
        const model::Offset to = is_all ? partition.deleted_to : wanted.offset;
        for (const auto& [broker, in_sync] : partition.in_sync_since) {
            const auto up = up_since_.find(broker);
            const ReplicaLog* log = logs.find(wanted.partition, broker);
            if (in_sync > invoked || up == up_since_.end() || up->second > invoked) continue;
            if (log == nullptr) continue;
            has_judged_ = true;
            if (log->start() >= to) continue;
            find("deletion-not-done",
                 evidence("partition", wanted.partition, "broker", broker, "client",
                          answered.client_id, "deleted_to", to, "log_start", log->start()),
                 sequence);
        }
    }
}

void LogStarts::on_asked(const model::DeleteRecordsInvoked& asked, sim::EventSequence sequence) {
    deletions_[asked.client_id] = {.offsets = asked.offsets, .invoked = sequence};
    for (const model::PartitionOffset& wanted : asked.offsets) {
        Partition& partition = partitions_[wanted.partition];
        partition.is_all_asked_to_go =
            partition.is_all_asked_to_go || wanted.offset == model::no_offset;
        partition.asked_to_go = std::max(partition.asked_to_go, wanted.offset);
    }
}

void LogStarts::on_opened(const model::LogOpened& opened, const ReplicaLogs& logs,
                          sim::EventSequence sequence) {
    Replica& replica = partitions_[opened.partition].replicas[opened.broker];
    replica = Replica{.high_watermark = opened.high_watermark};
    const ReplicaLog* log = logs.find(opened.partition, opened.broker);
    const auto clean = is_clean_.find(opened.broker);
    if (log == nullptr || clean == is_clean_.end() || !clean->second) return;
    if (spoiled_.contains(nodes_.at(opened.broker))) return;
    has_judged_ = true;
    if (opened.log_start_offset >= log->start()) return;
    find("log-start-regressed",
         evidence("partition", opened.partition, "broker", opened.broker, "from", log->start(),
                  "to", opened.log_start_offset),
         sequence);
}

void LogStarts::on_cleaned(const model::LogCleaned& cleaned, const TopicSettings& settings,
                           sim::EventSequence sequence) {
    const Partition& partition = partitions_[cleaned.partition];
    const TopicSettings::Loosest* loosest = settings.loosest(cleaned.partition.topic);
    if (loosest != nullptr) {
        has_judged_ = true;
        if (!loosest->compacts) {
            find("cleaning-not-allowed",
                 evidence("partition", cleaned.partition, "broker", cleaned.broker, "to",
                          cleaned.to),
                 sequence);
        }
    }
    const auto replica = partition.replicas.find(cleaned.broker);
    if (replica == partition.replicas.end() || !replica->second.high_watermark) return;
    has_judged_ = true;
    if (cleaned.to <= *replica->second.high_watermark) return;
    find("log-start-beyond-high-watermark",
         evidence("partition", cleaned.partition, "broker", cleaned.broker, "cleaned_to",
                  cleaned.to, "high_watermark", *replica->second.high_watermark),
         sequence);
}

void LogStarts::on_advanced(const model::LogStartAdvanced& moved, const ReplicaLogs& logs,
                            const TopicSettings& settings, sim::EventSequence sequence) {
    if (moved.reason == with_topic) return;
    static const ReplicaLog empty;
    Partition& partition = partitions_[moved.partition];
    Replica& replica = partition.replicas[moved.broker];
    const ReplicaLog* known = logs.find(moved.partition, moved.broker);
    const ReplicaLog& log = known == nullptr ? empty : *known;
    has_judged_ = true;
    if (moved.to < log.start()) {
        find("log-start-regressed",
             evidence("partition", moved.partition, "broker", moved.broker, "from", log.start(),
                      "to", moved.to, "reason", moved.reason),
             sequence);
    }
    const bool is_own_doing = moved.reason == by_retention || moved.reason == by_request;
    if (is_own_doing && replica.high_watermark && moved.to > *replica.high_watermark) {
        find("log-start-beyond-high-watermark",
             evidence("partition", moved.partition, "broker", moved.broker, "to", moved.to,
                      "high_watermark", *replica.high_watermark, "reason", moved.reason),
             sequence);
    }
    if (moved.reason == by_request) {
        partition.deleted_to = moved.to;
        partition.deleted = sequence;
    }
    if (moved.reason == by_request && !partition.is_all_asked_to_go &&
        moved.to > partition.asked_to_go) {
        find("deletion-not-asked",
             evidence("partition", moved.partition, "broker", moved.broker, "to", moved.to, "asked",
                      partition.asked_to_go),
             sequence);
    }
    if (moved.reason == with_leader && moved.to > partition.leaders_start) {
        find("log-start-not-the-leaders",
             evidence("partition", moved.partition, "broker", moved.broker, "to", moved.to,
                      "leaders_start", partition.leaders_start),
             sequence);
    }
    if (moved.reason == by_retention) judge_retention(moved, partition, log, settings, sequence);
    // The high watermark of a log never lies before its start.
    if (replica.high_watermark) {
        replica.high_watermark = std::max(*replica.high_watermark, moved.to);
    }
    if (replica.is_leader) partition.leaders_start = std::max(partition.leaders_start, moved.to);
}

const LogStarts::Size* LogStarts::size_of(const Partition& partition,
                                          const ReplicaLog::Entry& entry) {
    if (!entry.known) return nullptr;
    const auto at = partition.batches.find({entry.batch.base_offset, entry.batch.leader_epoch});
    return at == partition.batches.end() ? nullptr : &at->second;
}

void LogStarts::judge_retention(const model::LogStartAdvanced& moved, const Partition& partition,
                                const ReplicaLog& log, const TopicSettings& settings,
                                sim::EventSequence sequence) {
    const TopicSettings::Loosest* loosest = settings.loosest(moved.partition.topic);
    if (loosest == nullptr) return;
    Evidence shown = evidence("partition", moved.partition, "broker", moved.broker, "to", moved.to,
                              "retention_ms", loosest->retention_ms, "retention_bytes",
                              loosest->retention_bytes);
    if (!loosest->deletes) return find("retention-not-allowed", std::move(shown), sequence);
    // Any two reasons for what went are each a reason for a first part of it, so the longer one is
    // a reason for all.
    bool is_expired = loosest->retention_ms >= 0;
    bool is_enough_left = loosest->retention_bytes >= 0;
    std::int64_t left = 0;
    for (const ReplicaLog::Entry& entry : log.entries()) {
        const bool stays = entry.batch.last_offset >= moved.to;
        if (stays && !is_enough_left) break;
        const Size* size = size_of(partition, entry);
        if (size == nullptr) return;
        if (stays) {
            left += size->bytes;
        } else if (size->max_timestamp != model::no_timestamp &&
                   moved.wall_time - size->max_timestamp <= loosest->retention_ms) {
            is_expired = false;
            shown.emplace_back("too_young", fmt::format("{}", entry.batch.base_offset));
        }
    }
    is_enough_left = is_enough_left && left >= loosest->retention_bytes;
    if (is_expired || is_enough_left) return;
    if (shown.size() > 6) shown.resize(6);  // the first one tells
    shown.emplace_back("bytes_left", std::to_string(left));
    find("retention-not-allowed", std::move(shown), sequence);
}

}  // namespace squall::checkers
