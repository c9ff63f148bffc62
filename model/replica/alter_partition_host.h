// AlterPartitionHost: carries proposals of in-sync sets to the controller (KIP-497).
//
// One request in flight at a time, with everything that waits; one proposal per partition. Where
// the controller is not known, not reached, or does not serve the broker as it is (not the active
// one, stale broker epoch), the same proposals go again after a pause. Each answer goes to the
// partition that asked; what it means is its leader's matter.
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "model/protocol/messages/alter_partition.h"
#include "model/replica/isr.h"
#include "model/replica/partition_leader.h"
#include "model/rpc/channel.h"

namespace squall::model {

class AlterPartitionHost {
  public:
    struct Surroundings {
        sim::Node& node;
        BrokerId broker;
        ChannelPool& channels;
        std::function<BrokerEpoch()> broker_epoch;
        std::function<std::optional<Endpoint>()> controller;
        std::function<void(const TopicPartition&, const PartitionLeader::AlterPartitionAnswered&)>
            answer;
    };

    // Spawns its task.
    explicit AlterPartitionHost(Surroundings surroundings);
    AlterPartitionHost(const AlterPartitionHost&) = delete;
    AlterPartitionHost& operator=(const AlterPartitionHost&) = delete;

    // In place of an older proposal of that partition, if there is one. Does not park.
    void propose(const TopicPartition& partition, const Uuid& topic_id, const IsrChange& change);
    // The broker does not lead that partition any more.
    void withdraw(const TopicPartition& partition) { waiting_.erase(partition); }

  private:
    struct Proposal {
        Uuid topic_id;
        IsrChange change;

        bool operator==(const Proposal&) const = default;
    };
    using Proposals = std::map<TopicPartition, Proposal>;

    void run();
    // False: to be sent again.
    bool exchange(const Proposals& proposals);
    AlterPartitionRequest request_for(const Proposals& proposals) const;
    void give(const TopicPartition& partition, const Proposal& proposal,
              const AlterPartitionResponse::Partition& answer);

    Surroundings surroundings_;
    Proposals waiting_;
    sim::Gate work_;
};

}  // namespace squall::model
