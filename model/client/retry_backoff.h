// RetryBackoff: how long to wait before trying again: exponential from `base` to `cap`, with 20 %
// of jitter either way (KIP-580). Pure; the jitter is drawn by whoever asks, from draws of its own.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "sim/base/rng.h"
#include "sim/base/time.h"

namespace squall::model {

struct RetryBackoff {
    std::chrono::milliseconds base{100};  // retry.backoff.ms
    std::chrono::milliseconds cap{1000};  // retry.backoff.max.ms

    // After the n-th failure in a row, n >= 1, without jitter. Zero for n = 0.
    Duration nominal(std::uint32_t failures) const {
        if (failures == 0) return Duration::zero();
        Duration delay = base;
        for (std::uint32_t i = 1; i < failures && delay < cap; ++i) delay *= 2;
        return std::min<Duration>(delay, cap);
    }
    Duration delay(std::uint32_t failures, Draws& jitter) const {
        const Duration plain = nominal(failures);
        if (plain == Duration::zero()) return plain;
        return plain * jitter.between(80, 120) / 100;
    }
};

}  // namespace squall::model
