// ControllerProcess: one controller of the metadata quorum on a node of its own, the composition
// root of its hosts.
#pragma once

#include <memory>

#include "model/broker/broker_config.h"
#include "model/broker/controller_server.h"
#include "model/bugs.h"
#include "model/controller/controller_host.h"
#include "model/log/log_directory.h"
#include "model/rpc/channel.h"
#include "sim/disk/disk.h"
#include "sim/kernel/node.h"

namespace squall::model {

class ControllerProcess final : public sim::Process {
  public:
    static constexpr sim::Port port = ControllerServer::port;

    // `disk` and `bugs` belong to the machine and outlive the process. Spawns tasks, does not park.
    ControllerProcess(sim::Node& node, BrokerId id, const BrokerConfig& config, Fabric fabric,
                      sim::Disk& disk, const BugSet& bugs);

    // Leaves leadership in good order, so that the others elect at once (EndQuorumEpoch), flushes
    // its log and stops. False before it takes part.
    bool begin_shutdown() override;

    ControllerHost& controller() { return controller_; }

  private:
    void boot();
    void shut_down();

    sim::Node& node_;
    BrokerId id_;
    sim::Disk& disk_;
    Fabric fabric_;
    ChannelPool channels_;
    LogDirectory logs_;
    ControllerHost controller_;
    std::unique_ptr<ControllerServer> server_;
};

}  // namespace squall::model
