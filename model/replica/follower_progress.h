// FollowerProgress: what a leader knows of one follower, learned from its fetches in this leader
// epoch and from nothing else.
//
// A follower is *caught up* when its log ends where the leader's does, or did so within
// replica.lag.time.max.ms. "Did so" is measured fetch by fetch: a fetch from the leader's end
// proves it for now; a fetch from where the leader ended at the previous fetch proves it for the
// time of that previous fetch. So a follower that keeps pace with a busy leader stays in sync
// although it never reaches the end.
#pragma once

#include <optional>

#include "model/protocol/types.h"
#include "sim/base/time.h"

namespace squall::model {

struct FollowerProgress {
    Offset log_end_offset = no_offset;  // unknown before the first fetch
    Offset log_start_offset = no_offset;
    std::optional<LocalTime> last_caught_up;  // nullopt: never in this leader epoch
    std::optional<LocalTime> last_fetch;
    Offset leader_end_at_last_fetch = no_offset;
    std::optional<BrokerEpoch> broker_epoch;  // of the incarnation that fetched last

    // A fetch that the leader accepted: no error, no divergence (KAFKA-13141).
    struct Fetch {
        Offset fetch_offset;
        Offset log_start_offset;
        BrokerEpoch broker_epoch{-1};
        Offset leader_end;
    };
    void record(const Fetch& fetch, LocalTime now);

    bool is_caught_up(Offset leader_end, LocalTime now, Duration lag_time_max) const;

    bool operator==(const FollowerProgress&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("log_end_offset", self.log_end_offset);
        fields("log_start_offset", self.log_start_offset);
        fields("last_caught_up", self.last_caught_up);
        fields("last_fetch", self.last_fetch);
        fields("leader_end_at_last_fetch", self.leader_end_at_last_fetch);
        fields("broker_epoch", self.broker_epoch);
    }
};

}  // namespace squall::model
