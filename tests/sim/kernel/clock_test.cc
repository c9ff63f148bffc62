#include "sim/kernel/clock.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/base/assert.h"

namespace squall::sim {
namespace {

// Up to some ten years; drift up to a clock at half or double speed.
rc::Gen<Duration> any_duration() {
    return rc::gen::map(rc::gen::inRange<std::int64_t>(0, 300'000'000'000'000'000),
                        [](std::int64_t ns) { return Duration(ns); });
}
rc::Gen<std::int32_t> any_drift() {
    return rc::gen::oneOf(rc::gen::just(0), rc::gen::inRange(-500'000, 1'000'001),
                          rc::gen::inRange(-200, 201));
}

TEST(DriftingClock, ShowsTrueTimeWithoutDrift) {
    const DriftingClock clock(5s, 0, Time(2s));
    EXPECT_EQ(clock.at(Time(2s)), 5s);
    EXPECT_EQ(clock.at(Time(2s + 7ns)), 5s + 7ns);
    EXPECT_EQ(clock.when(5s + 7ns), Time(2s + 7ns));
}

TEST(DriftingClock, GainsAndLosesPartsPerMillion) {
    EXPECT_EQ(DriftingClock(0s, 100).at(Time(1s)), 1s + 100us);
    EXPECT_EQ(DriftingClock(0s, -100).at(Time(1s)), 1s - 100us);
    EXPECT_EQ(DriftingClock(0s, 1'000'000).when(2s), Time(1s));
}

TEST(DriftingClock, StaysExactOverAYear) {
    const Duration year = std::chrono::hours(24 * 365);
    EXPECT_EQ(DriftingClock(0s, 1).at(Time(year)), year + year / 1'000'000);
}

TEST(DriftingClock, StandsWhileFrozenAndGoesOnFromThere) {
    DriftingClock clock(0s, 0);
    clock.freeze(Time(3s));
    EXPECT_EQ(clock.at(Time(10s)), 3s);
    EXPECT_EQ(clock.when(3s), Time(3s));
    EXPECT_EQ(clock.when(3s + 1ns), Time::max());
    clock.unfreeze(Time(10s));
    EXPECT_EQ(clock.at(Time(11s)), 4s);
    EXPECT_EQ(clock.when(4s), Time(11s));
}

TEST(DriftingClock, StepsBothWays) {
    DriftingClock clock(0s, 0);
    clock.step(Time(10s), -4s);
    EXPECT_EQ(clock.at(Time(10s)), 6s);
    clock.step(Time(11s), 1h);
    EXPECT_EQ(clock.at(Time(11s)), 7s + 1h);
}

TEST(DriftingClock, NeverShowsWhatLiesBeyondTheEndOfTime) {
    EXPECT_EQ(DriftingClock(0s, 0).when(Duration::max()), Time::max());
    EXPECT_EQ(DriftingClock(0s, -900'000).when(Duration::max() - 1s), Time::max());
}

TEST(DriftingClock, RefusesToStandOrRunBack) {
    EXPECT_THROW(DriftingClock(0s, -1'000'000), AssertionFailure);
    DriftingClock clock(0s, 0);
    EXPECT_THROW(clock.set_drift(Time(1s), -2'000'000), AssertionFailure);
}

RC_GTEST_PROP(DriftingClock, WhenIsTheFirstTimeAtWhichTheReadingIsReached, ()) {
    const Time since(*any_duration());
    const Duration first = *any_duration();
    const DriftingClock clock(first, *any_drift(), since);
    const Duration reading = first + *any_duration();
    const Time when = clock.when(reading);
    RC_ASSERT(clock.at(when) >= reading);
    if (when > since) RC_ASSERT(clock.at(when - 1ns) < reading);
}

RC_GTEST_PROP(DriftingClock, WhenOfAReadingIsNeverAfterIt, ()) {
    const Time since(*any_duration());
    const DriftingClock clock(*any_duration(), *any_drift(), since);
    const Time now = since + *any_duration();
    RC_ASSERT(clock.when(clock.at(now)) <= now);
    RC_ASSERT(clock.at(clock.when(clock.at(now))) == clock.at(now));
}

RC_GTEST_PROP(DriftingClock, NeverGoesBackWhateverItsDriftsAndFreezes, ()) {
    DriftingClock clock(0s, *any_drift());
    Time now{};
    Duration shown = clock.at(now);
    for (int i = *rc::gen::inRange(1, 30); i > 0; --i) {
        switch (*rc::gen::inRange(0, 4)) {
            case 0:
                clock.set_drift(now, *any_drift());
                break;
            case 1:
                clock.freeze(now);
                break;
            case 2:
                clock.unfreeze(now);
                break;
            default:
                now += *any_duration() / 1'000'000;
        }
        RC_ASSERT(clock.at(now) >= shown);
        shown = clock.at(now);
    }
}

RC_GTEST_PROP(DriftingClock, IsOffByWhatItWasSteppedIfNothingElseHappens, ()) {
    const std::int32_t drift = *any_drift();
    const DriftingClock straight(0s, drift);
    DriftingClock stepped(0s, drift);
    const Time at(*any_duration());
    const Duration by = *any_duration() - *any_duration();
    stepped.step(at, by);
    const Time later = at + *any_duration();
    const Duration off = stepped.at(later) - straight.at(later) - by;
    // The step rounds the reading once more.
    RC_ASSERT(off <= 0ns && off >= -1ns);
}

}  // namespace
}  // namespace squall::sim
