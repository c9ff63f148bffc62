// ControllerServer: the listener of a controller, what brokers and voters speak to. In a process of
// its own, or beside a broker (process.roles=broker,controller).
#pragma once

#include "model/controller/controller_host.h"
#include "model/protocol/api_list.h"
#include "model/rpc/server.h"

namespace squall::model {

using ControllerApis =
    TypeList<FetchRequest, ApiVersionsRequest, CreateTopicsRequest, VoteRequest,
             BeginQuorumEpochRequest, EndQuorumEpochRequest, FetchSnapshotRequest,
             DescribeQuorumRequest, AlterPartitionRequest, BrokerRegistrationRequest,
             BrokerHeartbeatRequest, DeleteTopicsRequest, CreatePartitionsRequest,
             IncrementalAlterConfigsRequest, AlterConfigsRequest, ElectLeadersRequest,
             AlterPartitionReassignmentsRequest, ListPartitionReassignmentsRequest,
             UnregisterBrokerRequest, AllocateProducerIdsRequest, AddRaftVoterRequest,
             RemoveRaftVoterRequest, UpdateRaftVoterRequest, UpdateFeaturesRequest>;

class ControllerServer {
  public:
    static constexpr sim::Port port = 9093;

    // Listens from here on. `controller` has started, and outlives the server.
    ControllerServer(sim::Node& node, Fabric fabric, ControllerHost& controller);

    ControllerHost& controller() { return controller_; }

  private:
    ControllerHost& controller_;
    Server server_;
};

}  // namespace squall::model
