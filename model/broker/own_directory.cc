#include "model/broker/own_directory.h"

#include "model/events/raft_events.h"
#include "model/log/meta_properties.h"

namespace squall::model {

Result<Duration> check_own_directory(sim::Node& node, BrokerId id, const sim::Disk& disk) {
    Result<Duration> checked = check_directory_of(id, disk);
    if (!checked) node.emit(RaftHalted{.replica = id, .why = to_string(checked.error())});
    return checked;
}

}  // namespace squall::model
