// Time: three clocks that never mix.
//
//   Time       true virtual time, since the start of the simulation. Kernel, trace and checkers
//   only. LocalTime  a node's monotonic clock, since that node's first boot. Drifts, freezes, never
//   goes
//              back. All of a node's timers and deadlines are in it; deciders take it as `now`.
//   WallTime   a node's wall clock, since the Unix epoch. Offset, drift, steps forward and back.
//              Record timestamps, retention and expiry are in it.
//
// All have nanosecond resolution in 64 bits (292 years). Durations are std::chrono durations.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <limits>
#include <string>

#include "sim/base/format.h"

namespace squall {

using namespace std::chrono_literals;

using Duration = std::chrono::nanoseconds;

template <class Clock>
class Instant {
  public:
    constexpr Instant() = default;
    constexpr explicit Instant(Duration since_origin) : since_origin_(since_origin) {}

    static constexpr Instant max() { return Instant(Duration::max()); }

    constexpr Duration since_origin() const { return since_origin_; }
    constexpr std::int64_t ns() const { return since_origin_.count(); }
    constexpr std::int64_t ms() const { return ns() / 1'000'000; }

    constexpr auto operator<=>(const Instant&) const = default;
    constexpr bool operator==(const Instant&) const = default;

    // Saturates at max(), so that `now + forever` is never.
    friend constexpr Instant operator+(Instant a, Duration d) {
        if (d > Duration::zero() && a.since_origin_ > Duration::max() - d) return max();
        return Instant(a.since_origin_ + d);
    }
    friend constexpr Instant operator-(Instant a, Duration d) {
        return Instant(a.since_origin_ - d);
    }
    friend constexpr Duration operator-(Instant a, Instant b) {
        return a.since_origin_ - b.since_origin_;
    }
    constexpr Instant& operator+=(Duration d) { return *this = *this + d; }

  private:
    Duration since_origin_{};
};

using Time = Instant<struct TrueClock>;
using LocalTime = Instant<struct MonotonicClock>;
using WallTime = Instant<struct WallClock>;

inline constexpr Duration forever = Duration::max();

// `duration` in nanoseconds; what does not fit (Kafka's "never" is 2^63 - 1 milliseconds) is
// `forever`, or its opposite.
template <class Rep, class Period>
constexpr Duration saturated(std::chrono::duration<Rep, Period> duration) {
    using Wide = std::chrono::duration<Rep, Period>;
    if (duration > std::chrono::duration_cast<Wide>(Duration::max())) return Duration::max();
    if (duration < std::chrono::duration_cast<Wide>(Duration::min())) return Duration::min();
    return std::chrono::duration_cast<Duration>(duration);
}

// "1.904s", "300us", "0s": at most three decimals in the largest fitting unit.
std::string to_string(Duration duration);

}  // namespace squall

template <class Clock>
struct fmt::formatter<squall::Instant<Clock>> : squall::PlainFormatter {
    template <class Context>
    auto format(squall::Instant<Clock> instant, Context& context) const {
        return fmt::format_to(context.out(), "{}", squall::to_string(instant.since_origin()));
    }
};
