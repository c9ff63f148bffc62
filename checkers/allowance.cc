#include "checkers/allowance.h"

#include <algorithm>
#include <iterator>

namespace squall::checkers {

namespace {

using AllowanceEvents =
    sim::EventOf<model::PartitionChanged, sim::NodeStopped, sim::DiskFaultHit, model::BatchAppended,
                 model::LogStartAdvanced, model::TopicDeleted, model::LogCleaned,
                 model::ProducerConfigured, model::BrokerStarted>;

}  // namespace

namespace {
constexpr std::string_view unclean_election = "unclean election";
constexpr std::string_view whole_isr_lost = "power loss of the whole ISR";
constexpr std::string_view weak_acks = "acks < all and a change of leader";
constexpr std::string_view log_start_moved = "log start moved";
constexpr std::string_view topic_deleted = "topic deleted";
constexpr std::string_view was_compacted = "compacted";
}  // namespace

bool Allowance::looks_at(const sim::EventKind& kind) {
    return AllowanceEvents::includes(kind);
}

void Allowance::observe(const sim::Event& any, bool is_forbidden) {
    const AllowanceEvents event(any);
    if (const auto* changed = event.as<model::PartitionChanged>()) {
        on_partition_changed(*changed, is_forbidden, event.sequence);
    } else if (const auto* stopped = event.as<sim::NodeStopped>()) {
        if (stopped->reason == sim::StopReason::power_loss && stopped->lost_bytes > 0) {
            on_unflushed_lost(event.node, event.sequence);
        }
    } else if (const auto* hit = event.as<sim::DiskFaultHit>()) {
        // Without a fault's id it tells what a power loss did.
        if (destroys_data(*hit) && hit->rule_id.empty()) {
            on_unflushed_lost(event.node, event.sequence);
        } else if (destroys_data(*hit)) {
            on_data_lost(event.node, event.sequence);
        }
    } else if (const auto* appended = event.as<model::BatchAppended>()) {
        if (appended->role != model::ReplicaRole::leader) return;
        const auto at = partitions_.find(appended->partition);
        if (at == partitions_.end() || appended->leader_epoch >= at->second.leader_epoch) return;
        at->second.last_stale_append = event.sequence;
    } else if (const auto* moved = event.as<model::LogStartAdvanced>()) {
        // A replica that is removed says nothing of the others: the topic may live on.
        if (moved->reason == "topic deleted" || is_forbidden) return;
        partitions_[moved->partition].log_starts.try_emplace(moved->to, event.sequence);
    } else if (const auto* deleted = event.as<model::TopicDeleted>()) {
        on_topic_deleted(deleted->topic, event.sequence);
    } else if (const auto* cleaned = event.as<model::LogCleaned>()) {
        if (is_forbidden) return;
        Partition& state = partitions_[cleaned->partition];
        if (state.cleaned_to < cleaned->to) {
            state.cleaned_to = cleaned->to;
            state.cleaned = event.sequence;
        }
    } else if (const auto* producer = event.as<model::ProducerConfigured>()) {
        // "all" is -1, so the weakest is the one furthest above it, except that 0 is weaker than 1.
        const auto [at, is_new] = acks_.try_emplace(producer->client_id, producer->acks);
        if (!is_new && (at->second == -1 || producer->acks == 0)) at->second = producer->acks;
    } else if (const auto* started = event.as<model::BrokerStarted>()) {
        nodes_[started->broker] = event.node;
    }
}

// What comes under its name later is another topic.
void Allowance::on_topic_deleted(std::string_view topic, sim::EventSequence sequence) {
    for (auto at = partitions_.lower_bound({.topic = std::string(topic), .partition = 0});
         at != partitions_.end() && at->first.topic == topic; ++at) {
        at->second = Partition{};
        at->second.deleted = sequence;
    }
}

void Allowance::on_partition_changed(const model::PartitionChanged& changed, bool is_forbidden,
                                     sim::EventSequence sequence) {
    Partition& state = partitions_[changed.partition];
    if (changed.leader != state.leader && changed.leader != model::no_broker) {
        state.last_leader_change = sequence;
    }
    state.leader_epoch = changed.leader_epoch;
    // The mark may stay on the changes that follow the election.
    const bool is_new_epoch =
        state.unclean.empty() || state.unclean.back().leader_epoch < changed.leader_epoch;
    if (changed.unclean && is_new_epoch && !is_forbidden) {
        state.unclean.push_back({.leader_epoch = changed.leader_epoch, .event = sequence});
    }
    state.leader = changed.leader;
    // Who has all that is committed: the in-sync set, and those that left it when it was already
    // too small for more to be (KIP-966).
    std::vector<model::BrokerId> in_sync = changed.isr;
    std::ranges::copy(changed.eligible_leader_replicas, std::back_inserter(in_sync));
    // Whoever is let in again has fetched everything anew: its old loss is healed.
    for (const model::BrokerId member : in_sync) {
        if (std::ranges::find(state.in_sync, member) == state.in_sync.end()) {
            state.spoiled.erase(member);
        }
    }
    state.in_sync = in_sync;
    note_whole_loss(state, sequence);
}

// What survives a loss of the whole in-sync set is the log from then on, so the next loss counts
// from nothing.
void Allowance::note_whole_loss(Partition& state, sim::EventSequence sequence) {
    const bool is_whole =
        !state.in_sync.empty() && std::ranges::all_of(state.in_sync, [&](model::BrokerId member) {
            return state.spoiled.contains(member);
        });
    if (!is_whole) return;
    state.last_whole_loss = sequence;
    state.spoiled.clear();
}

// By the safe contract an acknowledged record is on a device.
void Allowance::on_unflushed_lost(sim::NodeId node, sim::EventSequence sequence) {
    if (contract_ == Contract::configured) on_data_lost(node, sequence);
}

void Allowance::on_data_lost(sim::NodeId node, sim::EventSequence sequence) {
    for (auto& [partition, state] : partitions_) {
        for (const model::BrokerId member : state.in_sync) {
            const auto at = nodes_.find(member);
            if (at != nodes_.end() && at->second == node) state.spoiled.insert(member);
        }
        note_whole_loss(state, sequence);
    }
}

std::optional<Cause> Allowance::of_truncation(const Partition& state,
                                              sim::EventSequence since) const {
    if (contract_ == Contract::configured && !state.unclean.empty() &&
        state.unclean.back().event > since) {
        return Cause{unclean_election, state.unclean.back().event};
    }
    if (state.last_whole_loss > since) return Cause{whole_isr_lost, state.last_whole_loss};
    if (state.deleted > since) return Cause{topic_deleted, state.deleted};
    return std::nullopt;
}

std::optional<Cause> Allowance::of_truncation(const model::TopicPartition& partition,
                                              sim::EventSequence since) const {
    const auto at = partitions_.find(partition);
    if (at == partitions_.end()) return std::nullopt;
    return of_truncation(at->second, since);
}

std::optional<Cause> Allowance::of_truncation_anywhere(std::string_view topic,
                                                       sim::EventSequence since) const {
    for (auto at = partitions_.lower_bound({.topic = std::string(topic), .partition = 0});
         at != partitions_.end() && at->first.topic == topic; ++at) {
        if (const auto cause = of_truncation(at->second, since)) return cause;
    }
    return std::nullopt;
}

std::optional<Cause> Allowance::of_truncation_somewhere(sim::EventSequence since) const {
    for (const auto& [partition, state] : partitions_) {
        if (const auto cause = of_truncation(state, since)) return cause;
    }
    return std::nullopt;
}

std::optional<Cause> Allowance::of_loss(const model::TopicPartition& partition,
                                        std::string_view client_id,
                                        sim::EventSequence since) const {
    const auto at = partitions_.find(partition);
    if (at == partitions_.end()) return std::nullopt;
    if (const auto cause = of_truncation(at->second, since)) return cause;
    const auto acks = acks_.find(client_id);
    if (contract_ == Contract::configured && acks != acks_.end() && acks->second != -1 &&
        std::max(at->second.last_leader_change, at->second.last_stale_append) > since) {
        return Cause{weak_acks, at->second.last_leader_change};
    }
    return std::nullopt;
}

std::optional<Cause> Allowance::of_removal(const model::TopicPartition& partition,
                                           model::Offset offset) const {
    const auto at = partitions_.find(partition);
    if (at == partitions_.end()) return std::nullopt;
    const auto beyond = at->second.log_starts.upper_bound(offset);
    if (beyond == at->second.log_starts.end()) return std::nullopt;
    return Cause{log_start_moved, beyond->second};
}

std::optional<Cause> Allowance::of_compaction(const model::TopicPartition& partition,
                                              model::Offset offset) const {
    const auto at = partitions_.find(partition);
    if (at == partitions_.end() || offset >= at->second.cleaned_to) return std::nullopt;
    return Cause{was_compacted, at->second.cleaned};
}

std::optional<Cause> Allowance::of_incomplete_leader(const model::TopicPartition& partition,
                                                     model::LeaderEpoch from, model::LeaderEpoch to,
                                                     sim::EventSequence since) const {
    const auto at = partitions_.find(partition);
    if (at == partitions_.end()) return std::nullopt;
    if (contract_ == Contract::configured) {
        for (const UncleanElection& election : at->second.unclean) {
            if (election.leader_epoch > from && election.leader_epoch <= to) {
                return Cause{unclean_election, election.event};
            }
        }
    }
    if (at->second.last_whole_loss > since) {
        return Cause{whole_isr_lost, at->second.last_whole_loss};
    }
    return std::nullopt;
}

}  // namespace squall::checkers
