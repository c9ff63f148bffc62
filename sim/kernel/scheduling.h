// Scheduling: which of the tasks that are ready at one instant goes first.
//
// random: a draw at each wake-up, uniform over the orders.
// pct: probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte, ASPLOS
// 2010).
//     Each task has a priority for its life, drawn when it begins, and the highest goes first. At
//     depth - 1 moments, drawn over the horizon, whoever is about to run falls behind all others. A
//     bug that needs `depth` steps of several tasks in one order, which uniform choice almost never
//     gives because it starves nobody, then has a chance that no number of interleavings spoils.
//
// Whatever is chosen, a seed repeats its run.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "sim/base/rng.h"
#include "sim/base/time.h"

namespace squall::sim {

struct Scheduling {
    enum class Strategy : std::uint8_t { random, pct };

    Strategy strategy = Strategy::random;
    std::uint32_t depth = 3;  // pct: at least 1
    Duration horizon{};       // pct: of virtual time, from its origin
};

constexpr std::string_view to_string(Scheduling::Strategy strategy) {
    return strategy == Scheduling::Strategy::pct ? "pct" : "random";
}

// The priorities of pct, as ranks: the least goes first.
class Ranks {
  public:
    Ranks(const Scheduling& scheduling, Noise noise);

    bool are_kept() const { return is_pct_; }
    // Of a task that begins; `stream` is its own.
    static std::uint64_t first(std::uint64_t stream);
    // The rank of the task that is about to run at `now`: its own, or behind all others where a
    // moment of change has come.
    std::uint64_t on_turn(std::uint64_t rank, Time now);

  private:
    bool is_pct_;
    std::vector<Time> changes_;  // sorted; those to come
    std::uint64_t lowest_ = 0;   // ranks given by changes, so far
};

}  // namespace squall::sim
