// Distributions over integers, computed with integers alone, so that every compiler and machine
// draws the same: uniform, exponential, log-normal, Zipf.
//
// Draws are monotone in their bits: more bits, no shorter a duration. The tables behind the
// exponential and the log-normal are good to about 1e-5 of the value; the log-normal ends at 6.2
// standard deviations on either side, the exponential at 44 times its mean.
//
// Written in scenario files as "300us", "uniform(1ms, 5ms)", "exponential(2ms)",
// "lognormal(300us, p99=2ms)" (the first argument of lognormal is the median).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/base/result.h"
#include "sim/base/rng.h"
#include "sim/base/time.h"

namespace squall {

// How long something takes. A value; draws are made from 64 uniform bits.
class DurationDistribution {
  public:
    struct Constant {
        Duration value;
        bool operator==(const Constant&) const = default;
    };
    struct Uniform {
        Duration low, high;  // both included
        bool operator==(const Uniform&) const = default;
    };
    struct Exponential {
        Duration mean;
        bool operator==(const Exponential&) const = default;
    };
    struct LogNormal {
        Duration median, p99;
        bool operator==(const LogNormal&) const = default;
    };

    DurationDistribution() : shape_(Constant{Duration::zero()}) {}
    // Requires: value >= 0.
    DurationDistribution(Constant shape);
    // Requires: 0 <= low <= high.
    DurationDistribution(Uniform shape);
    // Requires: mean > 0.
    DurationDistribution(Exponential shape);
    // Requires: 0 < median <= p99.
    DurationDistribution(LogNormal shape);

    // Error: invalid_input, saying what was expected.
    static Result<DurationDistribution> parse(std::string_view text);

    // Pure: the same bits give the same duration, never negative. Saturates at Duration::max().
    Duration at(std::uint64_t bits) const;
    Duration draw(Draws& draws) const { return at(draws.bits()); }
    Duration median() const;
    std::string to_string() const;  // exact, as parse reads it

    bool operator==(const DurationDistribution&) const = default;

  private:
    std::variant<Constant, Uniform, Exponential, LogNormal> shape_;
    // Log-normal only: the standard deviation of log2 of the value, with 32 bits of fraction.
    std::int64_t log2_deviation_ = 0;
};

// Ranks 0..size-1 with P(rank) proportional to 1 / (rank + 1)^(exponent_permille / 1000).
// Every rank can be drawn. Eight bytes of memory per rank.
class Zipf {
  public:
    // Requires: size > 0.
    Zipf(std::uint32_t size, std::uint32_t exponent_permille);

    std::uint32_t at(std::uint64_t bits) const;
    std::uint32_t draw(Draws& draws) const { return at(draws.bits()); }

  private:
    std::vector<std::uint64_t> cumulative_;  // last entry is the total weight
};

// "250ms", "8s", "1m", "1h", "7d", "300us", "10ns", "1.5s", "-2s". Error: invalid_input, for what
// is not a number and a unit, is finer than a nanosecond, or does not fit 292 years.
Result<Duration> parse_duration(std::string_view text);

}  // namespace squall
