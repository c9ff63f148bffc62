// RoundRobinAssignor: all partitions of all topics, dealt one by one around the table of members.
//
// Members that do not subscribe to a topic are passed over for it, without losing their turn's
// place in the circle. With equal subscriptions the shares differ by at most one partition over
// all topics together; with unequal ones there is no such promise.
#pragma once

#include "model/assignors/assignor.h"

namespace squall::model {

class RoundRobinAssignor final : public PartitionAssignor {
  public:
    std::string_view name() const override { return "roundrobin"; }
    GroupAssignment assign(const PartitionCounts& partitions,
                           const std::vector<SubscribedMember>& members) const override;
};

}  // namespace squall::model
