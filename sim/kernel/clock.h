// The two clocks of a node, as functions of true virtual time.
//
// Monotonic: starts at 0 at the node's creation, runs at (1 + drift) and never goes back; may be
// frozen (a VM pause). Wall: start date + offset, runs at (1 + drift), can be stepped both ways.
// Drift is in parts per million; all arithmetic is in integers and exact to the nanosecond.
#pragma once

#include <cstdint>

#include "sim/base/time.h"

namespace squall::sim {

struct ClockOptions {
    Duration wall_offset{};           // of this node's wall clock against the true date
    std::int32_t wall_drift_ppm = 0;  // > -1,000,000
    std::int32_t monotonic_drift_ppm = 0;
};

// One clock face: reading = base + (true - since) * (1e6 + drift) / 1e6, piecewise linear.
class DriftingClock {
  public:
    // Shows `reading` at `since`. Requires: drift_ppm > -1,000,000.
    DriftingClock(Duration reading, std::int32_t drift_ppm, Time since = {});

    // Requires: `now` is not before the last change.
    Duration at(Time now) const {
        if (is_true() && now >= since_) return reading_ + (now - since_);
        return drifted_at(now);
    }
    // The first true time, from the last change on, at which the clock shows at least `reading`;
    // Time::max() for never: while frozen, or beyond the end of time.
    Time when(Duration reading) const {
        const bool is_ahead = reading > reading_ && reading_ >= Duration::zero();
        if (is_true() && is_ahead && reading < forever) return since_ + (reading - reading_);
        return drifted_when(reading);
    }

    void set_drift(Time now, std::int32_t drift_ppm);
    void step(Time now, Duration by);
    void freeze(Time now);
    void unfreeze(Time now);
    bool is_frozen() const { return frozen_; }
    std::int32_t drift_ppm() const { return drift_ppm_; }

  private:
    // Nearly every clock, nearly always.
    bool is_true() const { return drift_ppm_ == 0 && !frozen_; }
    Duration drifted_at(Time now) const;
    Time drifted_when(Duration reading) const;
    void rebase(Time now);

    Time since_;
    Duration reading_;
    std::int32_t drift_ppm_;
    bool frozen_ = false;
};

}  // namespace squall::sim
