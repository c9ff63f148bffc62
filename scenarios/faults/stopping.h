// How a fault asks a process to stop, and brings it back: for the kinds that restart.
#pragma once

#include <string>

#include "scenarios/cluster.h"

namespace squall::scenarios {

// SIGTERM: the process winds up by itself, or stops at once where it does not know how; one that is
// still there after `grace` is killed. The machine stays down until `fault` lets it up. Returns
// whom it asked, or who would have been if nobody is there.
inline sim::Incarnation stop_gently(Cluster& cluster, Machine& machine, const std::string& fault,
                                    Duration grace) {
    sim::Node& node = *machine.node;
    const sim::Incarnation asked = node.incarnation();
    machine.hold_down(fault);
    if (!node.is_running()) return asked;
    if (!node.process()->begin_shutdown()) {
        node.stop(sim::StopReason::shutdown);
        return asked;
    }
    sim::Simulation& simulation = cluster.simulation();
    simulation.control_at(simulation.now() + grace, [&node, asked] {
        if (node.is_running() && node.incarnation() == asked) node.stop(sim::StopReason::crash);
    });
    return asked;
}

// Lets the machine up; the process that was asked to stop is killed first if it is still there.
inline void start_again(Machine& machine, const std::string& fault, sim::Incarnation asked) {
    sim::Node& node = *machine.node;
    if (node.is_running() && node.incarnation() == asked) node.stop(sim::StopReason::crash);
    machine.let_up(fault);
}

}  // namespace squall::scenarios
