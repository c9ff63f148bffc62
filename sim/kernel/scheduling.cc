#include "sim/kernel/scheduling.h"

#include <algorithm>
#include <functional>

#include "sim/base/assert.h"

namespace squall::sim {
namespace {

// Ranks below are drawn, ranks from here on are those of tasks that fell.
constexpr std::uint64_t first_fallen = std::uint64_t{1} << 63;

}  // namespace

Ranks::Ranks(const Scheduling& scheduling, Noise noise)
    : is_pct_(scheduling.strategy == Scheduling::Strategy::pct) {
    if (!is_pct_) return;
    ASSERT(scheduling.depth > 0, "a bug takes at least one step");
    const auto horizon = static_cast<std::uint64_t>(scheduling.horizon.count());
    for (std::uint32_t i = 1; i < scheduling.depth && horizon > 0; ++i) {
        const std::uint64_t at = scale_bits(noise.at(Meaning("pct change"), i), horizon);
        changes_.push_back(Time(Duration(static_cast<std::int64_t>(at))));
    }
    std::ranges::sort(changes_, std::greater<>());
}

std::uint64_t Ranks::first(std::uint64_t stream) {
    return combine(stream, hash_text("pct priority")) % first_fallen;
}

std::uint64_t Ranks::on_turn(std::uint64_t rank, Time now) {
    if (changes_.empty() || now < changes_.back()) return rank;
    changes_.pop_back();
    return first_fallen + lowest_++;
}

}  // namespace squall::sim
