#include "sim/kernel/clock.h"

#include <limits>

#include "sim/base/assert.h"

namespace squall::sim {

namespace {

// Nanoseconds times parts per million do not fit in 64 bits beyond two and a half hours.
__extension__ using Wide = __int128;

constexpr std::int64_t million = 1'000'000;
constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();

}  // namespace

DriftingClock::DriftingClock(Duration reading, std::int32_t drift_ppm, Time since)
    : since_(since), reading_(reading), drift_ppm_(drift_ppm) {
    ASSERT(drift_ppm > -million, "a clock that drifts by {} ppm would stand or run back",
           drift_ppm);
}

Duration DriftingClock::drifted_at(Time now) const {
    ASSERT(now >= since_, "the clock is read at {}, before its last change at {}", now, since_);
    if (frozen_) return reading_;
    const Duration elapsed = now - since_;
    if (drift_ppm_ == 0) return reading_ + elapsed;
    const Wide shown = Wide{elapsed.count()} * (million + drift_ppm_) / million;
    return reading_ + Duration(static_cast<std::int64_t>(shown));
}

Time DriftingClock::drifted_when(Duration reading) const {
    if (reading <= reading_) return since_;
    if (frozen_ || reading == Duration::max()) return Time::max();
    const Wide missing = Wide{reading.count()} - reading_.count();
    const std::int64_t rate = million + drift_ppm_;
    // at() rounds down, so the first time that shows `reading` is this one rounded up.
    const Wide elapsed = drift_ppm_ == 0 ? missing : (missing * million + rate - 1) / rate;
    const Wide due = elapsed + since_.ns();
    return due >= largest ? Time::max() : Time(Duration(static_cast<std::int64_t>(due)));
}

void DriftingClock::set_drift(Time now, std::int32_t drift_ppm) {
    ASSERT(drift_ppm > -million, "a clock that drifts by {} ppm would stand or run back",
           drift_ppm);
    rebase(now);
    drift_ppm_ = drift_ppm;
}

void DriftingClock::step(Time now, Duration by) {
    rebase(now);
    reading_ += by;
}

void DriftingClock::freeze(Time now) {
    rebase(now);
    frozen_ = true;
}

void DriftingClock::unfreeze(Time now) {
    rebase(now);
    frozen_ = false;
}

void DriftingClock::rebase(Time now) {
    reading_ = at(now);
    since_ = now;
}

}  // namespace squall::sim
