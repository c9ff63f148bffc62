// MetadataChronicle: which committed batches of the metadata log the trace was told of. The
// active controller tells what it decides when it is committed; what it leaves uncommitted at its
// end may still be committed by its successor, which did not decide it. So a controller that
// replays a batch of somebody else's asks here first, and every batch is told once, by whoever
// learns first that it is committed.
//
// One for a cluster. It belongs to the observer, not to any node: nothing is decided by it.
#pragma once

#include <cstdint>
#include <set>
#include <utility>

#include "model/protocol/types.h"

namespace squall::model {

class MetadataChronicle {
  public:
    // The batch at `base_offset`, written by the leader of `epoch`. False: it was told before.
    bool note(Offset base_offset, RaftEpoch epoch) {
        return told_.emplace(base_offset, epoch).second;
    }
    bool was_told(Offset base_offset, RaftEpoch epoch) const {
        return told_.contains({base_offset, epoch});
    }

  private:
    std::set<std::pair<Offset, RaftEpoch>> told_;
};

}  // namespace squall::model
