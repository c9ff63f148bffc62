// Placement: which brokers hold the replicas of a new topic's partitions, and who leads.
//
// Striped: leaders go round the unfenced brokers, racks in turn; followers go on from there, with a
// shift that grows each time the leaders have gone round, so that one broker's partitions do not
// all fall to the same neighbour. A partition takes a second broker of a rack only when every rack
// has one (KIP-36). Fenced brokers are taken only where the unfenced do not suffice, and never
// lead. Deterministic: where the round starts is drawn by `seed`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/protocol/types.h"
#include "sim/base/result.h"

namespace squall::model {

struct UsableBroker {
    BrokerId id;
    std::optional<std::string> rack;
    bool fenced = false;
};

// For each partition its replicas, the preferred leader first. invalid_input, with Kafka's words,
// where there are too few brokers or none is unfenced.
// Requires: partitions > 0, replication_factor > 0.
Result<std::vector<std::vector<BrokerId>>> place_replicas(const std::vector<UsableBroker>& brokers,
                                                          std::int32_t partitions,
                                                          std::int32_t replication_factor,
                                                          std::uint64_t seed);

}  // namespace squall::model
