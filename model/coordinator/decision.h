// CoordinatorDecision: what a coordinator's decider answers to one input. Deciders are pure:
// handling is const, and nothing happens but by what the host does with the decision, in this
// order:
//
//   1. apply the `changes` (state that is never written to the log: who waits, until when);
//   2. give the `replies`: answers that depend on nothing that could still be lost;
//   3. append the `records` as one batch: all or none of it is ever replayed;
//   4. when the high watermark has passed the batch: apply the records, give the `parked` replies,
//      and hand the `follow_up` back to the decider, which may decide again. If the batch is known
//      not to be in the log, the parked calls get the error instead, and the follow-up comes back
//      with it.
//
// Parked replies of a decision without records wait for the batches before it: what they say may
// rest on those.
//
// If the fate of a batch is unknown (leadership lost, append failed half-way), nothing of this is
// repaired: the host drops the decider, answers NOT_COORDINATOR to every call that waits, and
// reloads from the log. This is the shape of Kafka's CoordinatorShard (KIP-848), where timeline
// snapshots play the part of applying late.
#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "model/protocol/types.h"
#include "sim/base/strong_id.h"
#include "sim/base/time.h"

namespace squall::model {

// A request that waits for its answer; given by the host, never used twice.
using CallId = StrongId<struct CallIdTag, std::uint64_t>;

// When something is decided: timers run on the monotonic clock, records carry the wall clock.
struct Moment {
    LocalTime now;
    TimestampMs wall_ms = no_timestamp;
};

template <class Change, class Reply, class Record, class FollowUp>
struct CoordinatorDecision {
    std::vector<Change> changes;
    std::vector<Reply> replies;
    std::vector<Record> records;
    std::vector<Reply> parked;
    std::optional<FollowUp> follow_up;

    // A reply that waits for nothing, and one that waits for the records.
    template <class Response>
    void answer(CallId call, Response response) {
        give(replies.emplace_back(), call, std::move(response));
    }
    template <class Response>
    void answer_when_stored(CallId call, Response response) {
        give(parked.emplace_back(), call, std::move(response));
    }

    bool is_nothing() const {
        return changes.empty() && replies.empty() && records.empty() && parked.empty() &&
               !follow_up;
    }

  private:
    template <class Response>
    static void give(Reply& reply, CallId call, Response response) {
        reply.call = call;
        reply.response = std::move(response);
    }
};

}  // namespace squall::model
