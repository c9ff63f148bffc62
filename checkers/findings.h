// Findings: what one checker has found so far, and the report made of it.
//
// Counts are complete; of the anomalies themselves the first CheckerReport::max_anomalies are kept,
// those that are not allowed before those that are. The verdict: `fail` if anything was objected
// to, else `inconclusive` if anything was left open, else `not_applicable` if nothing was judged.
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "checkers/checker.h"

namespace squall::checkers {

using Evidence = std::vector<std::pair<std::string, std::string>>;

namespace detail {
void add_one(Evidence& out, std::string_view name, std::string value);
inline void add_evidence(Evidence&) {}
template <class Value, class... Rest>
void add_evidence(Evidence& out, std::string_view name, const Value& value, const Rest&... rest) {
    if constexpr (std::is_convertible_v<const Value&, std::string_view>) {
        add_one(out, name, std::string(std::string_view(value)));
    } else {
        add_one(out, name, fmt::format("{}", value));
    }
    add_evidence(out, rest...);
}
}  // namespace detail

// evidence("partition", partition, "offset", offset, ...): names and values by turns.
template <class... NamesAndValues>
Evidence evidence(const NamesAndValues&... names_and_values) {
    Evidence out;
    out.reserve(sizeof...(names_and_values) / 2);
    detail::add_evidence(out, names_and_values...);
    return out;
}

class Findings {
  public:
    using Events = std::vector<sim::EventSequence>;

    explicit Findings(std::string_view checker) : checker_(checker) {}

    // One more chance to object, or several.
    void judge(std::uint64_t chances = 1) { judged_ += chances; }
    void object(std::string_view type, Evidence evidence, Events events);
    // One finding may stand for `count` anomalies of a kind, such as the records of one poll.
    void allow(std::string_view type, std::string_view cause, Evidence evidence, Events events,
               std::uint64_t count = 1);
    // Nobody can tell from this run; `why` of the first one becomes the note.
    void leave_open(std::string why);

    CheckerReport report() const;

  private:
    std::string checker_;
    std::uint64_t judged_ = 0;
    std::vector<Anomaly> objections_;
    std::vector<Anomaly> allowed_;
    std::uint64_t objection_count_ = 0;
    std::uint64_t allowed_count_ = 0;
    std::uint64_t open_count_ = 0;
    std::string first_open_;
};

}  // namespace squall::checkers
