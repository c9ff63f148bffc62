#include "scenarios/cluster_view.h"

#include <algorithm>

#include "model/coordinator/coordinator_partition.h"
#include "model/events/client_events.h"
#include "model/events/controller_events.h"
#include "model/events/group_events.h"
#include "model/events/raft_events.h"
#include "model/events/replica_events.h"
#include "sim/trace/sim_events.h"

namespace squall::scenarios {

using model::TopicPartition;

bool ClusterView::looks_at(const sim::EventKind& kind) {
    return kind.is_one_of<model::BrokerStarted, model::PartitionChanged, model::RaftRoleChanged,
                          model::CoordinatorChanged, model::AssignmentChanged, sim::NodeStopped>();
}

void ClusterView::observe(const sim::Event& event) {
    if (const auto* started = event.as<model::BrokerStarted>()) {
        broker_nodes_[started->broker] = trace_.node_name(event.node);
    } else if (const auto* changed = event.as<model::PartitionChanged>()) {
        partitions_[changed->partition] = Partition{.leader = changed->leader,
                                                    .leader_epoch = changed->leader_epoch,
                                                    .isr = changed->isr,
                                                    .replicas = changed->replicas};
    } else if (const auto* role = event.as<model::RaftRoleChanged>()) {
        if (role->role == "leader" && role->epoch >= controller_epoch_) {
            controller_epoch_ = role->epoch;
            controller_ = trace_.node_name(event.node);
        }
    } else if (const auto* coordinator = event.as<model::CoordinatorChanged>()) {
        if (coordinator->partition.topic != model::offsets_topic) return;
        if (coordinator->active) {
            coordinators_[coordinator->partition.partition] = trace_.node_name(event.node);
        } else {
            const auto found = coordinators_.find(coordinator->partition.partition);
            if (found != coordinators_.end() && found->second == trace_.node_name(event.node)) {
                coordinators_.erase(found);
            }
        }
    } else if (const auto* assignment = event.as<model::AssignmentChanged>()) {
        const std::string node(trace_.node_name(event.node));
        for (const TopicPartition& partition : assignment->partitions) {
            const Owner owner{assignment->group, partition};
            if (assignment->change == model::AssignmentChange::assigned) {
                owners_[owner] = node;
            } else if (const auto found = owners_.find(owner);
                       found != owners_.end() && found->second == node) {
                owners_.erase(found);
            }
        }
    } else if (event.as<sim::NodeStopped>() != nullptr) {
        const std::string node(trace_.node_name(event.node));
        std::erase_if(owners_, [&](const auto& entry) { return entry.second == node; });
        std::erase_if(coordinators_, [&](const auto& entry) { return entry.second == node; });
        if (controller_ == node) controller_.reset();
    }
}

std::string ClusterView::name_of(model::BrokerId broker) const {
    const auto found = broker_nodes_.find(broker);
    return found == broker_nodes_.end() ? fmt::format("b{}", broker) : found->second;
}

std::optional<std::string> ClusterView::leader_of(const TopicPartition& partition) const {
    const auto found = partitions_.find(partition);
    if (found == partitions_.end() || found->second.leader == model::no_broker) return std::nullopt;
    return name_of(found->second.leader);
}

std::vector<std::string> ClusterView::in_sync_followers(const TopicPartition& partition) const {
    std::vector<std::string> names;
    const auto found = partitions_.find(partition);
    if (found == partitions_.end()) return names;
    std::vector<model::BrokerId> isr = found->second.isr;
    std::ranges::sort(isr);
    for (const model::BrokerId broker : isr) {
        if (broker != found->second.leader) names.push_back(name_of(broker));
    }
    return names;
}

std::vector<std::string> ClusterView::lagging_replicas(const TopicPartition& partition) const {
    std::vector<std::string> names;
    const auto found = partitions_.find(partition);
    if (found == partitions_.end()) return names;
    std::vector<model::BrokerId> replicas = found->second.replicas;
    std::ranges::sort(replicas);
    for (const model::BrokerId broker : replicas) {
        const auto& isr = found->second.isr;
        if (std::ranges::find(isr, broker) == isr.end()) names.push_back(name_of(broker));
    }
    return names;
}

std::optional<std::string> ClusterView::active_controller() const {
    return controller_;
}

std::optional<std::string> ClusterView::coordinator_of(const std::string& group) const {
    std::int32_t partitions = 0;
    for (const auto& [partition, state] : partitions_) {
        if (partition.topic == model::offsets_topic) ++partitions;
    }
    if (partitions == 0) return std::nullopt;
    const auto found = coordinators_.find(model::coordinator_partition(group, partitions));
    if (found == coordinators_.end()) return std::nullopt;
    return found->second;
}

std::optional<std::string> ClusterView::owner_of(const TopicPartition& partition,
                                                 const std::string& group) const {
    const auto found = owners_.find(Owner{group, partition});
    if (found == owners_.end()) return std::nullopt;
    return found->second;
}

std::optional<std::string> ClusterView::owner_of(const TopicPartition& partition) const {
    for (const auto& [owner, node] : owners_) {
        if (owner.partition == partition && !owner.group.empty()) return node;
    }
    return std::nullopt;
}

}  // namespace squall::scenarios
