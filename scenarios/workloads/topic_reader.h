// TopicReader: an application that reads all topics of the scenario from their beginning, without a
// group, for as long as it runs. What it was handed is what anybody may see: workloads end with
// one.
#pragma once

#include "model/client/consumer.h"
#include "scenarios/cluster.h"

namespace squall::scenarios {

class TopicReader final : public sim::Process {
  public:
    // `isolation` overrides the scenario's.
    TopicReader(sim::Node& node, Cluster& cluster,
                std::optional<model::IsolationLevel> isolation = std::nullopt);

  private:
    model::Consumer consumer_;
};

}  // namespace squall::scenarios
