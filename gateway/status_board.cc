#include "gateway/status_board.h"

#include <algorithm>

#include "model/events/controller_events.h"
#include "model/events/group_events.h"
#include "model/events/raft_events.h"
#include "model/events/replica_events.h"
#include "model/events/transaction_events.h"
#include "sim/trace/sim_events.h"

namespace squall::gateway {

using model::BrokerId;
using model::Offset;
using model::TopicPartition;

StatusBoard::Replica StatusBoard::Partition::log() const {
    if (const auto found = logs.find(leader); found != logs.end()) return found->second;
    Replica most;
    for (const auto& [broker, replica] : logs) {
        if (replica.high_watermark >= most.high_watermark) most = replica;
    }
    return most;
}

bool StatusBoard::looks_at(const sim::EventKind& kind) {
    return kind.is_one_of<
        model::BrokerStarted, model::BrokerFenceChanged, model::RaftRoleChanged, sim::NodeStopped,
        model::PartitionChanged, model::TopicDeleted, model::LogOpened, model::RoleTaken,
        model::BatchAppended, model::LogTruncated, model::HighWatermarkAdvanced,
        model::LogStartAdvanced, model::LastStableOffsetMoved, model::GroupStateChanged,
        model::OffsetCommitted, model::TransactionStateChanged, model::TransactionLoaded>();
}

void StatusBoard::observe(const sim::Event& event, const sim::Trace& trace) {
    if (const auto* started = event.as<model::BrokerStarted>()) {
        brokers_[started->broker].name = trace.node_name(event.node);
    } else if (const auto* fence = event.as<model::BrokerFenceChanged>()) {
        brokers_[fence->broker].is_fenced = fence->fenced;
    } else if (const auto* role = event.as<model::RaftRoleChanged>()) {
        if (role->role == "leader" && role->epoch >= controller_epoch_) {
            controller_epoch_ = role->epoch;
            controller_ = trace.node_name(event.node);
        }
    } else if (event.as<sim::NodeStopped>() != nullptr) {
        if (controller_ == trace.node_name(event.node)) controller_.reset();
    } else if (const auto* changed = event.as<model::PartitionChanged>()) {
        Partition& partition = partitions_[changed->partition];
        if (partition.leader != model::no_broker && partition.leader != changed->leader) {
            ++counts_.leader_changes;
            partition.last_stable_offset.reset();
        }
        if (changed->unclean) ++counts_.unclean_elections;
        if (!partition.isr.empty() && changed->isr.size() < partition.isr.size()) {
            ++counts_.isr_shrinks;
        } else if (!partition.isr.empty() && changed->isr.size() > partition.isr.size()) {
            ++counts_.isr_expands;
        }
        partition.leader = changed->leader;
        partition.leader_epoch = changed->leader_epoch;
        partition.replicas = changed->replicas;
        partition.isr = changed->isr;
    } else if (const auto* deleted = event.as<model::TopicDeleted>()) {
        const auto is_gone = [&](const auto& entry) { return entry.first.topic == deleted->topic; };
        std::erase_if(partitions_, is_gone);
        for (auto& [name, group] : groups_) std::erase_if(group.committed, is_gone);
    } else {
        observe_log(event);
        observe_coordinator(event);
    }
}

StatusBoard::Replica* StatusBoard::log_of(const TopicPartition& partition, BrokerId broker) {
    const auto found = partitions_.find(partition);
    return found == partitions_.end() ? nullptr : &found->second.logs[broker];
}

void StatusBoard::observe_log(const sim::Event& event) {
    if (const auto* appended = event.as<model::BatchAppended>()) {
        if (Replica* const log = log_of(appended->partition, appended->broker)) {
            log->log_end = appended->last_offset + 1;
        }
        if (appended->role == model::ReplicaRole::leader && !appended->is_control) {
            counts_.messages_in[appended->partition.topic] += appended->records.size();
        }
    } else if (const auto* advanced = event.as<model::HighWatermarkAdvanced>()) {
        if (Replica* const log = log_of(advanced->partition, advanced->broker)) {
            log->high_watermark = advanced->to;
        }
    } else if (const auto* role = event.as<model::RoleTaken>()) {
        if (Replica* const log = log_of(role->partition, role->broker)) {
            log->log_end = role->log_end_offset;
            log->high_watermark = role->high_watermark;
        }
    } else if (const auto* opened = event.as<model::LogOpened>()) {
        if (Replica* const log = log_of(opened->partition, opened->broker)) {
            *log = {opened->log_start_offset, opened->log_end_offset, opened->high_watermark};
        }
    } else if (const auto* truncated = event.as<model::LogTruncated>()) {
        if (Replica* const log = log_of(truncated->partition, truncated->broker)) {
            log->log_end = truncated->to;
        }
    } else if (const auto* start = event.as<model::LogStartAdvanced>()) {
        if (Replica* const log = log_of(start->partition, start->broker)) {
            log->log_start = start->to;
        }
    } else if (const auto* stable = event.as<model::LastStableOffsetMoved>()) {
        const auto found = partitions_.find(stable->partition);
        if (found != partitions_.end()) found->second.last_stable_offset = stable->to;
    }
}

void StatusBoard::observe_coordinator(const sim::Event& event) {
    if (const auto* changed = event.as<model::GroupStateChanged>()) {
        if (changed->to == "Dead") {
            groups_.erase(changed->group);
            return;
        }
        Group& group = groups_[changed->group];
        if (changed->generation > group.generation) ++counts_.group_rebalances;
        group.state = changed->to;
        group.generation = changed->generation;
        group.members = changed->members;
    } else if (const auto* committed = event.as<model::OffsetCommitted>()) {
        Group& group = groups_[committed->group];
        if (group.state.empty()) group.state = "Empty";
        group.committed[committed->partition] = committed->offset;
    } else if (const auto* transaction = event.as<model::TransactionStateChanged>()) {
        if (transaction->to == "Dead") {
            transactions_.erase(transaction->transactional_id);
            return;
        }
        transactions_[transaction->transactional_id] = {transaction->to, transaction->producer_id,
                                                        transaction->producer_epoch,
                                                        transaction->partitions};
    } else if (const auto* loaded = event.as<model::TransactionLoaded>()) {
        transactions_[loaded->transactional_id] = {loaded->state, loaded->producer_id,
                                                   loaded->producer_epoch, loaded->partitions};
    }
}

std::optional<std::int64_t> StatusBoard::lag(const TopicPartition& partition,
                                             Offset committed) const {
    const auto found = partitions_.find(partition);
    if (found == partitions_.end()) return std::nullopt;
    return std::max<std::int64_t>(found->second.log().high_watermark - committed, 0);
}

}  // namespace squall::gateway
