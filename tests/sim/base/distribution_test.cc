#include "sim/base/distribution.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace squall {
namespace {

using Constant = DurationDistribution::Constant;
using Uniform = DurationDistribution::Uniform;
using Exponential = DurationDistribution::Exponential;
using LogNormal = DurationDistribution::LogNormal;

constexpr std::uint64_t all_bits = ~std::uint64_t{0};

DurationDistribution any_distribution() {
    const auto nanoseconds = rc::gen::oneOf(rc::gen::inRange<std::int64_t>(1, 10'000),
                                            rc::gen::inRange<std::int64_t>(1, 10'000'000'000'000));
    const Duration a(*nanoseconds);
    const Duration b(*nanoseconds);
    switch (*rc::gen::inRange(0, 4)) {
        case 0:
            return Constant{a};
        case 1:
            return Uniform{std::min(a, b), std::max(a, b)};
        case 2:
            return Exponential{a};
        default:
            return LogNormal{std::min(a, b), std::max(a, b)};
    }
}

std::vector<std::int64_t> sorted_draws(const DurationDistribution& distribution,
                                       std::string_view what, std::size_t count) {
    Draws draws(Noise(7), Meaning(what));
    std::vector<std::int64_t> values;
    for (std::size_t i = 0; i < count; ++i) values.push_back(distribution.draw(draws).count());
    std::ranges::sort(values);
    return values;
}

TEST(DurationDistribution, DrawsTheSameOnEveryCompiler) {
    const DurationDistribution link = LogNormal{300us, 2ms};
    const DurationDistribution wait = Exponential{2ms};
    const DurationDistribution pause = Uniform{1ms, 5ms};
    const std::vector<std::uint64_t> bits = {0,
                                             1,
                                             0x1234'5678'9abc'def0u,
                                             0x7fff'ffff'ffff'ffffu,
                                             0x8000'0000'0000'0000u,
                                             0xdead'beef'cafe'f00du,
                                             all_bits};
    std::vector<std::int64_t> drawn;
    for (const DurationDistribution& distribution : {link, wait, pause}) {
        for (const std::uint64_t at : bits) drawn.push_back(distribution.at(at).count());
    }
    const std::vector<std::int64_t> pinned = {
        1865,    1865,    90657,   300000,  300000,  751132,  48267566,
        0,       0,       147533,  1386294, 1386294, 4077964, 88722839,
        1000000, 1000000, 1284444, 3000000, 3000000, 4479355, 5000000};
    EXPECT_EQ(drawn, pinned);
}

TEST(DurationDistribution, LogNormalHasItsMedianAndItsP99) {
    const DurationDistribution latency = LogNormal{300us, 2ms};
    const std::vector<std::int64_t> values = sorted_draws(latency, "log-normal", 100'000);
    EXPECT_NEAR(static_cast<double>(values[50'000]), 300e3, 6e3);
    EXPECT_NEAR(static_cast<double>(values[99'000]), 2e6, 8e4);
    EXPECT_EQ(latency.median(), Duration(300us));
    // Exactly at the quantiles, up to the tables' error.
    EXPECT_NEAR(static_cast<double>(latency.at(std::uint64_t{1} << 63).count()), 300e3, 30);
    const auto p99 = static_cast<std::uint64_t>(0.99 * 0x1p64);
    EXPECT_NEAR(static_cast<double>(latency.at(p99).count()), 2e6, 1e3);
}

TEST(DurationDistribution, LogNormalFollowsTheNormalCurve) {
    // ln(value / median) / sigma is a standard normal quantile: put through erfc it gives the
    // probability back. Checks every part of the table, tails included.
    const std::int64_t median = 1'000'000'000;
    const DurationDistribution wide = LogNormal{Duration(median), Duration(100 * median)};
    const double sigma = std::log(100.0) / 2.326347874040841;
    for (double octaves = 1.03; octaves < 31; octaves += 0.07) {
        const double tail = std::exp2(-octaves);
        const auto bits = static_cast<std::uint64_t>(tail * 0x1p64);
        const double below =
            std::log(static_cast<double>(wide.at(bits).count()) / static_cast<double>(median)) /
            sigma;
        const double above = std::log(static_cast<double>(wide.at(all_bits - bits).count()) /
                                      static_cast<double>(median)) /
                             sigma;
        EXPECT_NEAR(std::log2(0.5 * std::erfc(-below / std::sqrt(2.0))), -octaves, 0.004);
        EXPECT_NEAR(std::log2(0.5 * std::erfc(above / std::sqrt(2.0))), -octaves, 0.004);
    }
}

TEST(DurationDistribution, LogNormalWithoutSpreadIsConstant) {
    const DurationDistribution flat = LogNormal{250us, 250us};
    for (const std::uint64_t bits : {std::uint64_t{0}, std::uint64_t{1} << 40, all_bits}) {
        EXPECT_EQ(flat.at(bits), Duration(250us));
    }
}

TEST(DurationDistribution, ExponentialHasItsMeanAndItsMedian) {
    const DurationDistribution wait = Exponential{2ms};
    const std::vector<std::int64_t> values = sorted_draws(wait, "exponential", 100'000);
    double sum = 0;
    for (const std::int64_t value : values) sum += static_cast<double>(value);
    EXPECT_NEAR(sum / 100'000, 2e6, 3e4);
    EXPECT_NEAR(static_cast<double>(wait.median().count()), 2e6 * std::log(2.0), 30);
    const auto p90 = static_cast<std::uint64_t>(0.9 * 0x1p64);
    EXPECT_NEAR(static_cast<double>(wait.at(p90).count()), 2e6 * std::log(10.0), 100);
}

TEST(DurationDistribution, UniformReachesBothBounds) {
    const DurationDistribution die = Uniform{1ns, 6ns};
    std::vector<int> seen(7);
    for (const std::int64_t value : sorted_draws(die, "die", 60'000)) {
        ++seen.at(static_cast<std::size_t>(value));
    }
    EXPECT_EQ(seen[0], 0);
    for (std::size_t face = 1; face <= 6; ++face) EXPECT_NEAR(seen[face], 10'000, 500);
}

TEST(DurationDistribution, SaturatesInsteadOfOverflowing) {
    const Duration huge = Duration::max() - 1ns;
    EXPECT_EQ(DurationDistribution(Exponential{huge}).at(all_bits), Duration::max());
    EXPECT_EQ(DurationDistribution(LogNormal{1s, Duration::max()}).at(all_bits), Duration::max());
    EXPECT_EQ(DurationDistribution(LogNormal{1ns, Duration::max()}).at(0), Duration::zero());
    EXPECT_EQ(DurationDistribution(Uniform{0ns, Duration::max()}).at(all_bits), Duration::max());
}

RC_GTEST_PROP(DurationDistribution, IsMonotoneInItsBits, ()) {
    const DurationDistribution distribution = any_distribution();
    const auto a = *rc::gen::arbitrary<std::uint64_t>();
    const auto near = *rc::gen::inRange<std::uint64_t>(0, 1000);
    const std::uint64_t b =
        *rc::gen::arbitrary<bool>() ? mix(a) : (a > all_bits - near ? all_bits : a + near);
    RC_ASSERT(distribution.at(std::min(a, b)) <= distribution.at(std::max(a, b)));
    RC_ASSERT(distribution.at(0) >= Duration::zero());
}

RC_GTEST_PROP(DurationDistribution, UniformStaysWithinItsBounds, ()) {
    const Duration low(*rc::gen::inRange<std::int64_t>(0, 1'000'000));
    const Duration high = low + Duration(*rc::gen::inRange<std::int64_t>(0, 1'000'000'000));
    const Duration drawn =
        DurationDistribution(Uniform{low, high}).at(mix(*rc::gen::arbitrary<std::uint64_t>()));
    RC_ASSERT(drawn >= low);
    RC_ASSERT(drawn <= high);
}

RC_GTEST_PROP(DurationDistribution, ReadsBackWhatItPrints, ()) {
    const DurationDistribution distribution = any_distribution();
    const Result<DurationDistribution> read = DurationDistribution::parse(distribution.to_string());
    RC_ASSERT(read.ok());
    RC_ASSERT(*read == distribution);
}

TEST(DurationDistribution, ReadsWhatScenariosWrite) {
    const auto read = [](std::string_view text) {
        const Result<DurationDistribution> result = DurationDistribution::parse(text);
        return result ? result->to_string() : "error: " + to_string(result.error());
    };
    EXPECT_EQ(read("300us"), "300us");
    EXPECT_EQ(read("0ms"), "0s");
    EXPECT_EQ(read("uniform(1ms, 5ms)"), "uniform(1ms, 5ms)");
    EXPECT_EQ(read(" uniform( 0.5ms ,5000us ) "), "uniform(500us, 5ms)");
    EXPECT_EQ(read("exponential(2ms)"), "exponential(2ms)");
    EXPECT_EQ(read("lognormal(300us, p99=2ms)"), "lognormal(300us, p99=2ms)");
}

TEST(DurationDistribution, SaysWhatIsWrongWithWhatItCannotRead) {
    struct Case {
        std::string_view text, complaint;
    };
    const Case cases[] = {
        {"", "does not begin with a digit"},
        {"fast", "does not begin with a digit"},
        {"-3ms", "it is negative"},
        {"normal(1ms, 2ms)", "there is no 'normal'"},
        {"uniform(1ms, 5ms", "parentheses do not match"},
        {"1ms)", "parentheses do not match"},
        {"uniform(1ms)", "'uniform' takes 2 arguments, not 1"},
        {"exponential(1ms, 2ms)", "'exponential' takes 1 argument, not 2"},
        {"uniform(5ms, 1ms)", "the first bound is above the second"},
        {"uniform(-5ms, 1ms)", "it is negative"},
        {"exponential(0s)", "the mean is not above 0"},
        {"lognormal(300us, 2ms)", "is 'p99=...'"},
        {"lognormal(2ms, p99=300us)", "p99 is below the median"},
        {"lognormal(0s, p99=300us)", "the median is not above 0"},
        {"lognormal(300us, p99=2 parsecs)", "' parsecs' is no unit"},
    };
    for (const Case& wrong : cases) {
        const Result<DurationDistribution> result = DurationDistribution::parse(wrong.text);
        ASSERT_FALSE(result.ok()) << wrong.text;
        EXPECT_EQ(result.error().failure, Failure::invalid_input);
        EXPECT_NE(result.error().detail.find(wrong.complaint), std::string::npos)
            << result.error().detail;
    }
}

TEST(DurationDistribution, RefusesShapesThatMakeNoSense) {
    EXPECT_THROW(DurationDistribution(Constant{-1ns}), AssertionFailure);
    EXPECT_THROW(DurationDistribution(Uniform{2ns, 1ns}), AssertionFailure);
    EXPECT_THROW(DurationDistribution(Exponential{0ns}), AssertionFailure);
    EXPECT_THROW(DurationDistribution(LogNormal{2ns, 1ns}), AssertionFailure);
}

TEST(ParseDuration, KnowsEveryUnit) {
    struct Case {
        std::string_view text;
        Duration expected;
    };
    const Case cases[] = {
        {"10ns", 10ns},
        {"300us", 300us},
        {"250ms", 250ms},
        {"8s", 8s},
        {"1m", 1min},
        {"1h", 1h},
        {"7d", 168h},
        {"1.5s", 1500ms},
        {"0.000000001s", 1ns},
        {"-2s", -2s},
        {"0.25h", 15min},
        {"1.0000000ms", 1ms},
        {"9223372036854775807ns", Duration::max()},
    };
    for (const Case& right : cases) {
        const Result<Duration> result = parse_duration(right.text);
        ASSERT_TRUE(result.ok()) << right.text;
        EXPECT_EQ(*result, right.expected) << right.text;
    }
}

TEST(ParseDuration, RefusesWhatIsNoDuration) {
    struct Case {
        std::string_view text, complaint;
    };
    const Case cases[] = {
        {"12", "it has no unit"},
        {"5 ms", "' ms' is no unit"},
        {"5mss", "'mss' is no unit"},
        {"1.s", "no digit follows the point"},
        {"0.5ns", "finer than a nanosecond"},
        {"1.00000005ms", "finer than a nanosecond"},
        {"9223372036854775808ns", "longer than 292 years"},
        {"99999999999999999999999999999999999999999999999999d", "longer than 292 years"},
        {"9223372036.9s", "longer than 292 years"},
    };
    for (const Case& wrong : cases) {
        const Result<Duration> result = parse_duration(wrong.text);
        ASSERT_FALSE(result.ok()) << wrong.text;
        EXPECT_NE(result.error().detail.find(wrong.complaint), std::string::npos)
            << result.error().detail;
    }
}

TEST(Zipf, FollowsItsPowerLaw) {
    const Zipf zipf(100, 1000);  // P(rank) ~ 1 / (rank + 1)
    Draws draws(Noise(7), Meaning("zipf"));
    std::vector<int> seen(100);
    for (int i = 0; i < 200'000; ++i) ++seen.at(zipf.draw(draws));
    double harmonic = 0;
    for (int rank = 1; rank <= 100; ++rank) harmonic += 1.0 / rank;
    for (const std::size_t rank : {0u, 1u, 4u, 9u, 99u}) {
        const double expected = 200'000 / harmonic / static_cast<double>(rank + 1);
        EXPECT_NEAR(seen[rank], expected, 5 * std::sqrt(expected)) << "rank " << rank;
    }
}

TEST(Zipf, IsUniformForExponentZero) {
    const Zipf zipf(4, 0);
    EXPECT_EQ(zipf.at(0), 0u);
    EXPECT_EQ(zipf.at((std::uint64_t{1} << 62) - 1), 0u);
    EXPECT_EQ(zipf.at(std::uint64_t{1} << 62), 1u);
    EXPECT_EQ(zipf.at(all_bits), 3u);
}

TEST(Zipf, DrawsTheSameOnEveryCompiler) {
    const Zipf zipf(1000, 990);
    std::vector<std::uint32_t> drawn;
    Draws draws(Noise(42), Meaning("keys"));
    for (int i = 0; i < 12; ++i) drawn.push_back(zipf.draw(draws));
    EXPECT_EQ(drawn, (std::vector<std::uint32_t>{0, 624, 20, 0, 135, 130, 197, 5, 843, 6, 1, 161}));
}

RC_GTEST_PROP(Zipf, DrawsEveryRankAndNoOther, ()) {
    const auto size = *rc::gen::inRange<std::uint32_t>(1, 2000);
    const auto exponent = *rc::gen::element(0u, 500u, 1000u, 1500u, 50'000u, 4'000'000'000u);
    const Zipf zipf(size, exponent);
    RC_ASSERT(zipf.at(0) == 0u);
    RC_ASSERT(zipf.at(all_bits) == size - 1);
    const auto a = *rc::gen::arbitrary<std::uint64_t>();
    const auto b = mix(a);
    RC_ASSERT(zipf.at(std::min(a, b)) <= zipf.at(std::max(a, b)));
}

}  // namespace
}  // namespace squall
