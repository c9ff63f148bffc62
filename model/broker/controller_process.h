// ControllerProcess: one controller of the metadata quorum, the composition root of its hosts, and
// the server that brokers and voters speak to.
#pragma once

#include <memory>

#include "model/broker/broker_config.h"
#include "model/broker/dispatcher.h"
#include "model/bugs.h"
#include "model/controller/controller_host.h"
#include "model/log/log_directory.h"
#include "model/protocol/api_list.h"
#include "model/rpc/channel.h"
#include "model/rpc/server.h"
#include "sim/disk/disk.h"
#include "sim/kernel/node.h"

namespace squall::model {

using ControllerApis =
    TypeList<FetchRequest, ApiVersionsRequest, CreateTopicsRequest, VoteRequest,
             BeginQuorumEpochRequest, EndQuorumEpochRequest, FetchSnapshotRequest,
             DescribeQuorumRequest, AlterPartitionRequest, BrokerRegistrationRequest,
             BrokerHeartbeatRequest, DeleteTopicsRequest, CreatePartitionsRequest,
             IncrementalAlterConfigsRequest, AlterConfigsRequest, ElectLeadersRequest,
             AlterPartitionReassignmentsRequest, ListPartitionReassignmentsRequest,
             UnregisterBrokerRequest, AllocateProducerIdsRequest>;

class ControllerProcess final : public sim::Process {
  public:
    static constexpr sim::Port port = 9093;

    // `disk` and `bugs` belong to the machine and outlive the process. Spawns tasks, does not park.
    ControllerProcess(sim::Node& node, BrokerId id, const BrokerConfig& config, Fabric fabric,
                      sim::Disk& disk, const BugSet& bugs);

    ControllerHost& controller() { return controller_; }

  private:
    void boot();

    sim::Node& node_;
    Fabric fabric_;
    ChannelPool channels_;
    LogDirectory logs_;
    ControllerHost controller_;
    std::unique_ptr<Server> server_;
};

}  // namespace squall::model
