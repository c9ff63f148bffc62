#include "sim/base/rng.h"

#include "sim/base/assert.h"

namespace squall {

std::uint64_t scale_bits(std::uint64_t bits, std::uint64_t bound) {
    ASSERT(bound > 0, "a draw below zero");
    __extension__ using DoubleWord = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<DoubleWord>(bits) * bound) >> 64);
}

std::uint64_t Draws::below(std::uint64_t bound) {
    return scale_bits(bits(), bound);
}

std::int64_t Draws::between(std::int64_t low, std::int64_t high) {
    ASSERT(low <= high, "a draw between {} and {}", low, high);
    const std::uint64_t span =
        static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
    const std::uint64_t step = span == 0 ? bits() : below(span);
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + step);
}

}  // namespace squall
