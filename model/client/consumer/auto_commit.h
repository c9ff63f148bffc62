// AutoCommit: when a consumer commits by itself, exactly as Kafka's does.
//
// A commit is due inside poll, before that poll hands out anything, once auto.commit.interval.ms
// passed since the last one; it takes the positions as they stand then: everything that *earlier*
// polls returned. (Committing what the running poll is about to return would skip records after a
// crash: zoo Z75b.) It is therefore safe only for an application that has finished the previous
// batch before it polls again. The positions are committed as well before partitions are revoked,
// and on close. A failed commit that may succeed later is tried again after the back-off.
#pragma once

#include "model/bugs.h"
#include "sim/base/time.h"

namespace squall::model {

class AutoCommit {
  public:
    AutoCommit(bool enabled, Duration interval) : enabled_(enabled), interval_(interval) {}

    bool is_enabled() const { return enabled_; }
    // The clock starts when the consumer does.
    void start(LocalTime now) { due_ = now + interval_; }
    bool is_due(LocalTime now) const { return enabled_ && now >= due_; }
    void began(LocalTime now) { due_ = now + interval_; }
    void failed_for_now(LocalTime now, Duration backoff) { due_ = now + backoff; }
    LocalTime due() const { return enabled_ ? due_ : LocalTime::max(); }

    // ---- the rule; it could be broken ----

    // Is what the running poll is about to return committed with it? `bugs` may be null.
    static bool takes_running_poll(const BugSet* bugs) {
        return bugs != nullptr && bugs->deviate(Bug::z75_auto_commit_of_running_poll, false, true);
    }

  private:
    bool enabled_;
    Duration interval_;
    LocalTime due_;
};

}  // namespace squall::model
