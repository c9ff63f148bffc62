// What members say they own, and how much of it is believed.
//
// Members of a sticky assignor report the partitions they own, with the generation in which they
// got them (KIP-429, KIP-792). A member that missed a rebalance reports what others own by now: of
// two claims the one of the newer generation counts, and if both are of the same generation neither
// does (KAFKA-12984). Partitions that do not exist, or that the member no longer subscribes to, are
// not kept. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "model/assignors/assignor.h"
#include "model/bugs.h"

namespace squall::model {

// Which member of `ordered` keeps a partition, by position, if balance allows.
using Keepers = std::map<TopicPartition, std::size_t>;

Keepers believed_claims(const PartitionCounts& partitions,
                        const std::vector<const SubscribedMember*>& ordered, const BugSet* bugs);

// ---- the rule; it could be broken ----

enum class ClaimRank : std::uint8_t { older, equal, newer };
// How a claim of generation `claim` stands against one of generation `other`. `bugs` may be null.
ClaimRank rank_of(GenerationId claim, GenerationId other, const BugSet* bugs);

}  // namespace squall::model
