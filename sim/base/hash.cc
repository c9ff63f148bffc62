#include "sim/base/hash.h"

namespace squall {
namespace {

// Folds the 128-bit product of its inputs into 64 bits (the multiply-fold of wyhash, Wang Yi 2019).
std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    __extension__ using DoubleWord = unsigned __int128;
    const DoubleWord product = static_cast<DoubleWord>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

std::uint64_t hash_bytes(ByteView bytes, std::uint64_t seed) {
    constexpr std::uint64_t k0 = 0xa0761d6478bd642fu;
    constexpr std::uint64_t k1 = 0xe7037ed1a0b428dbu;
    std::uint64_t hash = combine(seed, bytes.size());
    const std::uint8_t* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 16; at += 16, left -= 16) {
        hash = fold(load_little_endian(at, 8) ^ k0 ^ hash, load_little_endian(at + 8, 8) ^ k1);
    }
    const std::uint64_t first = load_little_endian(at, left < 8 ? left : 8);
    const std::uint64_t second = left > 8 ? load_little_endian(at + 8, left - 8) : 0;
    return mix(fold(first ^ k0 ^ hash, second ^ k1) ^ hash);
}

}  // namespace squall
