// HuntTally: what a hunt tells at its end, counted run by run. It grows with what is found, not
// with how many runs there were.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "scenarios/hunt/run_record.h"

namespace squall::scenarios {

// What makes two failures one finding.
struct FindingKind {
    std::string scenario;
    std::string checker;
    std::string anomaly;
    std::string cause;

    auto operator<=>(const FindingKind&) const = default;
};

// Failures of one kind, and the run with the fewest events that shows it; of those, the lowest
// seed.
struct FindingGroup {
    FindingKind kind;
    std::uint64_t runs = 0;
    std::uint64_t seed = 0;
    std::uint64_t events = 0;
    std::uint64_t hash = 0;  // 0: it did not come back
    std::string plan;        // RunRecord::plan; "" where the seed gives it
};

struct HuntTotals {
    std::map<Verdict, std::uint64_t> verdicts;
    std::uint64_t runs = 0;
    Duration simulated{};
};

class HuntTally {
  public:
    // Returns the groups that this run is the first of. Requires: a run of this scenario and seed
    // was not counted before.
    std::vector<FindingGroup> count(const RunRecord& record);

    const HuntTotals& totals() const { return totals_; }
    // In order of scenario, then of how often they came.
    std::vector<FindingGroup> findings() const;
    // Event name -> how often; those that should be seen sometimes, but were not, are there with 0.
    const std::map<std::string, std::uint64_t>& probes() const { return probes_; }
    // Fault kind -> how often it struck, and how often with an effect.
    const std::map<std::string, FaultCount>& faults() const { return faults_; }
    const CoverageCounts& coverage() const { return coverage_; }
    // Seeds as text, in order, e.g. "1..1000" or "1..10,15".
    std::string seed_ranges() const;

  private:
    void add_seed(std::uint64_t seed);

    HuntTotals totals_;
    std::map<FindingKind, FindingGroup> findings_;
    std::map<std::string, std::uint64_t> probes_;
    std::map<std::string, FaultCount> faults_;
    CoverageCounts coverage_;
    std::map<std::uint64_t, std::uint64_t> seeds_;  // first -> last of each range; none touch
};

}  // namespace squall::scenarios
