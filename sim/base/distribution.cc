#include "sim/base/distribution.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <optional>

#include "sim/base/assert.h"

namespace squall {
namespace {

__extension__ using Wide = unsigned __int128;
__extension__ using SignedWide = __int128;

// ---- fixed point: logarithms and powers of two with 32 bits of fraction ----

constexpr std::uint64_t one = std::uint64_t{1} << 32;
constexpr std::uint64_t natural_log_of_2 = 2'977'044'472;  // ln 2
constexpr std::uint64_t duration_max = static_cast<std::uint64_t>(Duration::max().count());

constexpr std::size_t table_steps = 256;  // between two powers of two; linear in between
using Table = std::array<std::uint64_t, table_steps + 1>;

// log2(1 + i/256), bit by bit: squaring a number doubles its logarithm.
constexpr Table make_log2_table() {
    Table table{};
    for (std::size_t i = 0; i < table_steps; ++i) {
        Wide x = (Wide{1} << 63) + (Wide{i} << 55);  // in [1, 2), 63 bits of fraction
        for (int bit = 0; bit < 32; ++bit) {
            x = (x * x) >> 63;
            table[i] <<= 1;
            if ((x >> 64) != 0) {
                table[i] |= 1;
                x >>= 1;
            }
        }
    }
    table[table_steps] = one;
    return table;
}

constexpr std::uint64_t square_root(Wide x) {
    Wide root = 0;
    for (int bit = 63; bit >= 0; --bit) {
        const Wide tried = root | (Wide{1} << bit);
        if (tried * tried <= x) root = tried;
    }
    return static_cast<std::uint64_t>(root);
}

// 2^(i/256), as the product of the roots 2^(1/2), 2^(1/4), ... that the bits of i name.
constexpr Table make_exp2_table() {
    Table table{};
    for (std::size_t i = 0; i < table_steps; ++i) {
        Wide power = Wide{1} << 62;
        Wide root = Wide{2} << 62;
        for (std::size_t bit = table_steps / 2; bit > 0; bit /= 2) {
            root = square_root(root << 62);
            if ((i & bit) != 0) power = (power * root) >> 62;
        }
        table[i] = static_cast<std::uint64_t>((power + (Wide{1} << 29)) >> 30);
    }
    table[table_steps] = 2 * one;
    return table;
}

constexpr Table log2_table = make_log2_table();
constexpr Table exp2_table = make_exp2_table();

// log2(x), in [0, 64]. Requires: x > 0. Monotone.
std::uint64_t log2_of(std::uint64_t x) {
    const int whole = 63 - std::countl_zero(x);
    const std::uint64_t fraction = (x << (63 - whole)) << 1;  // what follows the leading bit
    const std::size_t step = fraction >> 56;
    const std::uint64_t beyond = (fraction << 8) >> 32;
    const std::uint64_t low = log2_table[step];
    const std::uint64_t high = log2_table[step + 1];
    return static_cast<std::uint64_t>(whole) * one + low + (((high - low) * beyond) >> 32);
}

// value * 2^exponent, rounded, at most Duration::max(). Monotone in both.
std::uint64_t scale_by_power(std::uint64_t value, std::int64_t exponent) {
    const std::int64_t whole = exponent >> 32;
    const std::uint64_t fraction = static_cast<std::uint32_t>(exponent);
    const std::size_t step = fraction >> 24;
    const std::uint64_t low = exp2_table[step];
    const std::uint64_t high = exp2_table[step + 1];
    const std::uint64_t mantissa = low + (((high - low) * (fraction & 0xff'ffff)) >> 24);

    const Wide product = Wide{value} * mantissa;  // below 2^97
    const std::int64_t right = 32 - whole;
    if (product == 0 || right > 98) return 0;
    if (right <= -31) return duration_max;
    const Wide scaled = right > 0 ? (product + (Wide{1} << (right - 1))) >> right
                                  : product << static_cast<unsigned>(-right);
    return scaled > duration_max ? duration_max : static_cast<std::uint64_t>(scaled);
}

// ---- the normal distribution ----

// How many standard deviations above the mean leave a tail of 2^-t, for t = 1, 1 1/8, ... 32, with
// 24 bits of fraction. (Newton's method on erfc in double precision, rounded; the test inverts it.)
constexpr int deviation_bits = 24;
constexpr std::size_t deviation_steps_per_octave = 8;
constexpr std::int64_t deviations_of_p99 = 39'029'641;
constexpr std::array<std::int32_t, 249> deviations_of_tail = {
    0,         1748325,   3367976,   4880983,   6303948,   7649715,   8928445,   10148325,
    11316060,  12437214,  13516462,  14557770,  15564541,  16539710,  17485837,  18405161,
    19299660,  20171087,  21021004,  21850810,  22661763,  23455002,  24231555,  24992360,
    25738272,  26470074,  27188484,  27894164,  28587724,  29269728,  29940700,  30601125,
    31251455,  31892112,  32523490,  33145958,  33759860,  34365521,  34963247,  35553323,
    36136021,  36711595,  37280288,  37842327,  38397928,  38947297,  39490629,  40028108,
    40559910,  41086203,  41607146,  42122892,  42633586,  43139366,  43640366,  44136712,
    44628526,  45115925,  45599020,  46077918,  46552722,  47023531,  47490440,  47953541,
    48412920,  48868664,  49320852,  49769565,  50214878,  50656863,  51095593,  51531134,
    51963552,  52392912,  52819275,  53242701,  53663247,  54080969,  54495921,  54908156,
    55317725,  55724676,  56129058,  56530917,  56930298,  57327245,  57721800,  58114004,
    58503899,  58891522,  59276912,  59660105,  60041138,  60420046,  60796862,  61171620,
    61544353,  61915091,  62283865,  62650706,  63015642,  63378702,  63739914,  64099305,
    64456901,  64812728,  65166812,  65519177,  65869848,  66218847,  66566197,  66911922,
    67256044,  67598583,  67939561,  68278998,  68616915,  68953331,  69288265,  69621737,
    69953765,  70284367,  70613561,  70941364,  71267793,  71592865,  71916596,  72239003,
    72560101,  72879905,  73198431,  73515693,  73831707,  74146485,  74460043,  74772394,
    75083552,  75393529,  75702339,  76009995,  76316509,  76621894,  76926161,  77229323,
    77531391,  77832376,  78132291,  78431146,  78728952,  79025719,  79321459,  79616182,
    79909897,  80202616,  80494347,  80785100,  81074886,  81363713,  81651591,  81938529,
    82224535,  82509619,  82793790,  83077055,  83359423,  83640903,  83921503,  84201230,
    84480094,  84758100,  85035258,  85311575,  85587058,  85861714,  86135551,  86408577,
    86680797,  86952219,  87222851,  87492697,  87761766,  88030064,  88297597,  88564372,
    88830394,  89095671,  89360208,  89624011,  89887087,  90149441,  90411078,  90672006,
    90932228,  91191752,  91450582,  91708724,  91966184,  92222965,  92479075,  92734517,
    92989298,  93243421,  93496893,  93749717,  94001899,  94253444,  94504356,  94754640,
    95004301,  95253343,  95501770,  95749588,  95996800,  96243411,  96489425,  96734846,
    96979679,  97223928,  97467596,  97710689,  97953209,  98195161,  98436549,  98677376,
    98917647,  99157365,  99396534,  99635158,  99873240,  100110784, 100347793, 100584272,
    100820223, 101055650, 101290556, 101524946, 101758821, 101992186, 102225044, 102457397,
    102689250, 102920606, 103151466, 103381836, 103611717, 103841113, 104070027, 104298462,
    104526420,
};

// The quantile of a standard normal variable, bits / 2^64 of whose values lie below. Monotone.
std::int64_t normal_quantile(std::uint64_t bits) {
    const bool above = (bits >> 63) != 0;
    const std::uint64_t tail = std::max<std::uint64_t>(above ? ~bits : bits, 1);
    const std::uint64_t octaves = 64 * one - log2_of(tail);  // the tail is 2^-octaves: 1 to 64
    const std::uint64_t position = (octaves - one) * deviation_steps_per_octave;
    const std::size_t step = position >> 32;
    std::int64_t deviation = deviations_of_tail.back();
    if (step + 1 < deviations_of_tail.size()) {
        const std::int64_t low = deviations_of_tail[step];
        const std::int64_t high = deviations_of_tail[step + 1];
        deviation = low + (((high - low) * static_cast<std::int64_t>(position % one)) >> 32);
    }
    return above ? deviation : -deviation;
}

std::uint64_t count_of(Duration duration) {
    return static_cast<std::uint64_t>(duration.count());
}
Duration duration_of(std::uint64_t ns) {
    return Duration(static_cast<std::int64_t>(std::min(ns, duration_max)));
}

// mean * ln(1 / survival), where survival / 2^64 of all values are longer.
Duration exponential_quantile(Duration mean, std::uint64_t survival) {
    const std::uint64_t octaves = 64 * one - log2_of(std::max<std::uint64_t>(survival, 1));
    const Wide nats = (Wide{octaves} * natural_log_of_2) >> 32;
    const Wide scaled = (nats * count_of(mean) + one / 2) >> 32;
    return scaled > duration_max ? Duration::max()
                                 : duration_of(static_cast<std::uint64_t>(scaled));
}

// ---- text ----

struct TimeUnit {
    std::string_view name;
    std::uint64_t ns;
};
constexpr std::array<TimeUnit, 7> units = {{{"d", 86'400'000'000'000},
                                            {"h", 3'600'000'000'000},
                                            {"m", 60'000'000'000},
                                            {"s", 1'000'000'000},
                                            {"ms", 1'000'000},
                                            {"us", 1'000},
                                            {"ns", 1}}};

std::string_view trim(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::string_view take_digits(std::string_view& text) {
    std::size_t count = 0;
    while (count < text.size() && is_digit(text[count])) ++count;
    const std::string_view digits = text.substr(0, count);
    text.remove_prefix(count);
    return digits;
}

Error bad_duration(std::string_view text, std::string_view why) {
    return {Failure::invalid_input,
            fmt::format("'{}' is not a duration: {}; expected a number and a unit such as '250ms', "
                        "'1.5s' or '1h' (ns, us, ms, s, m, h, d)",
                        text, why)};
}

// In the largest unit that divides it, so that parsing gives it back exactly.
std::string exact_text(Duration duration) {
    const std::uint64_t ns = count_of(duration);
    if (ns == 0) return "0s";
    const auto* const largest =
        std::ranges::find_if(units, [ns](const TimeUnit& unit) { return ns % unit.ns == 0; });
    return fmt::format("{}{}", ns / largest->ns, largest->name);
}

struct Call {
    std::string_view name;
    std::vector<std::string_view> arguments;
};

// "name(argument, argument)"; nullopt where the text is no such call.
std::optional<Call> parse_call(std::string_view text) {
    const std::size_t open = text.find('(');
    if (open == std::string_view::npos || text.back() != ')') return std::nullopt;
    Call call{.name = trim(text.substr(0, open)), .arguments = {}};
    std::string_view rest = text.substr(open + 1, text.size() - open - 2);
    while (true) {
        const std::size_t comma = rest.find(',');
        call.arguments.push_back(trim(rest.substr(0, comma)));
        if (comma == std::string_view::npos) return call;
        rest.remove_prefix(comma + 1);
    }
}

Error bad_distribution(std::string_view text, std::string_view why) {
    return {Failure::invalid_input,
            fmt::format("'{}' is not a distribution of durations: {}; expected '300us', "
                        "'uniform(1ms, 5ms)', 'exponential(2ms)' or 'lognormal(300us, p99=2ms)'",
                        text, why)};
}

}  // namespace

DurationDistribution::DurationDistribution(Constant shape) : shape_(shape) {
    ASSERT(shape.value >= Duration::zero(), "a constant of {} ns", shape.value.count());
}

DurationDistribution::DurationDistribution(Uniform shape) : shape_(shape) {
    ASSERT(shape.low >= Duration::zero(), "uniform from {} ns", shape.low.count());
    ASSERT(shape.low <= shape.high, "uniform from {} to {} ns", shape.low.count(),
           shape.high.count());
}

DurationDistribution::DurationDistribution(Exponential shape) : shape_(shape) {
    ASSERT(shape.mean > Duration::zero(), "exponential with mean {} ns", shape.mean.count());
}

DurationDistribution::DurationDistribution(LogNormal shape) : shape_(shape) {
    ASSERT(shape.median > Duration::zero(), "log-normal with median {} ns", shape.median.count());
    ASSERT(shape.median <= shape.p99, "log-normal with median {} and p99 {} ns",
           shape.median.count(), shape.p99.count());
    const std::uint64_t spread = log2_of(count_of(shape.p99)) - log2_of(count_of(shape.median));
    log2_deviation_ = static_cast<std::int64_t>((Wide{spread} << deviation_bits) /
                                                static_cast<std::uint64_t>(deviations_of_p99));
}

Duration DurationDistribution::at(std::uint64_t bits) const {
    if (const auto* log_normal = std::get_if<LogNormal>(&shape_)) {
        const SignedWide exponent = SignedWide{log2_deviation_} * normal_quantile(bits);
        return duration_of(scale_by_power(count_of(log_normal->median),
                                          static_cast<std::int64_t>(exponent >> deviation_bits)));
    }
    if (const auto* uniform = std::get_if<Uniform>(&shape_)) {
        const std::uint64_t values = count_of(uniform->high - uniform->low) + 1;
        return uniform->low + duration_of(scale_bits(bits, values));
    }
    if (const auto* exponential = std::get_if<Exponential>(&shape_)) {
        return exponential_quantile(exponential->mean, ~bits);
    }
    return std::get_if<Constant>(&shape_)->value;
}

Duration DurationDistribution::median() const {
    if (const auto* log_normal = std::get_if<LogNormal>(&shape_)) return log_normal->median;
    return at(std::uint64_t{1} << 63);
}

std::string DurationDistribution::to_string() const {
    if (const auto* log_normal = std::get_if<LogNormal>(&shape_)) {
        return fmt::format("lognormal({}, p99={})", exact_text(log_normal->median),
                           exact_text(log_normal->p99));
    }
    if (const auto* uniform = std::get_if<Uniform>(&shape_)) {
        return fmt::format("uniform({}, {})", exact_text(uniform->low), exact_text(uniform->high));
    }
    if (const auto* exponential = std::get_if<Exponential>(&shape_)) {
        return fmt::format("exponential({})", exact_text(exponential->mean));
    }
    return exact_text(std::get_if<Constant>(&shape_)->value);
}

Result<DurationDistribution> DurationDistribution::parse(std::string_view text) {
    const std::string_view whole = trim(text);
    if (whole.find_first_of("()") == std::string_view::npos) {
        const Result<Duration> value = parse_duration(whole);
        if (!value) return bad_distribution(text, value.error().detail);
        if (*value < Duration::zero()) return bad_distribution(text, "it is negative");
        return DurationDistribution(Constant{*value});
    }

    const std::optional<Call> call = parse_call(whole);
    if (!call) return bad_distribution(text, "its parentheses do not match");
    const bool is_log_normal = call->name == "lognormal";
    const bool is_exponential = call->name == "exponential";
    if (!is_log_normal && !is_exponential && call->name != "uniform") {
        return bad_distribution(text, fmt::format("there is no '{}'", call->name));
    }
    const std::size_t expected = is_exponential ? 1 : 2;
    if (call->arguments.size() != expected) {
        return bad_distribution(
            text, fmt::format("'{}' takes {} argument{}, not {}", call->name, expected,
                              expected == 1 ? "" : "s", call->arguments.size()));
    }
    std::vector<Duration> values;
    for (std::string_view argument : call->arguments) {
        if (is_log_normal && values.size() == 1) {
            constexpr std::string_view key = "p99=";
            if (!argument.starts_with(key)) {
                return bad_distribution(text, "the second argument of 'lognormal' is 'p99=...'");
            }
            argument = trim(argument.substr(key.size()));
        }
        const Result<Duration> value = parse_duration(argument);
        if (!value) return bad_distribution(text, value.error().detail);
        values.push_back(*value);
    }

    if (is_exponential) {
        if (values[0] <= Duration::zero()) return bad_distribution(text, "the mean is not above 0");
        return DurationDistribution(Exponential{values[0]});
    }
    if (values[0] > values[1]) {
        return bad_distribution(text, is_log_normal ? "p99 is below the median"
                                                    : "the first bound is above the second");
    }
    if (is_log_normal) {
        if (values[0] <= Duration::zero()) {
            return bad_distribution(text, "the median is not above 0");
        }
        return DurationDistribution(LogNormal{values[0], values[1]});
    }
    if (values[0] < Duration::zero()) return bad_distribution(text, "it is negative");
    return DurationDistribution(Uniform{values[0], values[1]});
}

Zipf::Zipf(std::uint32_t size, std::uint32_t exponent_permille) {
    ASSERT(size > 0, "a Zipf distribution of no ranks");
    // The heaviest weight leaves room for `size` of them in 62 bits.
    const std::uint64_t heaviest = std::uint64_t{1} << (30 + std::countl_zero(size));
    cumulative_.reserve(size);
    std::uint64_t total = 0;
    for (std::uint32_t rank = 0; rank < size; ++rank) {
        const Wide octaves = Wide{log2_of(std::uint64_t{rank} + 1)} * exponent_permille / 1000;
        // Beyond 64 octaves every weight rounds to the least one.
        const auto exponent = static_cast<std::int64_t>(std::min(octaves, Wide{64 * one}));
        total += std::max<std::uint64_t>(scale_by_power(heaviest, -exponent), 1);
        cumulative_.push_back(total);
    }
}

std::uint32_t Zipf::at(std::uint64_t bits) const {
    const std::uint64_t target = scale_bits(bits, cumulative_.back());
    const auto found = std::ranges::upper_bound(cumulative_, target);
    return static_cast<std::uint32_t>(found - cumulative_.begin());
}

Result<Duration> parse_duration(std::string_view text) {
    std::string_view rest = trim(text);
    const bool is_negative = rest.starts_with('-');
    if (is_negative) rest.remove_prefix(1);
    const std::string_view whole = take_digits(rest);
    if (whole.empty()) return bad_duration(text, "it does not begin with a digit");
    std::string_view fraction;
    if (rest.starts_with('.')) {
        rest.remove_prefix(1);
        fraction = take_digits(rest);
        if (fraction.empty()) return bad_duration(text, "no digit follows the point");
    }
    if (rest.empty()) return bad_duration(text, "it has no unit");
    const auto* const unit = std::ranges::find(units, rest, &TimeUnit::name);
    if (unit == units.end()) return bad_duration(text, fmt::format("'{}' is no unit", rest));

    Wide ns = 0;
    for (const char digit : whole) {
        ns = ns * 10 + static_cast<unsigned>(digit - '0') * Wide{unit->ns};
        if (ns > duration_max) return bad_duration(text, "it is longer than 292 years");
    }
    std::uint64_t share = unit->ns;  // what a digit of one is worth at this place
    for (const char digit : fraction) {
        const auto value = static_cast<std::uint64_t>(digit - '0');
        const bool is_exact = share >= 10 && share % 10 == 0;
        if (value != 0 && !is_exact) return bad_duration(text, "it is finer than a nanosecond");
        ns += value * share / 10;
        share /= 10;
    }
    if (ns > duration_max) return bad_duration(text, "it is longer than 292 years");
    const auto count = static_cast<std::int64_t>(static_cast<std::uint64_t>(ns));
    return Duration(is_negative ? -count : count);
}

}  // namespace squall
