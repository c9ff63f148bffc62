// TopicsAdmin: the first application of a workload. Creates the scenario's topics and waits until
// they are served, then lets the others begin: a client that asks for a topic too early would have
// it made with the broker's defaults.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "model/client/admin.h"
#include "scenarios/cluster.h"

namespace squall::scenarios {

class TopicsAdmin final : public sim::Process {
  public:
    // `all_brokers`: not before every broker is up, since who is not there yet leads nothing.
    // `done` runs on the main context.
    TopicsAdmin(sim::Node& node, Cluster& cluster, std::function<void()> done,
                bool all_brokers = false);

  private:
    void await_brokers(std::uint32_t count);

    sim::Node& node_;
    model::AdminClient admin_;
};

}  // namespace squall::scenarios
