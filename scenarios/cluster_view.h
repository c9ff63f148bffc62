// ClusterView: who plays which role now, folded from the trace. Faults aim by it ("the leader of
// orders-0") and receipts are written from it; neither asks a live broker.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/protocol/types.h"
#include "sim/base/time.h"
#include "sim/trace/event.h"
#include "sim/trace/trace.h"

namespace squall::scenarios {

class ClusterView {
  public:
    struct Partition {
        model::BrokerId leader = model::no_broker;
        model::LeaderEpoch leader_epoch;
        std::vector<model::BrokerId> isr;
        std::vector<model::BrokerId> replicas;
    };

    explicit ClusterView(const sim::Trace& trace) : trace_(trace) {}
    static bool looks_at(const sim::EventKind& kind);
    void observe(const sim::Event& event);

    // All of these name nodes; nullopt where nobody has the role now.
    std::optional<std::string> leader_of(const model::TopicPartition& partition) const;
    // Members of the in-sync set other than the leader, in order of broker id.
    std::vector<std::string> in_sync_followers(const model::TopicPartition& partition) const;
    // Replicas outside the in-sync set, in order of broker id.
    std::vector<std::string> lagging_replicas(const model::TopicPartition& partition) const;
    std::optional<std::string> active_controller() const;
    std::optional<std::string> coordinator_of(const std::string& group) const;
    std::optional<std::string> owner_of(const model::TopicPartition& partition,
                                        const std::string& group) const;
    // Of any group, the first in order of group name.
    std::optional<std::string> owner_of(const model::TopicPartition& partition) const;

    const std::map<model::TopicPartition, Partition>& partitions() const { return partitions_; }
    std::string name_of(model::BrokerId broker) const;

  private:
    struct Owner {
        std::string group;
        model::TopicPartition partition;
        auto operator<=>(const Owner&) const = default;
    };

    const sim::Trace& trace_;
    std::map<model::BrokerId, std::string> broker_nodes_;
    std::map<model::TopicPartition, Partition> partitions_;
    std::optional<std::string> controller_;
    model::RaftEpoch controller_epoch_;
    std::map<std::int32_t, std::string> coordinators_;  // by partition of __consumer_offsets
    std::map<Owner, std::string> owners_;
};

}  // namespace squall::scenarios
