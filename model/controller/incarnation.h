// KIP-903: what an earlier process of a broker fetched says nothing about the one that runs now;
// its disk may have been lost in between. The rule that leader and controller share.
#pragma once

#include "model/bugs.h"
#include "model/protocol/types.h"

namespace squall::model {

// `seen` is of the process that was registered with `registered`, or might be another one?
inline bool is_same_incarnation(BrokerEpoch registered, BrokerEpoch seen, const BugSet* bugs) {
    const bool right = registered == seen;
    if (bugs == nullptr) return right;
    return bugs->deviate(Bug::z20_isr_accepts_old_incarnation, right, true);
}

}  // namespace squall::model
