#include "gateway/pacer.h"

#include "sim/base/assert.h"

namespace squall::gateway {

Pacer::Pacer(Time now, WallInstant wall, std::int64_t speed_permille)
    : anchor_(now), wall_anchor_(wall), speed_permille_(speed_permille) {
    ASSERT(speed_permille > 0, "time would stand still at a speed of {}", speed_permille);
}

Time Pacer::due(Time now, WallInstant wall) {
    const auto passed = static_cast<std::int64_t>((wall - wall_anchor_).count());
    // In microseconds: hours at a thousandfold speed fit.
    Time due = anchor_ + std::chrono::microseconds(passed / 1'000'000 * speed_permille_) +
               Duration(passed % 1'000'000 * speed_permille_ / 1'000);
    if (due - now > lag_most) {
        const Duration missed = due - now - lag_most;
        let_go_ += missed;
        jump(due - missed, wall);
        return due - missed;
    }
    return due;
}

void Pacer::jump(Time now, WallInstant wall) {
    anchor_ = now;
    wall_anchor_ = wall;
}

}  // namespace squall::gateway
