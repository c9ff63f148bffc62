// Noise: every random choice of a simulation, as a pure function of what it is for.
//
// A draw is H(seed, meaning, ordinal). The meaning says what the draw decides ("latency of a Fetch
// from b2 to b1"), the ordinal which one of these it is. There is no stream that others share, so
// dropping one frame, one client or one fault leaves every other draw as it was: that is what makes
// shrinking and replay on later versions of the code possible (docs/ARCHITECTURE.md, "Plans and
// noise").
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "sim/base/hash.h"

namespace squall {

// What a draw is for. Built from words and numbers; equal parts in equal order are equal meanings.
class Meaning {
  public:
    constexpr Meaning() = default;
    explicit Meaning(std::string_view what) : hash_(hash_text(what)) {}
    Meaning(std::string_view what, std::initializer_list<std::uint64_t> details) : Meaning(what) {
        for (const std::uint64_t detail : details) hash_ = combine(hash_, detail);
    }

    Meaning with(std::uint64_t detail) const { return Meaning(combine(hash_, detail)); }
    Meaning with(std::string_view detail) const {
        return Meaning(combine(hash_, hash_text(detail)));
    }
    std::uint64_t hash() const { return hash_; }

    auto operator<=>(const Meaning&) const = default;

  private:
    explicit Meaning(std::uint64_t hash) : hash_(hash) {}

    std::uint64_t hash_ = 0;
};

class Noise {
  public:
    explicit Noise(std::uint64_t seed) : seed_(seed) {}

    std::uint64_t seed() const { return seed_; }
    // 64 uniform bits. Pure.
    std::uint64_t at(Meaning meaning, std::uint64_t ordinal) const {
        return combine(combine(seed_, meaning.hash()), ordinal);
    }

  private:
    std::uint64_t seed_;
};

// The draws of one meaning in order: owns the ordinal. Whoever draws holds one per meaning.
class Draws {
  public:
    Draws(Noise noise, Meaning meaning) : noise_(noise), meaning_(meaning) {}

    std::uint64_t bits() { return noise_.at(meaning_, ordinal_++); }
    // Uniform in [0, bound). Requires: bound > 0.
    std::uint64_t below(std::uint64_t bound);
    // Uniform in [low, high], both included. Requires: low <= high.
    std::int64_t between(std::int64_t low, std::int64_t high);
    // True with probability per_million / 1e6.
    bool chance(std::uint32_t per_million) { return below(1'000'000) < per_million; }

    std::uint64_t ordinal() const { return ordinal_; }

  private:
    Noise noise_;
    Meaning meaning_;
    std::uint64_t ordinal_ = 0;
};

// Maps 64 uniform bits to [0, bound) by the high half of their product: the bias is below
// bound/2^64. Requires: bound > 0.
std::uint64_t scale_bits(std::uint64_t bits, std::uint64_t bound);

}  // namespace squall
