// Coverage: which transitions of the protocols happened while which kind of fault was at work. A
// cell of the grid is one transition under one kind; a hunt that never reached a cell has not
// looked there.
//
// A kind is at work from its strike until a few seconds after it was healed, since its
// consequences come then; several may be at once, and each has its cell. What happens while none is
// at work counts under "none".
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/base/time.h"
#include "sim/trace/event.h"

namespace squall::scenarios {

struct CoverageCell {
    std::string transition;  // "group Stable -> PreparingRebalance"
    std::string fault;       // a kind, or "none"

    auto operator<=>(const CoverageCell&) const = default;
};

using CoverageCounts = std::map<CoverageCell, std::uint64_t>;

class Coverage {
  public:
    static constexpr std::string_view no_fault = "none";

    static bool looks_at(const sim::EventKind& kind);
    void observe(const sim::Event& event);
    const CoverageCounts& cells() const { return cells_; }

  private:
    struct Fault {
        std::string kind;
        Time until = Time::max();
    };

    void count(const std::string& transition, Time now);

    std::map<std::string, Fault> faults_;                                  // by id
    std::map<std::pair<std::string, std::uint32_t>, std::string> states_;  // what, on which node
    CoverageCounts cells_;
};

// The rows that every grid has, reached or not: what the protocols can do.
const std::vector<std::string>& known_transitions();

}  // namespace squall::scenarios
