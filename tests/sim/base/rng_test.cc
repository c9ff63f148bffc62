#include "sim/base/rng.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <vector>

#include "sim/base/assert.h"

namespace squall {
namespace {

std::vector<std::uint64_t> first_draws(Noise noise, Meaning meaning, int count) {
    Draws draws(noise, meaning);
    std::vector<std::uint64_t> bits;
    for (int i = 0; i < count; ++i) bits.push_back(draws.bits());
    return bits;
}

TEST(Noise, DrawsTheSameOnEveryMachine) {
    EXPECT_EQ(first_draws(Noise(1), Meaning("latency", {1, 2}), 3),
              (std::vector<std::uint64_t>{17047810986463716078u, 3088286403102232507u,
                                          3617153809126692299u}));
}

TEST(Noise, TellsSeedsMeaningsAndOrdinalsApart) {
    const Meaning latency("latency");
    EXPECT_NE(Noise(1).at(latency, 0), Noise(2).at(latency, 0));
    EXPECT_NE(Noise(1).at(latency, 0), Noise(1).at(latency, 1));
    EXPECT_NE(Noise(1).at(latency, 0), Noise(1).at(Meaning("tie"), 0));
    EXPECT_NE(latency.with(1).with(2), latency.with(2).with(1));
    EXPECT_NE(latency.with("b1"), latency.with("b2"));
    EXPECT_EQ(latency.with(1), Meaning("latency", {1}));
}

TEST(Draws, AreNotMovedByTheDrawsOfOthers) {
    const Noise noise(3);
    Draws mine(noise, Meaning("mine"));
    Draws other(noise, Meaning("other"));
    std::vector<std::uint64_t> bits;
    for (int i = 0; i < 10; ++i) {
        bits.push_back(mine.bits());
        for (int k = 0; k < i; ++k) other.bits();
    }
    EXPECT_EQ(bits, first_draws(noise, Meaning("mine"), 10));
    EXPECT_EQ(mine.ordinal(), 10u);
}

RC_GTEST_PROP(Draws, StayWithinTheirBounds, (std::uint64_t seed)) {
    Draws draws(Noise(seed), Meaning("bounds"));
    const auto bound = *rc::gen::inRange<std::uint64_t>(1, 100);
    RC_ASSERT(draws.below(bound) < bound);
    const auto low = *rc::gen::arbitrary<std::int64_t>();
    const auto high = *rc::gen::arbitrary<std::int64_t>();
    const std::int64_t between = draws.between(std::min(low, high), std::max(low, high));
    RC_ASSERT(between >= std::min(low, high));
    RC_ASSERT(between <= std::max(low, high));
}

TEST(Draws, CoverTheWholeRangeOfIntegers) {
    Draws draws(Noise(5), Meaning("range"));
    bool below = false;
    bool above = false;
    for (int i = 0; i < 64; ++i) {
        const std::int64_t drawn = draws.between(std::numeric_limits<std::int64_t>::min(),
                                                 std::numeric_limits<std::int64_t>::max());
        (drawn < 0 ? below : above) = true;
    }
    EXPECT_TRUE(below && above);
    EXPECT_EQ(draws.between(4, 4), 4);
}

TEST(Draws, ChanceHasItsProbability) {
    Draws draws(Noise(5), Meaning("chance"));
    int hits = 0;
    for (int i = 0; i < 100'000; ++i) hits += draws.chance(250'000) ? 1 : 0;
    EXPECT_NEAR(hits, 25'000, 700);
    for (int i = 0; i < 1000; ++i) {
        EXPECT_FALSE(draws.chance(0));
        EXPECT_TRUE(draws.chance(1'000'000));
    }
}

TEST(ScaleBits, IsUniformToTheEdges) {
    EXPECT_EQ(scale_bits(0, 10), 0u);
    EXPECT_EQ(scale_bits(~std::uint64_t{0}, 10), 9u);
    EXPECT_EQ(scale_bits(std::uint64_t{1} << 63, 10), 5u);
    EXPECT_THROW(scale_bits(1, 0), AssertionFailure);
}

}  // namespace
}  // namespace squall
