// Pacer: how far virtual time is to have gone, by the wall clock.
//
// Virtual time follows the wall clock at `speed`. A simulation that cannot keep up is not made to
// catch up beyond `lag_most`: the time that it missed is let go, for otherwise a moment without
// load would run its clocks many times too fast, and expire sessions of clients that are well.
#pragma once

#include <chrono>

#include "sim/base/time.h"

namespace squall::gateway {

class Pacer {
  public:
    using WallInstant = std::chrono::nanoseconds;  // of any steady clock

    static constexpr Duration lag_most = 250ms;

    // From `wall` on, where virtual time is `now`. Speed in thousandths of the wall clock's.
    Pacer(Time now, WallInstant wall, std::int64_t speed_permille);

    // Where virtual time should be at `wall`, when it is `now`.
    Time due(Time now, WallInstant wall);
    // Virtual time was moved to `now` for another reason.
    void jump(Time now, WallInstant wall);
    // Virtual time that was let go so far.
    Duration let_go() const { return let_go_; }

  private:
    Time anchor_;
    WallInstant wall_anchor_;
    std::int64_t speed_permille_;
    Duration let_go_{};
};

}  // namespace squall::gateway
