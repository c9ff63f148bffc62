// FetchSessionOptions: the settings of a broker's fetch sessions (KIP-227), with Kafka's names and
// defaults.
#pragma once

#include <cstdint>

#include "sim/base/setting_bounds.h"
#include "sim/base/time.h"

namespace squall::model {

struct FetchSessionOptions {
    std::int32_t max_incremental_fetch_session_cache_slots = 1000;
    // Of no setting, as in Kafka: before that age a session gives way to none but a follower's.
    Duration min_incremental_fetch_session_eviction = 120s;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("max.incremental.fetch.session.cache.slots",
               self.max_incremental_fetch_session_cache_slots, int_from(0));
    }
};

}  // namespace squall::model
