// A 64-bit hash of values and bytes: fast, seedable, the same on every machine and compiler.
// For trace hashes, draws and record identities; not cryptographic.
#pragma once

#include <cstdint>
#include <string_view>

#include "sim/base/bytes.h"

namespace squall {

// A bijection of 64 bits in which every input bit moves every output bit (the finalizer of
// SplitMix64, Steele et al. 2014).
constexpr std::uint64_t mix(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

constexpr std::uint64_t combine(std::uint64_t hash, std::uint64_t value) {
    return mix(hash ^ (value * 0xff51afd7ed558ccdu));
}

// Equal bytes give equal hashes for equal seeds, whatever the alignment or byte order of the
// machine.
std::uint64_t hash_bytes(ByteView bytes, std::uint64_t seed = 0);
inline std::uint64_t hash_text(std::string_view text, std::uint64_t seed = 0) {
    return hash_bytes(as_bytes(text), seed);
}

}  // namespace squall
