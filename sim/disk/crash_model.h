// What becomes of bytes that a device was told of but had not confirmed: the fate of each sector.
//
// A fate is a pure function of (seed, what happened to which file, sector number), so one more
// write to one file leaves the fates of all other files and sectors as they were. Each file draws a
// survival rate first (none, a quarter, half, three quarters, all), because real losses are bursts:
// with one fixed rate, "everything survived" and "nothing survived" would never be seen.
#pragma once

#include <cstdint>

#include "sim/base/rng.h"

namespace squall::sim {

inline constexpr std::uint64_t sector_bytes = 512;

class SectorFates {
  public:
    SectorFates(Noise noise, Meaning meaning);

    // How many leading bytes of this sector reached the device: sector_bytes, or 0, or something
    // between for a torn sector.
    std::uint64_t bytes_kept(std::uint64_t sector) const;
    // The file's size after the event, between what was durable and what was written.
    // Requires: durable <= written.
    std::uint64_t surviving_size(std::uint64_t durable, std::uint64_t written) const;

  private:
    Noise noise_;
    Meaning meaning_;
    std::uint64_t quarters_surviving_;
};

}  // namespace squall::sim
