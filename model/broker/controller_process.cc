#include "model/broker/controller_process.h"

#include "model/broker/own_directory.h"

namespace squall::model {

ControllerProcess::ControllerProcess(sim::Node& node, BrokerId id, const BrokerConfig& config,
                                     Fabric fabric, sim::Disk& disk, const BugSet& bugs)
    : node_(node),
      id_(id),
      disk_(disk),
      fabric_(fabric),
      channels_(node, fabric, ChannelOptions{.client_id = node.name()}),
      logs_(disk, LogOptions{}),
      controller_(node, id, config.controller, config.raft, channels_, logs_, disk, &bugs,
                  config.chronicle) {
    node_.spawn("boot", [this] { boot(); });
}

void ControllerProcess::boot() {
    const Result<Duration> checked = check_own_directory(node_, id_, disk_);
    if (!checked) {
        node_.die_at_next_park(sim::StopReason::crash);
        return;
    }
    const Result<LogDirectory::Opened> opened = logs_.open_all();
    if (!opened) {
        // Without its log a controller is nobody.
        node_.die_at_next_park(sim::StopReason::crash);
        return;
    }
    node_.sleep_for(*checked + opened->cost);
    controller_.start();
    server_ = std::make_unique<ControllerServer>(node_, fabric_, controller_);
}

bool ControllerProcess::begin_shutdown() {
    if (server_ == nullptr) return false;
    node_.spawn("shutdown", [this] { shut_down(); });
    return true;
}

void ControllerProcess::shut_down() {
    controller_.raft().resign();
    for (const TopicPartition& partition : logs_.partitions()) {
        const Result<Duration> flushed = logs_.find(partition)->flush();
        if (!flushed) return node_.die_at_next_park(sim::StopReason::crash);
        node_.sleep_for(*flushed);
    }
    node_.die_at_next_park(sim::StopReason::shutdown);
}

}  // namespace squall::model
