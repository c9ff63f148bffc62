#include "sim/disk/crash_model.h"

#include "sim/base/assert.h"

namespace squall::sim {

namespace {

constexpr std::uint64_t torn_per_thousand = 100;  // of the sectors that do not survive whole

}  // namespace

SectorFates::SectorFates(Noise noise, Meaning meaning)
    : noise_(noise),
      meaning_(meaning),
      quarters_surviving_(scale_bits(noise.at(meaning.with("survival rate"), 0), 5)) {}

std::uint64_t SectorFates::bytes_kept(std::uint64_t sector) const {
    Draws draws(noise_, meaning_.with("sector").with(sector));
    if (draws.below(4) < quarters_surviving_) return sector_bytes;
    if (draws.below(1000) >= torn_per_thousand) return 0;
    return 1 + draws.below(sector_bytes - 1);
}

std::uint64_t SectorFates::surviving_size(std::uint64_t durable, std::uint64_t written) const {
    ASSERT(durable <= written, "durable {} beyond written {}", durable, written);
    Draws draws(noise_, meaning_.with("size"));
    const bool is_cut = draws.below(2) == 0;
    return is_cut ? durable + draws.below(written - durable + 1) : written;
}

}  // namespace squall::sim
