// The network rules that a fault has made, and takes back.
#pragma once

#include <vector>

#include "scenarios/faults/fault.h"
#include "sim/network/network.h"

namespace squall::scenarios {

class RulesInForce {
  public:
    void add(sim::RuleId rule) { rules_.push_back(rule); }
    // Cuts the machine off, both ways.
    void isolate(FaultContext& context, const Machine& machine) {
        for (const sim::RuleId rule :
             context.cluster.network().isolate(machine.node->id(), context.id)) {
            rules_.push_back(rule);
        }
    }
    void release(FaultContext& context) {
        for (const sim::RuleId rule : rules_) context.cluster.network().remove_rule(rule);
        rules_.clear();
    }

  private:
    std::vector<sim::RuleId> rules_;
};

}  // namespace squall::scenarios
